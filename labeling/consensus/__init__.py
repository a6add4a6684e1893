"""Consensus of several people: what their votes on an item add up to, and how good each of them is."""
