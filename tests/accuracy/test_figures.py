from __future__ import annotations

import io
import math
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
import shapely
from accuracy_layers import CONFIDENCE, PREDICTED, TRUTH, Box, shapes, site
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from geoseg.accuracy.figures import figures_of
from geoseg.accuracy.options import Measure
from geoseg.accuracy.outcome import groups_of, judge
from geoseg.accuracy.pixels import count_pixels
from geoseg.accuracy.precision import Ranked, average_precision
from geoseg.accuracy.score import score_site
from geoseg.accuracy.shapes import polis, vertices
from geoseg.accuracy.site import clip, share_within
from geoseg.attributes.reliability import reliability

whole = st.integers(0, 20)
sides = st.integers(2, 9)
towns = st.lists(st.tuples(whole, whole, sides, sides), max_size=7)


def figures(**others: Any) -> Any:
    return figures_of("town", [score_site(site(**others), Measure())])


def test_the_spacenet_f1_of_a_hand_computed_town() -> None:
    found = figures()
    assert (found.true, found.predicted, found.matched) == (5, 6, 3)
    assert found.precision == pytest.approx(3 / 6)
    assert found.recall == pytest.approx(3 / 5)
    assert found.f1 == pytest.approx(6 / 11)
    assert found.mean_iou == pytest.approx((0.8 + 0.5 + 0.5) / 3)
    assert found.pq == pytest.approx(0.6 * 6 / 11)


def test_splits_and_merges_of_that_town() -> None:
    groups = groups_of(judge(site()))
    assert (groups.splits, groups.merges, groups.merged) == (1, 1, 2)
    assert groups.pieces.tolist() == [1, 1, 0, 0, 2]
    assert groups.swallowed.tolist() == [1, 0, 2, 0, 0, 0]
    assert np.flatnonzero(groups.piece).tolist() == [3, 4]
    assert np.flatnonzero(groups.together).tolist() == [2, 3]


def test_areas_of_that_town() -> None:
    found = figures()
    assert found.area_bias == pytest.approx((80 + 40 + 200 + 100 + 100 + 100) / 600 - 1)
    assert found.area_error == pytest.approx(0.5)  # of 0.2, 1.0 and 0.5
    assert found.area_error_bias == pytest.approx(-0.2)


def test_average_precision_by_hand() -> None:
    # In the order of confidence: right, wrong, right, right, wrong, wrong. Of five buildings three
    # are found, at precisions 1, 3/4 (the best from there on) and 3/4. COCO reads the curve at 101
    # recalls: 0 to 0.20 is 21 of them, 0.21 to 0.60 is 40, the rest 0.
    found = figures()
    assert found.ap50 == pytest.approx((21 * 1 + 40 * 0.75) / 101)
    # Above 0.5 only the first one is left, up to 0.80.
    above = 21 / 101
    assert found.ap75 == pytest.approx(above)
    assert found.ap == pytest.approx((found.ap50 + 6 * above) / 10)


def plain_coco(predicted: list[Box], truth: list[Box], confidence: list[float]) -> list[float]:
    """AP, AP50 and AP75 by an untouched COCOeval over masks of one image."""
    from pycocotools import mask as masks
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def annotation(number: int, box: Box) -> dict[str, Any]:
        canvas = np.zeros((40, 40), dtype=np.uint8, order="F")
        x, y, width, height = (int(side) for side in box)
        canvas[y : y + height, x : x + width] = 1
        return {
            "id": number, "image_id": 1, "category_id": 1, "iscrowd": 0,
            "area": int(canvas.sum()), "segmentation": masks.encode(canvas),
        }  # fmt: skip

    def dataset(annotations: list[dict[str, Any]]) -> Any:
        coco = COCO()
        coco.dataset = {
            "images": [{"id": 1, "height": 40, "width": 40}],
            "categories": [{"id": 1, "name": "building"}],
            "annotations": annotations,
        }
        coco.createIndex()
        return coco

    with redirect_stdout(io.StringIO()):
        wanted = dataset([annotation(i, box) for i, box in enumerate(truth, 1)])
        found = dataset(
            [
                {**annotation(i, box), "score": confidence[i - 1]}
                for i, box in enumerate(predicted, 1)
            ]
        )
        evaluation = COCOeval(wanted, found, "segm")
        evaluation.params.maxDets = [1, 10, 100]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats[:3]]


