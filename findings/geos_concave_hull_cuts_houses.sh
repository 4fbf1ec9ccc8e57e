#!/usr/bin/env bash
# shapely 2.2.0 (GEOS 3.14.1): the concave hull of a house does not contain the house.
#
# A good engineer guesses that a hull contains what it is the hull of; shapely's documentation says that it "encloses an
# input geometry". But concave_hull looks at corners alone and not at the walls between them: of an L-shaped house of
# 78 m2 it makes a polygon that leaves 30 m2 of the house outside, at ratio=0.5 as at 0.1. A plain rectangle is kept, so
# that a test with one is green. An outline around a block of houses cuts through the houses, and its area is too
# small. With corners set along the walls every half metre (segmentize) the hull contains them; shapely has no
# concave_hull_of_polygons, which GEOS has for this.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import shapely

house = shapely.Polygon([(0, 0), (10, 0), (10, 6), (6, 6), (6, 9), (0, 9)])
block = shapely.MultiPolygon([house, shapely.transform(house, lambda corners: corners + [14, 0])])
print("shapely", shapely.__version__, "GEOS", shapely.geos_version_string)
for name, given in (("house", house), ("two houses", block)):
    for ratio in (0.1, 0.5):
        hull = shapely.concave_hull(given, ratio=ratio)
        cut = shapely.difference(given, hull).area
        fine = shapely.concave_hull(shapely.segmentize(given, 0.5), ratio=ratio)
        print(
            f"{name} of {given.area:.0f} m2, ratio {ratio}: hull of {hull.area:.0f} m2, {cut:.0f} m2 of them outside; "
            f"with corners every 0.5 m {shapely.difference(given, fine).area:.2f} m2 outside"
        )
        assert cut > 0.1 * given.area, "not seen: the hull contains the houses"
assert shapely.concave_hull(shapely.box(0, 0, 4, 2), ratio=0.1).equals(shapely.box(0, 0, 4, 2))
print("seen: a concave hull cuts off what it should enclose")
PY
"$folder/env/bin/python" "$folder/look.py"
