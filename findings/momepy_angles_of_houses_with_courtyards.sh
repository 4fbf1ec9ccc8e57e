#!/usr/bin/env bash
# momepy 0.11.0: with include_interiors=True a rectangular house around a rectangular yard has 9 corners, and they
# are 22 degrees off a right angle.
#
# A good engineer guesses that measures of a house with its yard are those of the outer ring and the inner ones together, as
# the documentation has it ("polygon interiors are included in the calculation"): 8 corners, all of 90 degrees. But corners,
# squareness and centroid_corner_distance take the points of all rings for one line: from the last point of the outer ring it runs
# to the first of the inner one and back from there, and every ring but the last has its first corner twice. Where the walls
# run in that direction a corner is missed instead, so that counts can come out right by luck. With two yards
# there are 14 corners instead of 12. Of the 144 houses that momepy brings along one has a yard: 3.9 degrees off by its rings,
# 15.9 by momepy (and 8 corners, by luck). Without include_interiors all three are right for the outer ring. Whoever means yards measures
# ring by ring, polygon after polygon, and puts the results together.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  momepy==0.11.0 libpysal==4.14.1 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import geopandas as gpd
import momepy
import numpy as np
import shapely

warnings.simplefilter("error", UserWarning)
plain = shapely.box(0, 0, 10, 8)
one_yard = shapely.box(0, 0, 10, 8) - shapely.box(3, 3, 7, 5)
two_yards = shapely.box(0, 0, 20, 8) - shapely.box(2, 2, 8, 6) - shapely.box(12, 2, 18, 6)
provided = gpd.read_file(momepy.datasets.get_path("bubenec"), layer="buildings").geometry
with_yard = provided[shapely.get_num_interior_rings(provided.values) > 0]
assert len(provided) == 144 and len(with_yard) == 1


def by_momepy(house):
    """Corners, degrees off a right angle and metres from the centroid to a corner."""
    row = gpd.GeoSeries([house])
    measured = (
        momepy.corners(row, include_interiors=True),
        momepy.squareness(row, include_interiors=True),
        momepy.centroid_corner_distance(row, include_interiors=True)["mean"],
    )
    return tuple(round(float(column.iloc[0]), 2) for column in measured)


def by_rings(house):
    """The same, from every ring by itself."""
    rings = gpd.GeoSeries([shapely.Polygon(ring) for ring in (house.exterior, *house.interiors)])
    corners, off_deg = momepy.corners(rings), momepy.squareness(rings)
    points = shapely.points(np.concatenate([np.array(ring.coords)[:-1] for ring in (house.exterior, *house.interiors)]))
    distance_m = shapely.distance(points, house.centroid).mean()  # All points are corners in the drawn houses.
    return int(corners.sum()), round(float(np.average(off_deg, weights=corners)), 2), round(float(distance_m), 2)


print("momepy", momepy.__version__, "shapely", shapely.__version__)
HOUSES = {"plain": plain, "with a yard": one_yard, "with two yards": two_yards, "provided, with a yard": with_yard.iloc[0]}
found = {name: (by_momepy(house), by_rings(house)) for name, house in HOUSES.items()}
for name, (joined, rings) in found.items():
    print(f"{name}: corners, degrees off, mean distance by momepy {joined}, ring by ring {rings}")
assert found["plain"][0] == found["plain"][1] == (4, 0, 6.4), found["plain"]
assert found["with a yard"][1][:2] == (8, 0) and found["with two yards"][1][:2] == (12, 0), found
assert found["with a yard"][0][0] == 9 and 20 < found["with a yard"][0][1] < 25, found["with a yard"]
assert found["with a yard"][0][2] != found["with a yard"][1][2], found["with a yard"]
assert found["with two yards"][0][0] == 14 and 25 < found["with two yards"][0][1] < 35, found["with two yards"]
assert found["provided, with a yard"][0][1] > 15 and found["provided, with a yard"][1][1] < 5, found
# It does not depend on how the house is turned or at which corner its rings begin.
ring = np.array(one_yard.interiors[0].coords)[:-1]
for start in range(4):
    turned = shapely.affinity.rotate(shapely.Polygon(one_yard.exterior, [np.roll(ring, start, axis=0)]), 20)
    assert by_momepy(turned)[0] == 9, by_momepy(turned)
print("seen: rings are taken for one line, with corners where it leaps from one to the next")
PY
"$folder/env/bin/python" "$folder/look.py"
