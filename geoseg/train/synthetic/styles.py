"""What each kind of town looks like: sizes in metres, colours in 0..1 sRGB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Colour = tuple[float, float, float]
Range = tuple[float, float]
Roof = Literal["gable", "hip", "flat", "metal"]

ASPHALT: Colour = (0.36, 0.36, 0.38)
PALE_ROAD: Colour = (0.60, 0.57, 0.52)
EARTH_ROAD: Colour = (0.58, 0.48, 0.38)
GRASS: tuple[Colour, ...] = ((0.30, 0.36, 0.20), (0.40, 0.42, 0.26), (0.24, 0.32, 0.17))
DRY: tuple[Colour, ...] = ((0.52, 0.47, 0.36), (0.45, 0.42, 0.30), (0.56, 0.50, 0.40))
SOIL: tuple[Colour, ...] = ((0.50, 0.38, 0.28), (0.55, 0.44, 0.33), (0.46, 0.38, 0.30))
SAND: tuple[Colour, ...] = ((0.72, 0.63, 0.50), (0.66, 0.57, 0.45), (0.76, 0.69, 0.58))
SHINGLES: tuple[Colour, ...] = (
    (0.30, 0.30, 0.31), (0.22, 0.22, 0.23), (0.38, 0.36, 0.34), (0.34, 0.28, 0.24),
    (0.44, 0.42, 0.40), (0.48, 0.41, 0.33), (0.27, 0.24, 0.22), (0.56, 0.53, 0.49),
)  # fmt: skip
CLAY: tuple[Colour, ...] = (
    (0.60, 0.35, 0.25), (0.68, 0.42, 0.30), (0.50, 0.30, 0.24), (0.42, 0.27, 0.23),
    (0.55, 0.42, 0.34), (0.35, 0.30, 0.29), (0.72, 0.52, 0.40),
)  # fmt: skip
METAL: tuple[Colour, ...] = (
    (0.62, 0.63, 0.64), (0.72, 0.73, 0.74), (0.50, 0.50, 0.51), (0.52, 0.38, 0.30),
    (0.58, 0.46, 0.38), (0.45, 0.33, 0.28), (0.25, 0.40, 0.62), (0.60, 0.25, 0.22),
    (0.36, 0.48, 0.42), (0.80, 0.81, 0.82),
)  # fmt: skip
CONCRETE: tuple[Colour, ...] = (
    (0.60, 0.58, 0.55), (0.68, 0.66, 0.62), (0.50, 0.49, 0.47), (0.56, 0.48, 0.42),
    (0.74, 0.72, 0.68), (0.42, 0.41, 0.40), (0.62, 0.50, 0.42),
)  # fmt: skip
MEMBRANE: tuple[Colour, ...] = (
    (0.82, 0.82, 0.81), (0.68, 0.68, 0.68), (0.40, 0.40, 0.41), (0.30, 0.30, 0.31),
    (0.56, 0.55, 0.52), (0.74, 0.71, 0.65), (0.45, 0.52, 0.60),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """One kind of town."""

    layout: Literal["lots", "packed", "scattered"]
    """Houses on lots along streets; blocks cut into ever smaller pieces; houses in fields."""
    roofs: dict[Roof, float]
    """Kinds of roof and their shares."""
    colours: tuple[Colour, ...]
    """Of roofs."""
    ground: tuple[Colour, ...]
    road: Colour
    house_m: tuple[Range, Range] = ((9, 15), (8, 12))
    """Length and width of a house; in a packed town the range of a leaf's sides."""
    lot_m: tuple[Range, Range] = ((16, 24), (28, 38))
    """Frontage and depth of a lot."""
    touching: float = 0.0
    """Share of streets (packed: of walls) where neighbours share a wall."""
    empty: float = 0.08
    """Share of lots or leaves without a house."""
    crooked: float = 0.02
    """Standard deviation of a house's turn against its street, radians."""
    height_m: Range = (3, 7)
    street_m: Range = (7, 10)
    bend: float = 1.0
    trees_per_ha: Range = (10, 60)
    courtyards: float = 0.0
    """Share of the larger flat roofs with one."""
    like_ground: float = 0.0
    """How far roof colours move towards the ground's, 0..1."""
    rust: float = 0.0
    """How stained metal is, 0..1."""
    things: dict[str, float] = field(default_factory=dict)
    """Expected number per hectare of what is no building: pools, cars, ponds, ..."""
    real_roofs: float = 0.5
    """Mean share of roofs that wear a photo, where there are photos."""
    gsd_m: Range = (0.3, 0.42)


