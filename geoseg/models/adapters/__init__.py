"""Models of other libraries behind geoseg's protocols, named by a short text.

``maskrcnn:weights.safetensors``, ``yolo:best.pt``, ``detectron2:config.yaml,weights.pth``,
``onnx:model.onnx``, or ``package.module:Class`` for your own. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import ModelError
from geoseg.files.digest import sha256_of
from geoseg.models.extras import require

if TYPE_CHECKING:
    from geoseg.models.adapters.detectron2 import Detectron2
    from geoseg.models.adapters.maskrcnn import MaskRcnn
    from geoseg.models.adapters.onnx_yolo import YoloOnnx
    from geoseg.models.adapters.yolo import Yolo
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.models.runtimes.onnx import OnnxDenseModel

    Model = DenseModel | InstanceModel
    FromFiles = MaskRcnn | Yolo | Detectron2 | OnnxDenseModel | YoloOnnx


def _maskrcnn(rest: str, device: str) -> FromFiles:
    require("torch", "a model named by maskrcnn:", "torch")
    from geoseg.models.adapters.maskrcnn import load_maskrcnn

    return load_maskrcnn(rest, device)


def _yolo(rest: str, device: str) -> FromFiles:
    require("torch", "a model named by yolo:", "yolo")
    from geoseg.models.adapters.yolo import load_yolo

    return load_yolo(rest, device)


def _detectron2(rest: str, device: str) -> FromFiles:
    require("torch", "a model named by detectron2:", "torch")
    from geoseg.models.adapters.detectron2 import load_detectron2

    return load_detectron2(rest, device)


def _onnx(rest: str, device: str) -> FromFiles:
    from geoseg.models.adapters.onnx import load_onnx

    return load_onnx(rest, device)


ADAPTERS: dict[str, Callable[[str, str], FromFiles]] = {
    "maskrcnn": _maskrcnn,
    "yolo": _yolo,
    "detectron2": _detectron2,
    "onnx": _onnx,
}
"""What may stand before the colon."""


def is_adapter_spec(spec: str) -> bool:
    """Whether a text names an adapter or a class, rather than a file or the built-in model."""
    head, colon, rest = spec.partition(":")
    if not colon or "/" in head or "\\" in head:
        return False
    return head in ADAPTERS or (_is_dotted(head) and rest.isidentifier())


def load_adapter(spec: str, device: str = "auto") -> Model:
    """The model that ``spec`` names.

    Args:
        spec: See the module's description.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        ModelError: when the text, the files or the class cannot be used.
        MissingDependencyError: when the library is not installed; the message names the extra.
    """
    if not is_adapter_spec(spec):
        raise ModelError(
            f"{spec!r} names no model: give {', '.join(f'{name}:...' for name in ADAPTERS)} "
            "or package.module:Class"
        )
    head, _, rest = spec.partition(":")
    if head in ADAPTERS:
        model = ADAPTERS[head](rest, device)
        # A run goes on with the very same files, or not at all.
        model.sha256 = sha256_of(*map(Path, rest.split(",")))
        return model
    from geoseg.models.adapters.plugin import load_plugin

    return load_plugin(head, rest, device)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
