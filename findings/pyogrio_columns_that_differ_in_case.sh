#!/usr/bin/env bash
# pyogrio 0.13.0 with GDAL 3.12.4: of a FlatGeobuf with the columns height and Height, read_dataframe(columns=["height"]) returns
# nothing but NaN, so that three houses add up to 0 m; with use_arrow=True it returns the column Height in its place.
#
# A good engineer guesses that a column chosen by its exact name, as read_info lists it, holds what it holds when all columns are
# read. pyogrio matches exactly and hands GDAL the list of the other columns to skip; GDAL looks those names up without regard to
# case and takes the first, so that "Height" on the list skips height and leaves Height. Row by row, FlatGeobuf fills the
# column asked for with nulls; by Arrow the other column comes, from FlatGeobuf and GeoJSON alike, under its own name, and open_arrow's
# callers who take columns by position add up the wrong heights. It depends on the order of the columns: asked for alone, Height is
# right. GeoJSON row by row is right. With both columns asked for, or none named, all is right. Both formats keep such pairs, and a
# merge of a survey's table with another's makes them. Nothing is raised or warned of. Whoever chooses columns renames one of
# such a pair, or reads all and chooses afterwards.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 geopandas==1.2.0 shapely==2.2.0 pyarrow==26.0.1 numpy==2.4.6 pandas==3.1.1
cat > "$folder/look.py" <<'PY'
import sys
import warnings

import geopandas
import pyarrow
import pyogrio
import shapely

warnings.simplefilter("error")
print("pyogrio", pyogrio.__version__, "GDAL", pyogrio.__gdal_version__, "geopandas", geopandas.__version__)
houses = geopandas.GeoDataFrame(
    {"id": ["a", "b", "c"], "height": [3.0, 6.0, 9.0], "Height": [430.0, 460.0, 490.0]},  # metres: of the house, above the sea
    geometry=[shapely.box(20 * number, 0, 20 * number + 10, 10) for number in range(3)],
    crs=25832,
)
for name, driver in (("houses.fgb", "FlatGeobuf"), ("houses.geojson", "GeoJSON")):
    path = f"{sys.argv[1]}/{name}"
    pyogrio.write_dataframe(houses, path, driver=driver)
    assert list(pyogrio.read_info(path)["fields"]) == ["id", "height", "Height"]
    for arrow in (False, True):
        for columns in (None, ["height", "Height"]):
            both = pyogrio.read_dataframe(path, columns=columns, use_arrow=arrow)
            assert (both.height.sum(), both.Height.sum()) == (18, 1380), both
        one = pyogrio.read_dataframe(path, columns=["id", "height"], use_arrow=arrow)
        found = {column: [float(value) for value in one[column]] for column in one.columns if column.lower() == "height"}
        print(f"{driver}, use_arrow={arrow}, columns=['id', 'height']:", found)
        if arrow:
            assert list(found) == ["Height"] and sum(found["Height"]) == 1380, found
        elif driver == "FlatGeobuf":
            assert list(found) == ["height"] and one.height.isna().all() and one.height.sum() == 0, found
        else:
            assert list(found) == ["height"] and one.height.sum() == 18, found
        other = pyogrio.read_dataframe(path, columns=["Height"], use_arrow=arrow)
        assert other.Height.sum() == 1380, other
    by_geopandas = geopandas.read_file(path, columns=["height"])
    print(f"{driver}, geopandas.read_file(columns=['height']): heights add up to {by_geopandas.height.sum():g} m, 18 m are right")
    assert by_geopandas.height.sum() == (0 if driver == "FlatGeobuf" else 18), by_geopandas
    with pyogrio.open_arrow(path, columns=["height"], read_geometry=False, use_pyarrow=True) as (_, reader):
        total = sum(reader.read_all()[-1].to_pylist())
    print(f"{driver}, open_arrow(columns=['height']): its last column adds up to {total:g} m")
    assert total == 1380, total
print("seen: another column, or none, in place of the one asked for; pyarrow", pyarrow.__version__)
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
