#!/usr/bin/env bash
# numpy 2.4.6, through pandas 3.1.1 as well: percentiles of signed integers can lie below the smallest or above the largest
# of them; the median of -60 and 80 in int8 is 138.
#
# A good engineer guesses that a percentile lies between two values of the data, and that one that is returned as a float
# is computed in floats, as np.median and np.mean do. But np.percentile and np.quantile take the difference of the two
# neighbours in the type of the data, where it wraps: 80 - -60 is -116 in int8, and in int16 whatever is more than 32,767
# apart. Indices in percent stored as int8 (NDVI from -100 to 100) and radar or displacement in int16 meet it in the
# small samples of zones: few pixels, of which some are water and some are woods. Arrays give no warning. np.median is
# right, as is pandas' groupby().quantile(), while Series.quantile() and describe() of the same column are not.
# Whoever asks for percentiles converts to float64 first. np.trapezoid adds neighbours in the same way: over a
# spectrum in uint16 it gives 19,464 for 85,000.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1
cat > "$folder/look.py" <<'PY'
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("error")  # of what is tried none warns
print("numpy", np.__version__, "pandas", pd.__version__)
ndvi = np.array([[-60, 80], [-55, 75]], np.int8)  # percent: two zones of a pixel of water and a pixel of woods each
found = np.percentile(ndvi, [25, 50, 75], axis=1)
truth = np.percentile(ndvi.astype(float), [25, 50, 75], axis=1)
for zone in range(2):
    print(f"zone {ndvi[zone].tolist()}: percentiles 25, 50, 75 {found[:, zone].tolist()}, of floats {truth[:, zone].tolist()}")
assert found.tolist() == [[-89.0, -86.5], [138.0, 138.0], [109.0, 106.5]], found
assert truth.tolist() == [[-25.0, -22.5], [10.0, 10.0], [45.0, 42.5]], truth
assert np.median(ndvi, axis=1).tolist() == [10.0, 10.0]

moved = np.array([[-20_000, 15_000]], np.int16)  # 0.01 mm
print("int16:", moved[0].tolist(), "percentile 50", np.percentile(moved, 50, axis=1).tolist())
assert np.percentile(moved, 50, axis=1).tolist() == [30_268.0]

frame = pd.DataFrame({"zone": 1, "ndvi": np.tile(ndvi[0], 1)})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a single percentile of a single column tells of an overflow
    column = frame["ndvi"].quantile(0.5), frame["ndvi"].describe()["50%"]
grouped = frame.groupby("zone")["ndvi"].quantile(0.5).loc[1]
print("pandas: Series.quantile and describe", [float(each) for each in column], "groupby().quantile", float(grouped))
assert column == (138.0, 138.0) and grouped == 10.0

spectrum = np.array([40_000, 50_000, 30_000], np.uint16)
print("np.trapezoid over", spectrum.tolist(), float(np.trapezoid(spectrum)), "of floats", np.trapezoid(spectrum.astype(float)))
assert np.trapezoid(spectrum) == 19_464 and np.trapezoid(spectrum.astype(float)) == 85_000
print("seen: percentiles outside of the data")
PY
"$folder/env/bin/python" "$folder/look.py"
