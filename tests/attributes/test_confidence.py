"""Confidence: what it depends on, and that cutting does not show in it."""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clusters import cluster_of, loose_pieces
from hypothesis import given
from hypothesis import strategies as st
from painted import PaintedModel, paint_town
from pydantic import ValidationError

import geoseg
from geoseg.attributes.confidence import Qualities, Rating, presences, probabilities
from geoseg.models.records import Calibration, Curve, LogOdds
from geoseg.types import NO_BUILDING, Cluster

STEEP = Calibration(
    intercept=-3.0,
    curves={
        "mean_body": Curve(at=(0.5, 1.0), adds=(0.0, 1.0)),
        "area_m2": Curve(at=(6.0, 40.0, 100.0), adds=(0.0, 3.0, 4.0)),
        "free_walls": Curve(at=(0.0, 1.0), adds=(0.0, 1.0)),
    },
)


def some_labels(seed: int) -> np.ndarray:
    """A few rectangles that touch and overlap, as one cluster."""
    rng = np.random.default_rng(seed)
    labels = np.full((20, 24), NO_BUILDING, np.int64)
    for key in range(3, 3 + rng.integers(1, 6)):
        row, col = rng.integers(0, 14, 2)
        labels[row : row + rng.integers(2, 9), col : col + rng.integers(2, 9)] = key
    return labels


def walls_by_hand(labels: np.ndarray, key: int) -> float:
    padded = np.pad(labels, 1, constant_values=NO_BUILDING)
    faces = [
        other
        for axis in (0, 1)
        for shift in (-1, 1)
        for other in np.roll(padded, shift, axis)[(padded == key)].tolist()
        if other != key
    ]
    return faces.count(NO_BUILDING) / len(faces)


@given(st.integers(0, 10**6))
def test_qualities_by_brute_force(seed: int) -> None:
    labels = some_labels(seed)
    cluster = cluster_of(labels)
    found = Qualities.of([cluster], gsd_m=0.5)
    keys = [instance.key for instance in cluster.instances]
    assert found.free_walls.tolist() == [walls_by_hand(labels, key) for key in keys]
    assert found.area_m2.tolist() == [(labels == key).sum() / 4 for key in keys]
    assert found.mean_body == pytest.approx(200 / 255)


@given(st.integers(0, 10**6))
def test_a_building_has_the_same_qualities_alone_and_among_others(seed: int) -> None:
    cluster = cluster_of(some_labels(seed))
    other = cluster_of(some_labels(seed + 1), row_off=100)
    together = Qualities.of([other, cluster], gsd_m=0.3)
    alone = Qualities.of(loose_pieces(cluster), gsd_m=0.3)
    rated = probabilities(STEEP, together)[len(other.instances) :]
    assert rated.tobytes() == probabilities(STEEP, alone).tobytes()
    assert together.free_walls[len(other.instances) :].tobytes() == alone.free_walls.tobytes()


def test_probability_is_the_logistic_of_the_curves() -> None:
    nobody = np.array([np.inf, np.inf])
    qualities = Qualities(
        np.array([0.75, 0.2]), np.array([40.0, 1e6]), np.array([1.0, 0.0]), nobody
    )
    log_odds = np.array([-3 + 0.5 + 3 + 1, -3 + 0 + 4 + 0])
    assert probabilities(STEEP, qualities) == pytest.approx(1 / (1 + np.exp(-log_odds)))
    sure = STEEP.model_copy(update={"intercept": 1e6})
    assert probabilities(sure, qualities).tolist() == [1.0, 1.0]
    never = STEEP.model_copy(update={"intercept": -1e6})
    assert probabilities(never, qualities).tolist() == [0.0, 0.0]


def row_of(sizes: list[int]) -> Cluster:
    """Buildings 4 px high and so many px wide, wall to wall."""
    return cluster_of(np.repeat(np.arange(len(sizes)), sizes)[None].repeat(4, axis=0))


