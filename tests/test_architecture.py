"""The page on the architecture names what is there, and nothing else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "geoseg"


def parts() -> set[str]:
    """Modules and packages, as the page writes them."""
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    return modules | {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}


def test_every_part_is_named() -> None:
    assert sorted(part for part in parts() if not re.search(rf"\b{re.escape(part)}", PAGE)) == []


def test_what_is_named_is_there() -> None:
    named = set(re.findall(r"(?<![.\w])[a-z_]+(?:/[a-z_]+)*(?:\.py|/)", PAGE))
    homes = (PACKAGE, PACKAGE / "export")
    assert sorted(one for one in named if not any((home / one).exists() for home in homes)) == []
    assert len(named) > 40
