"""Every link and anchor within the repository's pages leads somewhere."""

import ast
import inspect
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import geopandas as gpd
import pytest
from conftest import REPOSITORY
from markdown_it import MarkdownIt
from markdown_it.token import Token

import geoseg

PAGES = (
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
)
NAMING = (
    *sorted((REPOSITORY / "configs").glob("*.yaml")),
    *sorted((REPOSITORY / "benchmarks").glob("*.py")),
    *sorted((REPOSITORY / "geoseg").rglob("*.py")),
)


def tokens_of(page: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The page's headings as GitHub names them: repeated ones get a number."""
    tokens, seen, found = tokens_of(page), Counter[str](), set()
    for before, token in pairwise(tokens):
        if before.type != "heading_open":
            continue
        text = "".join(child.content for child in token.children or ())
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def links(page: Path) -> list[str]:
    """Where the page's links and pictures lead, those out of the repository left out."""
    children = [child for token in tokens_of(page) for child in token.children or ()]
    targets = [str(child.attrs.get("href") or child.attrs.get("src") or "") for child in children]
    return [one for one in targets if one and not re.match(r"[a-z]+:", one)]


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if leads_nowhere(page, link)] == []


def test_links_are_seen_at_all() -> None:
    assert sum("#" in link for page in PAGES for link in links(page)) > 10


def test_pages_named_in_code_and_configurations_are_there() -> None:
    """Pages that a command is told to write (``> docs/...``) are left out."""
    named = {
        name
        for file in NAMING
        for name in re.findall(r"(?<!> )docs/[\w/]+\.md", file.read_text(encoding="utf-8"))
    }
    assert sorted(name for name in named if not (REPOSITORY / name).exists()) == []
    assert len(named) > 3


def python_blocks() -> list[tuple[str, ast.Module]]:
    """Every block of Python on the pages, and where it stands."""
    return [
        (f"{page.name}:{(token.map or [0])[0] + 1}", ast.parse(token.content))
        for page in PAGES
        for token in tokens_of(page)
        if token.type == "fence" and token.info == "python"
    ]


def call_of_geoseg(node: ast.AST) -> str | None:
    """The name of the public function that a piece of code calls; None: it does not."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        of = node.func.value
        if isinstance(of, ast.Name) and of.id == "geoseg":
            return node.func.attr
    return None


def has(function: str, attribute: str) -> bool:
    """Whether one of the results that a public function may return has it."""
    told = str(inspect.signature(getattr(geoseg, function)).return_annotation)
    kinds = [getattr(geoseg, name.strip(), gpd.GeoDataFrame) for name in told.split("|")]
    return told == "Any" or any(
        attribute in {*dir(kind), *getattr(kind, "__annotations__", {})} for kind in kinds
    )


def test_python_on_the_pages_uses_what_there_is() -> None:
    used, wrong = 0, []
    for place, block in python_blocks():
        nodes = list(ast.walk(block))
        made = {
            node.targets[0].id: called
            for node in nodes
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and (called := call_of_geoseg(node.value)) is not None
        }
        for node in nodes:
            called = call_of_geoseg(node)
            if called is not None and isinstance(node, ast.Call):
                known = inspect.signature(getattr(geoseg, called)).parameters
                wrong += [
                    f"{place} {called}({k.arg}=)" for k in node.keywords if k.arg not in known
                ]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used += node.value.id in made
                if node.value.id in made and not has(made[node.value.id], node.attr):
                    wrong.append(f"{place} {node.value.id}.{node.attr}")
    assert wrong == []
    assert used > 10
