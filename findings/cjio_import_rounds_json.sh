#!/usr/bin/env bash
# cjio 0.10.1 (CityJSON): importing it changes json.dumps for the whole process.
#
# A good engineer guesses that a library formats its own files. But `cjio.cityjson` and `cjio.cjio`
# replace `json.encoder.float` and switch off the C encoder when they are imported, so from then on every
# float that anything in the process writes as JSON has six decimals: 1e-07 becomes 0.000000, and a
# coordinate in degrees is moved by up to 5 cm. No error, no warning. Whoever reads CityJSON by cjio beside
# other work does so in a process of its own.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check cjio==0.10.1
cat > "$folder/look.py" <<'PY'
import json
from importlib.metadata import version

numbers = [1e-07, 27.698412345678, 0.1]
before = json.dumps(numbers)
import cjio.cityjson  # noqa: E402,F401

after = json.dumps(numbers)
print("cjio", version("cjio"))
print("before the import:", before)
print("after the import: ", after)
assert before == "[1e-07, 27.698412345678, 0.1]", before
assert after == "[0.000000, 27.698412, 0.100000]", after
print("seen: importing cjio rounds every float that json.dumps writes to six decimals")
PY
"$folder/env/bin/python" "$folder/look.py"
