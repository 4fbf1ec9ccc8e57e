"""How programs of geoseg's own begin: without what few runs need, and without counting what all keep.

A library that is used in other programs leaves both as they are there.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any

FOR_BUCKETS = "boto3"
"""rasterio loads it where it is installed, a sixth of a second, and asks it about addresses of buckets alone."""
OBJECTS = 10_000
"""Loading libraries makes half a million objects that stay: looking through them for garbage every 700 new ones,
as Python does, takes a tenth of a second."""


def begin_lightly() -> None:
    """Call before libraries load."""
    gc.set_threshold(OBJECTS)
    load_when_asked(FOR_BUCKETS)


def load_when_asked(name: str) -> None:
    """Let a package be loaded when something in it is first asked for, not when it is imported.

    With ``importlib.util.LazyLoader`` importing, which asks for the package's spec, loads it.
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is not None:
        sys.modules[name] = StandIn(name, spec)


class StandIn(ModuleType):
    """Stands for a package until something in it is asked for."""

    def __init__(self, name: str, spec: ModuleSpec) -> None:
        super().__init__(name)
        self.__spec__ = spec  # by which others see that it is installed
        self._own = Lock()

    def __getattr__(self, asked: str) -> Any:  # noqa: ANN401  # whatever the package has
        name = self.__name__
        with self._own:
            if sys.modules.get(name) is self:
                del sys.modules[name]
        return getattr(import_module(name), asked)
