"""The errors of labeling/curation.

```
LabelingError
└── CurationError
    └── SelectionError      labels, targets or budget from which no selection can be made
```
"""

from __future__ import annotations

from labeling.errors import LabelingError


class CurationError(LabelingError):
    """Anything wrong while choosing among labelled items."""


class SelectionError(CurationError):
    """Labels, targets or a budget from which no selection can be made."""
