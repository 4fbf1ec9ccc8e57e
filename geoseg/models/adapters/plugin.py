"""A model of your own, named as ``package.module:Class``."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from typing import TYPE_CHECKING

from geoseg.errors import ModelError
from geoseg.models.protocols import DenseModel, InstanceModel

if TYPE_CHECKING:
    from collections.abc import Callable


def load_plugin(module: str, name: str, device: str) -> DenseModel | InstanceModel:
    """Import ``name`` from ``module`` and call it, with ``device`` where it takes one.

    Modules in the working directory are found too, as with ``python -m``.
    """
    factory = _factory(module, name)
    arguments = _arguments(factory, f"{module}:{name}", device)
    try:
        model = factory(**arguments)
    except SystemExit as stop:
        raise ModelError(f"{module}:{name} ends the program and gives no model") from stop
    if isinstance(model, DenseModel | InstanceModel):
        return model
    raise ModelError(
        f"{module}:{name} gave a {type(model).__name__}, which is no model: it needs gsd_m and "
        "predict_instances, or gsd_m, stride_px, halo_px, heads and predict_maps "
        "(see geoseg.InstanceModel and geoseg.DenseModel)"
    )


def _arguments(factory: Callable[..., object], label: str, device: str) -> dict[str, str]:
    """The device, where it takes one; everything else must have a default."""
    try:
        signature = inspect.signature(factory)
        arguments = {"device": device} if "device" in signature.parameters else {}
        signature.bind(**arguments)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{label} cannot be called without arguments ({error}); name a class or function whose "
            "arguments have defaults, or give the object in Python"
        ) from error
    return arguments


def _factory(module: str, name: str) -> Callable[..., object]:
    here = os.getcwd()  # noqa: PTH109  # sys.path holds text
    if here not in sys.path:
        sys.path.append(here)
    try:
        factory = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"cannot import {error.name!r} for {module}:{name}; install it, or start geoseg in the "
            "folder that holds it"
        ) from error
    except AttributeError:
        raise ModelError(f"the module {module} has nothing named {name!r}") from None
    if not callable(factory):
        raise ModelError(f"{module}:{name} must be a class or a function that returns a model")
    checked: Callable[..., object] = factory
    return checked
