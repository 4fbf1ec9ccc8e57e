"""A tiny run, from a raster to a file that is read again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import pyogrio

from geoseg.checkup.drawing import draw_town, errors_alone
from geoseg.checkup.outcome import Look
from geoseg.errors import GeosegError
from geoseg.languages.counting import counted
from geoseg.run.predicting import predict

NAME = "a tiny run"
SIDE_PX = 256
SLOW_S = 20.0
COMPILED = (
    "the first run compiles loops for this processor and keeps them; try again, the next is quick"
)


def tried() -> Look:
    """Find the buildings of a drawing with the built-in model, and read the file that comes out."""
    began = perf_counter()
    try:
        with errors_alone(), tempfile.TemporaryDirectory(prefix="geoseg-doctor-") as folder:
            rows = _run(Path(folder))
    except (GeosegError, OSError) as error:
        return Look(NAME, "broken", str(error), "mend what is broken above, then try again")
    seconds = perf_counter() - began
    told = f"{counted(rows, 'polygon')} written and read, {seconds:.1f} s"
    return Look(NAME, "ok", told) if seconds < SLOW_S else Look(NAME, "ok", told, COMPILED)


def _run(folder: Path) -> int:
    photo, output = draw_town(folder / "drawing.tif", SIDE_PX, SIDE_PX), folder / "buildings.gpkg"
    told = predict(photo, output, tta=False).as_dict()["buildings"]
    rows = int(pyogrio.read_info(output, layer="buildings")["features"])
    if rows != told:
        raise GeosegError(f"{told} polygons were written and {rows} are read")
    return rows
