"""The reference of the command line, from the verbs' own signatures: for people and for programs.

``python -m geoseg.cli.reference > docs/cli.md`` writes Markdown, with ``--json`` what other faces of
geoseg, such as the QGIS plugin, are built from; tests hold both to the code.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from geoseg.cli import VERBS

HEAD = """# Command line

Written from the code by `make reference`. `geoseg VERB --help` says the same. Exit codes: 0 done, 1 the run
failed, 2 wrong usage, 130 Ctrl-C or SIGTERM.
"""
KINDS = {"Path": "FILE", "str": "TEXT", "int": "NUMBER", "float": "NUMBER"}


def reference() -> str:
    """The page."""
    return "\n".join([HEAD, *(part for name, verb in VERBS.items() for part in _verb(name, verb))])


def options(verb: Callable[..., Any]) -> dict[str, tuple[str, ...]]:
    """Parameter to the names of its option, of a verb."""
    named = ((p, info) for p, _, info in _parameters(verb) if isinstance(info, OptionInfo))
    return {p.name: _option_names(p, info) for p, info in named}


def described() -> dict[str, Any]:
    """Verb to its summary, example and parameters, for programs."""
    return {name: _described(verb) for name, verb in VERBS.items()}


def _described(verb: Callable[..., Any]) -> dict[str, Any]:
    parts = [" ".join(part.split()) for part in inspect.cleandoc(verb.__doc__ or "").split("\n\n")]
    return {
        "help": [part for part in parts if not part.startswith("geoseg ")],
        "example": next((part for part in parts if part.startswith("geoseg ")), None),
        "parameters": [
            _parameter(parameter, hint, info) for parameter, hint, info in _parameters(verb)
        ],
    }


def _parameter(
    parameter: inspect.Parameter,
    hint: Any,  # noqa: ANN401
    info: OptionInfo | ArgumentInfo,
) -> dict[str, Any]:
    kind, default = _plain(hint)[0], parameter.default
    known = isinstance(default, str | float | int)
    return {
        "name": parameter.name,
        "options": list(_option_names(parameter, info)) if isinstance(info, OptionInfo) else [],
        "kind": "choice" if get_origin(kind) is Literal else kind.__name__,
        "choices": list(get_args(kind)) if get_origin(kind) is Literal else [],
        "several": list in {get_origin(one) for one in (hint, *get_args(hint))},
        "needed": default is inspect.Parameter.empty,
        "default": default if known else None,
        "help": " ".join((info.help or "").split()),
    }


def _verb(name: str, verb: Callable[..., Any]) -> Iterator[str]:
    yield f"## geoseg {name}\n"
    for part in inspect.cleandoc(verb.__doc__ or "").split("\n\n"):
        yield f"```\n{part}\n```\n" if part.startswith("geoseg ") else f"{' '.join(part.split())}\n"
    yield "| | | default |\n|---|---|---|"
    for parameter, hint, info in _parameters(verb):
        told = (_named(parameter, hint, info), info.help or "", _default(parameter, info))
        yield f"| {' | '.join(' '.join(one.split()) for one in told)} |"
    yield ""


def _parameters(
    verb: Callable[..., Any],
) -> Iterator[tuple[inspect.Parameter, Any, OptionInfo | ArgumentInfo]]:
    """Every parameter with its type and what is said of it."""
    hints = get_type_hints(verb, include_extras=True)
    for parameter in inspect.signature(verb).parameters.values():
        hint = hints[parameter.name]
        if get_origin(hint) is Annotated:
            kind, info = get_args(hint)[:2]
            yield parameter, kind, info


def _named(parameter: inspect.Parameter, hint: Any, info: OptionInfo | ArgumentInfo) -> str:  # noqa: ANN401
    """Names and what they take."""
    taken = _taken(hint)
    if isinstance(info, ArgumentInfo):
        return f"`{info.metavar or parameter.name.upper()}`"
    names = ", ".join(f"`{name}`" for name in _option_names(parameter, info))
    flag = bool in _plain(hint) or info.count
    return names if flag else f"{names} {info.metavar or taken}"


def _option_names(parameter: inspect.Parameter, info: OptionInfo) -> tuple[str, ...]:
    # Within Annotated, typer takes the first name for a default until it builds the command.
    first = (info.default,) if isinstance(info.default, str) else ()
    declared = (*first, *(info.param_decls or ())) or (f"--{parameter.name.replace('_', '-')}",)
    return tuple(name for text in declared for name in text.split("/"))


def _plain(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The types that a parameter may have, without None and lists."""
    if get_origin(hint) in {None, Literal}:
        return (hint,)
    return tuple(one for arg in get_args(hint) if arg is not type(None) for one in _plain(arg))


def _taken(hint: Any) -> str:  # noqa: ANN401
    kind = _plain(hint)[0]
    if get_origin(kind) is Literal:
        return " \\| ".join(get_args(kind))
    return KINDS.get(kind.__name__, "")


def _default(parameter: inspect.Parameter, info: OptionInfo | ArgumentInfo) -> str:
    if isinstance(info.show_default, str):
        return info.show_default
    default = parameter.default
    if default is inspect.Parameter.empty:
        return "needed"
    said = isinstance(default, str | float | int) and not isinstance(default, bool)
    return str(default) if said and not getattr(info, "count", None) else ""


if __name__ == "__main__":
    as_json = "--json" in sys.argv
    sys.stdout.write(json.dumps(described(), indent=1) + "\n" if as_json else reference())
