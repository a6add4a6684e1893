"""What every part of goldpan keeps, as checks that a plug-in's own tests call: one function for each kind.

>>> from goldpan_contracts import check_strategy  # doctest: +SKIP
>>> check_strategy(my_strategy)  # doctest: +SKIP

Each check tries the part on small pools made here and raises `ContractBrokenError` with the first promise that is not
kept. They need nothing but goldpan; any test runner will do.
"""

from __future__ import annotations

from goldpan_contracts.encoders import check_encoder
from goldpan_contracts.errors import ContractBrokenError
from goldpan_contracts.exports import check_export
from goldpan_contracts.heads import check_head
from goldpan_contracts.item_views import check_item_view
from goldpan_contracts.plots import check_plot
from goldpan_contracts.readers import check_reader
from goldpan_contracts.strategies import check_strategy

__all__ = [
    "ContractBrokenError",
    "check_encoder",
    "check_export",
    "check_head",
    "check_item_view",
    "check_plot",
    "check_reader",
    "check_strategy",
]
