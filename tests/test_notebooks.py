"""Notebooks do what they say: their cells in order, in one process, on a piece of the photo."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import rasterio
from conftest import REPOSITORY
from rasterio.windows import Window

NOTEBOOKS = sorted((REPOSITORY / "examples" / "notebooks").glob("*.ipynb"))
DEAR = {"4_fine_tuning", "6_clusters", "7_heights"}
"""They train, start processes, or render and need their whole photo."""
mpl.use("Agg")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(one, id=one.stem, marks=[pytest.mark.slow] if one.stem in DEAR else [])
        for one in NOTEBOOKS
    ],
)
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "examples" / "notebooks"
    folder.mkdir(parents=True)
    piece_of_photo(folder.parent / "banepa.tif")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(REPOSITORY / "examples"))
    variables: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells(notebook):
        run(cell, variables)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_results_and_no_place_of_its_maker(notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    assert len(text) < 400_000
    told = json.loads(text)["cells"]
    code = [cell for cell in told if cell["cell_type"] == "code"]
    assert any(cell["outputs"] for cell in code)
    for cell in code:
        outputs = json.dumps(cell["outputs"])
        assert "Traceback" not in outputs
        assert "/home/" not in outputs
        assert str(REPOSITORY.parent) not in outputs
        assert "Warning" not in outputs


def cells(notebook: Path) -> list[str]:
    """Source of its cells of code."""
    told = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in told if cell["cell_type"] == "code"]


def run(cell: str, variables: dict[str, Any]) -> None:
    """A cell as a notebook runs it: what its last line gives is shown."""
    tree = ast.parse(cell)
    shown = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), variables)  # noqa: S102  # our own notebooks
    if isinstance(shown, ast.Expr):
        value = eval(compile(ast.Expression(shown.value), "<cell>", "eval"), variables)  # noqa: S307
        as_html = getattr(value, "_repr_html_", None)
        assert (as_html() if callable(as_html) else repr(value)) is not None


def piece_of_photo(path: Path) -> None:
    """Small, so that a notebook takes seconds; three pieces of it are photos still."""
    with rasterio.open(REPOSITORY / "examples" / "banepa.tif") as photo:
        piece = Window(100, 500, 256, 384)
        profile = photo.profile | {
            "width": 256,
            "height": 384,
            "transform": photo.window_transform(piece),
        }
        with rasterio.open(path, "w", **profile) as small:
            small.write(photo.read(window=piece))
