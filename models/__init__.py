"""Encoders, heads, training, scoring, projection, metrics."""
