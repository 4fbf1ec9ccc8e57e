"""What stands in synthetic towns: true outlines of the houses of one lot, by the kind of lot.

Every builder takes a random generator and the pixels of a metre, and gives outlines in pixels.
Houses of one lot share their walls.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon, box

if TYPE_CHECKING:
    from collections.abc import Callable

    Builder = Callable[[np.random.Generator, float], list[Polygon]]


def _house(rng: np.random.Generator, m: float) -> list[Polygon]:
    return [box(0, 0, rng.uniform(10, 17) * m, rng.uniform(9, 13) * m)]


def _ell(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(14, 24) * m, rng.uniform(12, 20) * m
    cut = box(width * rng.uniform(0.4, 0.6), depth * rng.uniform(0.4, 0.6), width * 2, depth * 2)
    return [box(0, 0, width, depth) - cut]


def _tee(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(13, 20) * m, rng.uniform(9, 13) * m
    start, wing = width * rng.uniform(0.2, 0.4), rng.uniform(4, 7) * m
    return [box(0, 0, width, depth) | box(start, -rng.uniform(2, 5) * m, start + wing, depth / 2)]


def _garage(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth, back = rng.uniform(10, 16) * m, rng.uniform(10, 14) * m, rng.uniform(0, 4) * m
    side = box(width, back, width + rng.uniform(5, 7) * m, back + rng.uniform(7, 9) * m)
    return [box(0, 0, width, depth), side]


def _courtyard(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(22, 35) * m, rng.uniform(20, 30) * m
    wing = rng.uniform(6, 8) * m
    return [box(0, 0, width, depth) - box(wing, wing, width - wing, depth - wing)]


def _ushape(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(24, 36) * m, rng.uniform(16, 26) * m
    wing = rng.uniform(7, 10) * m
    return [box(0, 0, width, depth) - box(wing, wing, width - wing, depth * 2)]


def _perimeter(rng: np.random.Generator, m: float) -> list[Polygon]:
    """Houses round a closed yard, two to four along each side."""
    width, depth, deep = rng.uniform(42, 64) * m, rng.uniform(38, 56) * m, rng.uniform(10.5, 13) * m
    out: list[Polygon] = []
    for y in (0.0, depth - deep):
        out += [box(a, y, b, y + deep) for a, b in _cuts(rng, width, 15 * m)]
    for x in (0.0, width - deep):
        out += [
            box(x, deep + a, x + deep, deep + b) for a, b in _cuts(rng, depth - 2 * deep, 15 * m)
        ]
    return out


def _cuts(rng: np.random.Generator, length: float, usual: float) -> list[tuple[float, float]]:
    """A length cut into pieces of about the usual one."""
    count = max(1, round(length / usual))
    places = np.linspace(0, length, count + 1)
    places[1:-1] += rng.uniform(-0.15, 0.15, count - 1) * usual
    return list(pairwise(places.tolist()))


def _corner_block(rng: np.random.Generator, m: float) -> list[Polygon]:
    """Two wings that meet at a corner cut at 45 degrees."""
    width, depth, deep = rng.uniform(24, 36) * m, rng.uniform(24, 36) * m, rng.uniform(10, 13) * m
    cut = rng.uniform(4, 7) * m
    wings = box(0, 0, width, deep) | box(0, 0, deep, depth)
    return [wings - Polygon([(0, 0), (cut, 0), (0, cut)])]


def _warehouse(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(30, 60) * m, rng.uniform(20, 35) * m
    hall = box(0, 0, width, depth)
    start = width * rng.uniform(0.1, 0.5)
    return [hall | box(start, -4 * m, start + rng.uniform(6, 12) * m, depth / 2)]


def _shed(rng: np.random.Generator, m: float) -> list[Polygon]:
    return [box(0, 0, rng.uniform(6, 10) * m, rng.uniform(5, 8) * m)]


def _docks(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A hall with loading docks on one side."""
    width, depth, wide = rng.uniform(26, 45) * m, rng.uniform(14, 24) * m, rng.uniform(4, 6) * m
    places = np.arange(2 * m, width - wide - 2 * m, wide + rng.uniform(4, 8) * m)
    docks = [box(x, -rng.uniform(2.5, 4) * m, x + wide, depth / 2) for x in places]
    return [shapely.union_all([box(0, 0, width, depth), *docks])]


