"""How programs of geoseg's own begin: without what few runs need, and without counting what all keep.

A library that is used in other programs leaves both as they are there.
"""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

FOR_BUCKETS = "boto3"
"""rasterio loads it where it is installed, a sixth of a second, and asks it about addresses of buckets alone."""
OBJECTS = 10_000
"""Loading libraries makes half a million objects that stay: looking through them for garbage every 700 new ones,
as Python does, takes a tenth of a second."""
_ONE_AT_A_TIME = RLock()
"""Held while a package is loaded: other threads wait for all of it, its own modules see what is there."""


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
        module = module_from_spec(spec)
        module.__class__ = StandIn
        sys.modules[name] = module


class StandIn(ModuleType):
    """A package before something in it is asked for; its modules can be loaded by themselves."""

    _loads = False

    def __getattr__(self, asked: str) -> Any:  # noqa: ANN401  # whatever the package has
        with _ONE_AT_A_TIME:
            if isinstance(self, StandIn) and not self._loads:
                self._load()
        return ModuleType.__getattribute__(self, asked)

    def _load(self) -> None:
        """Become the package, as what has it by now keeps it."""
        self._loads = True
        try:
            cast("Loader", cast("ModuleSpec", self.__spec__).loader).exec_module(self)
        except BaseException:
            sys.modules.pop(self.__name__, None)
            raise
        finally:
            del self._loads
        self.__class__ = ModuleType  # type: ignore[assignment]
