"""A project in a notebook: made from a DataFrame, labelled in a cell, read and used with the names of scikit-learn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.errors import FrameError, ProjectExistsError, RoundError
from app.exporting import DEFAULT_FORMATS, Exported, export_project, labels_frame
from app.notebook_frame import KEY, VECTORS, encode_frame, fitted_encoder, frame_table, write_table
from app.notebook_server import server_of, stop_server_of
from app.prepare import create_project
from app.project import Project, open_project
from app.round_files import RoundMeaning, read_arrays, read_meaning, round_folder
from app.run_now import run_now
from app.selection_wishes import AS_IS, SelectionWishes
from app.setup import ProjectWishes, make_config
from app.status import read_status
from config.files import load_config
from labeling.classes import list_classes
from labeling.proposals import proposals_of

if TYPE_CHECKING:
    from models.encoders.contract import FittedEncoder

WAIT_S = 300.0
"""How long a round waits for another one to end."""
LOOK_S = 0.2

Items = pd.DataFrame | npt.NDArray[np.floating] | None
"""What can be predicted: rows with the pool's columns, vectors of its encoder, or None for the pool itself."""


@dataclass(frozen=True)
class LabelCard:
    """The Label page in a cell of a notebook.

    Attributes:
        url: its address on this machine; it holds a secret of the running server.
        height_px: of the frame.
    """

    url: str
    height_px: int

    def _repr_html_(self) -> str:
        """Return the frame, as notebooks ask for it."""
        style = f"width: 100%; height: {self.height_px}px; border: 1px solid #8884; border-radius: 6px"
        return f'<iframe src="{escape(self.url)}" title="goldpan: label" style="{style}"></iframe>'