def _leaning_hall(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A hall whose one gable follows a road that runs aslant."""
    width, depth = rng.uniform(18, 36) * m, rng.uniform(12, 20) * m
    return [
        Polygon([(0, 0), (width, 0), (width - depth * rng.uniform(0.25, 0.7), depth), (0, depth)])
    ]


def _cut_hall(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A hall with a corner cut at 45 degrees."""
    width, depth, cut = rng.uniform(18, 34) * m, rng.uniform(13, 22) * m, rng.uniform(4, 7) * m
    return [box(0, 0, width, depth) - Polygon([(0, 0), (cut, 0), (0, cut)])]


def _terrace(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(7, 10) * m, rng.uniform(9, 13) * m
    steps = rng.choice([0.0, 0.0, 1.5 * m], size=int(rng.integers(3, 8)))
    return [box(i * width, step, (i + 1) * width, step + depth) for i, step in enumerate(steps)]


def _wide_terrace(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(9, 14) * m, rng.uniform(11, 16) * m
    steps = rng.choice([0.0, 0.0, 0.0, 2.5 * m], size=int(rng.integers(3, 8)))
    return [box(i * width, step, (i + 1) * width, step + depth) for i, step in enumerate(steps)]


def _outriggers(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A terrace whose houses have wings at the back, in pairs."""
    width, depth, wing = rng.uniform(9, 13) * m, rng.uniform(10, 13) * m, rng.uniform(4, 7) * m
    out: list[Polygon] = []
    for i in range(int(rng.integers(2, 7))):
        left, start = i * width, i * width + (0.5 * width if i % 2 == 0 else 0.0)
        out.append(
            box(left, 0, left + width, depth)
            | box(start, depth / 2, start + width / 2, depth + wing)
        )
    return out


def _bay_terrace(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A terrace, each house with a bay of 45 degrees."""
    width, depth = rng.uniform(10, 13) * m, rng.uniform(11, 14) * m
    start, out = 0.2 * width, rng.uniform(1.8, 2.6) * m
    bay = Polygon(
        [
            (start, 1),
            (start, 0),
            (start + out, -out),
            (0.75 * width - out, -out),
            (0.75 * width, 0),
            (0.75 * width, 1),
        ]
    )
    house = box(0, 0, width, depth) | bay
    return [translate(house, i * width, 0) for i in range(int(rng.integers(2, 6)))]


def _crescent(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A terrace along an arc: party walls point to its middle."""
    radius, depth, turn = rng.uniform(30, 60) * m, rng.uniform(11, 14) * m, 0.0
    step = rng.uniform(10, 13) * m / radius
    out: list[Polygon] = []
    for _ in range(int(rng.integers(3, 7))):
        rays = np.array([[np.cos(a), np.sin(a)] for a in (turn, turn + step)])
        out.append(Polygon(np.vstack([radius * rays, (radius - depth) * rays[::-1]])))
        turn += step
    return out


def _octagon(rng: np.random.Generator, m: float) -> list[Polygon]:
    radius, turn = rng.uniform(5, 10) * m, np.pi / 8
    angles = turn + np.arange(8) * np.pi / 4
    return [Polygon(radius * np.column_stack([np.cos(angles), np.sin(angles)]))]


def _circle(rng: np.random.Generator, m: float) -> list[Polygon]:
    return [Point(0, 0).buffer(rng.uniform(4, 12) * m, quad_segs=32)]


def _trapezoid(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(10, 20) * m, rng.uniform(8, 15) * m
    top = width * rng.uniform(0.55, 0.85)
    return [Polygon([(0, 0), (width, 0), (top, depth), (rng.uniform(0, 0.2) * width, depth)])]


def _bay(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(14, 20) * m, rng.uniform(8, 12) * m
    start, size = width * rng.uniform(0.2, 0.4), rng.uniform(5, 7) * m
    third, out = size / 3, -size / 3
    x = start + np.array([0, 0, third, 2 * third, size, size])
    bay = Polygon(np.column_stack([x, [1, 0, out, out, 0, 1]]))
    return [box(0, 0, width, depth) | bay]


def _curved(rng: np.random.Generator, m: float) -> list[Polygon]:
    outer, depth = rng.uniform(25, 45) * m, rng.uniform(9, 12) * m
    angles = np.linspace(0, rng.uniform(0.7, 1.6), 40)
    arc = np.column_stack([np.cos(angles), np.sin(angles)])
    return [Polygon(np.vstack([outer * arc, (outer - depth) * arc[::-1]]))]


def _leaning_row(rng: np.random.Generator, m: float) -> list[Polygon]:
    """Houses of an old street: no two walls at right angles, party walls shared."""
    count = int(rng.integers(2, 6))
    x = np.append(0, np.cumsum(rng.uniform(10, 15, count))) * m
    front = np.column_stack([x, rng.uniform(-1, 1, count + 1) * m])
    back = np.column_stack(
        [x + rng.uniform(-2, 2, count + 1) * m, rng.uniform(11, 16, count + 1) * m]
    )
    return [Polygon([front[i], front[i + 1], back[i + 1], back[i]]) for i in range(count)]


def _wedge(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A house at the fork of two streets: one long wall aslant."""
    width, depth = rng.uniform(14, 20) * m, rng.uniform(11, 16) * m
    along, aside = width * rng.uniform(0.4, 0.7), depth * rng.uniform(0.4, 0.8)
    return [box(0, 0, width, depth) - Polygon([(0, 0), (along, 0), (0, aside)])]


def _turret(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A house with a round tower at a corner."""
    width, depth = rng.uniform(12, 18) * m, rng.uniform(11, 16) * m
    return [box(0, 0, width, depth) | Point(0, 0).buffer(rng.uniform(3, 4.5) * m, quad_segs=24)]


def _old_wing(rng: np.random.Generator, m: float) -> list[Polygon]:
    """A house with a wing built on at another angle."""
    width, depth = rng.uniform(13, 19) * m, rng.uniform(10, 13) * m
    wing = rotate(
        box(0, 0, rng.uniform(8, 12) * m, rng.uniform(6, 8) * m), rng.uniform(20, 70), (0, 0)
    )
    return [box(-width, -depth / 2, 0, depth / 2) | translate(wing, -3 * m, 0)]


BUILDERS: dict[str, Builder] = {
    "house": _house,
    "ell": _ell,
    "tee": _tee,
    "garage": _garage,
    "courtyard": _courtyard,
    "u shape": _ushape,
    "perimeter": _perimeter,
    "corner block": _corner_block,
    "warehouse": _warehouse,
    "shed": _shed,
    "docks": _docks,
    "leaning hall": _leaning_hall,
    "cut hall": _cut_hall,
    "terrace": _terrace,
    "wide terrace": _wide_terrace,
    "outriggers": _outriggers,
    "bay terrace": _bay_terrace,
    "crescent": _crescent,
    "octagon": _octagon,
    "circle": _circle,
    "trapezoid": _trapezoid,
    "bay": _bay,
    "curved": _curved,
    "leaning row": _leaning_row,
    "wedge": _wedge,
    "turret": _turret,
    "old wing": _old_wing,
}
RECTILINEAR = ("house", "house", "house", "ell", "ell", "courtyard", "warehouse", "terrace")
"""Kinds of a town of right angles alone, as often as they stand in it."""
RIGHT_ANGLED = {
    *RECTILINEAR, "tee", "garage", "u shape", "perimeter", "shed", "docks", "wide terrace", "outriggers"
}  # fmt: skip
"""Kinds whose corners are all right ones."""
ROUND = {"circle", "curved", "turret"}
"""Kinds with walls that are not straight."""
GENERATORS: dict[str, tuple[str, ...]] = {
    "suburbs": ("house",) * 4 + ("ell",) * 3 + ("tee", "garage", "bay"),
    "terraces": ("wide terrace", "wide terrace", "outriggers", "bay terrace", "crescent"),
    "blocks": ("perimeter", "perimeter", "courtyard", "u shape", "corner block"),
    "old towns": ("leaning row", "leaning row", "trapezoid", "wedge", "turret", "old wing"),
    "sheds and halls": (
        "shed", "shed", "shed", "docks", "warehouse", "leaning hall", "cut hall", "circle"
    ),
}  # fmt: skip
"""Five kinds of towns, by the kinds of lots in them, as often as they stand there."""
CHOOSING = ("suburbs", "blocks", "old towns")
"""Parameters are chosen on these ..."""
LEFT_OUT = ("terraces", "sheds and halls")
"""... and judged on these, which nobody looks at while choosing."""
