#!/usr/bin/env bash
# GDAL 3.12.4 with pyogrio 0.13.0: "NOT (height > 10 AND storeys > 3)" finds 385 houses of 69,475 m2 in a GeoPackage and 667 of 116,519 m2 in the
# same houses as FlatGeobuf, GeoJSON, shapefile or GML: those of which one of the two is unknown come along.
#
# A good engineer guesses that a filter means the same whatever the file's format, and that GDAL's own SQL treats nulls as SQL does, which
# it does for NOT BETWEEN, NOT of one comparison and NOT of OR, each the same in all formats. Unknown and true is unknown, and so is its
# opposite: such a house is not chosen. GDAL's evaluator takes AND of something unknown for false as soon as the other part is
# known, so that NOT makes it true. The same file disagrees with itself: "NOT (height > 10) OR NOT (storeys > 3)", which is the same by logic,
# finds 385. Filters of GeoPackage and SQLite files are SQLite's. So what is chosen depends on the format, and a conversion
# changes it. With Arrow and without it the rows are the same. Nothing is warned of. Whoever filters writes NOT
# before each part, or adds "IS NOT NULL". (Pull request 9915 of GDAL is about NOT of one comparison and IN.)
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyogrio==0.13.0 geopandas==1.2.0 shapely==2.2.0 pandas==3.1.1 numpy==2.4.6 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely

warnings.simplefilter("error")
folder = Path(sys.argv[1])
print("pyogrio", pyogrio.__version__, "GDAL", ".".join(map(str, pyogrio.__gdal_version__)), "geopandas", geopandas.__version__)
random = np.random.default_rng(0)
count = 1000
height = pd.Series(random.uniform(2, 30, count), dtype="Float64").mask(random.random(count) < 0.3)
storeys = pd.Series(random.integers(1, 10, count), dtype="Int64").mask(random.random(count) < 0.3)
x, y, side = (np.arange(count) % 40) * 30.0 + 300000, (np.arange(count) // 40) * 30.0 + 3060000, random.uniform(5, 20, count)
houses = geopandas.GeoDataFrame({"height": height, "storeys": storeys}, geometry=shapely.box(x, y, x + side, y + side), crs="EPSG:32645")
formats = {"GPKG": "gpkg", "SQLite": "sqlite", "FlatGeobuf": "fgb", "GeoJSON": "geojson", "ESRI Shapefile": "shp", "GML": "gml"}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # names of fields in GML
    for driver, suffix in formats.items():
        pyogrio.write_dataframe(houses, folder / f"houses.{suffix}", driver=driver)


def chosen(where):
    """Houses and their area by each format, with and without Arrow."""
    found = {}
    for driver, suffix in formats.items():
        frames = [pyogrio.read_dataframe(folder / f"houses.{suffix}", where=where, use_arrow=arrow) for arrow in (False, True)]
        assert len(frames[0]) == len(frames[1])
        found[driver] = (len(frames[0]), round(float(frames[0].area.sum())))
    return found


def by_logic(rows):
    """What is true, neither false nor unknown, by pandas' nullable columns."""
    rows = rows.astype("boolean").fillna(False).to_numpy(bool)
    return int(rows.sum()), round(float(houses.area[rows].sum()))


tall, many = height > 10, storeys > 3
for where, rows, alike in (
    ("NOT (height > 10)", ~tall, True),
    ("height NOT BETWEEN 5 AND 10", ~height.between(5, 10), True),
    ("NOT (height > 10 OR storeys > 3)", ~(tall | many), True),
    ("NOT (height > 10) OR NOT (storeys > 3)", ~tall | ~many, True),
    ("NOT (height > 10 AND storeys > 3)", ~(tall & many), False),
    ("NOT (height > 10 AND NOT (storeys > 3))", ~(tall & ~many), False),
):
    found, right = chosen(where), by_logic(rows)
    print(f"{where}: by logic {right[0]} houses, {right[1]:,} m2;", ", ".join(f"{driver} {n}, {area:,} m2" for driver, (n, area) in found.items()))
    for driver, (n, area) in found.items():
        if alike or driver in ("GPKG", "SQLite"):
            assert n == right[0] and abs(area - right[1]) < 5, (where, driver)
        else:
            assert n > 1.25 * right[0] and area > 1.25 * right[1], (where, driver)
print("seen: unknown values that NOT chooses")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
