#!/usr/bin/env bash
# shapely 2.2.0 (GEOS 3.14.1): behind a None, coverage_clean and coverage_invalid_edges give every row the next row's result.
#
# A good engineer guesses that row i of the result belongs to row i of what was given, as in every other function of
# shapely, where None gives None. These two leave None out before GEOS and fill the result from the front: the array has
# the right length, with its None at the end. A frame with one missing geometry so gets each house's outline on its
# neighbour's attributes. coverage_simplify of the same array keeps its rows. Whoever cleans takes only
# the rows that are not missing, and puts the results back.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import shapely

houses = np.array([shapely.box(0, 0, 1, 1), None, shapely.box(2, 0, 3, 1), shapely.box(4, 0, 5, 1)])
wrong = np.array([shapely.box(0, 0, 1, 1), None, shapely.box(2, 0, 3, 1), shapely.box(2.5, 0, 4, 1)])


def left(geometries):
    """Western rim of each, None for None and empty ones."""
    return [None if g is None or g.is_empty else g.bounds[0] for g in geometries]


print("shapely", shapely.__version__, "GEOS", shapely.geos_version_string)
print("given                 ", left(houses))
cleaned = left(shapely.coverage_clean(houses))
print("coverage_clean        ", cleaned)
assert cleaned == [0.0, 2.0, 4.0, None], cleaned
edges = shapely.coverage_invalid_edges(wrong)
print("coverage_invalid_edges", [None if e is None else e.wkt for e in edges])
assert [e is None or e.is_empty for e in edges] == [True, False, False, True]
assert edges[3] is None and edges[1].length > 0
print("seen: rows behind a None come one row too early")
PY
"$folder/env/bin/python" "$folder/look.py"
