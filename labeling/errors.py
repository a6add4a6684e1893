"""The errors of labeling/: what people did could not be stored, or was not allowed.

```
config.errors.GoldpanError
└── LabelingError                   the root of this package
    ├── DatabaseError               the store of a project
    │   ├── DatabaseOpenError       no such folder, not a database, an address that cannot be used
    │   ├── DatabaseTooNewError     made by a newer goldpan
    │   └── DatabaseUnavailableError  full disk, locked, read-only, connection lost: keep and try again
    ├── AnnotationError             an annotation that cannot be stored; trying again does not help
    │   ├── AnnotationInvalidError  wrong or missing values
    │   ├── AnnotationConflictError the same uid was stored with other content
    │   └── UndoRefusedError        not there, not yours, already undone, or itself an undo
    ├── LabelClassError             a class: unknown, archived, or a name or key that is taken
    ├── AnnotatorError              an annotator's name that cannot be used, or an unknown annotator
    ├── PersonError                 a person: unknown, there already, or the only admin
    ├── TokenError                  a token: unknown, or with values that cannot be stored
    ├── ProposalError               a proposal or lease with values that cannot be stored
    ├── SeekError                   what is sought: values that cannot be stored, or none of that number
    ├── GoldError                   a gold item whose label is not known, or values that cannot be stored
    ├── AuditSetError               a draw of the audit set that cannot be stored, or an item of it where none may be
    ├── ConsensusError              votes, or a model's probabilities, that cannot be counted
    ├── SelectionError              a named selection: a name that is taken or cannot be used, or none of that number
    ├── EventError                  an act for the record with values that cannot be stored
    ├── TrailError                  a wish for the record that cannot be met
    ├── CopyError                   a database cannot be copied: the target holds something, or both would differ
    ├── RoundError                  a round that is not in the state the call needs
    ├── ProjectRecordError          the project's own row: missing, or of another project
    └── labeling.pools.errors.PoolError, labeling.exports.errors.ExportError, labeling.imports.errors.ImportFileError
```
"""

from __future__ import annotations

from config.errors import GoldpanError


class LabelingError(GoldpanError):
    """The root of everything that labeling/ raises on purpose."""


class DatabaseError(LabelingError):
    """Something is wrong with the store of a project."""


class DatabaseOpenError(DatabaseError):
    """The database cannot be opened: no such folder, not a database, or an address that cannot be used."""


class DatabaseTooNewError(DatabaseError):
    """The database was made, or last upgraded, by a newer goldpan than this one."""


class DatabaseUnavailableError(DatabaseError):
    """The database could not take it just now: full disk, locked, read-only, or the connection was lost.

    Nothing of the transaction was stored, or (when the connection broke during the commit) it is not known
    whether it was. The caller keeps what it has and tries again; an annotation's uid makes that safe.

    Attributes:
        retry: always True; the caller may send the same again.
    """

    retry = True


class AnnotationError(LabelingError):
    """An annotation that cannot be stored; sending it again does not help."""


class AnnotationInvalidError(AnnotationError):
    """An annotation with wrong or missing values."""


class AnnotationConflictError(AnnotationError):
    """An annotation of that uid is stored already, with other content."""


class UndoRefusedError(AnnotationError):
    """The annotation to undo is not there, not the annotator's own, already undone, or itself an undo."""


class LabelClassError(LabelingError):
    """A class that is unknown or archived, or a name or key that is taken or cannot be used."""


class AnnotatorError(LabelingError):
    """An annotator's name that cannot be used, or an unknown annotator."""


class PersonError(LabelingError):
    """A person who is unknown or there already, or the only admin, whom a project keeps."""


class TokenError(LabelingError):
    """A token that is unknown, or values of one that cannot be stored."""


class ProposalError(LabelingError):
    """A proposal or lease with values that cannot be stored."""


class SeekError(LabelingError):
    """What a person said they seek cannot be stored, is unknown, or was taken back already."""


class GoldError(LabelingError):
    """An item cannot be a gold item: its label is not adjudicated, or is adjudicated as another class."""


class SelectionError(LabelingError):
    """A named selection cannot be stored, its name is taken, or it is not there."""


class EventError(LabelingError):
    """An act for the record has values that cannot be stored."""


class TrailError(LabelingError):
    """The record cannot be given as wished: nobody has that name, or no such moment."""


class CopyError(LabelingError):
    """A database cannot be copied: the target holds something, somebody works on it, or both would differ."""


class AuditSetError(LabelingError):
    """A draw of the audit set that cannot be stored, or an item of the audit set where none may be."""


class ConsensusError(LabelingError):
    """Votes, or the probabilities of a model beside them, that cannot be counted."""


class RoundError(LabelingError):
    """A round that does not exist or is not in the state the call needs."""


class ProjectRecordError(LabelingError):
    """The project's own row is missing, or belongs to another project."""
