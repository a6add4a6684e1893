"""Fetches what the person has allowed, and nothing else; see docs/security.md."""
