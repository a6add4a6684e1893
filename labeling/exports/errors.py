"""The errors of labeling/exports.

```
LabelingError
└── ExportError
    ├── ExportFolderError      the folder has other files in it, or cannot be written
    ├── ExportBundleError      what is to be exported is not complete
    └── ExportDamagedError     files that do not agree with their manifest
```
"""

from __future__ import annotations

from labeling.errors import LabelingError


class ExportError(LabelingError):
    """Anything wrong with what comes out."""


class ExportFolderError(ExportError):
    """The folder has files in it that would be lost, or cannot be written."""


class ExportBundleError(ExportError):
    """What is to be exported lacks columns, or names unknown classes."""


class ExportDamagedError(ExportError):
    """Files that do not agree with their manifest."""
