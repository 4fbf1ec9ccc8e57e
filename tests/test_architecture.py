"""The page on the architecture names the rooms that are there, and nothing else."""

import re

from conftest import REPOSITORY

PAGE = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
PACKAGE = REPOSITORY / "geoseg"
MOST_AT_THE_ROOT = 9


def rooms() -> set[str]:
    return {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_every_room_is_named() -> None:
    assert sorted(room for room in rooms() if not re.search(rf"\b{room}/", PAGE)) == []


def test_what_is_named_is_there() -> None:
    named = set(re.findall(r"(?<![.\w/])[a-z_]+(?:/[a-z_]+)*(?:\.py|/)", PAGE))
    assert sorted(one for one in named if not (PACKAGE / one).exists()) == []
    assert len(named) > 25


def test_the_root_is_small() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


def test_the_decoders_rows_are_as_many_as_it_says() -> None:
    from geoseg.decode.decoder import CHUNK_ROWS
    from geoseg.decode.params import DecodeParams
    from geoseg.models.loading import DEFAULT_WEIGHTS
    from geoseg.models.weights import read_metadata

    decoding = read_metadata(DEFAULT_WEIGHTS).decoding
    assert decoding is not None
    for params in (DecodeParams(**decoding.as_levels()), DecodeParams()):
        assert f"{1 + CHUNK_ROWS + params.reach_px} " in PAGE


def test_tests_mirror_the_tree() -> None:
    tested = {path.parent.name for path in (REPOSITORY / "tests").glob("*/test_*.py")}
    assert tested <= rooms() | {"qgis"}  # the plugin lies beside the package


def test_rooms_with_kernels_are_compiled_anew_together() -> None:
    from geoseg.kernels.sources import ROOMS

    compiled = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^@(?:inner_)?jit\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert compiled <= {room.name for room in ROOMS}
