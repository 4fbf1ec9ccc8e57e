#!/usr/bin/env bash
# OpenCV 5.0.0 with numpy 2.4.6: bitwise_not of a boolean mask gives a boolean mask that is True everywhere.
#
# A good engineer guesses that `not` of True is False, now that OpenCV 5 takes numpy's booleans and returns them (it has a
# type of its own for them). But bitwise_not turns all eight bits of each byte: of 1 it makes 254 and of 0 255, in an array
# that says it is boolean. numpy takes every byte that is not 0 for True. So the ground around a roof and the roof are both
# inside of the "inverted" mask: it selects all pixels, its sum is the whole image, and `~` of it selects none. and, or and
# xor of such masks are right, as is bitwise_not of a mask of 0 and 255. Nothing is raised. Whoever has boolean masks
# inverts them by numpy's `~`.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import cv2
import numpy as np

HEIGHT_M = np.array([[3.0, 3.0, 0.0], [3.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
roof = HEIGHT_M > 0
ground = cv2.bitwise_not(roof)
print("OpenCV", cv2.__version__, "numpy", np.__version__)
print("roof:", int(roof.sum()), "of", roof.size, "pixels; mean height", HEIGHT_M[roof].mean(), "m")
print("ground by ~:", int((~roof).sum()), "pixels; mean height", HEIGHT_M[~roof].mean(), "m")
print("ground by bitwise_not:", int(ground.sum()), "pixels; mean height", round(HEIGHT_M[ground].mean(), 2), "m;", ground.dtype)
print("its bytes:", np.unique(ground.view(np.uint8)).tolist())
assert ground.dtype == np.bool_ and ground.all() and ground.sum() == 9 and not (~ground).any()
assert np.unique(ground.view(np.uint8)).tolist() == [254, 255]
assert HEIGHT_M[ground].mean() == HEIGHT_M.mean()
for name, mine, theirs in (
    ("and", cv2.bitwise_and(roof, ~roof), roof & ~roof),
    ("or", cv2.bitwise_or(roof, ~roof), roof | ~roof),
    ("xor", cv2.bitwise_xor(roof, roof[::-1].copy()), roof ^ roof[::-1]),
):
    assert mine.dtype == np.bool_ and (mine == theirs).all(), name
bytes_0_255 = roof.astype(np.uint8) * 255
assert ((cv2.bitwise_not(bytes_0_255) > 0) == ~roof).all()
print("seen: the mask and its inversion by OpenCV both hold the roof")
PY
"$folder/env/bin/python" "$folder/look.py"
