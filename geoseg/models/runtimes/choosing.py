"""Which runtime runs a model file, by what is asked for, installed and known of the network."""

from __future__ import annotations

import ctypes
import logging
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import ModelError, UsageError
from geoseg.machine import processor_kind
from geoseg.models.extras import INT8_BY_OPENVINO, INT8_OF_ANOTHER, is_installed, require
from geoseg.models.graph_texts import is_graph
from geoseg.models.runtimes.graph import can_be_built
from geoseg.models.weights import read_metadata

if TYPE_CHECKING:
    from geoseg.models.facts import DenseFacts
    from geoseg.models.runtimes.dense import OpenVinoDenseModel
    from geoseg.settings import Precision, Runtime

_log = logging.getLogger(__name__)

_ON_PROCESSOR = (
    "OpenVINO runs on the processor alone here, not on {device}; use --device cpu, or {other}"
)
_NO_GRAPH = (
    "OpenVINO cannot make a graph of {path}, for its encoder is another than the EfficientNet "
    "lite of the built-in model; run with --runtime torch"
)


def load_dense(
    path: Path, *, device: str, precision: Precision, runtime: Runtime, built_in: bool = False
) -> DenseFacts:
    """The model in a ``.safetensors`` file, or in a graph (``.onnx``, ``.xml``).

    Args:
        path: of the file.
        device: as ``load_model``, and so below.
        precision: auto is int8 for the built-in model, where it can be had, and fp32 for all others.
        runtime: what runs it.
        built_in: whether it is the built-in model, which is known to find the same buildings in int8.

    Raises:
        MissingDependencyError: what would run it is not installed; the message names the extra.
        ModelError: the file is missing, broken or foreign.
        UsageError: runtime, device and precision do not go together.
    """
    chosen = runtime_for(path, device=device, precision=precision, runtime=runtime)
    if chosen == "onnxruntime":
        from geoseg.models.runtimes.onnx import OnnxDenseModel

        return OnnxDenseModel.from_graph(path, device=device, precision=precision)
    if chosen == "openvino":
        from geoseg.models.runtimes.dense import OpenVinoDenseModel

        if is_graph(path):
            return _exact_in_int8(OpenVinoDenseModel.from_graph(path, precision=precision))
        quick = _quick(path) if built_in and precision == "auto" else None
        return quick or _exact_in_int8(OpenVinoDenseModel.from_file(path, precision=precision))
    require("torch", _what_for(path, device), "torch")
    from geoseg.models.dense import TorchDenseModel

    return TorchDenseModel.from_file(path, device=device, precision=precision)


def runtime_for(path: Path, *, device: str, precision: Precision, runtime: Runtime) -> Runtime:
    """What runs a file; whether torch and onnxruntime are installed is not asked.

    Raises:
        ModelError: the file is missing, broken or foreign.
        UsageError: runtime, device and precision do not go together.
    """
    if is_graph(path):
        return _of_graph(path, device, runtime)
    if precision == "int8":
        return _for_eight_bits(path, device, runtime)
    return _runtime(path, device, runtime)


def _of_graph(path: Path, device: str, runtime: Runtime) -> Runtime:
    """OpenVINO, or onnxruntime on a GPU and where OpenVINO is not there."""
    onnx = path.suffix.lower() == ".onnx"
    on_cpu = device in {"auto", "cpu"}
    if runtime == "torch" or (runtime == "onnxruntime" and not onnx):
        raise UsageError(
            f"{runtime} does not run {path.suffix} files such as {path}; run with --runtime auto"
        )
    if not (onnx or on_cpu):
        raise UsageError(_ON_PROCESSOR.format(device=device, other="an .onnx file"))
    if runtime == "auto" and onnx:
        runtime = "openvino" if on_cpu and is_installed("openvino") else "onnxruntime"
    if runtime == "onnxruntime":
        return runtime
    if not on_cpu:
        raise UsageError(_ON_PROCESSOR.format(device=device, other="--runtime onnxruntime"))
    return "openvino"


def _quick(path: Path) -> OpenVinoDenseModel | None:
    """In int8, on the processors where it was measured; None: it is not to be had, and why is told at -v."""
    from geoseg.models.runtimes.dense import OpenVinoDenseModel

    if not takes_int8_by_itself():
        return None
    try:
        return _exact_in_int8(OpenVinoDenseModel.from_file(path, precision="int8"))
    except (ModelError, UsageError) as error:  # nothing was measured, it is damaged, or tiles show
        _log.info("the built-in model runs in fp32: %s", error)
        return None


def takes_int8_by_itself() -> bool:
    """Whether auto may be int8 on this processor."""
    return processor_kind().split()[0] == "x86_64"


def _exact_in_int8(model: OpenVinoDenseModel) -> OpenVinoDenseModel:
    if model.precision == "int8":
        from geoseg.models.runtimes.trial import require_exact

        require_exact(model)
    return model


def _for_eight_bits(path: Path, device: str, runtime: Runtime) -> Runtime:
    """OpenVINO, which alone computes in int8.

    Raises:
        UsageError: something else is asked for, or it does not run the model.
    """
    other = INT8_OF_ANOTHER.format(path=path, advice="use --precision auto or fp32")
    _check_openvino(path, device, instead="--precision auto", unknown=other)
    if runtime not in {"auto", "openvino"}:
        raise UsageError(INT8_BY_OPENVINO.format(runtime=runtime))
    return "openvino"


def _runtime(path: Path, device: str, runtime: Runtime) -> Runtime:
    """Which of torch and OpenVINO."""
    if runtime == "onnxruntime":
        raise UsageError(
            f"onnxruntime runs .onnx files, not {path}; make one by geoseg export-model, or run with "
            "--runtime auto"
        )
    if runtime == "openvino":
        _check_openvino(
            path, device, instead="--runtime torch", unknown=_NO_GRAPH.format(path=path)
        )
    return _fitting(path, device) if runtime == "auto" else runtime


def _check_openvino(path: Path, device: str, *, instead: str, unknown: str) -> None:
    """Refuse ``unknown`` networks, which no device helps, and GPUs, said with what to give ``instead``."""
    if not _is_known(path):
        raise UsageError(unknown)
    if device not in {"auto", "cpu"}:
        raise UsageError(_ON_PROCESSOR.format(device=device, other=instead))


def _fitting(path: Path, device: str) -> Runtime:
    """OpenVINO on a processor where it knows the network, else torch."""
    if device not in {"auto", "cpu"} or not (is_installed("openvino") and _is_known(path)):
        return "torch"
    on_gpu = device == "auto" and is_installed("torch") and gpu_is_there()
    return "torch" if on_gpu else "openvino"


def _is_known(path: Path) -> bool:
    return can_be_built(read_metadata(path).architecture)


def _what_for(path: Path, device: str) -> str:
    if device not in {"auto", "cpu"}:
        return f"device {device}"
    return f"the network in {path.name}" if not _is_known(path) else "the runtime torch"


def gpu_is_there() -> bool:
    """Whether torch might find a GPU, by its driver; torch itself takes seconds to load."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if Path("/dev/kfd").exists():  # AMD's
        return True
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return False
    count = ctypes.c_int(0)
    return (
        driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and bool(count)
    )
