"""How many random examples a test of a property gets, and which of many given ones.

``pytest_configure`` in ``conftest.py`` loads one of two profiles: all examples where thorough tests run
as well, a quarter of them in the run that is for every change of a line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

ALL, FEW = "all", "few"
SHARE = 4
LEAST = 3

# How long an example takes says more about the machine than about the code.
settings.register_profile(ALL, deadline=None, max_examples=100)
settings.register_profile(FEW, deadline=None, max_examples=100 // SHARE)


def load(*, thorough: bool) -> None:
    """Before test modules are imported: their decorators ask for it."""
    settings.load_profile(ALL if thorough else FEW)


def tries(number: int, **more: Any) -> settings:
    """So many examples, or by default a quarter of them and at least three; ``more`` is hypothesis's own."""
    few = settings.default.max_examples < settings.get_profile(ALL).max_examples
    return settings(
        max_examples=max(number // SHARE, min(number, LEAST)) if few else number, **more
    )


def first(number: int, values: Iterable[Any]) -> list[Any]:
    """Values for ``parametrize`` or ``params``: so many as they are, the others where thorough tests run."""
    return [value if index < number else _thorough(value) for index, value in enumerate(values)]


def _thorough(value: Any) -> Any:
    several = value if isinstance(value, tuple) else (value,)
    return pytest.param(*several, marks=pytest.mark.thorough)
