"""Synthetic towns: their plans, labels, light, textures and the command that writes them."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tries import first

from geoseg.scenes.scene import Scene, load_scenes
from geoseg.train.synthetic import STYLES, cut_textures, render_town
from geoseg.train.synthetic.light import Sun, shadows
from geoseg.train.synthetic.paint import Canvas
from geoseg.train.synthetic.plan import Building
from geoseg.train.synthetic.render import _settle
from geoseg.train.synthetic.shapes import Box


def real_scene(split: str = "train") -> Scene:
    """A red roof, 24 x 12 m, on a green ground."""
    labels = np.zeros((256, 256), np.uint16)
    labels[20:60, 30:110] = 1
    image = np.where(labels[..., None] > 0, (200, 40, 30), (40, 120, 40)).astype(np.uint8)
    ignore = np.zeros(labels.shape, bool)
    return Scene("a", "town", "train" if split == "train" else "val", 0.3, image, labels, ignore)


@pytest.mark.parametrize("kind", first(2, sorted(STYLES)))
def test_every_kind_of_town_has_buildings_of_plausible_size(kind: str) -> None:
    scene = render_town(kind, 0, seed=3, side_px=320)
    sizes_m2 = np.bincount(scene.labels.ravel())[1:] * scene.gsd_m**2
    assert scene.place == f"synthetic_{kind}"
    assert sizes_m2.min() > 0  # numbered without gaps
    shortest, longest = (math.prod(pair) for pair in zip(*STYLES[kind].house_m, strict=True))
    assert 0.3 * shortest < np.median(sizes_m2) < 1.5 * longest
    assert 0.01 < (scene.labels > 0).mean() < 0.8


def test_a_town_depends_on_its_seed_and_number_alone() -> None:
    first, again = (render_town("suburb", 4, seed=1, side_px=128) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.image, render_town("suburb", 5, seed=1, side_px=128).image)
    assert not np.array_equal(first.image, render_town("suburb", 4, seed=2, side_px=128).image)


def test_roofs_stand_out_from_the_ground_where_they_are_labelled() -> None:
    """The edges of the labels are edges of the picture: shifting the labels weakens them."""
    scene = render_town("halls", 1, seed=3, side_px=320)
    grey = scene.image.astype(float).mean(axis=2)
    slope = np.hypot(*np.gradient(grey))

    def at_edges(shift: int) -> float:
        body = np.roll(scene.labels > 0, (shift, shift), (0, 1))
        edge = body ^ np.roll(body, 1, 0)
        return float(slope[edge].mean())

    assert at_edges(0) > 1.3 * max(at_edges(4), at_edges(-4))


@example(24.0, 24.0, 8.5625, 8.0, 0.0)
@given(
    st.floats(20, 40), st.floats(20, 40), st.floats(4, 20), st.floats(4, 20), st.floats(0, math.pi)
)
def test_a_label_has_the_area_of_its_polygon(
    x_m: float, y_m: float, length_m: float, width_m: float, angle: float
) -> None:
    canvas = Canvas(200, 0.3, np.random.default_rng(0))
    cover = canvas.cover(Box(x_m, y_m, length_m, width_m, angle).polygon())
    assert cover is not None
    most_m2 = 0.2 * 2 * (length_m + width_m)
    assert abs(cover.inside.sum() * 0.09 - length_m * width_m) < most_m2
    assert canvas.cover(Box(-90.0, 5.0, length_m, width_m, angle).polygon()) is None


def test_a_leaning_building_is_labelled_at_its_roof_and_its_courtyard_is_none() -> None:
    canvas = Canvas(100, 0.5, np.random.default_rng(0))
    canvas.lean = np.array([0.5, 0.0])
    house = Box(20, 25, 16, 16, 0.0)
    building = Building((house,), 8.0, "flat", (0.5, 0.5, 0.5), house.part(0, 0, 0.4, 0.4))
    _settle(canvas, building, 7, canvas.colour.copy())
    rows, cols = np.nonzero(canvas.labels == 7)
    assert (rows.min(), rows.max() + 1) == (34, 66)
    assert (cols.min(), cols.max() + 1) == (32, 64)  # 4 m, 8 pixels, to the right
    assert canvas.labels[50, 48] == 0
    assert canvas.height_m[50, 48] == 0
    assert canvas.height_m[36, 40] == 8


def test_shadows_lie_away_from_the_sun_and_are_as_long_as_it_is_low() -> None:
    height_m = np.zeros((60, 60), np.float32)
    height_m[25:35, 20:25] = 5.0
    sun = Sun(azimuth=math.pi, elevation=math.radians(45), darkness=0.6)  # in the west
    shadow = shadows(height_m, sun, 0.5)
    reach = np.flatnonzero(shadow[30])
    assert reach.min() == 25
    assert reach.max() == pytest.approx(34, abs=1)  # 5 m at 45 degrees
    assert not shadow[:24].any()
    assert not shadow[:, :20].any()


def test_slopes_towards_the_sun_are_brighter() -> None:
    sun = Sun(azimuth=0.5, elevation=math.radians(40), darkness=0.6)
    level = sun.brightness(0.5, 0.0)
    assert sun.brightness(0.5, 0.5) > level > sun.brightness(0.5 + math.pi, 0.5)
    assert level == pytest.approx(1)


def test_textures_come_from_training_scenes_alone() -> None:
    held_out = replace(real_scene("val"), place="other")
    bank = cut_textures([real_scene(), held_out], np.random.default_rng(0))
    assert set(bank.grounds) == {"town"}
    (roof,) = bank.roofs
    assert (roof.length_m, roof.width_m) == pytest.approx((24, 12), rel=0.05)
    middle = roof.pixels[5:-5, 5:-5].reshape(-1, 3)
    assert (middle == (200, 40, 30)).all()
    for squares in bank.grounds.values():
        assert all((square == (40, 120, 40)).all() for square in squares)


def test_towns_wear_the_textures() -> None:
    bank = cut_textures([real_scene()], np.random.default_rng(0))
    plain = render_town("villas", 0, seed=0, side_px=160)
    worn = render_town("villas", 0, seed=0, side_px=160, bank=bank)
    assert not np.array_equal(plain.image, worn.image)
    assert "training scenes" in worn.licence


def test_the_command_writes_scenes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "geoseg.train.synthetic", str(tmp_path)]
    subprocess.run(
        [*command, "--scenes", "3", "--side", "96", "--kind", "suburb", "--kind", "medina"],
        check=True,
    )
    names = [scene.name for scene in load_scenes(tmp_path, "train")]
    assert names == ["synthetic_medina_0000", "synthetic_suburb_0000", "synthetic_suburb_0001"]
