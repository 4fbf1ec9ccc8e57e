#!/usr/bin/env bash
# torch 2.13.0 (oneDNN 3.12) on processors without AVX-512: channels_last, which makes a convolution's forward pass
# quicker, makes its gradient by the weights two to three times slower, so that training as a whole gets slower.
#
# A good engineer guesses that the memory format that torch recommends for convolutions on processors, and that is
# quicker forward, is quicker backward as well. Forward and by the image it is; by the weights the library falls back
# to slow code for few channels at high resolution (the last blocks of every U-Net): five times its own forward pass.
# Training a U-Net so takes longer than with channels first, which loses forward what it saves backward. Nine products
# of matrices, one per weight of the 3 x 3 window, on the same memory are quicker than both.
#
# Seen on an AMD EPYC with AVX2: 48 to 32 channels, 4 x 256 x 256: by the weights .51 s with channels last, .20 s with
# channels first, forward .10 s. ONEDNN_MAX_CPU_ISA takes other processors of x86 to the same code.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/gradient.py" <<'PY'
"""Processor seconds of a convolution and its gradient by the weights in both memory formats, on one thread."""
import time

import torch

torch.set_num_threads(1)


def least(work):
    seconds = []
    for _ in range(5):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)


def by_weights(image, weight, gradient):
    ones, zeros = [1, 1], [0, 0]
    only = [False, True, False]
    return torch.ops.aten.convolution_backward(
        gradient, image, weight, None, ones, ones, ones, False, zeros, 1, only
    )[1]


found = {}
for name, layout in (("first", torch.contiguous_format), ("last", torch.channels_last)):
    torch.manual_seed(1)
    shapes = (4, 48, 256, 256), (32, 48, 3, 3), (4, 32, 256, 256)
    image, weight, gradient = (torch.randn(shape).contiguous(memory_format=layout) for shape in shapes)
    forward = least(lambda: torch.nn.functional.conv2d(image, weight, padding=1))
    backward = least(lambda: by_weights(image, weight, gradient))
    found[name] = forward, backward
    print(f"channels {name:5}: forward {forward:.3f} s, by the weights {backward:.3f} s")
assert found["last"][0] < found["first"][0]
assert found["last"][1] > 1.6 * found["first"][1]
assert found["last"][1] > 3 * found["last"][0]
PY
ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 "$folder/env/bin/python" "$folder/gradient.py"
echo "as described: quicker forward, much slower by the weights"
