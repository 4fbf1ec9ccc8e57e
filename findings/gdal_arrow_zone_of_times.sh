#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4), read_arrow: a FlatGeobuf's times lose their zone, and a GeoPackage's without a zone are
# given UTC, so that one layer copied by Arrow tells another time.
#
# A good engineer guesses that a time read by Arrow is the one read row by row. But FlatGeobuf's record batches hold
# the numbers of the clock and leave the zone away: 12:00+05:45 and 12:00Z both become 12:00 of no zone. GeoPackage's
# are always of UTC: a local 12:00 becomes 12:00Z, which nobody said. A FlatGeobuf copied by read_arrow and
# write_arrow into a GeoPackage, and read so again, is 5 h 45 min late. No error, no warning. read_dataframe
# tells times rightly, also with use_arrow=True, since it asks for texts. Whoever reads by Arrow asks for texts as
# well: datetime_as_string=True.
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
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

folder = Path(sys.argv[1])
NOON = pd.Timestamp("2020-06-01 12:00")


def by_arrow(path, **how):
    table = pyogrio.read_arrow(path, **how)[1]
    return pd.Timestamp(table["when"][0].as_py())


def by_rows(path):
    return pd.Timestamp(pyogrio.read_dataframe(path, use_arrow=False)["when"][0])


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
arrow = {}
for name, zone in (("local", None), ("utc", "UTC"), ("nepal", "+05:45")):
    when = pd.Series([NOON]).astype("datetime64[ms]").dt.tz_localize(zone)
    frame = gpd.GeoDataFrame({"when": when}, geometry=[shapely.Point(85, 27)], crs=4326)
    # GeoPackages hold times in UTC or of no zone.
    for suffix in (".fgb",) if name == "nepal" else (".gpkg", ".fgb"):
        path = folder / f"{name}{suffix}"
        pyogrio.write_dataframe(frame, path, use_arrow=False)
        rows, told = by_rows(path), by_arrow(path, datetime_as_string=True)
        arrow[suffix, zone] = by_arrow(path).isoformat()
        print(f"{suffix}, zone {zone}: row by row {rows.isoformat()}, Arrow {arrow[suffix, zone]}, as text {told.isoformat()}")
        quick = pd.Timestamp(pyogrio.read_dataframe(path, use_arrow=True)["when"][0])
        assert rows == told == quick == NOON.tz_localize(zone), (rows, told, quick)
assert arrow == {
    (".gpkg", None): "2020-06-01T12:00:00+00:00",  # UTC that nobody said
    (".gpkg", "UTC"): "2020-06-01T12:00:00+00:00",
    (".fgb", None): "2020-06-01T12:00:00",
    (".fgb", "UTC"): "2020-06-01T12:00:00",  # no zone
    (".fgb", "+05:45"): "2020-06-01T12:00:00",  # no zone
}, arrow
meta, table = pyogrio.read_arrow(folder / "nepal.fgb")
name = meta["geometry_name"] or "wkb_geometry"
pyogrio.write_arrow(table, folder / "copy.gpkg", geometry_name=name, geometry_type="Point", crs=meta["crs"])
late = by_arrow(folder / "copy.gpkg") - by_rows(folder / "nepal.fgb")
print("copied by Arrow into a GeoPackage and read again:", by_arrow(folder / "copy.gpkg").isoformat(), "late by", late)
assert late == pd.Timedelta(hours=5, minutes=45), late
print("seen: zones are lost and made up by Arrow, not row by row")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
