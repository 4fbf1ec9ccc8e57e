#!/usr/bin/env bash
# OpenVINO 2026.4.1, on the processor: averages in the last row and column of an AvgPool2d(ceil_mode=True) are too small,
# here half and a quarter of what torch, and onnxruntime, compute.
#
# A good engineer guesses that a pooling is the same everywhere. With ceil_mode the last window reaches beyond the padded
# image; with count_include_pad (torch's default) torch and ONNX divide by what of the window lies within the padding.
# OpenVINO divides by the whole window, by whichever way the model comes (from torch by convert_model, from
# ONNX). Nothing but the rim differs, and only at sizes that do not fit.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  openvino==2026.4.1 onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

shape = (1, 1, 9, 9)
graph = helper.make_graph(
    [
        helper.make_node(
            "AveragePool", ["image"], ["mean"],
            kernel_shape=[4, 4], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1,
        )
    ],
    "rim",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("mean", TensorProto.FLOAT, (1, 1, 4, 4))],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
image = np.full(shape, 16, np.float32)
core = openvino.Core()
compiled = core.compile_model(
    core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
by_openvino = compiled([image])[0][0, 0]
by_onnxruntime = session.run(None, {"image": image})[0][0, 0]

# One row of padding on each side: 11 rows, windows of 4 from rows 0, 3, 6 and 9, the last with 2 of its 4.
padded = np.pad(image[0, 0], 1)
meant = np.array([[padded[y : y + 4, x : x + 4].mean() for x in (0, 3, 6, 9)] for y in (0, 3, 6, 9)])
print("OpenVINO", openvino.__version__, "onnxruntime", onnxruntime.__version__)
print("meant      ", meant[-1].tolist())
print("onnxruntime", by_onnxruntime[-1].tolist())
print("OpenVINO   ", by_openvino[-1].tolist())
assert np.allclose(by_onnxruntime, meant) and np.allclose(by_openvino[:3, :3], meant[:3, :3])
assert np.allclose(by_openvino[-1, 1:3], meant[-1, 1:3] / 2), "not seen: the rim is right now"
assert np.isclose(by_openvino[-1, -1], meant[-1, -1] / 4)
print("seen: half the average in the last row and column, a quarter in the corner")
PY
"$folder/env/bin/python" "$folder/look.py"
