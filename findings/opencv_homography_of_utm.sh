#!/usr/bin/env bash
# OpenCV 5.0.0: findHomography places an aerial photo at UTM coordinates up to 0.4 m off, by control points that are exact, and its
# RANSAC throws more than half of these away.
#
# A good engineer guesses that points given in float64, whose matrix comes back in float64, are computed in float64; the
# documentation names no precision, and getAffineTransform, which takes float32, says so by refusing float64. findHomography turns points
# into float32 on the way in: at a northing of 6,000,000 m that is a step of 0.5 m. A photo of 2 cm per pixel, with twelve points of
# no error at all, lies 0.1 m off in the mean and 0.4 m in a corner (20 pixels), bent in perspective; with a threshold of
# 0.1 m RANSAC calls seven of the twelve outliers. estimateAffine2D is off by 4 cm. The residuals are blamed on the survey. In
# coordinates from a corner all are right to a hundredth of a millimetre, so that a test with small numbers is green. Nothing is raised.
# Whoever places photos takes a corner away first and adds it to the matrix, or solves by numpy. (OpenCV's issue 4253 tells of the type.)
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

print("OpenCV", cv2.__version__, "numpy", np.__version__)
PIXEL_M, PHOTO_PX, POINTS, TURN = 0.02, 4000, 12, np.deg2rad(20)
chance = np.random.default_rng(0)
image_px = chance.uniform(0, PHOTO_PX, (POINTS, 2))
turned = PIXEL_M * np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
WAYS = {
    "findHomography": lambda a, b: cv2.findHomography(a, b),
    "findHomography, RANSAC 0.1 m": lambda a, b: cv2.findHomography(a, b, cv2.RANSAC, 0.1),
    "estimateAffine2D, RANSAC 0.1 m": lambda a, b: cv2.estimateAffine2D(a, b, ransacReprojThreshold=0.1),
}


def least_squares(a, b):
    """The same affine matrix by numpy."""
    ones = np.column_stack([a, np.ones(len(a))])
    middle = b.mean(axis=0)
    matrix = np.linalg.lstsq(ones, b - middle, rcond=None)[0].T
    matrix[:, 2] += middle
    return matrix, np.ones(len(a))


grid_px = np.stack(np.meshgrid(*[np.linspace(0, PHOTO_PX, 21)] * 2), -1).reshape(-1, 2)
found = {}
for corner, corner_m in (("a corner", (0, 0)), ("northing 6,000,000 m", (354000, 6000000))):
    ground_m = image_px @ turned.T + corner_m
    true_m = grid_px @ turned.T + corner_m
    for way, solve in (WAYS | {"numpy": least_squares}).items():
        matrix, kept = solve(image_px, ground_m)
        assert matrix.dtype == np.float64
        placed = np.column_stack([grid_px, np.ones(len(grid_px))]) @ matrix.T
        placed_m = placed[:, :2] / placed[:, 2:] if len(matrix) == 3 else placed
        off_m = np.hypot(*(placed_m - true_m).T)
        found[corner, way] = off_m.max(), int(np.count_nonzero(kept))
        print(
            f"{corner}, {way}: off by {off_m.mean():.5f} m, at most {off_m.max():.5f} m; "
            f"{found[corner, way][1]} of {POINTS} points kept"
        )
for (corner, way), (off_m, kept) in found.items():
    if corner == "a corner" or way == "numpy":
        assert off_m < 1e-4 and kept == POINTS, (corner, way, off_m, kept)
    else:
        assert off_m > (0.02 if "Affine" in way else 0.2), (way, off_m)
        assert kept < POINTS / 2 or way != "findHomography, RANSAC 0.1 m", (way, kept)
print("seen: exact points at UTM coordinates make a photo lie decimetres off")
PY
"$folder/env/bin/python" "$folder/look.py"
