from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from geoseg.accuracy.matching import match, overlaps

if TYPE_CHECKING:
    from collections.abc import Sequence

Box = tuple[int, int, int, int]
boxes = st.lists(
    st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 8)] * 2), min_size=0, max_size=8
)


def polygons(sides: Sequence[Box]) -> list[shapely.Polygon]:
    """Boxes by left, bottom, width and height."""
    return [shapely.box(x, y, x + width, y + height) for x, y, width, height in sides]


def by_the_book(
    predicted: list[shapely.Polygon], truth: list[shapely.Polygon], confidence: list[float]
) -> list[int]:
    """The rule word by word, as SpaceNet's own script walks: slow and plain."""
    result, free = [-1] * len(predicted), set(range(len(truth)))
    for guess in sorted(range(len(predicted)), key=lambda index: -confidence[index]):
        ious = {
            real: predicted[guess].intersection(truth[real]).area
            / predicted[guess].union(truth[real]).area
            for real in sorted(free)
        }
        if ious and max(ious.values()) >= 0.5:
            result[guess] = max(ious, key=lambda real: ious[real])
            free.remove(result[guess])
    return result


def test_a_hand_computed_case() -> None:
    truth = polygons([(0, 0, 10, 10), (20, 0, 10, 10), (40, 0, 10, 10)])
    predicted = polygons([
        (0, 0, 10, 8),  # 80 of 100: matches
        (0, 1, 10, 9),  # 90 of 100, but surer ones come first: the building is taken
        (20, 0, 10, 4),  # 40 of 100: too little
        (60, 0, 5, 5),  # nothing there
    ])  # fmt: skip
    found = match(predicted, truth, np.array([0.9, 0.6, 0.8, 0.7]))
    assert found.truth.tolist() == [0, -1, -1, -1]
    assert found.best.tolist() == [0, 0, 1, -1]
    assert found.iou == pytest.approx([0.8, 0.9, 0.4, 0.0])
    assert found.matched_iou == pytest.approx([0.8, 0.0, 0.0, 0.0])


def test_the_surer_prediction_comes_first() -> None:
    truth = polygons([(0, 0, 10, 10)])
    predicted = polygons([(0, 0, 10, 8), (0, 0, 10, 9)])
    assert match(predicted, truth, np.array([0.2, 0.3])).truth.tolist() == [-1, 0]
    assert match(predicted, truth, np.array([0.3, 0.3])).truth.tolist() == [0, -1]


def test_exactly_one_half_is_a_match() -> None:
    found = match(polygons([(0, 0, 10, 5)]), polygons([(0, 0, 10, 10)]), np.ones(1))
    assert found.correct.tolist() == [True]


def test_neighbours_that_share_a_wall_do_not_overlap() -> None:
    pairs = overlaps(polygons([(0, 0, 10, 10)]), polygons([(10, 0, 10, 10)]))
    assert len(pairs.iou) == 0


def test_empty_layers() -> None:
    one = polygons([(0, 0, 1, 1)])
    assert match([], one, np.empty(0)).truth.tolist() == []
    assert match(one, [], np.ones(1)).best.tolist() == [-1]


@given(boxes, boxes, st.data())
@tries(60)
def test_the_rule_word_by_word(ours: list[Box], theirs: list[Box], data: st.DataObject) -> None:
    confidence = data.draw(
        st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=len(ours), max_size=len(ours))
    )
    predicted, truth = polygons(ours), polygons(theirs)
    found = match(predicted, truth, np.array(confidence))
    expected = by_the_book(predicted, truth, confidence)
    assert found.correct.tolist() == [real >= 0 for real in expected]
    # Equal true buildings may be swapped, never their IoU.
    for index, real in enumerate(expected):
        if real >= 0:
            both = predicted[index].intersection(truth[real]).area
            iou = both / predicted[index].union(truth[real]).area
            assert found.matched_iou[index] == pytest.approx(iou)
