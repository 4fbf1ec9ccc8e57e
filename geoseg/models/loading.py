"""From what the user names to a model."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

from geoseg.errors import ModelError, UsageError
from geoseg.keywords import checked_keywords
from geoseg.models.adapters import is_adapter_spec, load_adapter
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.settings import Precision

DEFAULT_WEIGHTS = Path(__file__).with_name("weights") / "default.safetensors"
"""The built-in model's file."""

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
"""Names of devices."""

ModelSpec = str | os.PathLike[str] | DenseModel | InstanceModel


@checked_keywords
def load_model(
    spec: ModelSpec = "default",
    *,
    device: str = "auto",
    precision: Precision = "auto",
) -> DenseModel | InstanceModel:
    """The model that ``spec`` means.

    Args:
        spec: "default" or another built-in model's name, the path of a .safetensors file, a text for
            another library's model such as "yolo:best.pt" (see ``geoseg.models.adapters``), or an
            object that offers what a protocol asks for, which is handed back as it is.
        device: "auto", "cpu", "cuda", "cuda:1", "mps"; objects keep their own, whatever it says.
        precision: "auto" and "fp32" are exact; "bf16" is faster on some processors and gives
            slightly different maps.

    Raises:
        ModelError: the file is missing, broken or foreign.
        UsageError: the object offers neither protocol, there is no such device or precision.
    """
    _check_precision(precision)
    if isinstance(spec, str) and is_adapter_spec(spec):
        return load_adapter(spec, device)
    if isinstance(spec, str | os.PathLike):
        from geoseg.models.dense import TorchDenseModel

        return TorchDenseModel.from_file(dense_file(spec), device=device, precision=precision)
    if isinstance(spec, DenseModel | InstanceModel):
        check_names(device, precision)
        return spec
    raise UsageError(
        f"{type(spec).__name__} is no model: it must offer predict_maps with gsd_m, stride_px, "
        "halo_px and heads (geoseg.DenseModel), or predict_instances with gsd_m "
        "(geoseg.InstanceModel)"
    )


def model_file(spec: str | os.PathLike[str]) -> Path:
    """The file that a built-in model's name, or a path, means; a path need not exist."""
    if os.fspath(spec).isidentifier():
        named = DEFAULT_WEIGHTS.with_name(f"{spec}.safetensors")
        if named.is_file():
            return named
    return Path(spec)


def check_names(device: str, precision: str) -> None:
    """Refuse what is no device and no precision on any machine; whether it is there, use will tell.

    Raises:
        UsageError: there is no such device or precision.
    """
    _check_precision(precision)
    if not DEVICES.fullmatch(device):
        raise UsageError(
            f"device {device!r} cannot be used (there is no such kind); use auto, cpu, cuda, cuda:N "
            "or mps"
        )


def _check_precision(precision: str) -> None:
    if precision not in get_args(Precision):
        known = ", ".join(get_args(Precision))
        raise UsageError(f"precision {precision!r} is unknown; use one of {known}")


def dense_file(spec: str | os.PathLike[str]) -> Path:
    """The existing file of a dense model that a name or a path means.

    Raises:
        ModelError: there is none, or it is another kind of model's.
    """
    path = model_file(spec)
    if not path.is_file():
        raise ModelError(
            f"there is no model {os.fspath(spec)!r}: name 'default', another of 'geoseg models', the "
            "path of a .safetensors file, or another library's model as in yolo:best.pt "
            "(docs/models.md)"
        )
    _check_kind(path)
    return path


def _check_kind(path: Path) -> None:
    """Refuse files that an adapter would take, by its name."""
    name = {".onnx": "onnx"}.get(path.suffix.lower())
    if path.suffix.lower() == ".safetensors" and _holds_maskrcnn(path):
        name = "maskrcnn"
    if name:
        raise ModelError(f"{path} is no dense model of geoseg; name it as {name}:{path}")


def _holds_maskrcnn(path: Path) -> bool:
    from geoseg.models.adapters.maskrcnn_file import holds_maskrcnn

    try:
        return holds_maskrcnn(path)
    except ModelError:  # the loader says what is wrong with it
        return False
