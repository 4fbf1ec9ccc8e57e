"""The built-in model on the example photo, given in many ways: the answer stays the same."""

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

CHIP = Path(__file__).parents[1] / "examples" / "banepa.tif"
UTM = "EPSG:32645"


def read_chip() -> tuple[Any, Any, str]:
    with rasterio.open(CHIP) as chip:
        return chip.read()[:, :768], chip.transform, chip.crs.to_string()


def write(path: Path, pixels: Any, transform: Any, crs: str, **options: Any) -> Path:
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "dtype": pixels.dtype, "photometric": "RGB", **options}
    with rasterio.open(
        path, "w", count=count, height=height, width=width, transform=transform, crs=crs, **profile
    ) as dataset:
        dataset.write(pixels)
        if count == 4:
            dataset.colorinterp = [*dataset.colorinterp[:3], ColorInterp.alpha]
    return path


def warped(path: Path, crs: str, **size: Any) -> Path:
    pixels, transform, source_crs = read_chip()
    height, width = pixels.shape[1:]
    bounds = rasterio.transform.array_bounds(height, width, transform)
    target, cols, rows = calculate_default_transform(
        source_crs, crs, width, height, *bounds, **size
    )
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


def native(folder: Path) -> Path:
    return write(folder / "native.tif", *read_chip(), tiled=True)


def degrees(folder: Path) -> Path:
    return warped(folder / "degrees.tif", "EPSG:4326")


def utm(folder: Path) -> Path:
    return warped(folder / "utm.tif", UTM)


def sixteen_bits(folder: Path) -> tuple[Path, dict[str, Any]]:
    pixels, transform, crs = read_chip()
    path = write(folder / "uint16.tif", pixels.astype(np.uint16) * 16, transform, crs)
    return path, {"stretch": (0, 255 * 16)}


def striped(folder: Path) -> Path:
    return write(folder / "striped.tif", *read_chip(), tiled=False, blockysize=1)


def south_up(folder: Path) -> Path:
    pixels, t, crs = read_chip()
    flipped = Affine(t.a, t.b, t.c, t.d, -t.e, t.f + t.e * pixels.shape[1])
    return write(folder / "south_up.tif", pixels[:, ::-1], flipped, crs)


def alpha(folder: Path) -> Path:
    pixels, transform, crs = read_chip()
    opaque = np.full_like(pixels[:1], 255)
    return write(folder / "alpha.tif", np.concatenate([pixels, opaque]), transform, crs)


def halves(folder: Path) -> list[Path]:
    pixels, t, crs = read_chip()
    lower = Affine(t.a, t.b, t.c, t.d, t.e, t.f + t.e * 301)
    return [
        write(folder / "upper.tif", pixels[:, :301], t, crs),
        write(folder / "lower.tif", pixels[:, 301:], lower, crs),
    ]


def predicted(given: Any) -> Any:
    source, options = given if isinstance(given, tuple) else (given, {})
    return geoseg.predict(source, **options)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    frame = predicted(native(tmp_path_factory.mktemp("native")))
    assert len(frame) > 300
    return frame


@pytest.mark.parametrize("given", [striped, alpha])
def test_the_same_pixels_give_the_same_buildings(
    given: Callable[[Path], Any], tmp_path: Path, reference: Any
) -> None:
    frame = predicted(given(tmp_path))
    assert (frame.geometry.to_wkb() == reference.geometry.to_wkb()).all()


@pytest.mark.parametrize("given", [degrees, utm, south_up, halves, sixteen_bits])
def test_resampled_pixels_give_nearly_the_same_buildings(
    given: Callable[[Path], Any], tmp_path: Path, reference: Any
) -> None:
    # Resampled in halves, or in 16 bits, pixels differ by a grey level here and there as well.
    frame = predicted(given(tmp_path))
    assert len(frame) == pytest.approx(len(reference), rel=0.03)
    assert frame["area_m2"].sum() == pytest.approx(reference["area_m2"].sum(), rel=0.015)
