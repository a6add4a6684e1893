"""What every part of the configuration's tree is built of: the frozen base, and the kinds of values."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StringConstraints,
)

from config.checks import check_printable, check_timestamp

MAX_SEED = 2**32 - 1
"""Largest seed; numpy's and scikit-learn's generators share this limit."""

Seed = Annotated[StrictInt, Field(ge=0, le=MAX_SEED)]
Count = Annotated[StrictInt, Field(ge=0)]
Share = Annotated[StrictFloat, Field(ge=0, le=1)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(check_printable),
]
Column = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
ItemKey = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(check_timestamp)]


class Section(BaseModel):
    """A part of the tree: frozen, no unknown keys, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=False)
