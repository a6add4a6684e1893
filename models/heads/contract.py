"""What a head is given, what it must return, and the checks both go through.

A head turns vectors into class logits. It trains all members of its ensemble at once: every parameter has a
leading axis of members, so that one pass gives every member's answer and their disagreement costs nothing
extra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import torch

from models.errors import NotEnoughLabelsError, TrainingSetError

if TYPE_CHECKING:
    from config.schema import HeadSection

Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and a few words on what is being done."""

IMBALANCES = ("logit_adjustment", "balanced_softmax", "balanced_weights", "none")

MASKED_LOGIT = -1e4
"""The logit of a class that has no labels: finite, and its probability is exactly 0 in float32."""


def no_progress(share: float, text: str) -> None:
    """Take a progress report and do nothing with it.

    Args:
        share: the share done, 0 to 1.
        text: what is being done.
    """


@dataclass(frozen=True)
class VectorScale:
    """How vectors are shifted and scaled before a head sees them: `(vector - mean) / size`.

    One number scales all dimensions, so that distances keep their proportions: a dimension an encoder made
    small stays small.

    Attributes:
        mean: (d,) float32; the mean vector.
        size: root mean square of the centred vectors' entries; greater than 0.
    """

    mean: npt.NDArray[np.float32]
    size: float


@dataclass(frozen=True)
class ClassNames:
    """The names of classes as points among the items' vectors. s names.

    Attributes:
        vectors: (s, d) float32; the names by the encoder of the items, none of them zero.
        labels: (s,) int64; the class index each is the name of; a class may have several.
    """

    vectors: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrainingSet:
    """The labels of one round and the vectors they belong to. m labels, d dimensions, k classes.

    Attributes:
        vectors: (m, d) float32 or float16; row i is the vector of the i-th labelled item.
        labels: (m,) int64; class index of each, 0 to k - 1. The same vector may come with several labels.
        class_count: k; may exceed the classes that have labels.
        class_names: k names for messages and files; empty for "class 0", "class 1", …
        scale: the pool's scale (`models.heads.scaling.measure_scale`); None takes it from `vectors`.
        unlabelled: (u, d) float32 or float16; vectors of some items without a label, for what learns from
            those too (`head.semi_supervised`, the head `sade`); None where there are none.
        name_points: what the names of classes teach (`models.class_names`); None where they teach nothing.
        shares: (m,) float32, above 0; how much of the pool each label stands for (`models.label_shares`); None where
            every label counts alike.
        soft: (m, k) float32; how probable each class is of each item, where several people labelled it; rows add up
            to 1 and are highest at `labels`. None where every label is certain. Heads that learn by cross-entropy
            learn these shares; others learn `labels`, each weighed by its own share.
    """

    vectors: npt.NDArray[np.floating]
    labels: npt.NDArray[np.int64]
    class_count: int
    class_names: tuple[str, ...] = ()
    scale: VectorScale | None = None
    unlabelled: npt.NDArray[np.floating] | None = None
    name_points: ClassNames | None = None
    shares: npt.NDArray[np.float32] | None = None
    soft: npt.NDArray[np.float32] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The k class names, made up where none were given."""
        return self.class_names or tuple(f"class {index}" for index in range(self.class_count))

    @property
    def label_counts(self) -> npt.NDArray[np.int64]:
        """(k,) int64; the number of labels of each class."""
        return np.bincount(self.labels, minlength=self.class_count).astype(np.int64)


@dataclass(frozen=True)
class TrainedHead:
    """An ensemble of trained members that turns vectors into logits.

    Attributes:
        name: the name in the registry of heads.
        tensors: the parameters, each with a leading axis of members, by their name in the head; a head that is
            refitted from its labels (`sklearn`) keeps those instead.
        mean: (d,) float32 tensor; subtracted from every vector.
        size: () float32 tensor; divides every centred vector.
        mask: (members, k) float32 tensor; 0 for a class the member saw labels or a name of, `MASKED_LOGIT` for another.
        label_counts: (k,) int64 tensor; labels of each class in the training set, 1 where only its name was learned.
        forward: the head's own computation, `(tensors, scaled vectors (b, d)) -> (members, b, k)`.
        class_names: k names in the order of the class indices.
        corrected: False where the section asked for no correction of imbalance: then the shares of the labels
            are taken to be the shares of the pool.
        seed: the seed it was trained with.
    """

    name: str
    tensors: Mapping[str, torch.Tensor]
    mean: torch.Tensor
    size: torch.Tensor
    mask: torch.Tensor
    label_counts: torch.Tensor
    forward: Callable[[Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]
    class_names: tuple[str, ...]
    corrected: bool = True
    seed: int = 0

    @property
    def members(self) -> int:
        """The number of members in the ensemble."""
        return int(self.mask.shape[0])

    @property
    def class_count(self) -> int:
        """The number of classes, k."""
        return int(self.mask.shape[1])

    @property
    def dimensions(self) -> int:
        """The length of the vectors it reads, d."""
        return int(self.mean.shape[0])

    @property
    def device(self) -> torch.device:
        """The device its parameters are on."""
        return self.mean.device

    def logits(self, vectors: torch.Tensor) -> torch.Tensor:
        """Compute every member's logits with the class prior taken out.

        The softmax of a row is the member's class probabilities if all classes were equally frequent; adding
        the log of the pool's class shares first gives the probabilities in the pool.

        Args:
            vectors: (b, d) tensor on the head's device.

        Returns:
            (members, b, k) float32; `MASKED_LOGIT` or below for classes without labels or a name that was learned.

        Raises:
            TrainingSetError: the vectors have another length than those it was trained on.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions:
            raise TrainingSetError(
                f"the head reads vectors of {self.dimensions} numbers, got an array of shape "
                f"{tuple(vectors.shape)}; train it again on these vectors"
            )
        scaled = (vectors.to(torch.float32) - self.mean) / self.size
        return self.forward(self.tensors, scaled) + self.mask[:, None, :]

    def save(
        self, path: Path, *, class_names: tuple[str, ...] | None = None, temperature: float = 1.0
    ) -> None:
        """Write the head to a safetensors file; `models.heads.files.load_head` reads it.

        Args:
            path: the file; replaced only once the new one is whole.
            class_names: k names stored with it; None for its own.
            temperature: what its logits are divided by; stored with it.

        Raises:
            WeightsError: the file cannot be written.
            TrainingSetError: there are more or fewer names than classes.
        """
        from models.heads.files import save_head  # it needs the registry, which needs this module

        names = self.class_names if class_names is None else class_names
        if len(names) != self.class_count:
            raise TrainingSetError(f"{len(names)} class names for {self.class_count} classes; give one each")
        save_head(replace(self, class_names=names), path, temperature=temperature)

    def to(self, device: torch.device) -> TrainedHead:
        """Return the same head with its parameters on another device.

        Args:
            device: where they shall be.
        """
        return TrainedHead(
            name=self.name,
            tensors={name: tensor.to(device) for name, tensor in self.tensors.items()},
            mean=self.mean.to(device),
            size=self.size.to(device),
            mask=self.mask.to(device),
            label_counts=self.label_counts.to(device),
            forward=self.forward,
            class_names=self.class_names,
            corrected=self.corrected,
            seed=self.seed,
        )


