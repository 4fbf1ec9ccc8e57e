#!/usr/bin/env bash
# GDAL 3.12.4 (in pyogrio 0.13.0): times before 1970 with a fraction in the last second of a minute.
#
# A good engineer guesses that a time goes through Arrow into a file as it goes row by row. But
# OGRLayer::WriteArrowBatch makes of any second 59.xxx before 1970 the next full minute: 1969-12-31
# 23:59:59.999 becomes 1970-01-01 00:00:00, 59.001 is off by almost a second, and a date can change. The same
# rows are right by `use_arrow=False`, after 1970, in every other second, and with whole seconds. GeoPackage,
# FlatGeobuf and GeoJSON alike. No error, no warning.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 geopandas==1.1.1 pandas==2.3.3 pyarrow==21.0.0 shapely==2.1.2
cat > "$folder/look.py" <<'PY'
import sys
import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

GIVEN = ("1969-12-31T23:59:59.999", "1950-06-01T12:00:59.001", "1950-06-01T12:00:30.250",
         "1950-06-01T12:00:59", "1970-01-01T00:00:59.001")


def back(text, suffix, use_arrow):
    path = f"{sys.argv[1]}/t{suffix}"
    when = pd.Series([pd.Timestamp(text)], dtype="datetime64[ms]").dt.tz_localize("UTC")
    frame = gpd.GeoDataFrame({"when": when}, geometry=[shapely.Point(1, 2)], crs=4326)
    pyogrio.write_dataframe(frame, path, use_arrow=use_arrow)
    return pyogrio.read_dataframe(path, use_arrow=False)["when"][0].tz_convert(None)


print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version_string__)
for suffix in (".gpkg", ".fgb", ".geojson"):
    moved = []
    for text in GIVEN:
        rows, arrow = back(text, suffix, False), back(text, suffix, True)
        assert rows == pd.Timestamp(text), (suffix, text, rows)
        moved.append(arrow != rows)
        print(suffix, "given", text, "by Arrow", arrow.isoformat())
    assert moved == [True, True, False, False, False], moved
print("seen: before 1970, second 59 with a fraction becomes the next minute by Arrow, not row by row")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
