#!/usr/bin/env bash
# scikit-learn 1.9.1, decomposition.PCA: the roughness of a roof plane from points at UTM coordinates comes out three times too large,
# or as 0, and a surface model beside colours in float32 gets a variance 70 % too large.
#
# A good engineer guesses that PCA does not depend on where the origin lies: it centres its input, and the documentation says of
# the solver that "auto" takes for few columns and more than ten times as many rows that the covariance is computed "on centered data". But
# this solver multiplies the coordinates as they are and takes the product of the means away afterwards: at a northing of
# 3,057,000 m products of 10^13 are subtracted to find a variance of 4 cm2. Of a roof whose points scatter by 2 cm it says 6 cm with
# 2,000 points and 0 with 100; with 20 points, for which "auto" takes another solver, it is right, so that a small test is green.
# In float32, as photos with a band of heights come, heights at 1,300 m that vary by 3 m are said to vary by 4.
# Nothing is warned of. svd_solver="full", or a constant taken away before, is right. (The documentation warns of "a large
# range of singular values", not of a large mean.)
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import PCA

warnings.simplefilter("error")
print("scikit-learn", sklearn.__version__)
random = np.random.default_rng(0)
count = 2000
place = random.uniform(0, [12, 8], (count, 2))
height = 1310 + np.tan(np.radians(20)) * place[:, 1] + random.normal(0, 0.02, count)
roof = np.column_stack([place, height])
spread = {}
for name, points in {"from a corner": roof, "UTM": roof + [354000.0, 3057000.0, 0.0]}.items():
    for few in (20, 100, count):
        for solver in ("auto", "full"):
            plane = PCA(svd_solver=solver).fit(points[:few])
            spread[name, few, solver] = np.sqrt(plane.explained_variance_[-1])
        print(f"{name}, {few} points: off the plane by", *(f"{100 * spread[name, few, s]:.2f} cm ({s})" for s in ("auto", "full")))
        assert 0.017 < spread[name, few, "full"] < 0.021, spread
assert all(0.017 < spread["from a corner", few, "auto"] < 0.021 for few in (20, 100, count)), spread
assert 0.017 < spread["UTM", 20, "auto"] < 0.021, spread
wrong = [few for few in (100, count) if not 0.01 < spread["UTM", few, "auto"] < 0.03]
assert wrong, spread

bands = np.column_stack([random.uniform(0, 255, (100000, 3)), 1300 + random.normal(0, 3, 100000)]).astype(np.float32)
truth = bands[:, 3].astype(np.float64).var(ddof=1)
found = {solver: PCA(svd_solver=solver).fit(bands).explained_variance_[-1] for solver in ("auto", "full")}
print(f"variance of heights beside colours: {found['auto']:.1f} m2 (auto), {found['full']:.1f} m2 (full), in truth {truth:.1f} m2")
assert abs(found["full"] - truth) < 0.05 < 2 < abs(found["auto"] - truth), (found, truth)
print("seen: variances that depend on the origin")
PY
"$folder/env/bin/python" "$folder/look.py"
