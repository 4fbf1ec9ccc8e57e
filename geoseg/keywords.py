"""Wrong names of options, told with the nearest right one, and values that are of no use."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from numbers import Integral, Real
from typing import ParamSpec, TypeVar

from geoseg.errors import UnknownOptionError, UsageError, WrongTypeError

TITLES = {"float": "a number", "int": "a whole number", "bool": "True or False", "str": "a text"}
"""What an option takes, by its annotation."""
NUMBERS = ("Sequence[float]", "Sequence[int]")
"""Annotations of several numbers."""
PATHS = ("Path", "os.PathLike[str]")
"""Annotations of a path; a text beside them is one, too."""
SEVERAL_PATHS = "Sequence[str | Path]"
"""Annotation of several; the only one with a bar inside."""
_PATHS = "paths"
"""It, as one word."""
LONGEST = 60
"""Characters of a value that a message shows."""

P = ParamSpec("P")
R = TypeVar("R")


def checked_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a public function: a keyword it does not have is refused by its own words.

    Signature, documentation and types stay those of the function.

    Numbers, texts, switches and paths are held against their annotations; what takes anything else, such
    as a table, is checked by what opens it.

    Raises:
        UnknownOptionError: from the decorated function, naming the nearest option.
        WrongTypeError: from the decorated function, naming what it takes.
        UsageError: from the decorated function, naming a text that no library can be told.
    """
    # Not by the module inspect: loading it would be felt at every start.
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    kinds = {name: kind for name in known if (kind := _kind_of(function, name)) is not None}

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                raise UnknownOptionError(unknown_option(function.__name__, name, known))
        for name, value in (*zip(known, args, strict=False), *kwargs.items()):
            if name in kinds and not kinds[name].holds(value):
                raise WrongTypeError(
                    f"{function.__name__}() takes {kinds[name].title} for {name!r}; got {_short(value)}"
                )
            require_utf8(value)
        return function(*args, **kwargs)

    return called


def require_utf8(given: object) -> None:
    """Refuse a text or path, or one of several, that GDAL cannot be told: of files from old disks and archives.

    Raises:
        UsageError: its bytes are no UTF-8.
    """
    if isinstance(given, (list, tuple)):
        for one in given:
            require_utf8(one)
    elif isinstance(given, (str, os.PathLike)):
        name = os.fspath(given)
        if isinstance(name, str) and any("\ud800" <= letter <= "\udfff" for letter in name):
            shown = os.fsencode(name).decode(errors="backslashreplace")
            raise UsageError(f"the name {shown} is not in UTF-8, so GDAL cannot open it; rename it")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an option takes, as far as its annotation says it in simple words."""

    parts: frozenset[str]

    @property
    def title(self) -> str:
        """For a message."""
        names = [TITLES[part] for part in TITLES if part in self.parts]
        if self._of_paths:
            names = [*(name for name in names if name != TITLES["str"]), "a path"]
        several = [
            *(["numbers"] if self.parts & set(NUMBERS) else []),
            *(["several"] if _PATHS in self.parts else []),
        ]
        return " or ".join([*names, *several])

    @property
    def _of_paths(self) -> bool:
        return bool(self.parts & set(PATHS))

    def holds(self, value: object) -> bool:
        """Whether it is one of them; numpy's numbers are numbers."""
        if value is None:
            return "None" in self.parts
        if isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
            return "bool" in self.parts
        if isinstance(value, str):
            return "str" in self.parts
        if isinstance(value, os.PathLike):
            return self._of_paths
        if isinstance(value, Real):
            whole = isinstance(value, Integral)
            return "float" in self.parts or ("int" in self.parts and whole)
        return self._holds_several(value)

    def _holds_several(self, value: object) -> bool:
        if _PATHS in self.parts and _are_paths(value):
            return True
        several = isinstance(value, Iterable) and bool(self.parts & set(NUMBERS))
        return several and all(
            isinstance(one, Real) and not isinstance(one, bool) for one in _members(value)
        )


def _are_paths(value: object) -> bool:
    """Whether it is several paths; an iterator is believed, for it can be asked but once."""
    if isinstance(value, Iterator):
        return not hasattr(value, "read")
    several = isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray))
    return several and all(isinstance(one, (str, os.PathLike)) for one in _members(value))


def _members(value: object) -> list[object]:
    return list(value) if isinstance(value, Iterable) else []


def _kind_of(function: Callable[..., object], name: str) -> _Kind | None:
    """None where the annotation names anything but numbers, texts, switches, paths and None."""
    text = str(function.__annotations__.get(name, "")).replace(SEVERAL_PATHS, _PATHS)
    parts = frozenset(text.split(" | "))
    return _Kind(parts) if parts <= {*TITLES, *NUMBERS, *PATHS, _PATHS, "None"} else None


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return f"{shown} ({type(value).__name__})"


def unknown_option(function: str, name: str, known: Collection[str]) -> str:
    """One sentence about an option that ``function`` does not have."""
    from difflib import get_close_matches

    nearest = get_close_matches(name, known, n=1)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"its options are {', '.join(known)}"
    return f"{function}() has no option {name!r}; {advice}"
