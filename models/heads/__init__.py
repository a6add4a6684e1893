"""Heads: from vector to class logits, a whole ensemble in one computation."""
