#!/usr/bin/env bash
# OpenVINO 2026.4.1: a Resize with antialias=1 in an ONNX file is computed without it, and nothing says so.
#
# A good engineer guesses that a runtime refuses what it cannot do. OpenVINO's reader of ONNX keeps the flag, on an Interpolate whose
# mode (linear_onnx, cubic) does not heed it; the same module converted from torch gets a mode that does. Where an image gets
# smaller by 4, a bilinear Resize then reads 4 of every 16 pixels instead of all: a pattern of single pixels comes out as
# black or white instead of grey. torch 2.13 exports F.interpolate(antialias=True) as such a Resize; a network that
# scales its image by itself gets another image in OpenVINO than in training. onnxruntime averages.
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
from onnx import TensorProto, helper, numpy_helper

shape = (1, 1, 64, 64)
image = np.zeros(shape, np.float32)
image[..., ::4] = image[..., 3::4] = 255  # white, black, black, white: half of it is white


def smaller(mode, antialias):
    """Largest distance from half grey, away from the rim: (OpenVINO, onnxruntime)."""
    graph = helper.make_graph(
        [helper.make_node("Resize", ["image", "", "by"], ["small"], mode=mode, antialias=antialias)],
        "smaller",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("small", TensorProto.FLOAT, (1, 1, 16, 16))],
        [numpy_helper.from_array(np.float32([1, 1, 0.25, 0.25]), "by")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = compiled([image])[0], session.run(None, {"image": image})[0]
    return tuple(float(np.abs(one[..., 3:-3, 3:-3] - 127.5).max()) for one in given)


print("OpenVINO", openvino.__version__, "onnxruntime", onnxruntime.__version__)
for mode in ("linear", "cubic"):
    plain, smooth = smaller(mode, 0), smaller(mode, 1)
    print(f"{mode}: from half grey by at most (OpenVINO, onnxruntime) {plain} plain, {smooth} with antialias")
    assert plain[0] > 100 and plain[1] > 100
    assert smooth[1] < 20, smooth
    assert smooth[0] == plain[0], "not seen: antialias is heeded, or refused"
print("seen: OpenVINO gives the same with and without antialias")
PY
"$folder/env/bin/python" "$folder/look.py"
