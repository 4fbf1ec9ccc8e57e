"""Machine code that came with the package, made for a plain processor when that was built.

Where it fits, not even the first run compiles: where it was made of the same sources by the same versions, and for
nothing that this processor lacks. Anything else compiles as if it were not there.

What is read here is executed. It lies in the package itself, and so is trusted as its sources are: whoever can write
the one can write the other.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from geoseg.kernels.sources import stamp

_log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "shipped"
"""Packages for one platform have it; checkouts, and the package for all platforms, do not."""
ABOUT = "about.json"
DIGEST_BYTES = hashlib.sha256().digest_size

OWN_CHOICES = (
    "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX", "NUMBA_OPT", "NUMBA_LOOP_VECTORIZE",
    "NUMBA_SLP_VECTORIZE", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUGINFO",
)  # fmt: skip
"""numba's settings that bear on machine code: whoever sets one gets code made by it."""
SWITCH = "NUMBA_DISABLE_JIT"
"""With it loops run as they are written, hundreds of times slower."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """Code that fits this machine."""

    folder: Path
    """A file for each loop."""
    stamp: str
    """What it is made of and with."""
    processor: tuple[str, str, str]
    """What it is made for, as numba puts it into its keys: system, name, features."""

    def magic_tuple(self) -> tuple[str, str, str]:
        """The processor, by the name that numba asks for it by."""
        return self.processor

    def read(self, loop: str, key: Hashable) -> bytes | None:
        """Code of a loop for one set of types; None: there is none, or the file is damaged."""
        try:
            content = (self.folder / loop).read_bytes()
        except OSError:
            return None
        digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if digest != _digest(self.stamp, body):
            _log.info("machine code that came with geoseg is damaged: %s", self.folder / loop)
            return None
        found: dict[Hashable, bytes] = pickle.loads(body)  # noqa: S301  # see the head
        return found.get(key)

    def write(self, loop: str, code: Mapping[Hashable, bytes]) -> None:
        """Put down what ``read`` finds: code of a loop for all its sets of types."""
        body = pickle.dumps(dict(code))
        (self.folder / loop).write_bytes(_digest(self.stamp, body) + body)

    def is_whole(self) -> bool:
        """Whether the files are as long as they were made, so that hardly any loop has to be compiled."""
        try:
            told = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))["bytes"]
            short = [
                one for one, size in told.items() if (self.folder / one).stat().st_size != size
            ]
        except (OSError, ValueError, KeyError, AttributeError):
            return False
        return not short

    def describe(self) -> None:
        """Write down what all of it is made for, and how long the files are that were written."""
        sizes = {file.name: file.stat().st_size for file in sorted(self.folder.iterdir())}
        sizes.pop(ABOUT, None)
        told = {"stamp": self.stamp, "processor": self.processor, "bytes": sizes}
        (self.folder / ABOUT).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


@cache
def shipped() -> Shipped | None:
    """What came with the package; None where nothing did or it does not fit."""
    own = is_switched_off() or any(name in os.environ for name in OWN_CHOICES)
    return None if own else fitting(FOLDER)


def is_switched_off() -> bool:
    """Whether the user wants nothing compiled."""
    return os.environ.get(SWITCH, "0").strip() not in {"", "0"}


def fitting(folder: Path) -> Shipped | None:
    """The code in ``folder``, if it may be used on this machine."""
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        made, (system, name, features) = str(told["stamp"]), told["processor"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        _log.info("what is told of machine code that came with geoseg is damaged: %s", folder)
        return None
    if made != stamp():
        _log.info("machine code that came with geoseg is of %s, not %s", made, stamp())
        return None
    if lacking := _lacking(features):
        _log.info("machine code that came with geoseg is for processors with %s", lacking)
        return None
    return Shipped(folder, made, (system, name, features))


def _lacking(features: str) -> str:
    """Those that this processor does not have, of ``+avx2,+fma,...``."""
    wanted = [one[1:] for one in features.split(",") if one.startswith("+")]
    if not wanted:
        return ""
    from llvmlite.binding import get_host_cpu_features

    try:
        here = get_host_cpu_features()
    except RuntimeError:  # LLVM does not know this kind of processor
        here = {}
    return ", ".join(one for one in wanted if not here.get(one))


def _digest(made: str, body: bytes) -> bytes:
    return hashlib.sha256(made.encode() + body).digest()
