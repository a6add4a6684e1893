"""The errors of app/simulation/.

```
app.errors.AppError
└── SimulationError             anything about a simulation that a person can put right
    ├── LabelledPoolError       a labelled pool that cannot be simulated on, or cannot be thinned as asked
    ├── PlanError               a plan that makes no sense: no budget, a queue below the batch, a name given twice
    └── WorkersError            the processes or the Dask cluster that should make runs are not there, or went
```
"""

from __future__ import annotations

from app.errors import AppError


class SimulationError(AppError):
    """Anything about a simulation that a person can put right."""


class LabelledPoolError(SimulationError):
    """A labelled pool cannot be simulated on, or cannot be thinned as asked."""


class PlanError(SimulationError):
    """A plan of a simulation makes no sense."""


class WorkersError(SimulationError):
    """The processes or the Dask cluster that should make runs are not there, or went away."""
