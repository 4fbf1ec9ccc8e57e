"""Imagery and labels that a server has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from labelled_town import houses, on_ground, photo
from remote_server import Server

import geoseg
from geoseg.labelled.pairs import read_list

TOWN = houses(320, 320)


@pytest.fixture
def server(make_raster: Any, tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    shutil.move(make_raster("ortho.tif", photo(TOWN, 320, 320)), folder / "ortho.tif")
    on_ground(TOWN).to_file(folder / "labels.geojson")
    with Server(folder) as running:
        yield running


def pack(images: Any, labels: Any, folder: Path) -> dict[str, int]:
    packed = geoseg.pack_dataset(images, labels, folder, chip_px=256)
    return {side: part.chips for side, part in packed.places["ortho"].items()}


@pytest.mark.parametrize("as_path", [str, Path])
@pytest.mark.parametrize("prefix", ["", "/vsicurl/"])
def test_addresses_keep_their_slashes(
    server: Server, tmp_path: Path, prefix: str, as_path: Any
) -> None:
    photo, labels = (
        as_path(prefix + server.address(name)) for name in ("ortho.tif", "labels.geojson")
    )
    here = pack(tmp_path / "served" / "ortho.tif", on_ground(TOWN), tmp_path / "a")
    assert pack(photo, on_ground(TOWN), tmp_path / "b") == here
    assert pack(tmp_path / "served" / "ortho.tif", labels, tmp_path / "c") == here
    assert len(geoseg.info(photo).rasters) == 1


def test_masks_of_a_photo_behind_an_address(server: Server, tmp_path: Path) -> None:
    mask = tmp_path / "masks" / "ortho.tif"
    mask.parent.mkdir()
    with rasterio.open(tmp_path / "served" / "ortho.tif") as source:
        profile = source.profile | {"count": 1}
    with rasterio.open(mask, "w", **profile) as written:
        band = np.zeros((320, 320), np.uint8)
        band[20:60, 20:60] = 255
        written.write(band, 1)
    photo = "/vsicurl/" + server.address("ortho.tif")
    assert sum(pack(photo, mask.parent, tmp_path / "b").values())
    shutil.move(mask, tmp_path / "served" / "mask.tif")
    assert sum(pack(photo, "/vsicurl/" + server.address("mask.tif"), tmp_path / "c").values())


def test_addresses_in_a_list_are_not_beside_it(tmp_path: Path) -> None:
    listed = tmp_path / "list.yaml"
    listed.write_text(
        "- {images: ['https://a.example/o.tif'], labels: 'https://a.example/l.gpkg', aoi: 'https://a.example/a.gpkg'}\n"
    )
    (pair,) = read_list(listed)
    named = (*pair.images, pair.labels, pair.aoi)
    assert [str(path).partition(":")[0] for path in named] == ["https"] * 3
