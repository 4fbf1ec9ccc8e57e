"""What makes numba compile for seconds stays out of compiled loops."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import geoseg
from geoseg.kernels.sources import ROOMS


def modules(*rooms: str) -> list[str]:
    """Those with compiled loops."""
    return sorted(
        f"geoseg.{room}.{path.stem}"
        for room in rooms
        for path in (Path(geoseg.__file__).parent / room).glob("*.py")
        if "jit" in path.read_text(encoding="utf-8")
    )


PLAIN = modules("shaping", "footprints")
EVERY = modules("decode", "shaping", "footprints", "heights", "stitch")
QUICK = {"empty", "zeros", "full", "inf", "int64", "uint64", "float64", "rint", "reciprocal"}
"""What of numpy may stand in a loop: mathematics of single numbers is ``math``'s, the rest is done outside."""

MOST = {
    "decode": (17, 17),
    "footprints": (6, 21),
    "shaping": (
        42,
        91,
    ),  # of them bays, five, and walls fitted once more, three, which predicting never calls
    "heights": (3, 17),
    "stitch": (11, 4),
}
"""Loops that are called from Python, and those that loops alone call.

The first run ever takes a fifth of a second for each. Raise a number where a loop is worth that to all users.
"""


def kernels(tree: ast.Module) -> list[ast.FunctionDef]:
    """Functions that are compiled."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(getattr(mark, "id", "") in {"jit", "inner_jit"} for mark in node.decorator_list)
    ]


def parsed(name: str) -> ast.Module:
    """The source of a module."""
    file = importlib.import_module(name).__file__
    assert file is not None
    return ast.parse(Path(file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", MOST)
def test_there_are_no_more_loops_unnoticed(room: str) -> None:
    marks = [
        getattr(mark, "id", "")
        for name in modules(room)
        for kernel in kernels(parsed(name))
        for mark in kernel.decorator_list
    ]
    called, inner = MOST[room]
    assert marks.count("jit") <= called
    assert marks.count("inner_jit") <= inner


@pytest.mark.parametrize("name", PLAIN)
def test_loops_use_little_of_numpy(name: str) -> None:
    used = {
        node.attr
        for kernel in kernels(parsed(name))
        for statement in kernel.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "np"
    }
    assert used <= QUICK


@pytest.mark.parametrize("name", EVERY)
def test_no_loop_is_compiled_anew_for_a_literal(name: str) -> None:
    """Constants that are handed to another loop are made by ``whole``."""
    module, tree = importlib.import_module(name), parsed(name)
    given = [
        ast.unparse(call)
        for kernel in kernels(tree)
        for call in ast.walk(kernel)
        if isinstance(call, ast.Call) and hasattr(call.func, "id")
        if hasattr(getattr(module, call.func.id, None), "py_func")
        if any(_is_literal(argument, module) for argument in call.args)
    ]
    assert not given


@pytest.mark.parametrize("name", EVERY)
def test_no_loop_writes_to_a_slice(name: str) -> None:
    """numba then compiles how Python writes numbers, for an error of shapes that never comes: two seconds."""
    written = [
        ast.unparse(target)
        for kernel in kernels(parsed(name))
        for target in ast.walk(kernel)
        if isinstance(target, ast.Subscript) and isinstance(target.ctx, ast.Store)
        if any(isinstance(part, ast.Slice) for part in ast.walk(target.slice))
    ]
    assert not written


@pytest.mark.parametrize("name", EVERY)
def test_what_loops_take_from_elsewhere_is_of_these_rooms(name: str) -> None:
    """Code that was kept is compared with their sources alone, and has constants built in."""
    tree = parsed(name)
    used = {
        node.id
        for kernel in kernels(tree)
        for node in ast.walk(kernel)
        if isinstance(node, ast.Name)
    } - {
        node.id
        for kernel in kernels(tree)
        for note in (kernel.args, kernel.returns)
        if note is not None
        for node in ast.walk(note)
        if isinstance(node, ast.Name)
    }
    foreign = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("geoseg.")
        if str(node.module).split(".")[1] not in {room.name for room in ROOMS}
        for alias in node.names
        if (alias.asname or alias.name) in used
    ]
    assert not foreign


def _is_literal(argument: ast.expr, module: object) -> bool:
    if isinstance(argument, ast.Tuple):
        return any(_is_literal(member, module) for member in argument.elts)
    if isinstance(argument, ast.Name):
        return type(getattr(module, argument.id, None)) is int
    return isinstance(argument, ast.Constant) and type(argument.value) is int
