"""What the wheel holds: every package, and every file beside the code."""

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import PurePosixPath

from conftest import REPOSITORY

SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PATTERNS = SETTINGS["tool"]["setuptools"]["package-data"]["geoseg"]


def files() -> list[PurePosixPath]:
    """Files of the package, from its folder on; what is only made here, such as caches, left out."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "geoseg"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    here = [path for path in found if (REPOSITORY / path).exists()]
    return [PurePosixPath(path).relative_to("geoseg") for path in here]


def matches(path: PurePosixPath, pattern: str) -> bool:
    """As setuptools matches: a star does not cross folders."""
    parts, wanted = path.parts, pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch, parts, wanted))


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in files() if path.suffix == ".py"}
    assert [
        str(f) for f in folders if not (REPOSITORY / "geoseg" / f / "__init__.py").exists()
    ] == []


def test_every_other_file_is_taken_along() -> None:
    beside = [path for path in files() if path.suffix != ".py"]
    left = [str(path) for path in beside if not any(matches(path, one) for one in PATTERNS)]
    assert left == []


def test_no_pattern_is_left_over() -> None:
    beside = [path for path in files() if path.suffix != ".py"]
    idle = [one for one in PATTERNS if not any(matches(path, one) for path in beside)]
    assert not beside or idle == []