@dataclass(frozen=True)
class NotebookProject(Project):
    """A project with what a notebook asks of it. n items, k classes, d numbers a vector.

    Attributes:
        kept: the fitted encoder by the hash of the vectors that it made, once it was needed.
    """

    kept: dict[str, FittedEncoder] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        key: str | None = None,
        text: str | None = None,
        image: str | None = None,
        vectors: str | npt.NDArray[np.floating] | None = None,
        columns: Sequence[str] | None = None,
        extra: Sequence[str] = (),
        group: str | None = None,
        truth: str | None = None,
        classes: Sequence[str] = (),
        folder: Path | str | None = None,
        name: str = "notebook",
        encoder: str = "auto",
        seed: int = 0,
    ) -> NotebookProject:
        """Make a project of a frame, or open the one that was made of the same frame in the same folder.

        Args:
            frame: one row an item.
            key: column that names the items; None for the frame's index.
            text: column with the text to label.
            image: column with images: files as bytes, Pillow images, or arrays of 8-bit numbers.
            vectors: column with ready-made vectors, or an array (n, d) in the order of the rows.
            columns: columns that the model uses; None for all that suit.
            extra: columns that are shown and never used by the model.
            group: column whose items stay together in a split.
            truth: column with true labels: never shown, never used.
            classes: names of classes; others can be typed in on the card.
            folder: where the project is kept; None for a new temporary folder, which the system may clear some day.
            name: of the project and of its files.
            encoder: how items become vectors; "auto" chooses by kind.
            seed: of all random choices.

        Raises:
            FrameError: the frame cannot be a pool; everything that is wrong is told.
            ConfigError: a name is wrong: a class given twice, say.
            ProjectExistsError: the folder holds a project of another frame.
        """
        if Path(name).name != name or not name.strip():
            raise FrameError(f"name {name!r} is the name of files too; give a plain one, without slashes")
        table = frame_table(frame, key=key, image=image, vectors=vectors)
        place = Path(tempfile.mkdtemp(prefix="goldpan-") if folder is None else folder).expanduser().resolve()
        pool, path = place / f"{name}.parquet", place / f"{name}.yaml"
        column = VECTORS if isinstance(vectors, np.ndarray) else vectors
        wishes = ProjectWishes(
            name=name, pool=str(pool), key=KEY if key is None else key, text=text, image=image, vectors=column,
            columns=None if columns is None else tuple(columns), extra=tuple(extra), group=group, truth=truth,
            classes=tuple(classes), encoder=encoder, seed=seed,
        )  # fmt: skip
        config = make_config(wishes, path)
        if path.exists():
            if (
                not _holds(pool, table)
                or load_config(path).pool.model_copy(update={"hash": None}) != config.pool
            ):
                raise ProjectExistsError(
                    f"{path} is a project of another frame; choose another folder or name, or open that one with "
                    f"goldpan.open_project({str(path)!r})"
                )
            return open_notebook(path)
        place.mkdir(parents=True, exist_ok=True)
        write_table(table, pool)
        create_project(config, path).close()
        return open_notebook(path)

    def label(self, *, height_px: int = 900) -> LabelCard:
        """Show the Label page in a cell; the first call starts a server, which ends with the kernel or with `close`.

        Args:
            height_px: of the frame.

        Raises:
            ServerError: the server did not start.
        """
        return LabelCard(server_of(self.paths.config).url, height_px)

    @property
    def labels(self) -> pd.DataFrame:
        """What is said of each item so far, by its key: `class_name`, `act`, `annotator`, `row` and more."""
        return labels_frame(self).set_index("item_key")

    @property
    def proposals(self) -> pd.DataFrame:
        """What the last round proposes, best first: `item_key`, `rank`, `score`, `kind`, `class_name`, `reason`."""
        number = read_status(self.database).round_number
        with self.database.reading() as session:
            names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
            found = proposals_of(session, round_number=number) if number else []
        told = [
            (
                entry.item_key,
                entry.rank,
                entry.score,
                str(entry.kind),
                names.get(entry.class_id or 0),
                entry.reason,
            )
            for entry in found
        ]
        return pd.DataFrame(told, columns=["item_key", "rank", "score", "kind", "class_name", "reason"])

    def round(self) -> pd.DataFrame:
        """Run a round on the labels so far, and return its `proposals`; waits while the card's server runs one.

        Raises:
            RoundError: another round did not end in five minutes.
        """
        deadline = time.monotonic() + WAIT_S
        while read_status(self.database).running is not None and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        run_now(self)
        return self.proposals

    @property
    def classes_(self) -> npt.NDArray[np.str_]:
        """(k,) names of the classes that the last round's model knows, in the order of `predict_proba`."""
        return np.array(self._meaning().class_names)

    def predict_proba(self, items: Items = None) -> npt.NDArray[np.float32]:
        """Return (m, k) float32 class probabilities by the last round's model, columns as in `classes_`.

        Args:
            items: m rows with the columns of the pool, (m, d) vectors by its encoder, or None for the pool's n items.

        Raises:
            RoundError: no round has trained a model of this pool yet.
            FrameError: the rows do not suit the pool.
        """
        meaning = self._meaning()
        if items is None:
            arrays = read_arrays(self.paths.rounds, meaning.number)
            if arrays is None:
                raise RoundError(
                    f"the answers of round {meaning.number} are gone; run a new one with .round()"
                )
            return np.asarray(arrays.probabilities, dtype=np.float32)
        vectors = (
            encode_frame(self, items, self._encoder())
            if isinstance(items, pd.DataFrame)
            else np.asarray(items)
        )
        return self._answer(meaning, vectors)

    def predict(self, items: Items = None) -> npt.NDArray[np.str_]:
        """Return (m,) the likeliest class of each item; see `predict_proba`."""
        found: npt.NDArray[np.str_] = self.classes_[self.predict_proba(items).argmax(axis=1)]
        return found

    def export(
        self,
        folder: Path | str | None = None,
        *,
        format: str | Sequence[str] = DEFAULT_FORMATS,
        licence: str = "",
        wishes: SelectionWishes = AS_IS,
    ) -> Exported:
        """Write the labels into a new folder; see `goldpan.export_project`.

        Args:
            folder: where to; None for one in the project's folder.
            format: name of an export, or several.
            licence: terms under which the labels may be used.
            wishes: what is asked of the selection.
        """
        formats = (format,) if isinstance(format, str) else tuple(format)
        target = None if folder is None else Path(folder)
        return export_project(self, formats=formats, folder=target, licence=licence, wishes=wishes)

    def close(self) -> None:
        """End the card's server, if there is one, and close the database's connections."""
        stop_server_of(self.paths.config)
        super().close()

    def _meaning(self) -> RoundMeaning:
        number = read_status(self.database).round_number
        meaning = read_meaning(self.paths.rounds, number) if number else None
        if meaning is None or not meaning.trained or meaning.hashes.get("pool") != self.pool.hash:
            raise RoundError(
                "there is no model of this pool yet: label items of two classes at least, then call .round()"
            )
        return meaning

    def _encoder(self) -> FittedEncoder:
        from models.vectors import open_vectors

        made = open_vectors(self.paths.vectors).hash
        if made not in self.kept:
            self.kept[made] = fitted_encoder(self)
        return self.kept[made]

    def _answer(self, meaning: RoundMeaning, vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        from models.portable.files import open_head
        from models.portable.predict import Model

        head = open_head(
            round_folder(self.paths.rounds, meaning.number) / "head.safetensors", prior=meaning.prior
        )
        if head is None:
            raise RoundError(
                "this kind of head predicts the pool alone: call without items, or choose another head.name in "
                f"{self.paths.config}"
            )
        if vectors.ndim != 2 or vectors.shape[1] != head.dimensions:
            raise FrameError(
                f"given an array of shape {vectors.shape}; give vectors (m, {head.dimensions}), or a DataFrame"
            )
        facts = {"head": head.head, "temperature": head.temperature, "prior": head.prior}
        return Model(head.class_names, facts, head.tensors()).predict_proba(vectors)


def open_notebook(config_path: Path | str) -> NotebookProject:
    """Open a project that was made before, by `from_frame`, `goldpan init` or `goldpan import`.

    Args:
        config_path: the YAML file.

    Raises:
        ProjectMissingError: the file has no data folder with a pool beside it.
        PoolDamagedError: its snapshot of the pool is missing or damaged.
    """
    opened = open_project(Path(config_path))
    return NotebookProject(**{each.name: getattr(opened, each.name) for each in fields(Project)})


def _holds(path: Path, table: Any) -> bool:  # noqa: ANN401 - a pyarrow Table
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool(pq.read_table(path).equals(table))
    except (OSError, pa.ArrowInvalid):
        return False
