"""Commands on the pages are such as the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer
from conftest import REPOSITORY
from markdown_it import MarkdownIt

from geoseg.cli import app

PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")))
OPERATORS = {">", "|", "&", "&&", ";"}
"""Where the shell's own begins."""


def lines_of(page: Path) -> Iterator[tuple[str, bool]]:
    """Every line of code, and whether it stands in a block: whole, to be copied."""
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info != "python":
            yield from ((line, True) for line in token.content.replace("\\\n", " ").splitlines())
        spans = (child.content for child in token.children or () if child.type == "code_inline")
        yield from ((span.replace("\n", " "), False) for span in spans)


def commands() -> Iterator[tuple[str, list[str], bool]]:
    """Where ``geoseg`` is called with a verb: page and line, its words as a shell takes them apart, in a block or not."""
    for page in PAGES:
        for line, block in lines_of(page):
            found = re.search(r"(?:^|\s)geoseg ([a-z].*)", line)
            words = shlex.split(found[1], comments=True) if found else []
            end = next((n for n, word in enumerate(words) if word in OPERATORS), None)
            if words[:end]:
                yield f"{page.name}: {line.strip()}", words[:end], block


def test_verbs_and_options_on_the_pages_are_there() -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    seen, wrong = 0, []
    for place, (verb, *words), _ in commands():
        seen += 1
        if verb not in verbs:
            wrong.append(place)
            continue
        known = {"--help"}.union(*([*one.opts, *one.secondary_opts] for one in verbs[verb].params))
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        wrong += [place] * bool(given - known)
    assert wrong == []
    assert seen > 300


def test_whole_commands_lack_nothing() -> None:
    """Lines of blocks: every argument that a verb needs, and values of the kind that it takes."""
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    wrong = []
    for place, (verb, *words), block in commands():
        if not block or "--help" in words:
            continue
        try:
            verbs[verb].make_context(verb, words)
        except Exception as error:  # noqa: BLE001  # the parser's own, wherever typer keeps it
            wrong.append(f"{place}: {error}")
    assert wrong == []


def source_of(name: str) -> str:
    """The text of a script, or of a module that runs by ``-m``; none where there is no such thing."""
    path = REPOSITORY / (name if name.endswith(".py") else name.replace(".", "/") + ".py")
    package = path.with_suffix("") / "__main__.py"
    return "".join(one.read_text(encoding="utf-8") for one in (path, package) if one.exists())


def test_options_of_scripts_on_the_pages_are_there() -> None:
    script = r"python ((?:benchmarks|examples)/[\w/]+\.py)([^#|>]*)"
    module = r"python -m (geoseg(?:\.\w+)+)([^#|>]*)"
    seen, wrong = 0, []
    for page in PAGES:
        for line, _ in lines_of(page):
            for name, rest in re.findall(script, line) + re.findall(module, line):
                source = source_of(name)
                seen += 1
                missing = [one for one in re.findall(r"--[a-z][\w-]*", rest) if one not in source]
                wrong += [f"{page.name}: {line}"] * (not source or bool(missing))
    assert wrong == []
    assert seen > 50
