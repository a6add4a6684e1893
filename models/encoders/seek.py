"""Words among the pool's vectors: the way from what a person types to the items that may be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.encoders.contract import ItemSource, Progress, SeekEncoder
from models.encoders.registry import encoders
from models.errors import EncoderInputError

if TYPE_CHECKING:
    from config.schema import EncoderSection


def seeks_by_words(encoder: str) -> bool:
    """Tell whether words can be placed among the vectors of an encoder; loads nothing, so a page may ask.

    Args:
        encoder: who made the vectors, `VectorFile.encoder`; never "auto".

    Returns:
        True where `open_seek_encoder` can open it.

    Raises:
        UnknownNameError: the encoder is not registered.
    """
    # A plug-in that knows no words need not say so.
    return bool(getattr(encoders.get(encoder), "seeks_by_words", False))


def learns_from_names(encoder: str) -> bool:
    """Tell whether the vector of a class's name may stand beside those of its items; loads nothing.

    Args:
        encoder: who made the vectors, `VectorFile.encoder`; never "auto".

    Returns:
        True for encoders of texts, which treat a name as one more text. False for pictures: an encoder of both keeps
        words apart from images ("modality gap", Liang et al. 2022), so that words can be compared with each other only.

    Raises:
        UnknownNameError: the encoder is not registered.
    """
    return bool(getattr(encoders.get(encoder), "learns_from_names", False))


def open_seek_encoder(
    source: ItemSource,
    *,
    section: EncoderSection,
    seed: int,
    encoder: str,
    progress: Progress | None = None,
) -> SeekEncoder:
    """Open the encoder that made a pool's vectors, to encode words in the same space.

    A pretrained model is loaded; one that learns on the pool is fitted again, which gives the same encoder, since the
    pool, the settings and the seed are the same. Either takes a few seconds: keep what comes back.

    Args:
        source: the pool.
        section: the encoder's settings with which the vectors were made.
        seed: the seed with which the vectors were made.
        encoder: who made them, `VectorFile.encoder`; never "auto".
        progress: told the share done; None tells nobody.

    Returns:
        The encoder.

    Raises:
        EncoderInputError: words cannot be placed among vectors of this encoder.
        EncoderUnavailableError: a package or the weights are missing.
        UnknownNameError: the encoder is not registered.
        DeviceError: the device is not there.
    """
    from threadpoolctl import threadpool_limits

    if not seeks_by_words(encoder):
        raise _no_words(encoder, source.kind)
    # As when the vectors were made: another number of threads may add the same numbers in another order.
    with threadpool_limits(1, user_api="blas"):
        fitted = encoders.get(encoder).fit(
            source, section=section, seed=seed, progress=progress or (lambda share, text: None)
        )
    if not isinstance(fitted, SeekEncoder):
        raise _no_words(encoder, source.kind)
    return fitted


def _no_words(encoder: str, kind: str) -> EncoderInputError:
    known = [name for name, entry in encoders if kind in entry.kinds and seeks_by_words(name)]
    other = f", or make the vectors with {' or '.join(known)}" if known else ""
    return EncoderInputError(
        f"words cannot be sought among vectors of encoder {encoder!r}, which knows no words; seek by example items"
        f"{other}"
    )
