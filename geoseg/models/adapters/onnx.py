"""ONNX files named by ``onnx:``: geoseg's own dense models, and YOLO-seg as ultralytics exports it."""

from __future__ import annotations

from geoseg.errors import ModelError
from geoseg.models.adapters.common import local_file
from geoseg.models.adapters.onnx_yolo import YoloOnnx
from geoseg.models.graph_texts import read_graph_text
from geoseg.models.runtimes.onnx import OnnxDenseModel, device_of, open_session


def load_onnx(text: str, device: str) -> OnnxDenseModel | YoloOnnx:
    """The model in a local ``.onnx`` file, told apart by the file's metadata."""
    path = local_file(text, "ONNX file", (".onnx",))
    session = open_session(path, device)
    if read_graph_text(path) is not None:
        return OnnxDenseModel.from_graph(path, device=device)
    if session.get_modelmeta().custom_metadata_map.get("task") == "segment":
        return YoloOnnx(session, path.stem, device_of(session))
    raise ModelError(
        f"{path} is neither a dense model with geoseg's metadata nor a YOLO-seg export of ultralytics; "
        "docs/models.md says what to put beside other networks, or wrap yours in a class and name it as "
        "package.module:Class"
    )
