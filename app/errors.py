"""The errors of app/.

```
config.errors.GoldpanError
└── AppError
    ├── ProjectError               a project that cannot be opened, made or replaced
    │   ├── ProjectExistsError     `init` or `import` would write over a project
    │   ├── ProjectMissingError    there is no project where one was expected
    │   ├── PoolDamagedError       the project's snapshot of the pool is damaged; it can be taken again
    │   └── PoolMovedError         the pool is not the one the project or shared config was made with
    ├── ServerError                the server cannot start: port taken, address not to be had, open without a login
    ├── PasswordError              a password that cannot be used, or a password file that cannot be read or written
    ├── AccessError                who asks may not do that, or not any more (status 403)
    ├── RoundError                 a round cannot run
    ├── SeekUnusableError          what is sought cannot be used in this round; it goes on without
    └── RequestError               an API request with wrong values (status 400)
```
"""

from __future__ import annotations

from config.errors import GoldpanError


class AppError(GoldpanError):
    """The root of app's errors."""


class ProjectError(AppError):
    """A project cannot be opened, made or replaced."""


class ProjectExistsError(ProjectError):
    """A project stands where a new one should be written."""


class ProjectMissingError(ProjectError):
    """There is no project where one was expected."""


class PoolDamagedError(ProjectError):
    """The project's snapshot of the pool is damaged; it can be taken again from its source."""


class PoolMovedError(ProjectError):
    """The pool is not the one that the project or the shared config was made with."""


class ServerError(AppError):
    """The server cannot start."""


class PasswordError(AppError):
    """A password cannot be used, or the file of passwords cannot be read or written."""


class AccessError(AppError):
    """Who asks may not do that, or not any more; answered with status 403."""


class RoundError(AppError):
    """A round cannot run."""


class SeekUnusableError(AppError):
    """What is sought cannot be used in this round, which goes on without it."""


class RequestError(AppError):
    """An API request holds wrong values; answered with status 400."""
