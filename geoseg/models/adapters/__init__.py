"""Models of other libraries behind geoseg's protocols, named by a short text.

``maskrcnn:weights.safetensors``, ``yolo:best.pt``, ``detectron2:config.yaml,weights.pth``,
``onnx:model.onnx``, or ``package.module:Class`` for your own. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import ModelError
from geoseg.models.extras import require
from geoseg.models.weights import file_sha256

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel

    Model = DenseModel | InstanceModel


def _maskrcnn(rest: str, device: str) -> Model:
    require("torch", "a model named by maskrcnn:", "torch")
    from geoseg.models.adapters.maskrcnn import load_maskrcnn

    model = load_maskrcnn(rest, device)
    model.sha256 = _identity(rest)
    return model


def _yolo(rest: str, device: str) -> Model:
    require("torch", "a model named by yolo:", "yolo")
    from geoseg.models.adapters.yolo import load_yolo

    model = load_yolo(rest, device)
    model.sha256 = _identity(rest)
    return model


def _detectron2(rest: str, device: str) -> Model:
    require("torch", "a model named by detectron2:", "torch")
    from geoseg.models.adapters.detectron2 import load_detectron2

    model = load_detectron2(rest, device)
    model.sha256 = _identity(rest)
    return model


def _onnx(rest: str, device: str) -> Model:
    from geoseg.models.adapters.onnx import load_onnx

    model = load_onnx(rest, device)
    model.sha256 = _identity(rest)
    return model


def _identity(rest: str) -> str:
    """SHA-256 of the files: a run goes on with the very same ones, or not at all."""
    digests = [file_sha256(Path(name)) for name in rest.split(",")]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()


ADAPTERS: dict[str, Callable[[str, str], Model]] = {
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
        return ADAPTERS[head](rest, device)
    from geoseg.models.adapters.plugin import load_plugin

    return load_plugin(head, rest, device)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