STYLES: dict[str, Style] = {
    "suburb": Style(
        "lots", {"gable": 0.5, "hip": 0.5}, SHINGLES, (*GRASS, *DRY), ASPHALT,
        house_m=((11, 18), (8, 13)), trees_per_ha=(8, 70), gsd_m=(0.3, 0.5), real_roofs=0.25,
        things={"pool": 1.2, "car": 7, "court": 0.1, "lorry": 0.3, "pond": 0.08},
    ),
    "terraces": Style(
        "lots", {"gable": 0.65, "flat": 0.25, "hip": 0.1}, (*CLAY, *SHINGLES), GRASS, ASPHALT,
        house_m=((7, 11), (4.5, 8)), lot_m=((4.8, 8.5), (17, 26)), touching=0.85, empty=0.05,
        crooked=0.0, height_m=(5, 9), trees_per_ha=(5, 35),
        things={"car": 14, "lorry": 0.5, "court": 0.1},
    ),
    "rowtown": Style(
        "packed", {"flat": 0.72, "metal": 0.22, "hip": 0.06}, (*CONCRETE, *METAL[:4], METAL[6]),
        (*SOIL, *DRY, *GRASS), PALE_ROAD, house_m=((6, 15), (5, 11)), touching=0.75, empty=0.16,
        height_m=(3, 14), trees_per_ha=(3, 25), rust=0.35, courtyards=0.06,
        things={"car": 5, "rubble": 0.8, "lorry": 0.6, "container": 0.2},
    ),
    "medina": Style(
        "packed", {"flat": 0.95, "metal": 0.05}, (*SAND, *CONCRETE), SAND, (0.68, 0.60, 0.49),
        house_m=((8, 20), (7, 16)), touching=0.8, empty=0.2, crooked=0.01, height_m=(3, 7),
        trees_per_ha=(0, 6), courtyards=0.4, like_ground=0.65, bend=0.6,
        things={"car": 3, "rubble": 1.5, "lorry": 0.3, "wall": 3, "court": 0.05},
        gsd_m=(0.3, 0.4),
    ),
    "informal": Style(
        "packed", {"metal": 0.92, "flat": 0.08}, METAL, SOIL, EARTH_ROAD,
        house_m=((4, 9.5), (3.5, 7)), touching=0.5, empty=0.12, crooked=0.05, height_m=(2.3, 4),
        trees_per_ha=(2, 20), rust=0.7, bend=1.6, gsd_m=(0.25, 0.36),
        things={"car": 3, "rubble": 2.5, "lorry": 0.8, "container": 0.4, "pond": 0.05},
    ),
    "halls": Style(
        "lots", {"flat": 0.8, "metal": 0.2}, MEMBRANE, (*DRY, *GRASS, *SAND), ASPHALT,
        house_m=((28, 85), (18, 50)), lot_m=((55, 115), (60, 95)), empty=0.15, height_m=(5, 11),
        street_m=(9, 14), bend=0.5, trees_per_ha=(1, 10), gsd_m=(0.3, 0.5),
        things={"parking": 1.2, "lorry": 2.5, "container": 2, "court": 0.3, "pond": 0.1, "car": 4},
    ),
    "village": Style(
        "scattered", {"gable": 0.45, "metal": 0.35, "hip": 0.1, "flat": 0.1},
        (*CLAY, *METAL, *CONCRETE[:3]), (*GRASS, *SOIL), EARTH_ROAD, house_m=((6, 15), (5, 10)),
        crooked=0.15, trees_per_ha=(15, 90), rust=0.4, height_m=(2.5, 5), street_m=(3, 6),
        things={"pond": 0.4, "field": 1.6, "car": 1.5, "rubble": 0.4, "wall": 0.6, "lorry": 0.2},
    ),
    "temperate": Style(
        "lots", {"gable": 0.45, "hip": 0.35, "flat": 0.2}, (*CLAY, *CLAY, *SHINGLES[:4]), GRASS,
        ASPHALT, house_m=((9, 16), (8, 13)), lot_m=((15, 26), (24, 38)), crooked=0.05,
        trees_per_ha=(12, 60), height_m=(4, 10),
        things={"pool": 0.5, "car": 7, "court": 0.15, "field": 0.15, "container": 0.1},
    ),
    "villas": Style(
        "lots", {"hip": 0.55, "gable": 0.25, "flat": 0.2}, (*SAND, *CLAY[:2], CLAY[6], *CONCRETE[:2]),
        (*SAND, *DRY), ASPHALT, house_m=((11, 18), (10, 14)), lot_m=((14, 20), (24, 32)),
        empty=0.05, trees_per_ha=(3, 25), like_ground=0.25,
        things={"pool": 3, "car": 7, "court": 0.1, "wall": 2, "rubble": 0.2},
    ),
}  # fmt: skip
"""By name; the place of a scene is ``synthetic_`` and the name."""
