"""A run reads before it loads what draws and writes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from conftest import draw_scene

CODE = """
import os, sys
import geoseg.cli

quietly = geoseg.cli.wait_quietly

def watched():
    quietly()
    from geoseg.tiles.swaths import SwathReader
    SwathReader.swaths = told

def told(*given):
    heavy = (
        "botocore", "geopandas", "loky", "numba", "openvino.tools.ovc", "pandas", "pyogrio", "scipy", "torch",
    )
    print([name for name in heavy if name in sys.modules], flush=True)
    print([name for name in ("heights", "train") if f"geoseg.cli.{name}" in sys.modules], flush=True)
    os._exit(0)

geoseg.cli.wait_quietly = watched
sys.argv = ["geoseg", "predict", sys.argv[1], sys.argv[2]]
geoseg.cli.main()
"""
DRAWING = """
import sys
import numpy as np
from geoseg import predict
from geoseg.run.job import Backend

class Bright:
    gsd_m, stride_px, halo_px, heads = None, 1, 0, ("body",)

    def predict_maps(self, images):
        return (images[:, :1] > 100).astype(np.float32)

close = Backend.close

def told(self):
    close(self)
    print(self.tally.counts["buildings"], "pandas" in sys.modules)
    sys.exit()

Backend.close = told
predict(sys.argv[1], sys.argv[2], model=Bright(), shape="raw", workers=1)
"""


def test_nothing_heavy_is_loaded_before_reading_begins(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(64, 64))
    command = [sys.executable, "-c", CODE, str(path), str(path.with_name("b.gpkg"))]
    (path.parent / "earlier_run.nbi").touch()
    environment = os.environ | {"NUMBA_CACHE_DIR": str(path.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["[]", "[]"]


@pytest.mark.thorough
def test_drawing_and_measuring_load_no_pandas(make_raster: Any) -> None:
    pixels = np.zeros((3, 64, 64), np.uint8)
    pixels[:, 10:30, 10:40] = 200
    path = make_raster("a.tif", pixels)
    command = [sys.executable, "-c", DRAWING, str(path), str(path.with_name("b.gpkg"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["1 False"]
