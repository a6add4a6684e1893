"""Which column of a pool has what a plot needs: as the configuration says, else told by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

USUAL_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "halpha": (
            "halpha",
            "h_alpha",
            "ha",
            "halpha_flux",
            "h_alpha_flux",
            "ha_flux",
            "flux_halpha",
            "ha_6563_flux",
        ),
        "hbeta": (
            "hbeta",
            "h_beta",
            "hb",
            "hbeta_flux",
            "h_beta_flux",
            "hb_flux",
            "flux_hbeta",
            "hb_4861_flux",
        ),
        "oiii": ("oiii", "oiii_5007", "oiii_flux", "oiii_5007_flux", "flux_oiii", "flux_oiii_5007", "o3"),
        "nii": ("nii", "nii_6584", "nii_flux", "nii_6584_flux", "flux_nii", "flux_nii_6584", "n2"),
        "sii": ("sii", "sii_flux", "sii_sum_flux", "flux_sii", "s2"),
        "oi": ("oi", "oi_6300", "oi_flux", "oi_6300_flux", "flux_oi", "flux_oi_6300", "o1"),
        "w1": ("w1", "w1mpro", "w1mag", "w1_mag", "mag_w1"),
        "w2": ("w2", "w2mpro", "w2mag", "w2_mag", "mag_w2"),
        "w3": ("w3", "w3mpro", "w3mag", "w3_mag", "mag_w3"),
    }
)
"""What plots need → names of columns, in lower case, that are taken for it; the first that is there."""


def find_columns(
    wanted: Sequence[str], names: Sequence[str], chosen: Mapping[str, str]
) -> dict[str, str] | None:
    """Return the column of each thing that a plot needs, None where one of them has none.

    Args:
        wanted: keys of `USUAL_NAMES`.
        names: the pool's numeric columns.
        chosen: what the configuration says, `views.plot_columns`.
    """
    known = {name.lower(): name for name in reversed(names)}
    found: dict[str, str] = {}
    for each in wanted:
        told = chosen.get(each)
        column = told if told in names else None
        if told is None:
            column = next((known[name] for name in USUAL_NAMES[each] if name in known), None)
        if column is None:
            return None
        found[each] = column
    return found
