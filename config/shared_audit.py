"""How a shared config keeps the draws of the audit set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from config.checks import check_timestamp

Whole = Annotated[StrictInt, Field(ge=0)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class SharedAuditDraw(BaseModel):
    """One draw of the audit set."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=False)

    design: Literal["random", "stratified"] = Field(description="how the items were drawn")
    seed: Whole = Field(description="seed of the draw")
    pool_hash: Text = Field(description="content hash of the pool it was drawn from")
    round_number: Whole | None = Field(None, description="round whose predictions made the strata")
    revision: Whole = Field(description="how many annotations there were when it was drawn")
    annotator: Text = Field(description="who drew it")
    created_at: Annotated[AwareDatetime, BeforeValidator(check_timestamp)] = Field(
        description="when, with a time zone"
    )
    strata: tuple[Text, ...] = Field(max_length=100_000, description="what each stratum holds")
    sizes: tuple[Whole, ...] = Field(max_length=100_000, description="items of each stratum, drawn or not")
    items: tuple[Key, ...] = Field(
        max_length=1_000_000, description="keys of the items, first to answer first"
    )
    item_strata: tuple[Whole, ...] = Field(max_length=1_000_000, description="the stratum of each, from 0")
    where: str = Field(
        "",
        max_length=2_000,
        description="criterion that all it was drawn from matches; empty for the whole pool",
    )
