"""Training runs where no GIS library is: packed scenes hold all that it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from pkgutil import walk_packages

import painted
import pytest

import geoseg.train

GIS = ("rasterio", "geopandas", "pyogrio", "shapely", "pyproj", "fiona")
CODE = f"""
import sys
for name in {GIS}:
    sys.modules[name] = None  # importing it fails from now on
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)

import numpy as np
from painted import PaintedModel
from geoseg.models.weights import Decoding
from geoseg.scenes.scene import Scene
from geoseg.train.decoded import decode, decode_scenes, labels_of, map_scene

labels = np.zeros((48, 48), np.uint16)
labels[5:20, 5:30] = 1
image = np.where(labels[..., None] * [1, 0, 0], 240, 5).astype(np.uint8)
scene = Scene("town", "place", "val", 0.3, image, labels, np.zeros(labels.shape, bool))
mapped = map_scene(PaintedModel(), scene, (0.3, 0.3))
assert (labels_of(decode(mapped, Decoding()), 48, 48) > 0).sum() == 15 * 25
assert len(decode_scenes([mapped], Decoding())[0].label) == 1
"""


def modules() -> list[str]:
    """All of training; ``__main__`` runs when it is imported."""
    found = [one.name for one in walk_packages(geoseg.train.__path__, "geoseg.train.")]
    return [name for name in found if not name.endswith("__main__")]


def test_every_module_of_training_is_looked_at() -> None:
    needed = {"run", "tune", "module", "decoded", "judge", "validation", "maskrcnn", "watch"}
    assert {f"geoseg.train.{name}" for name in needed} <= set(modules())


@pytest.mark.thorough
def test_training_needs_no_gis_library() -> None:
    paths = [str(Path(geoseg.train.__file__).parents[2]), str(Path(painted.__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *modules()],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-600:]
