#!/usr/bin/env bash
# rio-tiler 9.4.12 with numexpr 2.14.2: a brightness index of a 16-bit photo is 0 on its brightest roofs, and valid.
#
# A good engineer guesses that an expression over bands is computed in numbers that hold it: (b4-b3)/(b4+b3) of uint16 is
# right, where numpy would wrap, and a square root gives float64. But numexpr computes products, squares and sums of uint16
# in 32-bit integers, and wraps from 2,147,483,647 on without a word: 46,341 times itself, or three bands of 26,755 squared
# and added. Of the negative sum the root is NaN, which rio-tiler makes 0, and the mask says valid. What is white on the
# ground is so black in the index; a product or square is off by 4,294,967,296. Where the sum wraps twice it is positive
# again and looks like any other. Aerial cameras and multispectral ones on drones use all 16 bits; satellite images
# that end at 10,000 are right, so that a test on such is green. Whoever squares writes b1*1.0, or reads the bands and computes by himself.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  rio-tiler==9.4.12 numexpr==2.14.2 rasterio==1.4.4 numpy==2.4.6 morecantile==7.1.0
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rio_tiler.io import Reader

file = Path(sys.argv[1]) / "photo.tif"
# Three bands of a photo of 16 bits: every level of grey, from black in the west to white in the east.
grey = np.broadcast_to(np.linspace(0, 65535, 512).round().astype(np.uint16), (512, 512))
profile = dict(width=512, height=512, count=3, dtype="uint16", crs="EPSG:32645", transform=from_origin(354000, 3057000, 0.1, 0.1))
with rasterio.open(file, "w", driver="GTiff", **profile) as written:
    written.write(np.stack([grey] * 3))
band = grey.astype(float)
BRIGHTNESS = "sqrt((b1*b1+b2*b2+b3*b3)/3)"
EXPRESSIONS = {
    "difference over sum": ("(b1-b2)/(b1+b2+1)", 0 * band),
    "brightness": (BRIGHTNESS, band),
    "brightness in floats": (BRIGHTNESS.replace("b1*b1", "1.0*b1*b1").replace("b2*b2", "1.0*b2*b2").replace("b3*b3", "1.0*b3*b3"), band),
    "product": ("b1*b2", band * band),
    "square": ("b1**2", band * band),
}
print("rio-tiler", version("rio-tiler"), "numexpr", version("numexpr"))
found = {}
for name, (expression, truth) in EXPRESSIONS.items():
    with Reader(file) as reader:
        image = reader.read(expression=expression).array
    assert not np.ma.getmaskarray(image).any()
    wrong = np.abs(image.data[0] - truth) > 1e-6 * truth
    found[name] = image.data[0], wrong
    first = f", from {grey[wrong].min()} on" if wrong.any() else ""
    print(f"{name}: {image.dtype}, wrong in {100 * wrong.mean():.1f} % of valid pixels{first}; white is {image.data[0, 0, -1]:g}")
assert not found["difference over sum"][1].any() and not found["brightness in floats"][1].any()
brightness, wrong = found["brightness"]
assert wrong.mean() > 0.5 and 26755 <= grey[wrong].min() < 26900, (wrong.mean(), grey[wrong].min())
black = (brightness == 0) & (grey > 0)
print(f"brightness is 0 in {100 * black.mean():.1f} % of pixels, the brightest of them {grey[black].max()}")
assert black.mean() > 0.2 and (brightness[wrong & ~black] > 0).all()
assert found["product"][0].min() < 0 and found["square"][0].min() < 0
assert set(np.unique(band * band - found["product"][0])) == {0, 2**32}
print("seen: squares and products wrap in 32 bits, and roots of what is negative are 0")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