@given(towns, towns.filter(bool))
@tries(40)
def test_ap_is_that_of_plain_pycocotools(predicted: list[Box], truth: list[Box]) -> None:
    confidence = [1 - 0.1 * index for index in range(len(predicted))]
    found = judge(site(predicted, truth, confidence))
    ranked = Ranked(found.pairs, found.confidence, found.predicted_counts, found.truth_counts)
    ours = average_precision([ranked])
    expected = plain_coco(predicted, truth, confidence)
    assert [ours.ap, ours.ap50, ours.ap75] == pytest.approx(expected)


def test_ap_over_sites_ranks_all_predictions_together() -> None:
    good = score_site(site([(0, 0, 10, 10)], [(0, 0, 10, 10)], [0.4]), Measure())
    bad = score_site(site([(0, 0, 10, 10)], [(90, 0, 10, 10)], [0.9]), Measure())
    # One of two buildings is found, after a surer false one: precision 1/2 up to recall 1/2.
    assert figures_of("all", [good, bad]).ap50 == pytest.approx(51 / 101 * 0.5)


def test_what_lies_outside_does_not_count() -> None:
    area = shapely.box(-5, -5, 45, 20)  # holds half of the third building
    found = judge(site(area=area))
    assert found.truth_counts.tolist() == [True, True, True, False, False]
    # Within the area the third prediction fits, so it counts although most of it lies outside.
    assert found.predicted_counts.tolist() == [True, True, True, False, False, False]
    ignored = shapely.box(15, -5, 35, 20)
    found = judge(site(area=area, ignored=ignored))
    assert found.truth_counts.tolist() == [True, False, True, False, False]
    assert found.predicted_counts.tolist() == [True, False, True, False, False, False]


def test_ap_leaves_out_what_does_not_count() -> None:
    found = figures(area=shapely.box(-5, -5, 45, 20))
    # Right, wrong, right: two of three buildings, at precisions 1 and 2/3.
    assert found.ap50 == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_a_prediction_of_an_ignored_building_is_no_false_alarm() -> None:
    # Its building is ignored; it reaches out of the ignored area with more than half of itself.
    ignored = shapely.box(0, 0, 5.5, 10)
    found = judge(site([(4, 0, 6, 10)], [(0, 0, 10, 10)], [1.0], ignored=ignored))
    assert not found.truth_counts.any()
    assert not found.predicted_counts.any()


def test_both_layers_are_cut_at_the_border() -> None:
    area = shapely.box(0, 0, 7, 10)
    found = judge(site([(0, 0, 20, 10)], [(0, 0, 7, 10)], [1.0], area=area))
    assert found.matches.matched_iou.tolist() == [1.0]


def test_small_buildings_can_be_left_out() -> None:
    found = judge(site([(0, 0, 2, 2), (20, 0, 2, 2)], [(0, 0, 2, 2), (50, 0, 10, 10)], [1, 1]), 5.0)
    assert found.truth_counts.tolist() == [False, True]
    assert found.predicted_counts.tolist() == [False, False]


def test_shares_and_clips() -> None:
    boxes = shapes([(0, 0, 10, 10), (20, 0, 10, 10), (40, 0, 10, 10)])
    region = shapely.union_all(shapes([(-1, -1, 12, 12), (20, 0, 2, 10), (28, 0, 5, 10)]))
    assert share_within(boxes, region) == pytest.approx([1.0, 0.4, 0.0])
    assert shapely.area(clip(boxes, region)) == pytest.approx([100, 40, 0])
    assert share_within(boxes, None).tolist() == [0, 0, 0]


def test_polis_by_hand() -> None:
    one, other = shapes([(0, 0, 10, 10)]), shapes([(0, 0, 10, 12)])
    # Two of four corners of the larger one are 2 m off; those of the smaller one lie on its walls.
    assert polis(one, other).tolist() == [0.5]
    assert polis(one, one).tolist() == [0.0]
    ring = np.array([one[0].difference(shapely.box(4, 4, 6, 6))], dtype=object)
    # The hole's corners are 4 m from the outer wall.
    assert polis(ring, one).tolist() == [(4 * 4 / 8 + 0) / 2]
    assert vertices(np.concatenate([one, ring])).tolist() == [4, 8]


@given(towns.filter(bool))
def test_polis_is_symmetric(boxes: list[Box]) -> None:
    one, other = shapes(boxes), shapes(list(reversed(boxes)))
    assert polis(one, other) == pytest.approx(polis(other, one))


