"""A run reads before it loads what draws and writes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from conftest import draw_scene

CODE = """
import os, sys
from geoseg.cli import main
from geoseg.tiles.swaths import SwathReader

def told(*given):
    heavy = ("geopandas", "loky", "numba", "pandas", "pyogrio", "scipy", "torch")
    print([name for name in heavy if name in sys.modules], flush=True)
    print([name for name in ("heights", "train") if f"geoseg.cli.{name}" in sys.modules], flush=True)
    os._exit(0)

SwathReader.swaths = told
sys.argv = ["geoseg", "predict", sys.argv[1], sys.argv[2]]
main()
"""


def test_nothing_heavy_is_loaded_before_reading_begins(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(64, 64))
    command = [sys.executable, "-c", CODE, str(path), str(path.with_name("b.gpkg"))]
    (path.parent / "earlier_run.nbi").touch()
    environment = os.environ | {"NUMBA_CACHE_DIR": str(path.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["[]", "[]"]
