"""Scripts of packaging/, which is no package."""

from __future__ import annotations

import importlib.util
from typing import Any

from conftest import REPOSITORY


def script(name: str) -> Any:
    """A script beside the recipes, as a module."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "packaging" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
