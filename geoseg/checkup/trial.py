"""A tiny run, from a raster to a file that is read again."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pyogrio
import rasterio
from affine import Affine

from geoseg.checkup.outcome import Look
from geoseg.errors import GeosegError
from geoseg.run.predicting import predict

NAME = "a tiny run"
SIDE_PX, GSD_M = 256, 0.4
SLOW_S = 20.0
COMPILED = (
    "the first run compiles loops for this processor and keeps them; try again, the next is quick"
)


def tried() -> Look:
    """Find the buildings of a drawing with the built-in model, and read the file that comes out."""
    began = perf_counter()
    logger = logging.getLogger("geoseg")
    level = logger.level
    logger.setLevel(logging.ERROR)  # that a drawing is no photo is no news
    try:
        with tempfile.TemporaryDirectory(prefix="geoseg-doctor-") as folder:
            rows = _run(Path(folder))
    except (GeosegError, OSError) as error:
        return Look(NAME, "broken", str(error), "mend what is broken above, then try again")
    finally:
        logger.setLevel(level)
    seconds = perf_counter() - began
    told = f"{rows} polygons written and read, {seconds:.1f} s"
    return Look(NAME, "ok", told) if seconds < SLOW_S else Look(NAME, "ok", told, COMPILED)


def _run(folder: Path) -> int:
    photo, output = folder / "drawing.tif", folder / "buildings.gpkg"
    _draw(photo)
    told = predict(photo, output, tta=False).as_dict()["buildings"]
    rows = int(pyogrio.read_info(output, layer="buildings")["features"])
    if rows != told:
        raise GeosegError(f"{told} polygons were written and {rows} are read")
    return rows


def _draw(path: Path) -> None:
    """Bright roofs with a shadow, on a mottled ground."""
    rng = np.random.default_rng(0)
    image = rng.normal(95, 9, (3, SIDE_PX, SIDE_PX))
    for row in range(16, SIDE_PX - 40, 60):
        for col in range(16, SIDE_PX - 40, 60):
            image[:, row + 3 : row + 33, col + 3 : col + 37] -= 55
            image[:, row : row + 30, col : col + 34] = rng.normal(190, 5, (3, 30, 34))
    with rasterio.open(
        path, "w", driver="GTiff", count=3, dtype="uint8", height=SIDE_PX, width=SIDE_PX,
        crs="EPSG:32633", transform=Affine(GSD_M, 0, 5e5, 0, -GSD_M, 5.5e6), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(image.clip(0, 255).astype(np.uint8))
