#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4), geopandas' to_file(mode="a"): rows that are appended give their values to the columns of a
# file by position, whatever these are called.
#
# A good engineer guesses that a column goes to the column of its name, as in a database and in pandas' own concat, and as
# pyogrio itself does by use_arrow=True. By default it does not: of a frame with the same columns in another order
# (after a merge, a pivot or a read with columns=...) floors are stored as parcels and parcels as floors; a column that
# the file lacks goes into another one that it has, where Arrow raises an error. GeoPackage, Shapefile, GeoJSON and
# FlatGeobuf alike. No error, no warning; the number of rows is right. Whoever appends orders the columns as
# pyogrio.read_info(path)["fields"] tells them, or passes use_arrow=True.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 pyarrow==26.0.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

warnings.simplefilter("error")
folder = Path(sys.argv[1])
PLACE = [shapely.Point(85, 27)]


def houses(**columns):
    return gpd.GeoDataFrame(columns, geometry=PLACE, crs=4326)


first = houses(parcel=[101], floors=[2])
turned = houses(floors=[3], parcel=[102])
other = houses(parcel=[103], height_m=[9])


def stored(suffix, more, use_arrow):
    """The appended row, as it is read back."""
    path = folder / f"houses{suffix}"
    for old in folder.glob("houses.*"):
        old.unlink()
    first.to_file(path, use_arrow=use_arrow)
    more.to_file(path, mode="a", use_arrow=use_arrow)
    rows = gpd.read_file(path).drop(columns="geometry").to_dict("records")
    return next(row for row in rows if row != {"parcel": 101, "floors": 2})


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
for suffix in (".gpkg", ".shp", ".geojson", ".fgb"):
    by_default, by_arrow = stored(suffix, turned, False), stored(suffix, turned, True)
    print(suffix, "appended: parcel 102, floors 3; stored:", by_default, "by Arrow:", by_arrow)
    assert by_default == {"parcel": 3, "floors": 102}, by_default
    assert by_arrow == {"parcel": 102, "floors": 3}, by_arrow
    by_default = stored(suffix, other, False)
    print(suffix, "appended: parcel 103, height_m 9; stored:", by_default)
    assert by_default == {"parcel": 103, "floors": 9}, by_default
    try:
        stored(suffix, other, True)
    except pyogrio.errors.DataLayerError:
        pass
    else:
        raise SystemExit("not seen: Arrow takes a column that the file lacks")
print("seen: values go to columns by position")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
