"""The errors of labeling/exports.

```
LabelingError
└── ExportError
    ├── ExportFolderError      the folder has other files in it, or cannot be written
    ├── ExportBundleError      what is to be exported is not complete
    ├── ExportUnfitError       the export does not suit this pool, or a library for it is not installed
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


class ExportUnfitError(ExportError):
    """The export does not suit this kind of pool, lacks what it needs, or a library for it is not installed."""


class ExportDamagedError(ExportError):
    """Files that do not agree with their manifest."""
