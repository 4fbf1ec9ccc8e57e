"""Texts that a script left empty, as ``--aoi "$AREA"`` does where no AREA is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoseg.errors import UsageError

if TYPE_CHECKING:
    import typer


def refuse_empty(context: typer.Context) -> None:
    """Refuse arguments and options that are empty or blank.

    An empty name is the current folder to most of what opens files, and to others as if nothing was asked.

    Raises:
        UsageError: naming the first of them.
    """
    for parameter in context.command.params:
        given = context.params.get(parameter.name or "")
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
