"""Labels made usable, the split of ground, and the order of images: pure functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoseg.labelled.burn import PolygonIndex
from geoseg.labelled.order import group_of, in_order, split_in_order
from geoseg.labelled.repair import SAME_IOU, repair
from geoseg.labelled.strips import LEAST_PX, Region, divide
from geoseg.types import Window

BOX = shapely.box(0, 0, 10, 10)
BOW_TIE = shapely.Polygon([(20, 0), (30, 10), (30, 0), (20, 10)])
TWO_PARTS = shapely.MultiPolygon([shapely.box(40, 0, 50, 10), shapely.box(60, 0, 70, 10)])


def shapes_of(*shapes: object) -> np.ndarray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def test_everything_is_repaired_or_counted() -> None:
    nearly = shapely.box(0, 0, 10, 9.5)
    over = shapely.box(5, 5, 25, 8)
    done = repair(
        shapes_of(
            BOX, BOW_TIE, TWO_PARTS, shapely.Point(1, 1), None, shapely.Polygon(), BOX, nearly, over
        )
    )
    assert dict(done.counts) == {
        "empty": 2,
        "not_polygons": 1,
        "invalid": 1,
        "multi_part": 2,  # the bow tie falls apart into two
        "duplicates": 2,
        "overlapping": 2,  # the last one with the box and with half of the bow tie
    }
    assert len(done.polygons) == 1 + 2 + 2 + 1
    assert done.polygons[0].equals(BOX)


def test_no_labels_are_no_trouble() -> None:
    assert len(repair(np.empty(0, dtype=object)).polygons) == 0


coordinates = st.integers(0, 8)
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6).map(shapely.Polygon)


@given(st.lists(rings, max_size=8))
def test_what_is_left_is_valid_single_and_once(polygons: list[shapely.Polygon]) -> None:
    left = repair(shapes_of(*polygons)).polygons
    assert shapely.is_valid(left).all()
    assert all(shape.geom_type == "Polygon" and shape.area > 0 for shape in left)
    for number, one in enumerate(left):
        for other in left[number + 1 :]:
            assert one.intersection(other).area < SAME_IOU * one.union(other).area
    # What was burnt is never more than was labelled.
    whole = shapely.union_all(shapely.make_valid(shapes_of(*polygons))) if polygons else BOX
    assert all(shape.area <= whole.area + 1e-9 for shape in left)


def test_the_smaller_of_two_overlapping_labels_lies_on_top() -> None:
    large, small = shapely.box(0, 0, 8, 8), shapely.box(2, 2, 5, 5)
    for order in ([large, small], [small, large]):
        index = PolygonIndex.of(shapes_of(*order))
        labels = index.labels(Window(0, 0, 8, 8))
        assert labels[3, 3] != labels[0, 0]
        assert (labels > 0).all()
        assert index.covered(Window(0, 0, 8, 8), times=2).sum() == 9
    assert (index.labels(Window(2, 2, 3, 3)) == labels[3, 3]).all()


# --- the split ---


@given(
    st.integers(65, 900),
    st.integers(65, 900),
    st.floats(0, 0.5),
    st.integers(0, 60),
    st.integers(0, 2**32 - 1),
    st.integers(0, 60),
)
def test_regions_are_disjoint_and_a_margin_apart(
    height: int, width: int, share: float, margin: int, seed: int, count: int
) -> None:
    ground = Window(7, 3, height, width)
    centres = np.random.default_rng(seed).uniform([3, 7], [3 + width, 7 + height], (count, 2))
    regions = divide(ground, centres, share=share, margin_px=margin)
    assert {region.split for region in regions} in ({"train"}, {"train", "val"})
    for region in regions:
        assert region.window.intersection(ground) == region.window
    for one in regions:
        for other in regions:
            if one.split == "val" and other.split == "train":
                near = Window(
                    one.window.row_off - margin,
                    one.window.col_off - margin,
                    one.window.height + 2 * margin,
                    one.window.width + 2 * margin,
                )
                assert near.intersection(other.window) is None
            elif one is not other:
                assert one.window.intersection(other.window) is None


def test_the_strip_holds_its_share_where_the_town_is_of_average_density() -> None:
    # 100 buildings close together, 100 spread wide, 100 in between.
    cols = np.concatenate(
        [np.linspace(0, 100, 100), np.linspace(101, 800, 100), np.linspace(801, 1100, 100)]
    )
    centres = np.column_stack([cols, np.full(300, 50.0)])
    train, val, *rest = divide(Window(0, 0, 100, 1100), centres, share=0.2, margin_px=0)
    if train.split == "val":
        train, val = val, train
    strip = next(r.window for r in (train, val, *rest) if r.split == "val")
    inside = ((cols >= strip.col_off) & (cols < strip.col_end)).sum()
    assert 58 <= inside <= 62
    assert strip.width == pytest.approx(0.2 * 1100, abs=12)
    assert strip.height == 100


def test_too_few_buildings_or_no_share_leave_all_to_training() -> None:
    ground, few, many = Window(0, 0, 99, 500), np.full((5, 2), 9.0), np.full((50, 2), 9.0)
    assert divide(ground, few, share=0.2, margin_px=5) == [Region(ground, "train")]
    assert divide(ground, many, share=0, margin_px=5) == [Region(ground, "train")]
    # All of them on one spot: what is left beside the margin is too narrow.
    tight = Window(0, 0, LEAST_PX, 2 * LEAST_PX)
    assert divide(tight, many, share=0.5, margin_px=99) == [Region(tight, "train")]


@given(st.integers(1, 700), st.integers(1, 700), st.integers(64, 300))
def test_chips_tile_their_region(height: int, width: int, chip_px: int) -> None:
    seen = np.zeros((height + 5, width + 2), int)
    for window in Region(Window(5, 2, height, width), "train").chips(chip_px):
        assert max(window.height, window.width) <= chip_px
        seen[window.row_off : window.row_end, window.col_off : window.col_end] += 1
    assert (seen[5:, 2:] == 1).all()
    assert seen.sum() == height * width


def test_images_of_one_photo_stay_together_where_that_fits() -> None:
    names = [f"{photo}_{number}.jpg" for photo in ("a", "b", "c") for number in range(1, 11)]
    paths = in_order([Path(name) for name in reversed(names)])
    assert [path.name for path in paths[8:11]] == ["a_9.jpg", "a_10.jpg", "b_1.jpg"]
    assert group_of(paths[3]) == "a"
    splits = split_in_order(paths, [1.0] * 30, 0.3)
    assert splits == ["train"] * 20 + ["val"] * 10
    # A tenth is no whole photo: the last images of the last one.
    assert split_in_order(paths, [1.0] * 30, 0.1) == ["train"] * 27 + ["val"] * 3
    assert split_in_order(paths[:1], [1.0], 0.3) == ["train"]
    assert set(split_in_order(paths, [1.0] * 30, 0)) == {"train"}
