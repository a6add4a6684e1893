"""The classes as a tree: which is under which, how deep, by which path; and what is counted below each.

A class is under another by its `parent_id`. One whose parent is not among the classes given (it is archived) stands at
the top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labeling.classes import LabelClass

PATH_MARK = " / "
"""Between the names of a path: animal / dog."""


@dataclass(frozen=True)
class ClassNode:
    """A class at its place in the tree.

    Attributes:
        label_class: the class.
        parent_id: the class above it, None at the top.
        depth: how many classes are above it.
        path: the names from the top down to its own.
    """

    label_class: LabelClass
    parent_id: int | None
    depth: int
    path: tuple[str, ...]

    @property
    def path_text(self) -> str:
        """The path in one line."""
        return PATH_MARK.join(self.path)


def class_tree(classes: Sequence[LabelClass]) -> list[ClassNode]:
    """Return the classes from the top down, each followed by those under it; in their order among their kind.

    Args:
        classes: the open classes, in order.
    """
    given = {entry.id for entry in classes}
    below: dict[int | None, list[LabelClass]] = {}
    for entry in classes:
        below.setdefault(entry.parent_id if entry.parent_id in given else None, []).append(entry)
    nodes: list[ClassNode] = []
    # A stack rather than recursion: a file from elsewhere may hold a very long chain.
    waiting: list[ClassNode] = [_node(entry, None) for entry in reversed(below.get(None, []))]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += [_node(entry, node) for entry in reversed(below.get(node.label_class.id, []))]
    return nodes


def counts_with_children(nodes: Sequence[ClassNode], counts: Mapping[int, int]) -> dict[int, int]:
    """Return, by class id, the count of each class and of all classes under it together.

    Args:
        nodes: as `class_tree` returns them.
        counts: by class id; a class that is missing has none.
    """
    totals = {node.label_class.id: counts.get(node.label_class.id, 0) for node in nodes}
    for node in reversed(nodes):
        if node.parent_id is not None:
            totals[node.parent_id] += totals[node.label_class.id]
    return totals


def _node(entry: LabelClass, parent: ClassNode | None) -> ClassNode:
    if parent is None:
        return ClassNode(entry, None, 0, (entry.name,))
    return ClassNode(entry, parent.label_class.id, parent.depth + 1, (*parent.path, entry.name))
