"""One way to say a thing: which verb has which option, and the page that lists them."""

from __future__ import annotations

import inspect

import pytest
from commands import help_of
from conftest import REPOSITORY

from geoseg.cli import VERBS
from geoseg.cli.reference import options, reference

EVERYWHERE = {"as_json", "quiet", "verbose"}
LONG = {"predict", "maps", "report", "compare", "dataset", "train", "tune", "evaluate"}
"""Verbs that work long enough to tell where they stand."""
RUN_A_NETWORK = {"info", "predict", "maps", "dataset", "tune", "evaluate"}
WRITE = {
    "predict",
    "maps",
    "regularize",
    "report",
    "compare",
    "to-coco",
    "from-coco",
    "train",
    "tune",
    "dataset",
}
PAGES = {"report", "compare", "dataset", "tune", "evaluate", "models"}
READ_LAYERS = {
    "predict": {"aoi_layer"},
    "regularize": {"layer"},
    "report": {"layer", "zones_layer", "sample_layer", "sample_areas_layer"},
    "compare": {"old_layer", "new_layer", "zones_layer"},
    "to-coco": {"layer"},
    "dataset": {"layer", "aoi_layer", "ignore_layer"},
    "evaluate": {"layer", "truth_layer", "aoi_layer", "ignore_layer"},
}
POLYGONS = {
    "predict": "predict",
    "regularize": "regularize",
    "recompute": "recompute",
    "heights": "add_heights",
    "from-coco": "from_coco",
    "convert": "convert",
    "update": "update",
    "report": "report",
    "compare": "compare",
}
"""Verbs that write a layer of polygons in any format, and their functions."""
SHARED = {
    "zoom": ("--zoom",),
    "as_json": ("--json",),
    "quiet": ("--quiet", "-q"),
    "verbose": ("--verbose", "-v"),
    "progress": ("--progress",),
    "output": ("--output", "-o"),
    "html": ("--html",),
    "raster": ("--raster",),
    "scenes": ("--scenes",),
    "device": ("--device",),
    "precision": ("--precision",),
    "runtime": ("--runtime",),
    "overwrite": ("--overwrite",),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_the_options_that_it_should(verb: str) -> None:
    names = options(VERBS[verb])
    wanted = set(EVERYWHERE)
    for verbs, option in ((LONG, "progress"), (RUN_A_NETWORK, "device"), (RUN_A_NETWORK, "precision"),
                          (RUN_A_NETWORK, "runtime"),
                          (WRITE, "output"), (PAGES, "html"), (WRITE | PAGES, "overwrite")):  # fmt: skip
        wanted |= {option} if verb in verbs else set()
    wanted |= READ_LAYERS.get(verb, set())
    assert wanted <= names.keys(), wanted - names.keys()


@pytest.mark.parametrize("verb", VERBS)
def test_one_thing_has_one_name(verb: str) -> None:
    for name, given in options(VERBS[verb]).items():
        assert given == SHARED.get(name, given)
        assert name in {"layer", *(f"{file}_layer" for file in ("aoi", "truth", "zones", "ignore",
                        "sample", "sample_areas", "old", "new"))} or "layer" not in name  # fmt: skip


def test_the_page_is_what_the_code_says() -> None:
    page = (REPOSITORY / "docs/cli.md").read_text(encoding="utf-8")
    assert page == reference(), "run make reference"


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_stands_in_the_page_and_in_the_help(verb: str) -> None:
    section = reference().split(f"## geoseg {verb}\n")[1].split("\n## ")[0]
    shown = help_of(verb)
    for names in options(VERBS[verb]).values():
        assert all(f"`{name}`" in section for name in names)
        assert all(name in shown for name in names)


def test_the_page_tells_of_numbers_and_words() -> None:
    for row in (
        "| `--strip` NUMBER | Rows of pixels decoded at a time. | 128 |",
        "| `--readers` NUMBER | Threads that read the raster. | 1 |",
        "| `--device` TEXT | auto, cpu, cuda, cuda:1, mps. | auto |",
    ):
        assert row in reference()


def test_the_formats_that_help_names_are_those_that_are_written() -> None:
    from geoseg.cli.options import LAYER_FORMATS
    from geoseg.export.formats import FORMATS
    from geoseg.export.output import WRITERS

    assert list(FORMATS) == list(WRITERS) == LAYER_FORMATS.replace(" or", ",").split(", ")


@pytest.mark.parametrize("verb", POLYGONS)
def test_verbs_that_write_polygons_name_all_formats_and_choose_zooms(verb: str) -> None:
    import geoseg
    from geoseg.export.formats import in_words

    named = in_words(".csv") if verb in {"report", "compare"} else in_words()
    section = reference().split(f"## geoseg {verb}\n")[1].split("\n## ")[0]
    function = getattr(geoseg, POLYGONS[verb])
    assert named in section
    assert named in " ".join((function.__doc__ or "").split())
    assert "zoom" in options(VERBS[verb])
    assert "zoom" in inspect.signature(function).parameters
