"""Parts of `pool`: other sources that are joined to it by a key, and columns that are calculated from its own."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from config.section import Column, Name, Section

JOINS_MAX = 20
COMBINED_MAX = 1_000

Formula = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Hdu = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class JoinSection(Section):
    """Another source with more about the same items."""

    path: str = Field(
        min_length=1,
        max_length=4096,
        description="table, or folder of images named by key; relative to this file",
    )
    key: Column = Field(description="column of the pool whose values are looked up there")
    their_key: Column | None = Field(
        None,
        description="the column there that has them; null takes the same name, and the file names of a folder",
    )
    prefix: Name | None = Field(
        None, description="goes before their columns whose names are taken; null takes the file's name"
    )
    hdu: Hdu | None = Field(
        None, description="which table of a FITS file, by name or number; null takes the first"
    )


class CombineSection(Section):
    """A column that is calculated from others."""

    name: Column = Field(description="what the column is called")
    formula: Formula = Field(
        description="numbers, columns, + - * / % **, and functions such as log10; where it has no value it is missing"
    )


def check_combined(combined: tuple[CombineSection, ...]) -> tuple[CombineSection, ...]:
    """Return the calculated columns unchanged.

    Raises:
        PydanticCustomError: two have one name.
    """
    repeated = sorted(name for name, count in Counter(each.name for each in combined).items() if count > 1)
    if repeated:
        message = f"two columns are called {repeated[0]!r}; allowed: a name of its own for each"
        raise PydanticCustomError("goldpan", "{message}", {"message": message})
    return combined


Joins = Annotated[tuple[JoinSection, ...], Field(max_length=JOINS_MAX)]
Combined = Annotated[
    tuple[CombineSection, ...], Field(max_length=COMBINED_MAX), AfterValidator(check_combined)
]
