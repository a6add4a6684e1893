"""The errors of labeling/pools.

```
LabelingError
└── PoolError                  anything wrong with a pool or with what it is made from
    ├── PoolMissingError       the file or folder named in the configuration is not there
    ├── PoolReaderError        the reader does not fit what the path is
    ├── PoolContentError       the file is there and cannot be read: a broken row, not UTF-8, a pickle
    ├── PoolEmptyError         no rows, no images, no lines
    ├── PoolColumnsError       columns named in the configuration that the file does not have, or that clash
    ├── PoolKeysError          keys that are empty or given twice
    ├── VectorShapeError       vectors that are not n rows of the same d numbers
    ├── CriteriaError          criteria on columns that cannot be read, or name what is not there
    ├── PoolKindError          asked for images of a table, texts of a folder of images, …
    └── SnapshotError          the snapshot's own folder: missing, damaged, newer, cannot be written
```
"""

from __future__ import annotations

from labeling.errors import LabelingError


class PoolError(LabelingError):
    """Anything wrong with a pool or with what it is made from."""


class PoolMissingError(PoolError):
    """The file or folder named in the configuration is not there."""


class PoolReaderError(PoolError):
    """The reader does not fit what the path is."""


class PoolContentError(PoolError):
    """The file is there and cannot be read; the message gives the place in it."""


class PoolEmptyError(PoolError):
    """There is no item in it."""


class PoolColumnsError(PoolError):
    """Columns named in the configuration that do not exist or clash, all reported together."""


class PoolKeysError(PoolError):
    """Keys that are empty or given twice."""


class VectorShapeError(PoolError):
    """The vectors are not n rows of the same d numbers."""


class CriteriaError(PoolError):
    """Criteria on columns that cannot be read, or that name what the pool does not have."""


class PoolKindError(PoolError):
    """The pool's kind of item has no such content."""


class SnapshotError(PoolError):
    """The snapshot's own folder is missing, damaged, written by a newer goldpan, or cannot be written."""
