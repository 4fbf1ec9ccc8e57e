"""Wrong names of options, told with the nearest right one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec, TypeVar

from geoseg.errors import UnknownOptionError

P = ParamSpec("P")
R = TypeVar("R")


def checked_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a public function: a keyword it does not have is refused by its own words.

    Signature, documentation and types stay those of the function.

    Raises:
        UnknownOptionError: from the decorated function, naming the nearest option.
    """
    # Not by the module inspect: loading it would be felt at every start.
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                raise UnknownOptionError(unknown_option(function.__name__, name, known))
        return function(*args, **kwargs)

    return called


def unknown_option(function: str, name: str, known: Collection[str]) -> str:
    """One sentence about an option that ``function`` does not have."""
    from difflib import get_close_matches

    nearest = get_close_matches(name, known, n=1)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"its options are {', '.join(known)}"
    return f"{function}() has no option {name!r}; {advice}"
