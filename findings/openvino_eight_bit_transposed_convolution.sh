#!/usr/bin/env bash
# OpenVINO 2026.4.1 without AVX-512: a quantised transposed convolution is computed in whole numbers or in single precision by the size of the image.
#
# A good engineer guesses that a quantised layer runs in eight bits or not at all, whatever the image. The processor plugin takes
# whole numbers up to 2^26 = (channels)^2 * pixels of the answer, and single precision beyond; the compiled model calls the latter
# "i8", too, with a primitive of "brgconv_avx2_f32". 64 channels of 64 x 64 px are computed in eight bits, of 128 x 128 px in single
# precision, which takes as long as the same layer without quantisation (52.0 and 51.6 ms in one run, where a plain convolution takes 22.5
# and 14.7). So the decoder of a quantised network gains next to nothing on large tiles, and the report of precisions does not show it.
# The same sums of the same products are a plain convolution of 2 x 2 with four times the channels, whose pixels DepthToSpace puts
# side by side, less one pixel at each side: whole numbers at any size.
#
# Runs without geoseg, on x86-64 (newer processors are kept to AVX2 by oneDNN's own variable); fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6

ONEDNN_MAX_CPU_ISA=AVX2 "$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import openvino as ov
from openvino import opset13 as ops

SMALL, LARGE, CHANNELS = 64, 128, 64
rng = np.random.default_rng(0)
transposed = rng.integers(-64, 65, (CHANNELS, CHANNELS, 4, 4)).astype(np.int8)  # in, out, rows, columns


def rounded(x):
    ends = [ops.constant(np.full((1, 1, 1, 1), end, np.float32)) for end in (0, 6)]
    return ops.fake_quantize(ops.relu(x), *ends, *ends, 256)


def weights(whole, axis):
    size = np.full([length if place == axis else 1 for place, length in enumerate(whole.shape)], 0.01, np.float32)
    return ops.multiply(ops.convert(ops.constant(whole), "f32"), ops.constant(size))


def as_transposed(x):
    return ops.convolution_backprop_data(x, weights(transposed, 1), [2, 2], pads_begin=[1, 1], pads_end=[1, 1])


def side_by_side(x):
    taps = [[transposed[:, :, p::2, q::2][:, :, ::-1, ::-1] for q in (0, 1)] for p in (0, 1)]
    whole = np.ascontiguousarray(np.array(taps).transpose(0, 1, 3, 2, 4, 5).reshape(-1, CHANNELS, 2, 2))
    y = ops.convolution(x, weights(whole, 0), [1, 1], [1, 1], [1, 1], [1, 1])
    corners = [ops.constant(np.array(each, np.int64)) for each in ([1, 1], [-1, -1], [1, 1], [2, 3])]
    return ops.slice(ops.depth_to_space(y, "blocks_first", 2), *corners)


image = rng.uniform(0, 6, (1, CHANNELS, LARGE, LARGE)).astype(np.float32)


def run(doubled, side):
    """How the layer is computed, and its answer."""
    x = ops.parameter([1, CHANNELS, side, side], np.float32)
    model = ov.Model([ops.relu(doubled(rounded(x)))], [x])
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (told,) = [
        (node.get_rt_info()["runtimePrecision"].value, node.get_rt_info()["primitiveType"].value)
        for node in compiled.get_runtime_model().get_ordered_ops()
        if node.get_rt_info()["layerType"].value in ("Convolution", "Deconvolution")
    ]
    return told, compiled({0: np.ascontiguousarray(image[..., :side, :side])})[0]


print("OpenVINO", ov.__version__)
answers = {}
for doubled in (as_transposed, side_by_side):
    (small, _), (large, answers[doubled]) = run(doubled, SMALL), run(doubled, LARGE)
    print(f"{doubled.__name__}: {SMALL} px {small}, {LARGE} px {large}")
    if doubled is as_transposed:
        assert not small[1].endswith("_f32"), "not seen: single precision at any size"
        assert large[0] == "i8" and large[1].endswith("_f32"), "not seen: whole numbers at any size"
    else:
        assert not small[1].endswith("_f32") and not large[1].endswith("_f32")
one, other = answers.values()
assert np.allclose(one, other, rtol=1e-4, atol=1e-3)
print("seen: the size of the image decides")
PYTHON