def test_among_huts_a_small_roof_is_a_building() -> None:
    huts, houses, few = row_of([5] * 24), row_of([20] * 24), row_of([5] * 8)
    usual = Qualities.of([huts, houses, few], gsd_m=1.0)
    assert usual.usual_m2 == pytest.approx([20.0] * 24 + [80.0] * 24 + [np.inf] * 8)
    assert usual.area_m2[0] == 20.0
    counted = usual.areas_as_among(40.0)
    assert counted[0] == pytest.approx(160.0)
    assert counted[24:].tolist() == usual.area_m2[24:].tolist()
    assert usual.areas_as_among(0.0).tolist() == usual.area_m2.tolist()
    rated = probabilities(STEEP.model_copy(update={"house_m2": 64.0}), usual)
    assert probabilities(STEEP, usual)[0] < 0.4  # calibrated on huts, or before it mattered
    assert rated[0] > 0.9
    assert rated[-1] < 0.4
    loose = Qualities.of(loose_pieces(huts), gsd_m=1.0)
    assert np.isinf(loose.usual_m2).all()


def test_sheds_beside_houses_do_not_make_them_huts() -> None:
    sheds = row_of([2] * 22 + [60, 60])  # most buildings are sheds, most of the area is not
    assert Qualities.of([sheds], gsd_m=1.0).usual_m2[0] > 80
    halves = row_of([4] * 10 + [2] * 20)  # 40 px columns of each
    assert Qualities.of([halves], gsd_m=1.0).usual_m2 == pytest.approx([math.sqrt(16 * 8)] * 30)


def test_small_houses_are_no_huts() -> None:
    """One town seems to have houses of 74 or of 50 m2, as a block of large ones hangs on or not."""
    assert Calibration(intercept=0, curves={}, house_m2=64.0).huts_m2 == 40
    town = Qualities.of([row_of([12] * 25), row_of([18] * 25)], gsd_m=1.0)
    assert town.areas_as_among(40.0).tolist() == town.area_m2.tolist()


def test_one_building_more_or_less_moves_little() -> None:
    """No step, whether a neighbour hangs on or is found at all."""
    counts = [
        Qualities.of([row_of([5] * count)], gsd_m=1.0).areas_as_among(40.0)[0]
        for count in range(7, 27)
    ]
    assert counts[:2] == [20.0, 20.0]
    assert counts[-3:] == pytest.approx([160.0] * 3)
    assert np.all(np.diff(counts) > -1e-9)
    assert np.diff(counts).max() < 0.07 * counts[-1]


@given(st.lists(st.integers(1, 60), min_size=24, max_size=40), st.randoms())
def test_what_is_usual_depends_on_no_order(sizes: list[int], random: Any) -> None:
    usual = Qualities.of([row_of(sizes)], gsd_m=0.5).usual_m2
    assert len(set(usual.tolist())) == 1
    assert min(sizes) * (1 - 1e-12) <= usual[0] <= max(sizes) * (1 + 1e-12)
    random.shuffle(sizes)
    assert Qualities.of([row_of(sizes)], gsd_m=0.5).usual_m2[0] == usual[0]


def test_an_uncalibrated_model_keeps_its_raw_mean() -> None:
    cluster = cluster_of(some_labels(1))
    rating = Rating.of(PaintedModel())
    rated = rating.rate([cluster], 0.3).confidence
    assert rated.tolist() == [200 / 255] * len(cluster.instances)
    assert rating.keeps(rated).all()
    assert rating.meaning.startswith("raw")
    assert not Rating.of(PaintedModel(), 0.9).keeps(rated).any()


def test_the_users_limit_goes_before_the_models() -> None:
    strict = STEEP.model_copy(update={"min_probability": 0.5})
    rated = np.array([0.2, 0.6, 0.9])
    assert Rating(strict).keeps(rated).tolist() == [False, True, True]
    assert Rating(strict, 0.0).keeps(rated).tolist() == [True, True, True]
    assert Rating(strict, 0.7).keeps(rated).tolist() == [False, False, True]


def test_a_building_exactly_at_the_limit_is_kept() -> None:
    below, above = np.nextafter(0.5, 0), np.nextafter(0.5, 1)
    rated = np.array([below, 0.5, above])
    strict = STEEP.model_copy(update={"min_probability": 0.5})
    for rating in (Rating(strict), Rating(strict, 0.5), Rating(None, 0.5)):
        assert rating.keeps(rated).tolist() == [False, True, True]


def test_presence_has_curves_of_its_own() -> None:
    presence = LogOdds(intercept=1.0, curves={"area_m2": Curve(at=(0.0, 100.0), adds=(0.0, 2.0))})
    told = STEEP.model_copy(update={"presence": presence})
    numbers = Qualities(np.full(2, 0.7), np.array([0.0, 50.0]), np.ones(2), np.full(2, np.inf))
    assert presences(told, numbers).tolist() == pytest.approx(
        [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-2))]
    )
    assert probabilities(told, numbers).tolist() == probabilities(STEEP, numbers).tolist()
    for silent in (None, STEEP):
        assert np.isnan(presences(silent, numbers)).all()


