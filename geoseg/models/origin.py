"""How models were loaded, so that another process can load the same one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from geoseg.settings import Precision, Runtime

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Origin:
    """The arguments of ``load_model``."""

    spec: str
    """A built-in model's name, an absolute path, or the text of an adapter."""
    device: str
    """As it was asked for."""
    precision: Precision
    """As it was asked for; of a dense model's file, in what it computes."""
    runtime: Runtime
    """As it was asked for."""


_models: WeakValueDictionary[int, object] = WeakValueDictionary()
_origins: dict[int, Origin] = {}


def remembered(model: M, origin: Origin) -> M:
    """The same model; :func:`origin_of` then knows where it came from."""
    with suppress(TypeError):  # of a class that takes no weak references
        _models[id(model)] = model
        _origins[id(model)] = origin
    return model


def origin_of(model: object) -> Origin | None:
    """How a model was loaded; None for one that a caller made."""
    return _origins.get(id(model)) if _models.get(id(model)) is model else None
