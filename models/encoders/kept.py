"""Encoders kept beside the vectors: what was learned on the pool, as safetensors, which is data alone.

A pool that grows or loses items then keeps its encoder, and an item keeps its vector. An encoder takes part by having
`weights` once it is fitted and `revive`; the others are fitted again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from models.encoders.contract import Encoder, FittedEncoder, FloatArray, ItemSource

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection

FILE = "encoder.safetensors"


@runtime_checkable
class KeptEncoder(Protocol):
    """A fitted encoder that can be kept."""

    def weights(self) -> Mapping[str, FloatArray]:
        """Return what was learned, by name."""
        ...


@runtime_checkable
class RevivingEncoder(Protocol):
    """An encoder that can take up what was learned before."""

    def revive(
        self, weights: Mapping[str, FloatArray], source: ItemSource, *, section: EncoderSection, seed: int
    ) -> FittedEncoder | None:
        """Return the fitted encoder, None where it does not suit the pool any more.

        Raises:
            KeyError: weights are missing.
            ValueError: weights do not fit together.
        """
        ...


@runtime_checkable
class LastingEncoder(Protocol):
    """A fitted encoder that learned nothing from the pool, or can tell what it learned."""

    def state(self) -> str:
        """Return a text that is the same for two encoders of the same settings only if they encode alike."""
        ...


def encoder_state(fitted: FittedEncoder) -> str | None:
    """Return what tells whether two encoders of the same settings give an item the same vector.

    Args:
        fitted: the encoder.

    Returns:
        A text; None where that cannot be told, as for an encoder that is fitted to each pool anew.
    """
    if isinstance(fitted, LastingEncoder):
        return fitted.state()
    return hash_arrays(fitted.weights()) if isinstance(fitted, KeptEncoder) else None


def hash_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of named arrays, hexadecimal: names, types, shapes and numbers.

    Args:
        arrays: name → array.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def hash_network(network: torch.nn.Module) -> str:
    """Return the SHA-256 of a network's weights, hexadecimal; its settings of dropout and the like do not count.

    Args:
        network: the network, on any device.
    """
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def keep_encoder(fitted: FittedEncoder, *, settings: str, folder: Path) -> None:
    """Write what was learned; remove what another encoder left where this one keeps nothing.

    Args:
        fitted: the encoder.
        settings: `VectorFile.settings_hash` of the vectors it makes.
        folder: where the vectors lie.

    Raises:
        OSError: the file cannot be written.
    """
    from safetensors.numpy import save

    path = folder / FILE
    if not isinstance(fitted, KeptEncoder):
        path.unlink(missing_ok=True)
        return
    temporary = folder / f"{FILE}.{os.getpid()}.tmp"
    try:
        # safetensors writes the memory as it lies: a transposed array would come back as another.
        weights = {name: np.ascontiguousarray(array) for name, array in fitted.weights().items()}
        # An ordinary write: on a full disk it raises OSError, as the vectors beside it do.
        temporary.write_bytes(save(weights, metadata={"settings": settings}))
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def revive_encoder(
    encoder: Encoder, source: ItemSource, *, section: EncoderSection, seed: int, settings: str, folder: Path
) -> FittedEncoder | None:
    """Take up the encoder that is kept in a folder.

    Args:
        encoder: the encoder wanted.
        source: the pool.
        section: its settings.
        seed: of every random choice.
        settings: `VectorFile.settings_hash` of the vectors wanted.
        folder: where the vectors lie.

    Returns:
        The fitted encoder; None where none is kept, or one of other settings, one that does not suit the pool any more,
        or one whose file is damaged: then it is fitted again.

    Raises:
        DeviceError: the device is not there.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not isinstance(encoder, RevivingEncoder) or not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("settings") != settings:
                return None
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- no mapping
        return encoder.revive(weights, source, section=section, seed=seed)
    except (SafetensorError, OSError, KeyError, ValueError):
        return None
