#!/usr/bin/env bash
# pandas 3.1.1 with bottleneck 1.6.0: the standard deviation of a million heights in float32 is a sixth too large, that of
# forty million nearly forty times, once bottleneck is installed.
#
# A good engineer guesses that an optional package that makes pandas quicker ("pandas[performance]" installs it, and pandas
# then uses it by itself) changes no results, and that std is as right as mean of the same column. pandas sums float32 for
# the mean by numpy, but hands std and var to bottleneck, which adds one value after the other in 32 bits: its mean of
# heights of 1,300 to 1,330 m drifts to 1,255 m, and the deviations are taken from that. std, var and describe() say
# then 60 m where the heights vary by 9 m, while mean() and min() beside it are right, as is groupby().std(), which goes
# its own way (bottleneck issue 443 tells of a constant column). A thousand rows show nothing. Whoever has large
# float32 columns (pixels of a surface model, scores) converts to float64, or sets pandas.options.compute.use_bottleneck = False.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 bottleneck==1.6.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import bottleneck
import numpy as np
import pandas as pd

warnings.simplefilter("error")
print("pandas", pd.__version__, "bottleneck", bottleneck.__version__)
shares = {}
for count in (1_000, 1_000_000, 10_000_000, 40_000_000):
    heights_m = (1300 + 30 * np.random.default_rng(0).random(count, dtype=np.float32)).astype(np.float32)
    truth_m = float(heights_m.std(dtype=np.float64))
    column = pd.Series(heights_m)
    with_it = float(column.std())
    with pd.option_context("compute.use_bottleneck", False):
        without_it = float(column.std())
    shares[count] = with_it / truth_m
    print(f"{count:,} heights: std {truth_m:.3f} m; pandas {with_it:.3f} m, without bottleneck {without_it:.3f} m")
    assert abs(without_it - truth_m) < 1e-3 * truth_m, without_it
    assert abs(float(column.mean()) - float(heights_m.mean(dtype=np.float64))) < 0.01
assert abs(shares[1_000] - 1) < 1e-3 and shares[1_000_000] > 1.1 and shares[40_000_000] > 30, shares

heights_m = (1300 + 30 * np.random.default_rng(0).random(10_000_000, dtype=np.float32)).astype(np.float32)
table = pd.DataFrame({"height_m": heights_m, "ward": 0})
ways = {
    "describe()": table.height_m.describe()["std"],
    "var() ** .5": table.height_m.var() ** 0.5,
    "frame.std()": table[["height_m"]].std().iloc[0],
    "groupby().std()": table.groupby("ward").height_m.std().iloc[0],
    "float64": table.height_m.astype(float).std(),
}
print("ten million heights:", {name: round(float(value), 2) for name, value in ways.items()})
print("mean", round(float(table.height_m.mean()), 2), "m, by bottleneck alone", round(float(bottleneck.nanmean(heights_m)), 2), "m")
assert min(ways["describe()"], ways["var() ** .5"]) > 40, ways
assert max(ways["groupby().std()"], ways["float64"]) < 9, ways
print("seen: deviations that grow with the number of rows")
PY
"$folder/env/bin/python" "$folder/look.py"
