from __future__ import annotations

import numpy as np

from models.label_neighbours import neighbour_shares


def test_neighbour_shares__an_item_among_another_class_is_told() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [80, 40])
    vectors = (generator.normal(size=(120, 4)) + 9 * labels[:, None]).astype(np.float32)
    labels[3] = 1
    found = neighbour_shares(vectors, labels, class_count=3)
    assert found[3].argmax() == 0
    assert (np.delete(found.argmax(axis=1) == labels, 3)).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert not found[:, 2].any()


def test_neighbour_shares__a_frequent_class_is_not_everybodys() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat([0, 1], [900, 100])
    found = neighbour_shares(generator.normal(size=(1000, 3)), labels, class_count=2)
    assert 0.4 < found[:, 1].mean() < 0.6


def test_neighbour_shares__of_few_labels_nothing_is_known() -> None:
    found = neighbour_shares(np.zeros((3, 2)), np.array([0, 1, 1]), class_count=2)
    assert (found == 0.5).all()
    assert neighbour_shares(np.zeros((0, 2)), np.zeros(0, np.int64), class_count=2).shape == (0, 2)


def test_neighbour_shares__the_scale_of_a_dimension_does_not_count() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    vectors = generator.normal(size=(100, 2)) + np.array([8, 0]) * labels[:, None]
    told = neighbour_shares(vectors, labels, class_count=2)
    loud = neighbour_shares(vectors * [1, 1e6], labels, class_count=2)
    np.testing.assert_allclose(told, loud)
