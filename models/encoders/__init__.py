"""Encoders: from item to vector, learned without labels or loaded with pretrained weights."""