class Head(Protocol):
    """A kind of head. Entries of the registry are instances, without state."""

    name: str

    def fit(
        self,
        training: TrainingSet,
        *,
        section: HeadSection,
        seed: int,
        device: torch.device,
        progress: Progress = no_progress,
        weights: torch.Tensor | None = None,
    ) -> TrainedHead:
        """Train all members at once; the same arguments give the same parameters.

        Args:
            training: the labels and their vectors; not changed.
            section: the head's settings.
            seed: of all chance in the training.
            device: where to compute.
            progress: told the share done.
            weights: (members, m) float32, not negative: how much each label counts for each member; their
                number of rows then overrules `section.members`. None draws them (Bayesian bootstrap).

        Returns:
            The trained ensemble, its tensors on `device`.

        Raises:
            TrainingSetError: the labels or vectors are unusable.
            TrainingDivergedError: the loss became NaN twice.
        """
        ...

    def forward(self, tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Args:
            tensors: the parameters of a trained head of this kind.
            vectors: (b, d) float32, scaled.

        Returns:
            (members, b, k) float32; row i depends on row i of the vectors alone.
        """
        ...


def check_training(training: TrainingSet) -> None:
    """Refuse labels and vectors that no head can be trained on.

    Args:
        training: what a head is about to be trained on.

    Raises:
        TrainingSetError: a wrong shape, NaN or infinite numbers, or a class index out of range.
        NotEnoughLabelsError: fewer than two classes have a label.
    """
    vectors, labels, count = training.vectors, training.labels, training.class_count
    if (
        vectors.ndim != 2
        or labels.ndim != 1
        or len(vectors) != len(labels)
        or (len(vectors) and not vectors.shape[1])
    ):
        raise TrainingSetError(
            f"vectors must be (m, d) with d > 0 and labels (m,), got {vectors.shape} and {labels.shape}"
        )
    if training.class_names and len(training.class_names) != count:
        raise TrainingSetError(f"{len(training.class_names)} class names for {count} classes; give one each")
    if labels.dtype.kind not in "iu":
        raise TrainingSetError(f"labels must be whole numbers, got {labels.dtype}")
    if len(labels) and (labels.min() < 0 or labels.max() >= count):
        raise TrainingSetError(f"labels must lie in 0 … {count - 1}, found {labels.min()} … {labels.max()}")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise TrainingSetError(
            f"{int((~finite).sum())} of {len(vectors)} vectors hold NaN or infinite numbers (the first is "
            f"that of label {int(np.argmin(finite))}); write the vectors again"
        )
    _check_scale(training.scale, vectors.shape[1])
    _check_unlabelled(training.unlabelled, vectors.shape[1])
    _check_names(training.name_points, vectors.shape[1], count)
    _check_shares(training.shares, len(labels))
    _check_soft(training)
    _check_counts(training)


def _check_scale(scale: VectorScale | None, dimensions: int) -> None:
    if scale is None:
        return
    if scale.mean.shape != (dimensions,) or not np.isfinite(scale.mean).all() or not 0 < scale.size < np.inf:
        raise TrainingSetError(
            f"the scale must have a finite mean of {dimensions} numbers and a size greater than 0, got "
            f"{scale.mean.shape} and {scale.size}"
        )


def _check_unlabelled(unlabelled: npt.NDArray[np.floating] | None, dimensions: int) -> None:
    if unlabelled is None:
        return
    if unlabelled.ndim != 2 or unlabelled.shape[1] != dimensions:
        raise TrainingSetError(f"unlabelled vectors must be (u, {dimensions}), got {unlabelled.shape}")
    if not np.isfinite(unlabelled).all():
        raise TrainingSetError("the unlabelled vectors hold NaN or infinite numbers; write the vectors again")


def _check_shares(shares: npt.NDArray[np.float32] | None, count: int) -> None:
    if shares is not None and (shares.shape != (count,) or not (np.isfinite(shares) & (shares > 0)).all()):
        raise TrainingSetError(
            f"the shares of the pool must be {count} finite numbers above 0, one for each label, got an array of shape "
            f"{shares.shape}; measure them again"
        )


def _check_soft(training: TrainingSet) -> None:
    soft, labels = training.soft, training.labels
    if soft is None:
        return
    if soft.shape != (len(labels), training.class_count):
        raise TrainingSetError(
            f"soft labels must be ({len(labels)}, {training.class_count}), a row for each label, got {soft.shape}"
        )
    fits = np.isfinite(soft).all(axis=1) & (soft >= 0).all(axis=1)
    if not fits.all() or not np.allclose(soft.sum(axis=1), 1.0, atol=1e-4):
        raise TrainingSetError("soft labels must be finite, not negative, and add up to 1 for each item")
    if (soft[np.arange(len(labels)), labels] < soft.max(axis=1)).any():
        raise TrainingSetError(
            "soft labels must be highest at the class of the label; take the likeliest class"
        )


def _check_names(names: ClassNames | None, dimensions: int, count: int) -> None:
    if names is None:
        return
    vectors, labels = names.vectors, names.labels
    if vectors.ndim != 2 or vectors.shape[1] != dimensions or labels.shape != (len(vectors),):
        raise TrainingSetError(
            f"the vectors of class names must be (s, {dimensions}) with a class index each, got {vectors.shape} and "
            f"{labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise TrainingSetError(f"the class indices of class names must be whole numbers, got {labels.dtype}")
    if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise TrainingSetError(
            "the vectors of class names hold NaN, infinity or a row of zeros; leave those out"
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= count):
        raise TrainingSetError(
            f"class names must be of classes 0 … {count - 1}, found {labels.min()} … {labels.max()}"
        )


def _check_counts(training: TrainingSet) -> None:
    counts = training.label_counts
    present = int((counts > 0).sum())
    if present >= 2:
        return
    have = f"only {training.names[int(np.argmax(counts))]!r} has one" if present else "no class has one"
    raise NotEnoughLabelsError(
        f"two classes with a label each are needed to train, and {have} ({training.class_count} classes, "
        f"{len(training.labels)} labels); label items of {2 - present} more class{'' if present else 'es'}"
    )