def test_pixels_by_hand() -> None:
    counts = count_pixels(site([(0, 0, 10, 8)], [(0, 0, 10, 10)], gsd_m=1.0), 1.0)
    assert (counts.both, counts.either) == (80, 100)
    # Bands one pixel wide: 10 x 8 - 8 x 6 = 32 and 10 x 10 - 8 x 8 = 36; they share the lower side
    # (10) and both walls up to the lower roof (7 more rows each).
    assert (counts.boundary_both, counts.boundary_either) == (24, 32 + 36 - 24)
    wide = count_pixels(site([(0, 0, 10, 8)], [(0, 0, 10, 10)], gsd_m=1.0), 2.0)
    # Two pixels wide: 10 x 8 - 6 x 4 = 56 and 10 x 10 - 6 x 6 = 64; 20 below, 4 in each of 6 rows.
    assert (wide.boundary_both, wide.boundary_either) == (44, 56 + 64 - 44)


def test_only_known_pixels_are_compared() -> None:
    area, ignored = shapely.box(0, 0, 8, 10), shapely.box(0, 0, 3, 10)
    town = site([(0, 0, 10, 8)], [(0, 0, 10, 10)], gsd_m=1.0, area=area, ignored=ignored)
    counts = count_pixels(town, 1.0)
    assert (counts.both, counts.either) == (5 * 8, 5 * 10)
    # The lower and the upper walls of the two; the side walls are out of sight.
    assert (counts.boundary_both, counts.boundary_either) == (5, 15)


@given(towns, towns, st.integers(5, 40))
@tries(25)
def test_windows_do_not_show(predicted: list[Box], truth: list[Box], window_px: int) -> None:
    area, ignored = shapely.box(1, 1, 25, 22), shapely.box(4, 4, 9, 9)
    town = site(predicted, truth, None, area=area, ignored=ignored)
    assert count_pixels(town, 1.0, window_px) == count_pixels(town, 1.0)


def test_calibration_by_hand() -> None:
    trust = reliability(np.array([0.9, 0.92, 0.5, 1.0]), np.array([True, False, False, True]))
    assert trust.count.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert trust.confidence[9] == pytest.approx(0.94)
    assert trust.correct[9] == pytest.approx(2 / 3)
    assert trust.ece == pytest.approx((1 * 0.5 + 3 * (0.94 - 2 / 3)) / 4)
    assert trust.brier == pytest.approx((0.1**2 + 0.92**2 + 0.5**2) / 4)


def test_without_confidence_nothing_is_ranked() -> None:
    found = figures(confidence=None)
    assert found.matched == 3
    assert all(math.isnan(value) for value in (found.ap, found.ap50, found.ece, found.brier))


def test_confidences_that_are_no_probabilities_still_rank() -> None:
    found = figures(confidence=[100 * value for value in CONFIDENCE])
    assert found.ap50 == pytest.approx((21 + 30) / 101)
    assert math.isnan(found.ece)


def test_perfect_predictions_are_perfect() -> None:
    found = figures(predicted=TRUTH, confidence=[1.0] * len(TRUTH))
    assert (found.f1, found.pq, found.ap, found.pixel_iou, found.boundary_iou) == (1,) * 5
    assert (found.splits, found.merges, found.polis_m, found.vertex_ratio, found.ece) == (
        0, 0, 0, 1, 0,
    )  # fmt: skip


def test_nothing_found_and_nothing_there() -> None:
    nothing_found = figures(predicted=(), confidence=())
    assert (nothing_found.f1, nothing_found.recall, nothing_found.pq, nothing_found.ap) == (0,) * 4
    assert math.isnan(nothing_found.precision)
    nothing_there = figures(truth=())
    assert (nothing_there.f1, nothing_there.precision) == (0, 0)
    assert math.isnan(nothing_there.recall)
    assert math.isnan(nothing_there.ap)


def test_blobs_stay_out_of_the_figures_of_buildings() -> None:
    sharp, blobs = site(), site(truth=[(0, 0, 60, 10)], blobs=True)
    scores = [score_site(one, Measure()) for one in (sharp, blobs)]
    total = figures_of("all", scores)
    assert total.true == len(TRUTH)
    assert not total.blobs
    assert total.pixel_iou != figures_of("sharp", scores[:1]).pixel_iou
    assert figures_of("blobs", scores[1:]).blobs
    assert figures_of("blobs", scores[1:]).predicted == len(PREDICTED)
