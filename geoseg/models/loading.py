"""From what the user names to a model."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from geoseg.errors import ModelError, UsageError
from geoseg.keywords import checked_keywords
from geoseg.models.adapters import is_adapter_spec, load_adapter
from geoseg.models.origin import Origin, remembered
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.models.traits import Traits

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
    runtime: Runtime = "auto",
) -> DenseModel | InstanceModel:
    """The model that ``spec`` means.

    Args:
        spec: "default", the path of a .safetensors, .onnx or .xml file, a text for
            another library's model such as "yolo:best.pt" (see ``geoseg.models.adapters``), or an
            object that offers what a protocol asks for, which is handed back as it is.
        device: "auto", "cpu", "cuda", "cuda:1", "mps"; objects keep their own, whatever it says.
        precision: "auto" is "int8" for the built-in model where OpenVINO runs it on an x86-64 processor and
            tiles are found to equal the whole image, and "fp32" everywhere else; "int8" is exact, too,
            faster, gives slightly different maps, and is for networks whose ranges were measured; "bf16" is
            faster on some processors and not exact.
        runtime: "auto", "torch", "openvino" or "onnxruntime"; auto is OpenVINO on the processor, for
            networks that it knows, and torch on a GPU and for all others.

    Raises:
        ModelError: the file is missing, broken or foreign.
        MissingDependencyError: what runs the model is not installed; the message names the extra.
        UsageError: the object offers neither protocol, there is no such device, precision or
            runtime, or they do not go together.
    """
    check_names(device, precision, runtime)
    if isinstance(spec, str) and is_adapter_spec(spec):
        check_adapter(spec, precision, runtime)
        return remembered(load_adapter(spec, device), Origin(spec, device, precision, runtime))
    if isinstance(spec, str | os.PathLike):
        from geoseg.models.runtimes.choosing import load_dense

        path = dense_file(spec)
        built_in = _is_built_in(path)
        loaded = load_dense(
            path, device=device, precision=precision, runtime=runtime, built_in=built_in
        )
        name = path.stem if built_in else str(path.absolute())
        # Not as it was asked for: on another machine auto may be another precision.
        return remembered(loaded, Origin(name, device, loaded.precision, runtime))
    if isinstance(spec, DenseModel | InstanceModel):
        return spec
    raise UsageError(
        f"{type(spec).__name__} is no model: it must offer predict_maps with gsd_m, stride_px, "
        "halo_px and heads (geoseg.DenseModel), or predict_instances with gsd_m "
        "(geoseg.InstanceModel)"
    )


def foreseen_traits(
    spec: str | os.PathLike[str], *, device: str, precision: Precision, runtime: Runtime
) -> Traits:
    """What is known of a dense model's file, and what would run it here, by its header alone.

    Raises:
        GeosegError: as ``load_model``, where that can be told without loading it.
    """
    from geoseg.models.runtimes.foreseen import foreseen
    from geoseg.models.traits import Traits

    check_names(device, precision, runtime)
    path = dense_file(spec)
    built_in = _is_built_in(path)
    runs, computes = foreseen(
        path, device=device, precision=precision, runtime=runtime, built_in=built_in
    )
    return Traits.of_file(path, runtime=runs, precision=computes)


def _is_built_in(path: Path) -> bool:
    return path.resolve() == DEFAULT_WEIGHTS.resolve()


def model_file(spec: str | os.PathLike[str]) -> Path:
    """The file that a built-in model's name, or a path, means; a path need not exist."""
    if os.fspath(spec).isidentifier():
        named = DEFAULT_WEIGHTS.with_name(f"{spec}.safetensors")
        if named.is_file():
            return named
    return Path(spec)


def check_names(device: str, precision: str, runtime: str = "auto") -> None:
    """Refuse what is none on any machine; whether it is there, use will tell.

    Raises:
        UsageError: there is no such device, precision or runtime.
    """
    for name, given, known in (
        ("precision", precision, get_args(Precision)),
        ("runtime", runtime, get_args(Runtime)),
    ):
        if given not in known:
            raise UsageError(f"{name} {given!r} is unknown; use one of {', '.join(known)}")
    if not DEVICES.fullmatch(device):
        raise UsageError(
            f"device {device!r} cannot be used (there is no such kind); use auto, cpu, cuda, cuda:N "
            "or mps"
        )


def check_adapter(spec: str, precision: Precision, runtime: Runtime) -> None:
    """Refuse what a model of another library does not offer.

    Raises:
        UsageError: it computes in its own precision and brings its own runtime.
    """
    head = spec.partition(":")[0]
    if precision not in {"auto", "fp32"}:
        raise UsageError(
            f"{head}: models compute in their own precision, and --precision {precision} is for dense "
            "models of geoseg; run without it"
        )
    if runtime not in {"auto", "onnxruntime" if head == "onnx" else "torch"}:
        raise UsageError(
            f"{head}: models bring their own runtime, and --runtime {runtime} is for dense models of "
            "geoseg; run without it"
        )


def dense_file(spec: str | os.PathLike[str]) -> Path:
    """The existing file of a dense model that a name or a path means.

    Raises:
        ModelError: there is none, or it is another kind of model's.
    """
    path = model_file(spec)
    if not path.is_file():
        raise ModelError(
            f"there is no model {os.fspath(spec)!r}: name 'default', the path of a "
            ".safetensors, .onnx or .xml file, or another library's model as in yolo:best.pt "
            "(docs/models.md)"
        )
    _check_kind(path)
    return path


def _check_kind(path: Path) -> None:
    """Refuse files that an adapter would take, by its name."""
    if path.suffix.lower() == ".safetensors" and _holds_maskrcnn(path):
        raise ModelError(f"{path} is no dense model of geoseg; name it as maskrcnn:{path}")


def _holds_maskrcnn(path: Path) -> bool:
    from geoseg.models.adapters.maskrcnn_file import holds_maskrcnn

    try:
        return holds_maskrcnn(path)
    except ModelError:  # the loader says what is wrong with it
        return False
