"""The errors of app/.

```
config.errors.GoldpanError
└── AppError
    ├── ProjectError               a project that cannot be opened, made or replaced
    │   ├── ProjectExistsError     `init` or `import` would write over a project
    │   ├── ProjectMissingError    there is no project where one was expected
    │   ├── PoolDamagedError       the project's snapshot of the pool is damaged; it can be taken again
    │   ├── FrameError             a DataFrame that cannot become a pool
    │   └── PoolMovedError         the pool is not the one the project or shared config was made with
    ├── AutoLabelsError            predictions cannot be added to an export as labels
    ├── ServerError                the server cannot start: port taken, address not to be had, open without a login
    ├── PasswordError              a password that cannot be used, or a password file that cannot be read or written
    ├── AccessError                who asks may not do that, or not any more (status 403)
    ├── RoundError                 a round cannot run
    ├── RoundFailedError           a round failed in the worker; says why, in plain text
    ├── ClusterError               a round cannot be scored on the Dask cluster
    │   ├── ClusterAbsentError     its scheduler does not answer, it has no workers, or Dask is not installed
    │   ├── ClusterLostError       its scheduler or all of its workers went away during a round
    │   ├── ClusterMismatchError   other versions, or another file at the same path, on a worker
    │   └── PartUnseenError        a worker does not see the file of the vectors; they are sent then
    ├── SeekUnusableError          what is sought cannot be used in this round; it goes on without
    ├── PluginError                a part of a plug-in cannot be used, or a plot of one not be drawn
    ├── ExportTooLargeError        an export is larger than what a download takes
    └── RequestError               an API request with wrong values (status 400)
```
"""

from __future__ import annotations

from config.errors import GoldpanError


class AppError(GoldpanError):
    """The root of app's errors."""


class ProjectError(AppError):
    """A project cannot be opened, made or replaced."""


class AutoLabelsError(AppError):
    """Predictions cannot be added to an export as labels."""


class ProjectExistsError(ProjectError):
    """A project stands where a new one should be written."""


class ProjectMissingError(ProjectError):
    """There is no project where one was expected."""


class PoolDamagedError(ProjectError):
    """The project's snapshot of the pool is damaged; it can be taken again from its source."""


class PoolMovedError(ProjectError):
    """The pool is not the one that the project or the shared config was made with."""


class FrameError(ProjectError):
    """A DataFrame cannot become a pool; everything that is wrong with it is said together."""


class ServerError(AppError):
    """The server cannot start."""


class PasswordError(AppError):
    """A password cannot be used, or the file of passwords cannot be read or written."""


class AccessError(AppError):
    """Who asks may not do that, or not any more; answered with status 403."""


class RoundError(AppError):
    """A round cannot run."""


class RoundFailedError(AppError):
    """A round failed; raised in the worker in place of whatever went wrong.

    Attributes:
        text: what went wrong, in words for the screen.
        cause: one of `app.round_failure.Cause`.
    """

    def __init__(self, text: str, cause: str) -> None:
        """Keep both as the error's arguments, so that it passes from one process to another.

        Args:
            text: what went wrong.
            cause: one of `app.round_failure.Cause`.
        """
        super().__init__(text, cause)
        self.text = text
        self.cause = str(cause)

    def __str__(self) -> str:
        """Return the text alone."""
        return self.text


class ClusterError(AppError):
    """A round cannot be scored on the Dask cluster."""


class ClusterAbsentError(ClusterError):
    """The scheduler does not answer, it has no workers, or Dask is not installed here."""


class ClusterLostError(ClusterError):
    """The scheduler or all workers went away during a round."""


class ClusterMismatchError(ClusterError):
    """A worker has other versions than this machine, or another file at the same path."""


class PartUnseenError(ClusterError):
    """A worker does not see the file of the vectors; they are sent to it then."""


class SeekUnusableError(AppError):
    """What is sought cannot be used in this round, which goes on without it."""


class PluginError(AppError):
    """A part of a plug-in cannot be used, or a plot of one not be drawn."""


class ExportTooLargeError(AppError):
    """An export is larger than what a download takes."""


class RequestError(AppError):
    """An API request holds wrong values; answered with status 400."""
