"""The errors of config/, and the root of every error that goldpan raises on purpose.

```
GoldpanError                    anything a person can put right; the command line prints it and exits with 2
├── ConfigError                 a configuration file: missing, unreadable, or with wrong values
│   ├── ConfigInvalidError      one or more wrong keys or values, each with its place in the file
│   └── ConfigTooNewError       written by a newer goldpan
├── UnknownNameError            a name that no registry entry has
├── DuplicateNameError          a second entry of the same name
├── labeling.errors.LabelingError
├── models.errors.ModelError
├── strategies.errors.StrategyError
└── app.errors.AppError
```
"""

from __future__ import annotations


class GoldpanError(Exception):
    """Anything a person can put right: says what was given, what is allowed and what to do next."""


class ConfigError(GoldpanError):
    """A configuration file is missing, unreadable, or holds wrong values."""


class ConfigInvalidError(ConfigError):
    """One or more wrong keys or values, all reported together."""


class ConfigTooNewError(ConfigError):
    """The file was written by a newer goldpan than this one."""


class UnknownNameError(GoldpanError):
    """A name that no registry entry has."""


class DuplicateNameError(GoldpanError):
    """A second registry entry of the same name."""
