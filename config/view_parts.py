"""Parts of `views` for fields of science: pictures from elsewhere, and what plots need to know of the columns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictFloat, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from config.lookups import check_template
from config.section import Column, Name, Section

CUTOUTS_MAX = 8
BANDS_MAX = 200

Positive = Annotated[StrictFloat, Field(gt=0, le=1e12)]


class CutoutSection(Section):
    """A picture of an item that another server cuts out, at its position."""

    name: Name = Field(description="what the picture is called")
    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(check_template)] = Field(
        description="address of a picture with {COLUMN}, such as {ra} and {dec}, or {key}, where the item's values go"
    )


class BandSection(Section):
    """A column of brightness at one wavelength."""

    column: Column = Field(description="the column")
    wavelength_um: Positive = Field(description="central wavelength in micrometres")
    width_um: Positive | None = Field(None, description="width in micrometres, drawn as a bar")
    error: Column | None = Field(None, description="column with the error, in the same unit")
    kind: Literal["ab_mag", "vega_mag", "mjy"] = Field(
        "ab_mag", description="magnitudes, AB or Vega, or flux in millijansky"
    )
    zero_point_jy: Positive | None = Field(
        None, description="flux of magnitude 0 in jansky, which Vega magnitudes need"
    )

    @model_validator(mode="after")
    def _vega_has_a_zero_point(self) -> BandSection:
        if self.kind == "vega_mag" and self.zero_point_jy is None:
            message = (
                f"{self.column!r} has Vega magnitudes, which need zero_point_jy, the flux of magnitude 0"
            )
            raise PydanticCustomError("goldpan", "{message}", {"message": message})
        return self


Cutouts = Annotated[tuple[CutoutSection, ...], Field(max_length=CUTOUTS_MAX)]
Bands = Annotated[tuple[BandSection, ...], Field(max_length=BANDS_MAX)]
PlotColumns = Annotated[dict[Name, Column], Field(max_length=200)]
