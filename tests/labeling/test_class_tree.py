from __future__ import annotations

from labeling.class_tree import class_tree, counts_with_children
from labeling.classes import LabelClass


def made(number: int, name: str, parent_id: int | None = None) -> LabelClass:
    return LabelClass(number, name, number, None, None, parent_id, "", None, False)


ANIMALS = [
    made(1, "stone"),
    made(2, "animal"),
    made(3, "poodle", 4),
    made(4, "dog", 2),
    made(5, "cat", 2),
]


def test_class_tree__children_follow_their_parent_in_order() -> None:
    nodes = class_tree(ANIMALS)

    assert [node.path_text for node in nodes] == [
        "stone",
        "animal",
        "animal / dog",
        "animal / dog / poodle",
        "animal / cat",
    ]
    assert [node.depth for node in nodes] == [0, 0, 1, 2, 1]
    assert [node.parent_id for node in nodes] == [None, None, 2, 4, 2]


def test_class_tree__without_parents_keeps_the_order() -> None:
    flat = [made(3, "c"), made(1, "a"), made(2, "b")]

    assert [node.label_class for node in class_tree(flat)] == flat


def test_class_tree__a_parent_that_is_archived_leaves_its_children_at_the_top() -> None:
    nodes = class_tree([entry for entry in ANIMALS if entry.name != "animal"])

    assert [(node.path_text, node.depth, node.parent_id) for node in nodes] == [
        ("stone", 0, None),
        ("dog", 0, None),
        ("dog / poodle", 1, 4),
        ("cat", 0, None),
    ]


def test_class_tree__a_chain_longer_than_the_stack() -> None:
    chain = [made(number, str(number), number - 1 or None) for number in range(1, 1_001)]

    assert class_tree(chain)[-1].depth == 999


def test_counts_with_children__a_parent_is_the_sum_of_what_is_under_it() -> None:
    counts = {2: 1, 3: 5, 5: 7}

    assert counts_with_children(class_tree(ANIMALS), counts) == {1: 0, 2: 13, 3: 5, 4: 5, 5: 7}
