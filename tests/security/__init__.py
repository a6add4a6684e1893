"""Attacks: each was seen to work, or not to, before what is meant to stop it; docs/security.md lists them."""
