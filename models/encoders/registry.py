"""All encoders by name, and the choice that "auto" makes.

Importing this module registers those that come with goldpan; none of them loads torch or scikit-learn before it
is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.registry import Registry
from models.encoders.contract import Encoder, EncoderChoice, ItemSource
from models.encoders.given import GivenEncoder
from models.encoders.image_clip import ImageClipEncoder
from models.encoders.image_conv import ImageConvEncoder
from models.encoders.image_ssl import ImageSslEncoder
from models.encoders.image_timm import ImageTimmEncoder
from models.encoders.series_stats import SeriesStatsEncoder
from models.encoders.tabular import TabularEncoder
from models.encoders.text_tfidf import TextTfidfEncoder
from models.encoders.text_transformer import TextTransformerEncoder
from models.errors import EncoderInputError

if TYPE_CHECKING:
    from config.schema import EncoderSection

encoders: Registry[Encoder] = Registry("encoder")
for _encoder in (
    GivenEncoder(),
    ImageClipEncoder(),
    ImageConvEncoder(),
    ImageSslEncoder(),
    SeriesStatsEncoder(),
    ImageTimmEncoder(),
    TabularEncoder(),
    TextTfidfEncoder(),
    TextTransformerEncoder(),
):
    encoders.register(_encoder.name)(_encoder)
encoders.seal()

PREFERENCES: dict[str, tuple[str, ...]] = {
    "vectors": ("given",),
    "table": ("tabular",),
    "series": ("series_stats",),
    "image": ("image_timm", "image_ssl"),
    "text": ("text_transformer", "text_tfidf"),
}
"""Kind of pool → encoders, best first; "auto" takes the first that can run on this machine."""


def choose_encoder(source: ItemSource, section: EncoderSection) -> EncoderChoice:
    """Choose the encoder of a pool: the one named, or for "auto" the best that can run here.

    The choice looks at the kind of the pool and at what is installed, and at nothing else.

    Args:
        source: the pool.
        section: the encoder's settings.

    Returns:
        The encoder's name and the reason.

    Raises:
        UnknownNameError: the section names an encoder that is not registered.
        EncoderInputError: the encoder named does not read this kind of pool, or "auto" knows none for it.
    """
    if section.name != "auto":
        _check_kind(encoders.get(section.name), source.kind)
        return EncoderChoice(section.name, f"{section.name} was asked for")
    if source.kind not in PREFERENCES:
        known = ", ".join(sorted(PREFERENCES))
        raise EncoderInputError(f"no encoder is known for a pool of kind {source.kind!r} (known: {known})")
    passed: list[str] = []
    *preferred, last = PREFERENCES[source.kind]
    for name in preferred:
        obstacle = encoders.get(name).obstacle(section)
        # Weights that a person names are wanted: their absence must be an error, not another encoder in silence.
        if not obstacle or section.model is not None:
            return EncoderChoice(name, f"{name}: the best for {source.kind} pools on this machine")
        passed.append(f"not {name}, {obstacle}")
    return EncoderChoice(last, "; ".join([f"{last} for {source.kind} pools", *passed]))


def _check_kind(encoder: Encoder, kind: str) -> None:
    if kind in encoder.kinds:
        return
    fitting = ", ".join(name for name, entry in encoders if kind in entry.kinds) or "none"
    raise EncoderInputError(
        f"encoder {encoder.name!r} reads pools of kind {' or '.join(sorted(encoder.kinds))}, this one is of kind"
        f" {kind!r}; use 'auto' or one of: {fitting}"
    )