def test_what_is_drawn_right_is_there() -> None:
    """Curves that were fitted apart may cross: one house was right at .81 and there at .79."""
    cluster = row_of([400, 900])
    right = Rating(STEEP).rate([cluster], 0.3).confidence
    for intercept in (-9.0, 9.0):
        told = STEEP.model_copy(update={"presence": LogOdds(intercept=intercept, curves={})})
        rated = Rating(told).rate([cluster], 0.3)
        assert rated.confidence.tolist() == right.tolist()
        assert (rated.presence >= right).all()
        assert rated.presence.max() > 0.99 or rated.presence.tolist() == right.tolist()
    assert np.isnan(Rating(STEEP).rate([cluster], 0.3).presence).all()


@pytest.mark.parametrize(
    "curve", [{"at": [0, 1], "adds": [0]}, {"at": [1, 1], "adds": [0, 1]}, {"at": [], "adds": []}]
)
def test_curves_that_are_none_are_refused(curve: dict[str, list[float]]) -> None:
    with pytest.raises(ValidationError):
        Curve.model_validate(curve)


class CalibratedModel(PaintedModel):
    """The painted model with a calibration that small buildings do badly by."""

    metadata = SimpleNamespace(
        decoding=None,
        calibration=STEEP.model_copy(
            update={
                "min_probability": 0.2,
                "presence": LogOdds(
                    intercept=0.0, curves={"area_m2": Curve(at=(0.0, 99.0), adds=(0.0, 2.0))}
                ),
            }
        ),
    )


def mixed_town() -> np.ndarray:
    """Houses of many sizes, some of which touch (their keys differ by a contact line)."""
    rng = np.random.default_rng(8)
    return rng.integers(0, 256, (3, 24, 21)).astype(np.uint8).repeat(5, 1).repeat(7, 2)


@pytest.mark.parametrize("cutting", [{"tile_px": 24}, {"strip_px": 1}, {"batch": 5}], ids=str)
def test_cutting_never_shows_in_the_probability(make_raster: Any, cutting: dict[str, int]) -> None:
    path = make_raster("noise.tif", mixed_town())
    settings = {"tile_px": 64, "min_area_m2": 0, "shape": "raw"}
    whole = geoseg.predict(path, model=CalibratedModel(), **settings)
    cut = geoseg.predict(path, model=CalibratedModel(), **settings | cutting)
    assert whole["confidence"].nunique() > 5
    assert whole["confidence"].between(0.2, 1).all()
    assert whole["presence"].nunique() > 5
    assert whole.drop(columns="geometry").equals(cut.drop(columns="geometry"))


def test_unlikely_buildings_are_counted_and_the_file_says_calibrated(
    make_raster: Any, tmp_path: Path
) -> None:
    town, houses = paint_town(80, 80)
    town[0, 19:27, 19:27] = 160  # a hut of 5.8 m2
    path, output = make_raster("town.tif", town), tmp_path / "b.gpkg"
    options = {"model": CalibratedModel(), "tile_px": 64, "shape": "raw", "min_area_m2": 0}
    summary = geoseg.predict(path, output, **options)
    assert summary.buildings == houses
    assert summary.dropped == {"unlikely": 1}
    with sqlite3.connect(output) as database:
        told = json.loads(database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])
    assert told["confidence"].startswith("calibrated")
    assert told["presence"].startswith("estimated probability")
    assert told["parameters"]["min_confidence"] == 0.2
    everything = geoseg.predict(path, **options, min_confidence=0)
    assert len(everything) == houses + 1
    assert everything["confidence"].min() < 0.2
    assert everything["presence"].between(0.5, 1).all()


def test_a_model_that_tells_no_presence_leaves_it_empty(make_raster: Any, tmp_path: Path) -> None:
    path, output = make_raster("town.tif", paint_town(80, 80)[0]), tmp_path / "b.gpkg"
    geoseg.predict(path, output, model=PaintedModel(), tile_px=64)
    with sqlite3.connect(output) as database:
        kinds = database.execute("SELECT DISTINCT typeof(presence) FROM buildings").fetchall()
        told = json.loads(database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])
    assert kinds == [("null",)]
    assert told["presence"] == "unknown: the model does not tell"
