"""goldpan's public names for notebooks and plug-ins: handed on from where they live, nothing else.

>>> import goldpan
>>> project = goldpan.Project.from_frame(frame, classes=["cat", "dog"])  # doctest: +SKIP
>>> project.label()  # doctest: +SKIP
>>> project.round()  # doctest: +SKIP
>>> project.labels  # doctest: +SKIP
"""

from __future__ import annotations

from app.exporting import export_project, labels_frame
from app.importing import import_labels
from app.item_views import ItemScene, register_item_view
from app.notebook import NotebookProject as Project
from app.notebook import open_notebook as open_project
from app.plot_plugins import PlotScene, register_plot
from app.plugins import (
    register_encoder,
    register_export,
    register_head,
    register_reader,
    register_strategy,
)
from app.prepare import create_project
from app.run_now import run_now as run_round
from app.setup import ProjectWishes, make_config
from app.share import import_project, share_project, shared_config
from app.table_encoder import read_table_encoder
from app.version import VERSION
from config.errors import GoldpanError
from labeling.exports.contract import Written
from strategies.contract import Choice, Outcome, PoolState, Strategy

__all__ = [
    "VERSION",
    "Choice",
    "GoldpanError",
    "ItemScene",
    "Outcome",
    "PlotScene",
    "PoolState",
    "Project",
    "ProjectWishes",
    "Strategy",
    "Written",
    "create_project",
    "export_project",
    "import_labels",
    "import_project",
    "labels_frame",
    "make_config",
    "open_project",
    "read_table_encoder",
    "register_encoder",
    "register_export",
    "register_head",
    "register_item_view",
    "register_plot",
    "register_reader",
    "register_strategy",
    "run_round",
    "share_project",
    "shared_config",
]
