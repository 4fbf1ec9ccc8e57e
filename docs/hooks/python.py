"""Pages that are made of the code while the site is built: the Python API, and every error."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

import geoseg
from geoseg import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

SECTION = re.compile(r"^(?:Args|Returns|Yields|Raises|Example|Examples):$", re.MULTILINE)
HEAD = """# Python

All that `import geoseg` offers, made of the code. Keywords have the meaning of the [options](cli.md) of the same name."""
ROLE = re.compile(r":\w+:`~?([^`]+)`|``([^`]+)``")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add both."""
    for name, text in (("api.md", api()), ("errors.md", failures())):
        files.append(File.generated(config, name, content=text))
    return files


def api() -> str:
    """What ``import geoseg`` offers, functions first."""
    named = {name: getattr(geoseg, name) for name in geoseg.__all__ if name != "__version__"}
    functions = [name for name, one in named.items() if inspect.isfunction(one)]
    kinds = [name for name in named if name not in functions]
    parts = [HEAD]
    parts += [_function(name, named[name]) for name in functions]
    parts += [_kind(name, named[name]) for name in kinds]
    return "\n\n".join(parts) + "\n"


def failures() -> str:
    """Every error, its parents and what the command line returns for it."""
    rows = [
        f"| `{one.__name__}` | {' '.join(_plain(inspect.cleandoc(one.__doc__ or '')).split())} "
        f"| {', '.join(f'`{base.__name__}`' for base in one.__bases__)} | {one.exit_code} |"
        for one in vars(errors).values()
        if inspect.isclass(one) and issubclass(one, errors.GeosegError)
    ]
    head = "| error | | is also | exit code |\n|---|---|---|---|\n"
    return (
        "# Errors\n\nEvery error that geoseg raises on purpose is a `geoseg.GeosegError`, and the builtin that fits as "
        "well; all stand in `geoseg.errors`. A message is one sentence: what was given, what is allowed, what to do. "
        "The command line prints it and returns the exit code.\n\n" + head + "\n".join(rows) + "\n"
    )


def _function(name: str, function: Any) -> str:  # noqa: ANN401
    return f"## {name}\n\n```python\n{_call(name, function)}\n```\n\n{_doc(function)}"


def _kind(name: str, kind: Any) -> str:  # noqa: ANN401
    parts = [f"## {name}\n\n{_doc(kind)}"]
    for member, one in vars(kind).items():
        about = one.fget if isinstance(one, property) else one
        if not member.startswith("_") and inspect.isfunction(about) and about.__doc__:
            call = (
                member
                if isinstance(one, property)
                else _call(member, about).replace("(self, ", "(").replace("(self)", "()")
            )
            parts.append(f"`{' '.join(call.split())}`: {_doc(about)}")
    return "\n\n".join(parts)


class _Bare(str):
    """An annotation without its quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _call(name: str, function: Any) -> str:  # noqa: ANN401
    signature = inspect.signature(function)
    bare = [one.replace(annotation=_Bare(one.annotation)) for one in signature.parameters.values()]
    result = _Bare(signature.return_annotation)
    short = f"{name}{signature.replace(parameters=bare, return_annotation=result)}"
    if len(short) < 100:
        return short
    return f"{name}(\n" + "".join(f"    {line},\n" for line in _lines(bare)) + f") -> {result}"


def _lines(parameters: list[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield str(one)


def _doc(thing: Any) -> str:  # noqa: ANN401
    """Paragraphs as they are; arguments, results and errors as a block."""
    text = _plain(inspect.cleandoc(thing.__doc__ or ""))
    found = SECTION.search(text)
    if found is None:
        return text
    return f"{text[: found.start()]}```text\n{text[found.start() :]}\n```"


def _plain(text: str) -> str:
    return ROLE.sub(lambda found: f"`{found[1] or found[2]}`", text)
