"""Keeps the classes in a project's file as they are in its database.

The file names classes to start with, and at each start those that the database lacks are added. So once a class is
renamed on the page, the file must say the new name, or the old one would come back as a new class.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.shared_sections import class_sections
from config.checks import fold
from config.errors import GoldpanError
from config.files import load_config, save_config
from config.schema import ClassSection
from labeling.classes import LabelClass, list_classes
from labeling.database import Database
from labeling.events import former_names

log = logging.getLogger("goldpan.classes")

TRIES = 10
"""Changes by other servers, one on the heels of the other, that are followed; the next change writes the file again."""


@dataclass(frozen=True)
class KnownClasses:
    """What the database says of classes.

    Attributes:
        classes: all of them, archived ones too, in order.
        former: names that classes had once and none has now, whichever server renamed them.
    """

    classes: tuple[LabelClass, ...]
    former: frozenset[str]


def write_classes(database: Database, path: Path, *, former: Collection[str] = ()) -> str:
    """Write the classes of a database into the project's file; comments and all other settings stay.

    What the file names and the database does not know stays in it: somebody added it for the next start.

    Two threads of one server must not run this for one file at once. Another server may: whoever writes last looks at
    the database again after it, so that the file ends as the database is.

    Args:
        database: the opened database.
        path: the project's file.
        former: names that classes had before they were renamed.

    Returns:
        What went wrong, in words for the person; "" where nothing did.
    """
    try:
        for _ in range(TRIES):
            known = _known(database)
            # Read anew: the file may have been edited since the project was opened.
            config = load_config(path)
            wanted = file_classes(config.classes, known.classes, former={*former, *known.former})
            if wanted != config.classes:
                save_config(config.model_copy(update={"classes": wanted}), path)
            if _known(database) == known:
                break
    except GoldpanError as problem:
        log.warning("the classes are stored, but not in %s: %s", path, problem)
        return f"Stored, but the project's file could not be written: {problem}"
    return ""


def file_classes(
    written: Sequence[ClassSection], classes: Sequence[LabelClass], *, former: Collection[str] = ()
) -> tuple[ClassSection, ...]:
    """Return the classes as the file shall have them: those of the database, then what only the file knows.

    Args:
        written: the classes that the file has.
        classes: all classes of the database, archived ones too, in order.
        former: names that classes had before they were renamed.
    """
    sections = class_sections(classes)
    gone = {fold(section.name) for section in sections} | {fold(name) for name in former}
    return (*sections, *(entry for entry in written if fold(entry.name) not in gone))


def _known(database: Database) -> KnownClasses:
    with database.reading() as session:
        return KnownClasses(tuple(list_classes(session, archived=True)), frozenset(former_names(session)))
