"""What machine code is made of and with: the same stamp, and code that was kept may be used."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from geoseg.version import installed

ROOMS = tuple(
    Path(__file__).parents[1] / room
    for room in ("kernels", "decode", "stitch", "footprints", "shaping", "heights")
)
"""Packages with compiled functions: these call each other's, so all are compiled anew together."""


@cache
def stamp(rooms: Sequence[Path] = ROOMS) -> str:
    """Sources of all ``rooms``, versions, Python and platform, in words.

    numba itself compares a function with its own file alone, and would go on using code that has the
    constants and callees of an earlier version of another file built in. It chooses what it compiles by the
    first two numbers of numpy's version; of llvmlite these tell the version of LLVM.
    """
    versions = f"numba {installed('numba')}, llvmlite {_minor('llvmlite')}, numpy {_minor('numpy')}"
    machine = f"{sys.implementation.cache_tag}, {sys.platform} {platform.machine().lower()}"
    return f"sources {sources_digest(rooms)}, {versions}, {machine}"


@cache
def sources_digest(rooms: Sequence[Path]) -> str:
    """Of names and content: times of files say nothing where they were copied or unpacked."""
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted(room.glob("*.py")):
            content = path.read_bytes()
            digest.update(f"{room.name}/{path.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:16]


def _minor(package: str) -> str:
    return ".".join(installed(package).split(".")[:2])
