"""Labelling simulated on pools whose truth is known: which strategy teaches most for the same effort."""
