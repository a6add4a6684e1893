"""The errors of labeling/imports.

```
LabelingError
└── ImportFileError            a file of labels that cannot be read, or says what cannot be taken over
```
"""

from __future__ import annotations

from labeling.errors import LabelingError


class ImportFileError(LabelingError):
    """A file of labels that cannot be read, or says what cannot be taken over."""
