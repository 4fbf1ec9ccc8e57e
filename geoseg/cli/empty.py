"""Texts that a script left empty, as ``--aoi "$AREA"`` does where no AREA is set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from geoseg.errors import UsageError


def refuse_empty(parameters: Iterable[Any], texts: Mapping[str, object]) -> None:
    """Refuse arguments and options that are empty or blank.

    An empty name is the current folder to most of what opens files, and to others as if nothing was asked.

    Args:
        parameters: Those of the verb, as click knows them.
        texts: By their names what was given, as it was: an empty path would be the current folder's already.

    Raises:
        UsageError: naming the first of them.
    """
    for parameter in parameters:
        given = texts.get(parameter.name or "")
        if given != parameter.default and any(_is_blank(one) for one in _listed(given)):
            option = parameter.param_type_name == "option"
            named = parameter.opts[0] if option else "an argument"
            raise UsageError(
                f"{named} is an empty text, as where a variable of a script is not set; give a value, or "
                "leave it out"
            )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()
