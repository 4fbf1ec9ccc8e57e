"""Towns that changed: an old map, the truth today, and what a model might see of it.

A town stands in blocks of lots along streets, so that it is as dense as towns are. The old map is of
walls, drawn where another survey put them: shifted, by an amount that changes slowly over the town. The
model sees roofs, which stand out over the walls. Every change is known, so every decision can be held
against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import affinity

from geoseg.progress import Progress, ignored

PLACE = (340_000.0, 3_060_000.0)
"""Lower left corner of a town, UTM."""
CODE = "EPSG:32645"
LOT_M, STREET_M, BLOCK = 26.0, 12.0, 8
"""Side of a lot, width of a street, lots along a side of a block."""
UNDER_OPEN = np.array([0, 0, 0, 0, 0, 0.00147, 0.0091, 0.0326, 0.1942])
UNDER_MISSED = np.array([0.0069, 0.0134, 0.023, 0.0719, 0.2563, 0.4539, 0.757, 0.8469, 0.9355])
QUANTILES = np.array([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
"""Mean probability of the built-in model under outlines on open ground where it found nothing, and under
buildings that it missed, measured on held-out photos of Banepa and Java (``not_found.py``)."""
PRESENCE_REAL = np.array([0.6555, 0.7902, 0.8506, 0.9435, 0.9741, 0.9827, 0.9865, 0.9893, 0.9923])
PRESENCE_MADE_UP = np.array([0.6279, 0.6374, 0.6897, 0.765, 0.8544, 0.9492, 0.9793, 0.9837, 0.9914])
"""Presence by the built-in model's twin, fitted without the place, of buildings half of which or more lies on labels, and
of those of which less than a tenth does, in Banepa, Java, Dhaka's huts and Zanzibar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownSettings:
    """What a town is like and what became of it."""

    lots: int = 900
    """Lots, built and empty ones."""
    seed: int = 0
    """Of the random generator."""
    turned: bool = False
    """Blocks stand at angles of their own."""
    shift_m: float = 1.5
    """Length of the shift between the old map and the photo, on average."""
    eaves_m: float = 0.6
    """How far roofs stand out."""
    new: float = 0.10
    gone: float = 0.05
    changed: float = 0.05
    split: float = 0.0
    merged: float = 0.0
    moved: float = 0.0
    """Shares of the old buildings."""
    new_side: float = 1.0
    """Sides of new buildings over those of all others."""


@dataclass(frozen=True, slots=True)
class ChangedTown:
    """A town at two dates."""

    old: gpd.GeoDataFrame
    """The old map: walls, in its own place; ``id`` tells buildings apart."""
    roofs: NDArray[np.object_]
    """(k,) the roofs that stand today, where the photo shows them."""
    truth: NDArray[np.object_]
    """(n,) what became of each old building."""
    is_new: NDArray[np.bool_]
    """(k,) True for roofs that the old map lacks."""
    empty: NDArray[np.object_]
    """Lots where nothing stands, where a model may make things up."""


def build(settings: TownSettings) -> ChangedTown:
    """Draw a town."""
    rng = np.random.default_rng([settings.seed, settings.turned])
    cells = _lots(settings, rng)
    built = rng.random(len(cells)) < 0.65
    houses = [_house(rng) for _ in cells]
    kinds = np.where(built, "kept", "empty").astype(object)
    taken = rng.permutation(np.flatnonzero(built))
    begin = 0
    for kind in ("gone", "changed", "split", "merged", "moved"):
        count = round(getattr(settings, kind) * built.sum())
        kinds[taken[begin : begin + count]] = kind
        begin += count
    empty = rng.permutation(np.flatnonzero(~built))
    kinds[empty[: round(settings.new * built.sum())]] = "new"
    old, truth, roofs, is_new, bare = [], [], [], [], []
    for (x, y, turn), house, kind in zip(cells, houses, kinds, strict=True):
        side = settings.new_side if kind == "new" else 1.0
        before, after = _dates(affinity.scale(house, side, side), kind, rng)
        place = _Placed(x, y, turn)
        old += [place(one) for one in before]
        truth += [kind] * len(before)
        roofs += [place(one) for one in _roofs(after, settings.eaves_m)]
        is_new += [kind == "new"] * len(after)
        if not after:
            bare.append(place(shapely.box(3, 3, LOT_M - 3, LOT_M - 3)))
    walls, seen = np.array(old, dtype=object), np.array(roofs, dtype=object)
    frame = gpd.GeoDataFrame(
        {
            "id": np.arange(5000, 5000 + len(walls)),
            "owner": [f"owner {i}" for i in range(len(walls))],
        },
        geometry=walls,
        crs=CODE,
    )
    field = _Field.of(settings, rng)
    return ChangedTown(
        frame,
        np.array([field(one) for one in seen], dtype=object),
        np.array(truth, dtype=object),
        np.array(is_new),
        np.array([field(one) for one in bare], dtype=object),
    )


