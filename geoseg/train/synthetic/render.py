"""From a plan to a scene."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.scenes.scene import Scene
from geoseg.train.synthetic.light import Sun, cast_shadows
from geoseg.train.synthetic.noise import chance, fractal_noise
from geoseg.train.synthetic.paint import Canvas
from geoseg.train.synthetic.plan import plan_town
from geoseg.train.synthetic.roofs import Roofer
from geoseg.train.synthetic.sensor import photograph
from geoseg.train.synthetic.styles import STYLES
from geoseg.train.synthetic.textures import quilt
from geoseg.train.synthetic.things import Scatterer

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.plan import Building, Town
    from geoseg.train.synthetic.shapes import Box
    from geoseg.train.synthetic.styles import Style
    from geoseg.train.synthetic.textures import RoofTexture, TextureBank

_MIN_PX = 6
"""Smaller slivers at the scene's rim or behind taller buildings are unlabelled."""

_REAL_GROUND = 0.5


def render_town(
    kind: str, number: int, *, seed: int, side_px: int = 768, bank: TextureBank | None = None
) -> Scene:
    """Scene ``number`` of a kind of town; the same arguments give the same pixels."""
    return render_surface(kind, number, seed=seed, side_px=side_px, bank=bank)[0]


def render_surface(
    kind: str, number: int, *, seed: int, side_px: int = 768, bank: TextureBank | None = None
) -> tuple[Scene, NDArray[np.float32]]:
    """The same scene, and (side, side) how high everything in it rises above the ground, metres."""
    style = STYLES[kind]
    rng = np.random.default_rng([seed, sorted(STYLES).index(kind), number])
    canvas = Canvas(side_px, rng.uniform(*style.gsd_m), rng)
    town = plan_town(style, canvas.side_m, rng)
    sun = Sun.draw(rng)
    _paint_ground(canvas, style, town, bank, rng)
    scatterer = Scatterer(canvas, sun, town.free, rng)
    scatterer.strew(style.things)
    _paint_buildings(canvas, style, town, sun, bank, rng)
    scatterer.trees(rng.uniform(*style.trees_per_ha))
    height_m = canvas.height_m.copy()
    cast_shadows(canvas, sun)
    scene = Scene(
        name=f"synthetic_{kind}_{number:04d}",
        place=f"synthetic_{kind}",
        split="train",
        gsd_m=round(canvas.gsd_m, 4),
        image=photograph(canvas.colour, rng),
        labels=_numbered(canvas.labels),
        ignore=np.zeros(canvas.labels.shape, bool),
        licence="rendered; textures from the training scenes" if bank else "rendered",
    )
    return scene, height_m


def _paint_ground(
    canvas: Canvas, style: Style, town: Town, bank: TextureBank | None, rng: Generator
) -> None:
    real = bank is not None and bank.grounds and chance(rng, _REAL_GROUND)
    if real and bank is not None:
        place = sorted(bank.grounds)[rng.integers(len(bank.grounds))]
        canvas.colour[:] = quilt(bank.grounds[place], canvas.side_px, canvas.gsd_m, rng)
    else:
        canvas.colour[:] = _meadow(canvas, style, rng)
    cover = 0.35 if real else 0.8
    for yard in town.yards:
        tone = np.array(style.ground[rng.integers(len(style.ground))], np.float32)
        canvas.fill(yard, tone, rng, rough=0.05, mottled=0.08, opacity=cover)
    road = np.array(style.road) * rng.normal(1, 0.12) + rng.normal(0, 0.015, 3)
    opacity = rng.uniform(0.7, 0.95) * (0.5 if real and style.layout == "packed" else 1)
    for ribbon in town.roads:
        canvas.fill(ribbon, road.astype(np.float32), rng, mottled=0.05, opacity=opacity)
    for path in town.paths:
        tone = np.float32(rng.uniform(0.5, 0.75)) * np.array([1, 0.97, 0.92], np.float32)
        canvas.fill(path, tone, rng, opacity=0.9)


def _meadow(canvas: Canvas, style: Style, rng: Generator) -> NDArray[np.float32]:
    """Two of the style's grounds in patches, with noise of every scale."""
    tones = [np.array(style.ground[rng.integers(len(style.ground))], np.float32) for _ in range(2)]
    wide = fractal_noise(rng, canvas.side_px, coarsest_px=25 / canvas.gsd_m, octaves=6)
    patches = 1 / (1 + np.exp(-3 * wide))
    light = 1 + 0.08 * fractal_noise(rng, canvas.side_px, coarsest_px=6.0, octaves=4)
    meadow = tones[0] + (tones[1] - tones[0]) * patches[..., None]
    return (meadow * light[..., None]).astype(np.float32)


