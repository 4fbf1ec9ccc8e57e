#!/usr/bin/env bash
# scikit-image 0.26.0: PolynomialTransform of order 3 from UTM coordinates to a photo's pixels is tens of thousands of pixels off
# at its own exact control points, and the other way up to decimetres.
#
# A good engineer guesses that a fit of 20 exact points by a polynomial that can meet them meets them, as AffineTransform
# and ProjectiveTransform of the same module do at the same coordinates (to a thousandth of a millimetre): these move and scale
# points before they solve. PolynomialTransform solves for products of the coordinates as they are, which at a northing of
# 3,057,000 m reach from 1 to 10^19, where doubles hold 16 digits. It returns a transform that counts as true, not the
# FailedEstimation that is there for fits that cannot be made, and warns of nothing. From UTM to pixels, as warp needs
# it, order 3 leaves the photo, whatever the points. From pixels to UTM, where the target alone is large, it is off by 1 cm with
# some points and by decimetres with others, and order 2 by millimetres. In coordinates from a corner of the photo all are right
# to a hundredth of a millimetre, so that a test with small numbers is green. Whoever fits polynomials takes such on both sides.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 scipy==1.17.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import numpy as np
import skimage
from skimage.transform import AffineTransform, PolynomialTransform, ProjectiveTransform

warnings.simplefilter("error")
PIXEL_M, TURN = 0.1, np.deg2rad(20)
turned = PIXEL_M * np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
# Eight sets of 20 control points spread over a photo of 4,000 x 4,000 px, which lies turned and level on the ground.
SETS_PX = [np.random.default_rng(k).uniform(0, 4000, (20, 2)) for k in range(8)]
SETS = [(points_px, points_px @ turned.T, points_px @ turned.T + [354000, 3057000]) for points_px in SETS_PX]
MODELS = {
    "affine": (AffineTransform, {}),
    "projective": (ProjectiveTransform, {}),
    "polynomial of order 1": (PolynomialTransform, {"order": 1}),
    "polynomial of order 2": (PolynomialTransform, {"order": 2}),
    "polynomial of order 3": (PolynomialTransform, {"order": 3}),
}


def largest_error(name, source, target):
    """At the control points themselves, in units of the target."""
    model, options = MODELS[name]
    transform = model.from_estimate(source, target, **options)
    assert transform, transform  # A failed estimation is false.
    return float(np.hypot(*(transform(source) - target).T).max())


print("scikit-image", skimage.__version__, "numpy", np.__version__)
for name in MODELS:
    to_utm_m = [largest_error(name, points_px, utm_m) for points_px, _, utm_m in SETS]
    from_utm_px = [largest_error(name, utm_m, points_px) for points_px, _, utm_m in SETS]
    local = [largest_error(name, points_px, local_m) for points_px, local_m, _ in SETS]
    local += [largest_error(name, local_m, points_px) for points_px, local_m, _ in SETS]
    print(
        f"{name}: off by {min(to_utm_m):.2g} to {max(to_utm_m):.2g} m to UTM, {min(from_utm_px):.2g} to {max(from_utm_px):.2g} px"
        f" from UTM; in local coordinates by up to {max(local):.2g}"
    )
    assert max(local) < 1e-5, local
    if name == "polynomial of order 3":
        assert min(from_utm_px) > 4000 and min(to_utm_m) > 0.001 and max(to_utm_m) > 0.05, (from_utm_px, to_utm_m)
    elif name == "polynomial of order 2":
        assert max(to_utm_m) > 0.001, to_utm_m
    elif name != "polynomial of order 1":
        assert max(to_utm_m + from_utm_px) < 1e-6, (to_utm_m, from_utm_px)
# The points do tell the ten numbers: a plain least-squares fit of order 3 around their centre meets them at the same coordinates.
for points_px, _, utm_m in SETS:
    scaled = (points_px - points_px.mean(axis=0)) / points_px.std(axis=0)
    terms = np.stack([scaled[:, 0] ** i * scaled[:, 1] ** j for i in range(4) for j in range(4 - i)], axis=1)
    assert np.abs(terms @ np.linalg.lstsq(terms, utm_m, rcond=None)[0] - utm_m).max() < 1e-6
print("seen: a transform that misses its own exact points, with nothing said")
PY
"$folder/env/bin/python" "$folder/look.py"
