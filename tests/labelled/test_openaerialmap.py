"""Scenes of OpenAerialMap towns: what their defects make of the labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from geoseg.labelled.openaerialmap import dhaka, nairobi, near_outlines, roofless, zanzibar

TRANSFORM = from_origin(4_000_000, -100_000, 0.3, 0.3)
"""Web Mercator near the equator; 0.9 degrees south a metre is .9999 of one."""
ROOF = (200, 200, 205)


def write(folder: Path, name: str, labels: str, boxes: list[tuple[int, int, int, int]]) -> None:
    """An image of soil with bright boxes (top, left, bottom, right), each of them labelled."""
    pixels = np.full((3, 80, 100), 90, np.uint8)
    for top, left, bottom, right in boxes:
        pixels[:, top:bottom, left:right] = np.array(ROOF)[:, None, None]
    (folder / "images").mkdir(parents=True)
    profile = {"driver": "GTiff", "height": 80, "width": 100, "count": 3, "dtype": "uint8"}
    with rasterio.open(
        folder / "images" / f"{name}.tif", "w", crs="EPSG:3857", transform=TRANSFORM, **profile
    ) as target:
        target.write(pixels)
    write_labels(folder, name, labels, boxes)


def write_labels(
    folder: Path, name: str, labels: str, boxes: list[tuple[int, int, int, int]]
) -> None:
    to_degrees = Transformer.from_crs(3857, 4326, always_xy=True)
    features = []
    for top, left, bottom, right in boxes:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        ring = [to_degrees.transform(*(TRANSFORM * corner)) for corner in corners]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"image": name}, "geometry": shape})
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / labels).write_text(text)


HOUSES = [(10, 10, 30, 40), (40, 50, 70, 80)]


def test_huts_are_taken_as_they_are_and_shifted_houses_with_doubt(tmp_path: Path) -> None:
    folder = tmp_path / "train/oam_dhaka"
    write(folder, "dhaka_1-2", "labels.geojson", HOUSES)
    (scene,) = dhaka(tmp_path)
    assert (scene.place, scene.split) == ("oam_dhaka", "train")
    assert scene.gsd_m == pytest.approx(0.3, rel=2e-3)
    assert scene.gsd_m < 0.3  # on the ground, not in Web Mercator
    assert (scene.labels[12:28, 12:38] == scene.labels[15, 15]).all()
    assert scene.ignore[10, 20]
    assert not scene.ignore[20, 20]
    (folder / "images/dhaka_1-2.tif").rename(folder / "images/dhaka_393753-226410.tif")
    write_labels(folder, "dhaka_393753-226410", "labels.geojson", HOUSES)
    (huts,) = dhaka(tmp_path)
    assert (huts.place, huts.split, huts.ignore.any()) == ("oam_dhaka_huts", "val", False)


def test_blocks_off_their_roofs_are_moved(tmp_path: Path) -> None:
    write(tmp_path / "train/oam_nairobi", "nairobi_0_z21", "labels_z21.geojson", HOUSES)
    (scene,) = nairobi(tmp_path)
    assert scene.blobs
    moved = np.flatnonzero(scene.labels.any(axis=1))
    assert moved[0] == 10 + 7  # 2 m down
    assert scene.ignore[:7].all()
    assert scene.ignore[:, -7:].all()


def test_walls_without_a_roof_are_nobodys_to_judge(tmp_path: Path) -> None:
    folder = tmp_path / "train/oam_zanzibar"
    write(folder, "zanzibar_1_z21", "labels_z21.geojson", HOUSES)
    write_labels(folder, "zanzibar_1_z21", "labels_z21.geojson", [*HOUSES, (50, 5, 70, 30)])
    (scene,) = zanzibar(tmp_path)
    assert scene.split == "val"
    assert scene.ignore[50:70, 5:30].all()
    assert not scene.ignore[12:28, 12:38].any()
    assert not scene.ignore[5, 95]


def test_a_folder_that_is_not_there_gives_no_scene(tmp_path: Path) -> None:
    assert [*dhaka(tmp_path), *nairobi(tmp_path), *zanzibar(tmp_path)] == []


def test_outlines_and_roofs() -> None:
    labels = np.zeros((20, 20), np.uint16)
    labels[5:15, 5:15] = 1
    near = near_outlines(labels, 2)
    assert near[4, 10]
    assert near[6, 10]
    assert not near[10, 10]
    image = np.full((20, 20, 3), 90, np.uint8)
    assert roofless(image, labels).tolist() == [1]
    image[5:15, 5:15] = (140, 90, 80)  # rust
    assert roofless(image, labels).tolist() == []