def _paint_buildings(
    canvas: Canvas,
    style: Style,
    town: Town,
    sun: Sun,
    bank: TextureBank | None,
    rng: Generator,
) -> None:
    """Walls first, then roofs from low to high, so that the higher ones hide the lower."""
    roofer = Roofer(canvas, sun, rng, style.rust)
    ground = np.median(canvas.colour.reshape(-1, 3), axis=0)
    share = 2 * style.real_roofs * rng.random() if bank and bank.roofs else 0.0
    before = canvas.colour.copy()
    for building in town.buildings:
        _paint_walls(canvas, building, sun, rng)
    pull = style.like_ground * rng.random()
    ordered = sorted(enumerate(town.buildings, start=1), key=lambda pair: pair[1].height_m)
    for number, building in ordered:
        tinted = _towards(building, ground, pull)
        roofer.paint(tinted)
        if bank and chance(rng, share):
            for part in building.parts:
                _wear(canvas, part, building.height_m, _fitting(bank, part, rng), rng)
        _settle(canvas, building, number, before)


def _settle(canvas: Canvas, building: Building, number: int, before: NDArray[np.float32]) -> None:
    """Heights and labels of a painted building; its courtyard shows the ground again."""
    for part in building.parts:
        cover = canvas.cover(part.polygon(), building.height_m)
        if cover is not None:
            inside = canvas.height_m[cover.area][cover.inside]
            canvas.height_m[cover.area][cover.inside] = np.maximum(inside, building.height_m)
            canvas.label(cover, number)
    if building.courtyard is not None:
        hole = canvas.cover(building.courtyard.polygon(), building.height_m)
        if hole is not None:
            canvas.lay(hole, before[hole.area])
            canvas.lift(hole, 0.0)
            canvas.label(hole, 0)


def _paint_walls(canvas: Canvas, building: Building, sun: Sun, rng: Generator) -> None:
    """What a slanted view shows of the walls."""
    tone = np.float32(rng.uniform(0.35, 0.75)) * np.array([1, 0.96, 0.9], np.float32)
    tone = tone * np.float32(1 - 0.4 * sun.darkness)
    lean_px = float(np.hypot(*canvas.lean)) * building.height_m / canvas.gsd_m
    for step in range(math.ceil(lean_px)):
        at = building.height_m * step / math.ceil(lean_px)
        for part in building.parts:
            canvas.fill(part.polygon(), tone, rng, height_m=at)


def _towards(building: Building, ground: NDArray[np.float32], pull: float) -> Building:
    mixed = np.array(building.colour) * (1 - pull) + ground * pull
    return replace(building, colour=(float(mixed[0]), float(mixed[1]), float(mixed[2])))


def _fitting(bank: TextureBank, part: Box, rng: Generator) -> RoofTexture:
    """Of a few random roofs the one whose sides come closest."""
    box = part.lengthwise()
    few = [bank.roofs[int(pick)] for pick in rng.integers(0, len(bank.roofs), 12)]
    return min(
        few,
        key=lambda roof: (
            abs(math.log(roof.length_m / box.length_m)) + abs(math.log(roof.width_m / box.width_m))
        ),
    )


def _wear(canvas: Canvas, part: Box, height_m: float, texture: RoofTexture, rng: Generator) -> None:
    """Stretch a photo of a roof over a part."""
    cover = canvas.cover(part.polygon(), height_m)
    if cover is None:
        return
    box = part.lengthwise()
    if chance(rng, 0.5):
        box = box.turned(math.pi)
    corners = box.polygon() + canvas.lean * height_m
    offset = np.array([cover.cols.start, cover.rows.start])
    target = (corners / canvas.gsd_m - offset - 0.5).astype(np.float32)
    height, width = texture.pixels.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height]], np.float32) - np.float32(0.5)
    turn = cv2.getAffineTransform(source, target[:3])
    size = cover.alpha.shape[::-1]
    worn = cv2.warpAffine(texture.pixels, turn, size, borderMode=cv2.BORDER_REPLICATE)
    canvas.lay(cover, worn.astype(np.float32) * np.float32(rng.normal(1.08, 0.08) / 255))


def _numbered(labels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Consecutive numbers; what is left of a hidden building as a few pixels is dropped."""
    sizes = np.bincount(labels.ravel())
    kept = sizes >= _MIN_PX
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.uint16)
    return numbers[labels]
