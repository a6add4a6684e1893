"""The errors of strategies/.

```
config.errors.GoldpanError
└── StrategyError            anything about choosing items that a person or a plug-in's author can put right
    ├── StateInvalidError    the state of the pool breaks the contract: wrong shape, NaN, rows out of range
    ├── BatchInvalidError    the number of items asked for is not a whole number of at least 0
    └── ChoiceInvalidError   a strategy's answer breaks the contract: a closed or repeated row, a missing
    reason
```
"""

from __future__ import annotations

from config.errors import GoldpanError


class StrategyError(GoldpanError):
    """Anything about choosing items that a person or a plug-in's author can put right."""


class StateInvalidError(StrategyError):
    """The state of the pool given to a strategy breaks the contract."""


class BatchInvalidError(StrategyError):
    """The number of items asked for is not a whole number of at least 0."""


class ChoiceInvalidError(StrategyError):
    """What a strategy answered breaks the contract."""
