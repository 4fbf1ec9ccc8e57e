#!/usr/bin/env bash
# dask-image 2026.5.0: filters with mode="wrap" take the far edge of the chunk for the far edge of the raster; of a world
# map in chunks they mix the ground at 180 degrees with that at the middle of the map.
#
# A good engineer guesses that a filter gives in chunks what it gives in one piece, and that mode="wrap" joins the map of
# the world at 180 degrees. dask-image hands each chunk with its neighbours to scipy, which wraps what it is given. With
# one chunk, as in tests with small rasters, all is right. convolve and correlate were mended in 2021; the Gaussian,
# mean, median, minimum, maximum, percentile and rank filters and Sobel were not. Here heights that pass smoothly over
# 180 degrees are up to 409 m wrong there after smoothing, and Sobel sees a cliff where the ground is nearly flat. The other
# edge modes are right. Whoever filters maps of the world pads them by da.overlap.overlap with boundary="periodic" and
# trims them afterwards.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  dask-image==2026.5.0 dask==2026.8.0 scipy==1.17.1 numpy==2.2.6
cat > "$folder/look.py" <<'PY'
from importlib.metadata import version

import dask
import dask.array as da
import dask_image.ndfilters as chunked
import numpy as np
import scipy.ndimage as whole

dask.config.set(scheduler="synchronous")
# Heights in m of one degree, the same from pole to pole: 1000 m at 180 degrees, 0 m at Greenwich, smooth all around.
longitude_deg = np.arange(-179.5, 180)
height_m = np.tile(1000 * np.sin(np.radians(longitude_deg) / 2) ** 2 + 300 * np.sin(np.radians(longitude_deg)), (60, 1))
ROW = 30
FILTERS = {
    "gaussian_filter": {"sigma": 2},
    "uniform_filter": {"size": 5},
    "median_filter": {"size": 5},
    "percentile_filter": {"percentile": 75, "size": 5},
    "sobel": {"axis": 1},
    "convolve": {"weights": np.full((5, 5), 1 / 25)},
}


def wrong_m(name, chunks, mode):
    """Largest difference from scipy in a middle row, and the longitudes that have one."""
    options = FILTERS[name]
    found = getattr(chunked, name)(da.from_array(height_m, chunks=chunks), **options, mode=mode).compute()
    difference = np.abs(found - getattr(whole, name)(height_m, **options, mode=mode))[ROW]
    return difference.max(), np.abs(longitude_deg[difference > 1e-6])


print("dask-image", version("dask-image"), "scipy", version("scipy"))
for name in FILTERS:
    alone, _ = wrong_m(name, (60, 360), "wrap")
    in_chunks, where = wrong_m(name, (60, 180), "wrap")
    other, _ = wrong_m(name, (60, 180), "nearest")
    print(
        f"{name}: m off in one chunk {alone:.2f}, in two {in_chunks:.2f} at {len(where)} longitudes"
        f"{f' beyond {where.min()} degrees' if len(where) else ''}; in two by nearest {other:.2f}"
    )
    assert alone < 1e-6 and other < 1e-6, name
    assert (in_chunks < 1e-6) == (name == "convolve"), name
    assert len(where) == 0 or where.min() > 170, name
assert 350 < wrong_m("gaussian_filter", (60, 180), "wrap")[0] < 450
print("seen: of a raster in chunks the edges are wrapped at the chunks")
PY
"$folder/env/bin/python" "$folder/look.py"
