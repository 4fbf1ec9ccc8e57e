#!/usr/bin/env bash
# OpenVINO 2026.4.1: a ConvTranspose of an ONNX file that says how large its output is gets another size, and other
# values, where the size of the image is left open.
#
# A good engineer guesses that a graph with open sizes computes what it does with sizes that are given. ONNX lets a
# ConvTranspose name its output by auto_pad (twice the input for strides of 2) or by output_shape, and the padding
# follows. With given sizes OpenVINO heeds both. With open ones it takes no padding at all: by auto_pad the output has two rows
# and columns too many; by output_shape the size is right and nearly every
# value is another one, shifted against its place, with nothing said. onnxruntime gives the same for both.
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

image = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
kernel = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)


def larger(open_size, **named):
    """What OpenVINO and onnxruntime make of an image of 8 x 8 and a kernel of 4 x 4 in steps of 2."""
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["image", "kernel"], ["large"], strides=[2, 2], **named)],
        "larger",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, None, None] if open_size else image.shape)],
        [helper.make_tensor_value_info("large", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return compiled([image])[0][0, 0], session.run(None, {"image": image})[0][0, 0]


print("OpenVINO", openvino.__version__, "onnxruntime", onnxruntime.__version__)
for named in ({"auto_pad": "SAME_UPPER"}, {"output_shape": [16, 16]}):
    given, meant = larger(False, **named)
    opened, same = larger(True, **named)
    print(named, "given size", given.shape, given[5, 5:8].tolist(), "open size", opened.shape, opened[5, 5:8].tolist())
    assert np.array_equal(given, meant) and np.array_equal(same, meant) and meant.shape == (16, 16)
    if "auto_pad" in named:
        assert opened.shape == (18, 18), "not seen: the size is the same now"
        assert np.array_equal(opened[1:-1, 1:-1], meant)
    else:
        assert opened.shape == (16, 16)
        assert (opened != meant).mean() > 0.9, "not seen: the values are the same now"
print("seen: with open sizes, another size by auto_pad and other values by output_shape")
PY
"$folder/env/bin/python" "$folder/look.py"
