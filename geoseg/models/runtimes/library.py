"""OpenVINO, loaded late and without its telemetry."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

from geoseg.errors import MissingDependencyError

_TELEMETRY = "openvino_telemetry"
_CONVERTER = "openvino.tools.ovc"
"""Of models of other libraries: OpenVINO loads it where it is there, a tenth of a second, and runs without."""


@cache
def openvino() -> Any:  # noqa: ANN401  # the library comes without usable types
    """The library.

    Raises:
        MissingDependencyError: it is not installed.
    """
    return _imported("openvino")


def openvino_version() -> str:
    """Its name and version, as models state what runs them."""
    return f"openvino {openvino().__version__.partition('-')[0]}"


@cache
def operations() -> Any:  # noqa: ANN401  # see above
    """Its operations, of the set that OpenVINO 2024 and later know."""
    openvino()
    return importlib.import_module("openvino.opset13")


@cache
def core() -> Any:  # noqa: ANN401  # see above
    """The one runtime of this process."""
    return openvino().Core()


@cache
def capabilities() -> frozenset[str]:
    """What this processor computes in by itself, such as "FP32", "BF16", "INT8"."""
    return frozenset(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def without_telemetry() -> None:
    """Let OpenVINO and NNCF find no telemetry: both then send nothing; call before they load."""
    if _TELEMETRY not in sys.modules:
        # What is None there counts as not installed.
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]


def _imported(name: str) -> ModuleType:
    without_telemetry()
    try:
        return _without_converter(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"the runtime openvino cannot be loaded ({error}); install it with "
            "pip install openvino, or run with --runtime torch (geoseg[torch])"
        ) from error


def _without_converter(name: str) -> ModuleType:
    """The library, whose converter is loaded when it is asked for."""
    if name in sys.modules or _CONVERTER in sys.modules:
        return importlib.import_module(name)
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # counts as not installed
    try:
        library = importlib.import_module(name)
    except ImportError:  # a version that does not run without
        del sys.modules[_CONVERTER]
        return importlib.import_module(name)
    del sys.modules[_CONVERTER]
    vars(library).setdefault("__getattr__", _converter)
    return library


def _converter(name: str) -> Any:  # noqa: ANN401  # see above
    """What the library lacks without it."""
    if name not in {"convert_model", "tools"}:
        raise AttributeError(f"module 'openvino' has no attribute '{name}'")
    converter = importlib.import_module(_CONVERTER)
    return sys.modules["openvino.tools"] if name == "tools" else converter.convert_model
