#!/usr/bin/env bash
# onnxruntime 1.32.0 on a processor: the mean of a surface model of 2,048 x 2,048 pixels is 2 m off by ReduceMean, and 10 m by
# GlobalAveragePool.
#
# A good engineer guesses that a mean in float32 is good to some digits of a float32, a millimetre here, as numpy's is. torch's
# x.mean((2, 3)) and AdaptiveAvgPool2d(1) are exported as such nodes. Both nodes add pixel after pixel into a few sums of
# float32, and next to a sum of 10^9 a height of 1,300 m is rounded to a multiple of 64. A network that takes the mean of a tile away from
# its heights so lifts or sinks them by metres, by the size of the tile: at 512 pixels the error is millimetres, as in training and
# in every test, and it comes with the large windows that are taken to predict. Not threads: one and four give the same. Nothing
# is raised. (Issues 12043, closed as stale, and 28450 tell of it for ones and sums.) Whoever takes means of heights in a
# network takes a constant away before, or pools in two steps.
#
# Seen on a processor with AVX2; with wider registers there are more sums, and the error is smaller.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

print("onnxruntime", onnxruntime.__version__)
random = np.random.default_rng(0)


def mean(node, heights, threads):
    """The mean of heights of shape (1, 1, rows, columns), by one node."""
    graph = helper.make_graph(
        [helper.make_node(node, ["x", "axes"] if node == "ReduceMean" else ["x"], ["y"])],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, heights.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array([2, 3]), "axes")] if node == "ReduceMean" else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": heights})[0].item())


worst = {}
for side in (512, 1024, 2048, 4096):
    heights = (1300 + 9 * random.standard_normal((1, 1, side, side))).astype(np.float32)
    truth = heights.mean(dtype=np.float64)
    by_numpy = float(heights.mean()) - truth
    assert abs(by_numpy) < 0.002, by_numpy
    for node in ("ReduceMean", "GlobalAveragePool"):
        off = {threads: mean(node, heights, threads) - truth for threads in (1, 4)}
        print(f"{side} px, {node}: {off[1]:+.3f} m off ({off[4]:+.3f} m with four threads); numpy {by_numpy:+.4f} m")
        worst[side, node] = abs(off[1])
assert worst[512, "ReduceMean"] < 0.02 and worst[512, "GlobalAveragePool"] < 0.02, worst
assert max(worst[2048, node] for node in ("ReduceMean", "GlobalAveragePool")) > 0.5, worst
assert max(worst[4096, node] for node in ("ReduceMean", "GlobalAveragePool")) > 1, worst
print("seen: means that are metres off")
PY
"$folder/env/bin/python" "$folder/look.py"
