"""The errors of labeling/curation.

```
LabelingError
└── CurationError
    ├── SelectionError      labels, targets or budget from which no selection can be made
    ├── GroupColumnError    the column that says what belongs together is not there
    └── SplitError          items that cannot be divided as asked for
        └── SplitLeakError  a group that is in two splits
```
"""

from __future__ import annotations

from labeling.errors import LabelingError


class CurationError(LabelingError):
    """Anything wrong while choosing among labelled items."""


class SelectionError(CurationError):
    """Labels, targets or a budget from which no selection can be made."""


class GroupColumnError(CurationError):
    """The column that says what belongs together is not in the snapshot, or its values are not told apart."""


class SplitError(CurationError):
    """Items that cannot be divided into the splits asked for."""


class SplitLeakError(SplitError):
    """What belongs together is in two splits."""
