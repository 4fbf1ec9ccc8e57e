"""Plan a town: streets, lots and buildings, in metres, before anything is painted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from geoseg.train.synthetic.noise import chance
from geoseg.train.synthetic.shapes import Box, StreetLattice

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.styles import Colour, Range, Roof, Style

_COURTYARD_FROM_M = 9.0
_SHED_FROM_M = 7.0
"""Houses narrower than this have no shed."""
_QUARTER_M, _BLOCK_M, _NARROWEST_M = 130.0, (35.0, 75.0), 2.2
"""Packed towns: quarters longer than this are cut by streets, blocks of these sizes have a ground
of their own, and narrower leaves stay open."""


@dataclass(frozen=True, slots=True)
class Building:
    """One building before it is painted."""

    parts: tuple[Box, ...]
    """The main body last; wings and garages before it."""
    height_m: float
    roof: Roof
    colour: Colour
    courtyard: Box | None = None
    """A hole down to the ground."""


@dataclass(slots=True)
class Town:
    """What will be painted, in that order."""

    yards: list[NDArray[np.float64]] = field(default_factory=list)
    """Lots that differ from the ground."""
    roads: list[NDArray[np.float64]] = field(default_factory=list)
    paths: list[NDArray[np.float64]] = field(default_factory=list)
    """Driveways and courts of concrete."""
    buildings: list[Building] = field(default_factory=list)
    free: list[Box] = field(default_factory=list)
    """Lots without a house, for what is no building."""


def plan_town(style: Style, side_m: float, rng: Generator) -> Town:
    """A random town of a style, at least as large as the scene."""
    lattice = StreetLattice.draw(rng, side_m, style.bend)
    town = Town()
    planner = {"lots": _plan_lots, "packed": _plan_packed, "scattered": _plan_scattered}
    planner[style.layout](town, style, lattice, rng)
    return town


# --- houses on lots along streets ---


def _plan_lots(town: Town, style: Style, lattice: StreetLattice, rng: Generator) -> None:
    reach = 0.75 * lattice.side_m
    crossings = _crossings(rng, reach, style)
    town.roads += [lattice.ribbon(crossing, (-reach, reach)) for crossing in crossings]
    v = -reach
    while v < reach:
        street, depth = rng.uniform(*style.street_m), rng.uniform(*style.lot_m[1])
        town.roads.append(lattice.ribbon((-reach, reach), (v, v + street)))
        touching = chance(rng, style.touching)
        row = _Row(lattice, touching=touching, colour=_pick(rng, style.colours))
        for front, facing in ((v + street, 1), (v + street + 2 * depth, -1)):
            _plan_row(town, style, row, (front, facing * depth, reach), crossings, rng)
        v += street + 2 * depth


@dataclass(frozen=True, slots=True)
class _Row:
    lattice: StreetLattice
    touching: bool
    colour: Colour


def _plan_row(
    town: Town,
    style: Style,
    row: _Row,
    place: tuple[float, float, float],
    crossings: list[Range],
    rng: Generator,
) -> None:
    """Lots side by side; ``place`` is the front line, the signed depth and the reach."""
    front, depth, reach = place
    setback = rng.uniform(0.5, 2.5) if row.touching else rng.uniform(3, 8)
    house = rng.uniform(*style.house_m[0])
    u = -reach
    while u < reach:
        lot = rng.uniform(*style.lot_m[0])
        beyond = [high for low, high in crossings if u < high and u + lot > low]
        if beyond:
            u = beyond[0]
            continue
        middle = u + lot / 2
        u += lot
        ground = row.lattice.box(middle, front + depth / 2, lot, abs(depth))
        if chance(rng, style.empty):
            town.free.append(ground)
            continue
        if row.touching:
            deep = house * rng.uniform(0.97, 1.03)
            box = row.lattice.box(
                middle, front + math.copysign(setback + deep / 2, depth), lot, deep
            )
        else:
            box = _house_on_lot(style, row.lattice, (middle, front, depth, lot, setback), rng)
        _add_house(town, style, box, row, rng)
        if chance(rng, 0.8) and not row.touching:
            _add_drive(town, row.lattice, middle + rng.uniform(-0.3, 0.3) * lot, front, depth, rng)


def _house_on_lot(
    style: Style,
    lattice: StreetLattice,
    lot: tuple[float, float, float, float, float],
    rng: Generator,
) -> Box:
    middle, front, depth, frontage, setback = lot
    length = min(rng.uniform(*style.house_m[0]), frontage * rng.uniform(0.75, 0.95))
    width = min(rng.uniform(*style.house_m[1]), abs(depth) * 0.6)
    back = min(setback + rng.uniform(0, 3), abs(depth) * 0.35) + width / 2
    shift = (frontage - length) * rng.uniform(-0.4, 0.4)
    box = lattice.box(middle + shift, front + math.copysign(back, depth), length, width)
    return box.turned(rng.normal(0, style.crooked))


def _add_drive(
    town: Town, lattice: StreetLattice, u: float, front: float, depth: float, rng: Generator
) -> None:
    reach = math.copysign(rng.uniform(5, 14), depth)
    wide = rng.uniform(2.5, 6)
    low, high = sorted((front, front + reach))
    town.paths.append(lattice.ribbon((u - wide / 2, u + wide / 2), (low, high)))


def _add_house(town: Town, style: Style, box: Box, row: _Row, rng: Generator) -> None:
    same = row.touching and chance(rng, 0.5)
    colour = row.colour if same else _pick(rng, style.colours)
    parts = (box,) if row.touching else (*_wings(box, rng), box)
    building = _building(style, parts, colour, rng)
    town.buildings.append(building)
    large = min(box.length_m, box.width_m) > _SHED_FROM_M
    if not row.touching and large and chance(rng, 0.15):  # a shed in the garden
        u, v = rng.uniform(-0.6, 0.6), rng.choice([-1, 1]) * rng.uniform(0.95, 1.3)
        x_m, y_m = box.point(u, v)
        shed = Box(x_m, y_m, rng.uniform(2.5, 6), rng.uniform(2.5, 4), box.angle)
        town.buildings.append(_building(style, (shed,), _pick(rng, style.colours), rng, low=True))


def _wings(box: Box, rng: Generator) -> list[Box]:
    """Garages, wings and bays that make L, T and Z of a rectangle."""
    wings = []
    for _ in range(rng.choice([0, 1, 2, 3], p=[0.25, 0.4, 0.25, 0.1])):
        side = rng.choice([-1.0, 1.0])
        length, width = rng.uniform(0.25, 0.55), rng.uniform(0.4, 0.8)
        along = rng.choice([-1.0, 1.0]) * (0.5 - length / 2)
        wings.append(box.part(along, side * 0.5, length, width))
    return wings


def _crossings(rng: Generator, reach: float, style: Style) -> list[Range]:
    crossings, u = [], -reach + rng.uniform(0, 100)
    while u < reach:
        wide = rng.uniform(*style.street_m)
        crossings.append((u, u + wide))
        u += max(90.0, 2.2 * style.lot_m[0][1]) * rng.uniform(1, 2.4)
    return crossings


# --- blocks cut into ever smaller pieces ---


def _plan_packed(town: Town, style: Style, lattice: StreetLattice, rng: Generator) -> None:
    reach = 0.75 * lattice.side_m
    pending = [(-reach, -reach, reach, reach)]
    leaf_m = sum(style.house_m[0] + style.house_m[1]) / 4
    town.roads.append(lattice.ribbon((-reach, reach), (-reach, reach)))
    while pending:
        u0, v0, u1, v1 = pending.pop()
        long_m, short_m = max(u1 - u0, v1 - v0), min(u1 - u0, v1 - v0)
        wanted = leaf_m * rng.uniform(0.75, 1.7)
        if long_m < wanted or (long_m < 1.25 * leaf_m and short_m < leaf_m):
            _add_leaf(town, style, lattice, (u0, v0, u1, v1), rng)
            continue
        if _BLOCK_M[0] < long_m < _BLOCK_M[1] and short_m > _BLOCK_M[0] / 2:
            town.yards.append(lattice.ribbon((u0, u1), (v0, v1)))
        gap = _gap_m(style, long_m, leaf_m, rng) / 2
        share = rng.uniform(0.36, 0.64)
        if u1 - u0 >= v1 - v0:
            cut = u0 + share * (u1 - u0)
            pending += [(u0, v0, cut - gap, v1), (cut + gap, v0, u1, v1)]
        else:
            cut = v0 + share * (v1 - v0)
            pending += [(u0, v0, u1, cut - gap), (u0, cut + gap, u1, v1)]


def _gap_m(style: Style, long_m: float, leaf_m: float, rng: Generator) -> float:
    """Streets between quarters, lanes between blocks, alleys or none between houses."""
    if long_m > _QUARTER_M:
        return float(rng.uniform(*style.street_m))
    if long_m > 5 * leaf_m:
        return float(rng.uniform(0.3, 0.7) * style.street_m[0])
    if long_m > 2.6 * leaf_m:
        return float(rng.choice([0.0, rng.uniform(0.8, 3.0)]))
    return 0.0 if chance(rng, style.touching) else float(rng.uniform(0.3, 1.6))


def _add_leaf(
    town: Town,
    style: Style,
    lattice: StreetLattice,
    leaf: tuple[float, float, float, float],
    rng: Generator,
) -> None:
    u0, v0, u1, v1 = leaf
    if min(u1 - u0, v1 - v0) < _NARROWEST_M:
        return
    box = lattice.box((u0 + u1) / 2, (v0 + v1) / 2, u1 - u0, v1 - v0)
    if chance(rng, style.empty):
        town.free.append(box)
        return
    if not chance(rng, style.touching):  # stands free within its leaf
        box = box.part(*rng.uniform(-0.06, 0.06, 2), *rng.uniform(0.82, 0.98, 2))
    box = box.turned(rng.normal(0, style.crooked))
    town.buildings.append(_building(style, (box,), _pick(rng, style.colours), rng))


# --- houses in fields ---


def _plan_scattered(town: Town, style: Style, lattice: StreetLattice, rng: Generator) -> None:
    reach = 0.75 * lattice.side_m
    for _ in range(rng.integers(2, 5)):
        at, wide = rng.uniform(-0.6, 0.6) * reach, rng.uniform(*style.street_m)
        along = chance(rng, 0.5)
        ends, across = (-reach, reach), (at, at + wide)
        town.roads.append(lattice.ribbon(ends, across) if along else lattice.ribbon(across, ends))
        for _ in range(rng.integers(20, 90)):
            offset = rng.choice([-1, 1]) * (wide / 2 + rng.gamma(1.6, 9.0) + 5)
            along_m, across_m = rng.uniform(*ends), at + wide / 2 + offset
            u, v = (along_m, across_m) if along else (across_m, along_m)
            sides = (rng.uniform(*pair) for pair in style.house_m)
            box = lattice.box(u, v, *sides).turned(rng.normal(0, style.crooked))
            if _is_free(town, box):
                wings = _wings(box, rng) if chance(rng, 0.5) else []
                town.buildings.append(
                    _building(style, (*wings, box), _pick(rng, style.colours), rng)
                )
    for _ in range(12):
        u, v = rng.uniform(-reach, reach, 2)
        town.free.append(lattice.box(u, v, *rng.uniform(15, 50, 2)))


def _is_free(town: Town, box: Box) -> bool:
    apart = box.length_m + 3
    return all(
        math.hypot(other.parts[-1].x_m - box.x_m, other.parts[-1].y_m - box.y_m) > apart
        for other in town.buildings
    )


def _building(
    style: Style, parts: tuple[Box, ...], colour: Colour, rng: Generator, *, low: bool = False
) -> Building:
    kinds, shares = zip(*style.roofs.items(), strict=True)
    roof = kinds[rng.choice(len(kinds), p=np.array(shares) / sum(shares))]
    main = parts[-1]
    courtyard = None
    wide = min(main.length_m, main.width_m) > _COURTYARD_FROM_M
    if roof == "flat" and wide and chance(rng, style.courtyards):
        size = rng.uniform(0.25, 0.45, 2)
        courtyard = main.part(*rng.uniform(-0.12, 0.12, 2), *size)
    height = 2.4 if low else float(rng.uniform(*style.height_m))
    return Building(parts, height, roof, colour, courtyard)


def _pick(rng: Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[rng.integers(len(colours))]
