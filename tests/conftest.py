"""Fixtures that several test files share.

- ``shared_data``: folder of real imagery, ``$GEOSEG_DATA`` or ``../shared/data`` beside the checkout;
  the test is skipped where there is none.
- ``scene(height, width, seed=0)``: (3, height, width) uint8, a smooth ground with bright rectangular
  roofs; the same arguments give the same pixels.
- ``make_raster(name, pixels, ...)``: writes a GeoTIFF into ``tmp_path`` and returns its path. Defaults:
  UTM zone 45N near Banepa (Nepal), 0.3 m pixels, no nodata, uncompressed strips. Everything that
  :class:`RasterMaker` names can be chosen, anything else rasterio's GTiff driver knows as well.
- ``UTM``, ``transform_at`` (module level, also as fixture ``utm_transform``): where those rasters lie.

All rasters are tiny and made on the fly: no binary file lies in the repository.
"""

from __future__ import annotations

import gc
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import tries
from affine import Affine
from numpy.typing import NDArray
from output_tables import empty_table, identity, make_mosaic_identity, make_table  # noqa: F401
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp

from geoseg.machine import wait_quietly

# Before torch loads: its threads would spin on a machine that others use as well.
wait_quietly()

UTM = "EPSG:32645"
LEFT_M, TOP_M = 345_600.0, 3_072_000.0
"""Grids of .1 m and its multiples begin there as they are (``geoseg.raster.analysis.ALIGN_PX``)."""
REPOSITORY = Path(__file__).resolve().parent.parent

ALL_THOROUGH = re.compile(r"^pytestmark = [^\n]*(?:\n    [^\n]*)*\bthorough\b", re.MULTILINE)

LONGEST = (
    "decode", "shaping", "run", "train", "heights", "vectors", "raster", "models", "labelled", "stitch",
    "statistics", "tiles", "export", "run/state", "run/spread", "cli", "redraw",
)  # fmt: skip
"""Rooms in the order of their work; the first two compile loops that all others use. Others follow."""

Scene = Callable[..., NDArray[np.uint8]]


def pytest_configure(config: pytest.Config) -> None:
    """All random examples where thorough tests run, a quarter of them elsewhere."""
    tries.load(thorough="not thorough" not in config.option.markexpr)
    gc.disable()  # until all is collected, which is kept in any case


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files of thorough tests alone are not even imported where none of these runs: what they import takes seconds."""
    if "not thorough" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return bool(ALL_THOROUGH.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rooms whose tests take longest first, so that no process is left alone with one at the end."""
    place = {room: number for number, room in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(_room(item.nodeid), len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each room's tests in one process: what they load or compile is loaded and compiled once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _room(nodeid)

    return ByRoom(config, log)


def _room(nodeid: str) -> str:
    """The folder that a test lies in, within this one."""
    return nodeid.partition("::")[0].rpartition("/")[0].removeprefix("tests").removeprefix("/")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: Python need not look through it for garbage, again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()


def transform_at(
    gsd: float = 0.3, *, left: float = LEFT_M, top: float = TOP_M, row: int = 0, col: int = 0
) -> Affine:
    """North-up square pixels; ``row`` and ``col`` shift the origin by whole pixels."""
    return Affine(gsd, 0, left + col * gsd, 0, -gsd, top - row * gsd)


def draw_scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth, slightly noisy ground with one bright roof per 400 pixels or so."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    ground = 90 + 30 * np.sin(rows / 17.0) + 25 * np.cos(cols / 23.0)
    image = np.stack([ground, ground + 12, ground - 9]) + rng.normal(0, 4, (3, height, width))
    for _ in range(height * width // 400):
        row, col = rng.integers(0, height), rng.integers(0, width)
        size_rows, size_cols = rng.integers(4, 14, 2)
        color = rng.integers(140, 250, 3)[:, None, None]
        image[:, row : row + size_rows, col : col + size_cols] = color
    return np.clip(image, 1, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class RasterMaker:
    """Writes tiny GeoTIFFs into one folder."""

    folder: Path
    """Where they go."""

    def __call__(  # noqa: PLR0913 - one argument per property of a raster
        self,
        name: str,
        pixels: NDArray[Any],
        *,
        crs: str | None = UTM,
        transform: Affine | None = None,
        nodata: float | None = None,
        mask: NDArray[np.bool_] | None = None,
        internal_mask: bool = True,
        colors: Sequence[ColorInterp] | None = None,
        gcps: Sequence[GroundControlPoint] | None = None,
        **creation: Any,
    ) -> Path:
        """Write (bands, height, width) or (height, width) pixels.

        Args:
            name: File name within the folder; may hold folders.
            pixels: The pixels; their dtype is the raster's.
            crs: None writes none.
            transform: Default: ``transform_at()``; with ``gcps`` none is written.
            nodata: Value of the nodata tag.
            mask: (height, width), True where valid; written into the file or, without
                ``internal_mask``, beside it (.msk).
            internal_mask: See ``mask``.
            colors: Colour interpretation per band; ``ColorInterp.alpha`` makes an alpha band.
            gcps: Ground control points in ``crs`` instead of a transform.
            **creation: For example ``tiled=True, blockxsize=64, blockysize=64, compress="deflate"``.
        """
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = pixels[None] if pixels.ndim == 2 else pixels  # (bands, height, width)
        place: dict[str, Any] = {"gcps": list(gcps)} if gcps else {}
        if not gcps and not (crs is None and transform is None):
            place["transform"] = transform or transform_at()
        with (
            warnings.catch_warnings(),
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal_mask),
        ):
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(
                path,
                "w",
                driver="GTiff",
                count=pixels.shape[0],
                height=pixels.shape[1],
                width=pixels.shape[2],
                dtype=pixels.dtype,
                crs=crs,
                nodata=nodata,
                **place,
                **creation,
            ) as dataset:
                if colors is not None:
                    dataset.colorinterp = tuple(colors)
                dataset.write(pixels)
                if mask is not None:
                    dataset.write_mask(mask)
        return path


@pytest.fixture
def make_raster(tmp_path: Path) -> RasterMaker:
    return RasterMaker(tmp_path)


@pytest.fixture(scope="session")
def scene() -> Scene:
    return draw_scene


@pytest.fixture(scope="session")
def utm_transform() -> Callable[..., Affine]:
    return transform_at


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("GEOSEG_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real imagery here: set GEOSEG_DATA to its folder")
    return folder
