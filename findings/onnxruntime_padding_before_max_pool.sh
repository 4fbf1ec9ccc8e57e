#!/usr/bin/env bash
# onnxruntime 1.31.1: zeros that are padded before a MaxPool no longer count; maxima at the rim come out below zero.
#
# A good engineer guesses that optimising a graph leaves its results as they are. But onnxruntime's Pad_Fusion, on by default,
# moves a Pad of zeros into the MaxPool behind it, whose own padding counts as minus infinity. Where the pixels at the rim are
# all negative (behind GELU, LeakyReLU, a normalisation) the graph says 0 and the session -1. Behind ReLU nobody
# sees it. torch 2.13's exporter makes just this pair of F.pad and F.max_pool2d, and OpenVINO and the reference agree
# with torch. Whoever runs such graphs passes disabled_optimizers=["Pad_Fusion"].
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

shape = (1, 1, 5, 5)
graph = helper.make_graph(
    [
        helper.make_node("Pad", ["image", "pads", "zero"], ["padded"]),
        helper.make_node("MaxPool", ["padded"], ["most"], kernel_shape=[3, 3], strides=[2, 2]),
    ],
    "rim",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("most", TensorProto.FLOAT, (1, 1, 3, 3))],
    [
        numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads"),
        numpy_helper.from_array(np.float32(0), "zero"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
image = np.full(shape, -1, np.float32)


def run(**options):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"], **options
    )
    return session.run(None, {"image": image})[0][0, 0]


found, without = run(), run(disabled_optimizers=["Pad_Fusion"])
meant = ReferenceEvaluator(model).run(None, {"image": image})[0][0, 0]
print("onnxruntime", onnxruntime.__version__)
print("an image of -1 with a rim of zeros, maxima of 3 x 3: as the graph says", meant.tolist())
print("by default", found.tolist())
print("without Pad_Fusion", without.tolist())
assert meant.tolist() == [[0, 0, 0], [0, -1, 0], [0, 0, 0]] == without.tolist()
assert (found == -1).all(), "not seen: zeros count now"
print("seen: the zeros do not count")
PY
"$folder/env/bin/python" "$folder/look.py"
