"""Versions of what bears on a result."""

import subprocess
import sys

import numpy as np
import pytest
import rasterio

import geoseg
from geoseg.version import versions


def test_versions_are_those_that_run() -> None:
    told = versions()
    assert told["geoseg"] == geoseg.__version__
    assert told["gdal"] == rasterio.__gdal_version__
    assert told["numpy"] == np.__version__
    assert {"python", "proj", "geos", "rasterio", "shapely"} < set(told)
    assert all(value[0].isdigit() for value in told.values())


@pytest.mark.thorough
def test_torch_is_told_where_it_is_loaded_and_never_loaded() -> None:
    code = (
        "import sys; from geoseg.version import versions\n"
        "print('torch' in versions(), 'torch' in sys.modules)\n"
        "import torch; print(versions()['torch'] == torch.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
