"""Build the QGIS plugin: ``python qgis/build.py OUT`` writes a folder, or a .zip to install.

The toolbox is built from what the command line says of itself, and the metadata from the package's.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [
    one for one in sys.path if Path(one).resolve() != HERE
]  # the plugin's name is the package's

from geoseg.cli.reference import described  # noqa: E402 - see above
from geoseg.version import __version__  # noqa: E402

NAME = "geoseg"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "verbs.json")


def build_folder(target: Path) -> Path:
    """The plugin, as it lies in a profile's folder of plugins."""
    folder = target / NAME
    shutil.copytree(HERE / NAME, folder, ignore=LEFT_OUT)
    verbs = json.dumps(described(), indent=1)
    (folder / "verbs.json").write_text(verbs + "\n", encoding="utf-8")
    metadata = folder / "metadata.txt"
    text = metadata.read_text(encoding="utf-8")
    for name, value in _facts().items():
        text = text.replace(f"@{name}@", value)
    metadata.write_text(text, encoding="utf-8")
    return folder


def build_zip(path: Path) -> Path:
    """The plugin, as the plugin manager installs it."""
    with tempfile.TemporaryDirectory() as made:
        build_folder(Path(made))
        return Path(shutil.make_archive(str(path.with_suffix("")), "zip", made, NAME))


def _facts() -> dict[str, str]:
    """What the package's own metadata say; addresses that are not public yet stay empty."""
    text = (HERE.parent / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    urls = project.get("urls", {})
    return {
        "version": __version__,
        "email": project["authors"][0].get("email", ""),
        "homepage": urls.get("Homepage", urls.get("Repository", "")),
        "repository": urls.get("Repository", ""),
        "tracker": urls.get("Issues", ""),
    }


if __name__ == "__main__":
    out = Path(sys.argv[1])
    print(build_zip(out) if out.suffix == ".zip" else build_folder(out))
