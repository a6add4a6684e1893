"""What can go wrong when a peer is asked.

```
PeerError
├── PeerAbsentError        its library is not installed
└── PeerAnswerError        it answered with rows that were not open, or with too few
```
"""

from __future__ import annotations


class PeerError(Exception):
    """Any error of a peer."""


class PeerAbsentError(PeerError):
    """The peer's library is not installed here."""


class PeerAnswerError(PeerError):
    """The peer's answer cannot be used."""