def _lots(settings: TownSettings, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Lower left corner and turn of each lot."""
    across = int(np.ceil(np.sqrt(settings.lots)))
    angles = rng.uniform(-0.5, 0.5, (across // BLOCK + 1, across // BLOCK + 1))
    out = []
    for number in range(settings.lots):
        row, col = divmod(number, across)
        x = PLACE[0] + col * LOT_M + (col // BLOCK) * STREET_M
        y = PLACE[1] + row * LOT_M + (row // BLOCK) * STREET_M
        turn = angles[row // BLOCK, col // BLOCK] if settings.turned else 0.0
        out.append((x, y, float(turn)))
    return out


@dataclass(frozen=True, slots=True)
class _Placed:
    """A lot's own coordinates, turned about its middle and laid in its place."""

    x: float
    y: float
    turn: float

    def __call__(self, shape: shapely.Geometry) -> shapely.Geometry:
        middle = LOT_M / 2
        c, s = np.cos(self.turn), np.sin(self.turn)

        def lay(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            u, v = (xy - middle).T
            return np.column_stack(
                [self.x + middle + c * u - s * v, self.y + middle + s * u + c * v]
            )

        return shapely.transform(shape, lay)


@dataclass(frozen=True, slots=True)
class _Field:
    """The shift: a mean, and waves a kilometre long."""

    mean: NDArray[np.float64]
    wave: NDArray[np.float64]

    @classmethod
    def of(cls, settings: TownSettings, rng: np.random.Generator) -> _Field:
        angle = rng.uniform(0, 2 * np.pi)
        mean = settings.shift_m * np.array([np.cos(angle), np.sin(angle)])
        return cls(mean, settings.shift_m * 0.2 * rng.standard_normal(2))

    def __call__(self, shape: shapely.Geometry) -> shapely.Geometry:
        x, y = shape.centroid.coords[0]
        by = self.mean + self.wave * np.sin((x - PLACE[0]) / 400 + (y - PLACE[1]) / 700)
        return shapely.transform(shape, lambda xy: xy + by)


def _house(rng: np.random.Generator) -> shapely.Geometry:
    """Walls within a lot, at least 2.5 m from its edge."""
    width, depth = rng.uniform(8, 17), rng.uniform(7, 13)
    x, y = rng.uniform(2.5, LOT_M - 2.5 - width), rng.uniform(2.5, LOT_M - 2.5 - depth)
    whole = shapely.box(x, y, x + width, y + depth)
    if rng.random() < 0.3 and width > 10:
        return whole - shapely.box(x + width * 0.6, y + depth * 0.5, x + width + 1, y + depth + 1)
    return whole


def _dates(  # noqa: PLR0911  # one line a kind
    house: shapely.Geometry, kind: str, rng: np.random.Generator
) -> tuple[list[shapely.Geometry], list[shapely.Geometry]]:
    """Walls of a lot at both dates."""
    x0, y0, x1, y1 = house.bounds
    if kind == "empty":
        return [], []
    if kind == "new":
        return [], [house]
    if kind == "gone":
        return [house], []
    if kind == "changed":
        if rng.random() < 0.3:  # rebuilt
            return [house], [_house(rng) | shapely.box(x0, y0, x0 + 7, y0 + 7)]
        size = rng.uniform(4, 7)
        wing = shapely.box(x0 + 1, y1 - 1, x0 + 1 + size, y1 + size)
        return [house], [house | wing]
    if kind == "split":
        gap = shapely.box(x0 + (x1 - x0) * 0.5 - 1.9, y0 - 1, x0 + (x1 - x0) * 0.5 + 1.9, y1 + 1)
        return [shapely.box(x0, y0, max(x1, x0 + 16), y1)], list(
            shapely.get_parts(shapely.box(x0, y0, max(x1, x0 + 16), y1) - gap)
        )
    if kind == "merged":
        one, other = shapely.box(1, 1, 9, 10), shapely.box(13.5, 1, 22, 10)
        return [one, other], [shapely.box(1, 1, 22, 10)]
    if kind == "moved":
        away = rng.uniform(2.6, 3.5) * np.array([1, 0] if rng.random() < 0.5 else [0, 1])
        return [house], [shapely.transform(house, lambda xy: xy + away)]
    return [house], [house]


def _roofs(walls: list[shapely.Geometry], eaves_m: float) -> list[shapely.Geometry]:
    """Roofs stand out; not over a neighbour of the same lot."""
    return [shapely.buffer(one, eaves_m, join_style="mitre") for one in walls]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """How badly a model sees."""

    missed: float = 0.0
    """Share of buildings of which it finds nothing."""
    badly: float = 0.0
    """Share drawn too large, too small, or beside."""
    merged: float = 0.0
    """Share drawn as one with a piece of the next lot."""
    split: float = 0.0
    """Share drawn in two."""
    made_up: float = 0.0
    """Buildings where there are none, as a share of all."""
    half_m: tuple[float, float] = (2.5, 6.0)
    """Half a side of those, from and to."""
    jitter_m: float = 0.0
    """Standard deviation of the places of walls."""
    telling: bool = True
    """Whether the confidence tells made-up buildings from real ones; measured, it does not."""
    presence: bool = False
    """Whether a presence comes with it, which tells them as it was measured to."""


PERFECT = Eyes()
F1_80 = Eyes(missed=0.09, badly=0.08, merged=0.02, split=0.03, made_up=0.015, jitter_m=0.3)
F1_70 = Eyes(missed=0.145, badly=0.13, merged=0.035, split=0.045, made_up=0.025, jitter_m=0.4)
F1_60 = Eyes(missed=0.20, badly=0.18, merged=0.05, split=0.06, made_up=0.034, jitter_m=0.5)
"""Eyes of about these F1; the benchmark prints the F1 that came of them. Of what is wrong, .11 is made up,
as on those photos."""


def fates(count: int, eyes: Eyes, rng: np.random.Generator) -> NDArray[np.str_]:
    """(count,) what becomes of each roof in a model's eyes."""
    return rng.choice(
        ["found", "missed", "badly", "merged", "split"],
        size=count,
        p=[1 - eyes.missed - eyes.badly - eyes.merged - eyes.split, eyes.missed, eyes.badly,
           eyes.merged, eyes.split],
    )  # fmt: skip


def seen(
    town: ChangedTown,
    eyes: Eyes,
    seed: int,
    *,
    fate: NDArray[np.str_] | None = None,
    made_up: NDArray[np.object_] | None = None,
) -> tuple[gpd.GeoDataFrame, DrawnMaps]:
    """What a model would find, with confidences that are right on average, and its maps.

    ``fate`` of the roofs and the buildings ``made_up`` are drawn where they are not given.
    """
    rng = np.random.default_rng([seed, 77])
    roofs = town.roofs
    if fate is None:
        fate = fates(len(roofs), eyes, rng)
    shapes: list[shapely.Geometry] = []
    for roof, kind in zip(roofs, fate, strict=True):
        drawn = _drawn(roof, kind, rng)
        shapes += [_jittered(one, eyes.jitter_m, rng) for one in drawn]
    if made_up is None:
        made_up = things(town, eyes, rng)
    shapes += [_jittered(one, eyes.jitter_m, rng) for one in made_up]
    right = best_iou(np.array(shapes, dtype=object), roofs) >= 0.5
    columns = {
        "building_id": np.arange(len(shapes)),
        "confidence": _confidence(right, eyes, rng),
        "at_edge": False,
    }
    if eyes.presence:
        real = np.arange(len(shapes)) < len(shapes) - len(made_up)
        place = rng.random(len(shapes))
        there, not_there = (
            np.interp(place, QUANTILES, known) for known in (PRESENCE_REAL, PRESENCE_MADE_UP)
        )
        columns["presence"] = np.where(real, there, not_there)
    frame = gpd.GeoDataFrame(
        columns,
        geometry=np.array(shapes, dtype=object),
        crs=CODE,
    )
    return frame, DrawnMaps(roofs[fate != "missed"], roofs[fate == "missed"], seed)


def things(town: ChangedTown, eyes: Eyes, rng: np.random.Generator) -> list[shapely.Geometry]:
    """What a model takes for buildings on empty lots."""
    lots = rng.permutation(town.empty)[: round(eyes.made_up * len(town.roofs))]
    return [_within(lot, eyes.half_m, rng) for lot in lots]


def _drawn(  # noqa: PLR0911  # one line a kind
    roof: shapely.Geometry, kind: str, rng: np.random.Generator
) -> list[shapely.Geometry]:
    x0, y0, x1, y1 = roof.bounds
    if kind == "missed":
        return []
    if kind == "badly":
        bad = rng.integers(3)
        if bad == 0:
            return [shapely.buffer(roof, rng.uniform(2, 3), join_style="mitre")]
        if bad == 1:
            return [shapely.clip_by_rect(roof, x0, y0, x0 + (x1 - x0) * 0.45, y1)]
        return [shapely.transform(roof, lambda xy: xy + np.array([(x1 - x0) * 0.45, 0]))]
    if kind == "merged":
        return [roof | shapely.box(x1 - 1, y0, x1 + LOT_M * 0.6, y1)]
    if kind == "split":
        cut = x0 + (x1 - x0) * rng.uniform(0.35, 0.65)
        return [
            shapely.clip_by_rect(roof, x0, y0, cut, y1),
            shapely.clip_by_rect(roof, cut, y0, x1, y1),
        ]
    return [roof]


def _jittered(
    shape: shapely.Geometry, jitter_m: float, rng: np.random.Generator
) -> shapely.Geometry:
    """Walls of the box around it moved by chance, all else with them."""
    if not jitter_m:
        return shape
    x0, y0, x1, y1 = shape.bounds
    left, bottom, right, top = rng.normal(0, jitter_m, 4)
    low, high = np.array([x0 + left, y0 + bottom]), np.array([x1 + right, y1 + top])

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return low + (xy - [x0, y0]) / [x1 - x0, y1 - y0] * (high - low)

    return shapely.transform(shape, moved)


def _within(
    lot: shapely.Geometry, half_m: tuple[float, float], rng: np.random.Generator
) -> shapely.Geometry:
    middle = np.array(lot.centroid.coords[0])
    half = rng.uniform(*half_m, 2)
    return shapely.box(*(middle - half), *(middle + half))


def best_iou(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) largest intersection over union of each shape with one of the others."""
    one, other = shapely.STRtree(others).query(shapes)
    shared = shapely.area(shapely.intersection(shapes[one], others[other]))
    either = shapely.area(shapes[one]) + shapely.area(others[other]) - shared
    best = np.zeros(len(shapes))
    np.maximum.at(best, one, shared / either)
    return best


def _confidence(
    right: NDArray[np.bool_], eyes: Eyes, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Probability that a prediction is right by IoU, calibrated: drawn, then Bayes' rule.

    A score is normal around +2.6 for right ones and -2.6 for others; or around the same for all, as
    measured. Its logit is then as Bayes' rule has it.
    """
    share = float(np.clip(right.mean(), 0.01, 0.995))
    if share > 0.99:
        return np.full(len(right), 0.995)
    apart = 2.6 if eyes.telling else 0.0
    score = rng.normal(0, 1, len(right)) + np.where(right, apart / 2, -apart / 2) * 1.35
    logit = np.log(share / (1 - share)) + 1.35 * apart * score
    return np.asarray(1 / (1 + np.exp(-logit)))


@dataclass(frozen=True, slots=True)
class DrawnMaps:
    """Mean probabilities as they were measured: by whether something stands there that was missed."""

    found: NDArray[np.object_]
    missed: NDArray[np.object_]
    seed: int

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: Progress = ignored
    ) -> NDArray[np.float64]:
        """(n,) drawn from the two distributions."""
        del crs, progress
        rng = np.random.default_rng([self.seed, 99])
        built = np.zeros(len(outlines), dtype=bool)
        standing = np.concatenate([self.found, self.missed])
        pairs = shapely.STRtree(standing).query(outlines)
        shared = shapely.area(shapely.intersection(outlines[pairs[0]], standing[pairs[1]]))
        cover = np.bincount(pairs[0], weights=shared, minlength=len(outlines))
        built = cover > 0.3 * shapely.area(outlines)
        place = rng.random(len(outlines))
        open_ground = np.interp(place, QUANTILES, UNDER_OPEN)
        missed = np.interp(place, QUANTILES, UNDER_MISSED)
        return np.where(built, missed, open_ground)
