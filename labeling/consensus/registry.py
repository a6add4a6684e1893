"""The methods of consensus by name."""

from __future__ import annotations

from config.registry import Registry
from labeling.consensus.contract import Method
from labeling.consensus.dawid_skene import dawid_skene
from labeling.consensus.majority import majority
from labeling.consensus.model_assisted import model_assisted

methods: Registry[Method] = Registry("consensus")
for _method in (
    Method("majority", "every vote counts alike", majority),
    Method("dawid_skene", "people are weighed by what they are good at", dawid_skene),
    Method(
        "model_assisted",
        "people weighed by what they are good at, with the model's opinion beside them",
        model_assisted,
        wants_model=True,
    ),
):
    methods.register(_method.name)(_method)
