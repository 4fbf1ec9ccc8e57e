"""The built-in model on a real photo, given in many ways: the answer stays the same.

The photo is finer than the model's range, so warping it beforehand loses nothing that the model
would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.warp import Resampling, calculate_default_transform, reproject

import geoseg

PHOTO = "demo/banepa_0.15m_epsg3857.tif"
PLACE = rasterio.windows.Window(1000, 1500, 1408, 1408)
UTM = "EPSG:32645"


Chip = tuple[Any, Any, str]
"""(3, height, width) pixels, transform, CRS."""


@pytest.fixture(scope="module")
def chip(shared_data: Path) -> Chip:
    with rasterio.open(shared_data / PHOTO) as photo:
        pixels = photo.read([1, 2, 3], window=PLACE)
        return pixels, photo.window_transform(PLACE), photo.crs.to_string()


def write(path: Path, pixels: Any, transform: Any, crs: str, **options: Any) -> Path:
    count, height, width = pixels.shape
    if count == 4:
        options["alpha"] = "YES"
    profile = {"driver": "GTiff", "dtype": pixels.dtype, "photometric": "RGB", **options}
    with rasterio.open(
        path, "w", count=count, height=height, width=width, transform=transform, crs=crs, **profile
    ) as dataset:
        dataset.write(pixels)
        assert (dataset.colorinterp[-1] == ColorInterp.alpha) == (count == 4)
    return path


def warped(path: Path, chip: Chip, crs: str) -> Path:
    pixels, transform, source_crs = chip
    height, width = pixels.shape[1:]
    bounds = rasterio.transform.array_bounds(height, width, transform)
    target, cols, rows = calculate_default_transform(source_crs, crs, width, height, *bounds)
    warped_pixels = np.zeros((4, rows, cols), np.uint8)
    opaque = np.full((1, height, width), 255, np.uint8)
    for band, source in enumerate([*pixels, *opaque]):
        reproject(
            source,
            warped_pixels[band],
            src_transform=transform,
            src_crs=source_crs,
            dst_transform=target,
            dst_crs=crs,
            resampling=Resampling.cubic if band < 3 else Resampling.nearest,
        )
    return write(path, warped_pixels, target, crs)


def native(folder: Path, chip: Chip) -> Path:
    return write(folder / "native.tif", *chip, tiled=True)


def degrees(folder: Path, chip: Chip) -> Path:
    return warped(folder / "degrees.tif", chip, "EPSG:4326")


def utm(folder: Path, chip: Chip) -> Path:
    return warped(folder / "utm.tif", chip, UTM)


def sixteen_bits(folder: Path, chip: Chip) -> tuple[Path, dict[str, Any]]:
    pixels, transform, crs = chip
    path = write(folder / "uint16.tif", pixels.astype(np.uint16) * 16, transform, crs)
    return path, {"stretch": (0, 255 * 16)}


def striped(folder: Path, chip: Chip) -> Path:
    return write(folder / "striped.tif", *chip, tiled=False, blockysize=1)


def south_up(folder: Path, chip: Chip) -> Path:
    pixels, t, crs = chip
    flipped = Affine(t.a, t.b, t.c, t.d, -t.e, t.f + t.e * pixels.shape[1])
    return write(folder / "south_up.tif", pixels[:, ::-1], flipped, crs)


def alpha(folder: Path, chip: Chip) -> Path:
    pixels, transform, crs = chip
    opaque = np.full_like(pixels[:1], 255)
    return write(folder / "alpha.tif", np.concatenate([pixels, opaque]), transform, crs)


def halves(folder: Path, chip: Chip) -> list[Path]:
    pixels, t, crs = chip
    lower = Affine(t.a, t.b, t.c, t.d, t.e, t.f + t.e * 601)
    return [
        write(folder / "upper.tif", pixels[:, :601], t, crs),
        write(folder / "lower.tif", pixels[:, 601:], lower, crs),
    ]


def cut_out(folder: Path, chip: Chip) -> Path:
    """Without its first rows and columns: a few buildings less, well below 1 %."""
    pixels, t, crs = chip
    return write(folder / "cut.tif", pixels[:, 3:, 5:], t * Affine.translation(5, 3), crs)


def predicted(given: Any) -> Any:
    source, options = given if isinstance(given, tuple) else (given, {})
    return geoseg.predict(source, **options)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, chip: Chip) -> Any:
    frame = predicted(native(tmp_path_factory.mktemp("native"), chip))
    assert len(frame) > 150
    return frame


@pytest.mark.thorough
@pytest.mark.parametrize("given", [striped, pytest.param(alpha, marks=pytest.mark.thorough)])
def test_the_same_pixels_give_the_same_buildings(
    given: Callable[[Path, Chip], Any], tmp_path: Path, chip: Chip, reference: Any
) -> None:
    frame = predicted(given(tmp_path, chip))
    assert (frame.geometry.to_wkb() == reference.geometry.to_wkb()).all()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "given",
    [
        degrees,
        *(
            pytest.param(given, marks=pytest.mark.thorough)
            for given in (utm, south_up, halves, cut_out, sixteen_bits)
        ),
    ],
)
def test_resampled_pixels_give_nearly_the_same_buildings(
    given: Callable[[Path, Chip], Any], tmp_path: Path, chip: Chip, reference: Any
) -> None:
    # Resampled in halves, or in 16 bits, pixels differ by a grey level here and there as well.
    frame = predicted(given(tmp_path, chip))
    assert len(frame) == pytest.approx(len(reference), rel=0.03)
    assert frame["area_m2"].sum() == pytest.approx(reference["area_m2"].sum(), rel=0.015)
