"""Names of columns where a format does not take every one: the same rule for all, and reversible by a table.

What is no letter, digit or ``_`` becomes ``_``; what does not fit is cut; what would be there twice,
whatever its case, is numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from geoseg.vectors.short_names import SHORT

SHAPEFILE_BYTES = 10
"""Of a name in a dBASE table, UTF-8."""
GEODATABASE_BYTES = 64
"""Characters of a name in a File Geodatabase; counted in bytes to be sure."""
RESERVED = frozenset(
    [
        "add",
        "alter",
        "and",
        "between",
        "by",
        "column",
        "create",
        "delete",
        "drop",
        "exists",
        "for",
        "from",
        "group",
        "in",
        "insert",
        "into",
        "is",
        "like",
        "not",
        "null",
        "or",
        "order",
        "select",
        "set",
        "table",
        "update",
        "values",
        "where",
    ]
)
"""Words of SQL that a File Geodatabase has no column of."""


def shapefile_names(names: Iterable[str]) -> dict[str, str]:
    """What each column of a table is called in a shapefile."""
    return _numbered({name: SHORT.get(name, _plain(name)) for name in names}, SHAPEFILE_BYTES)


def geodatabase_names(names: Iterable[str]) -> dict[str, str]:
    """What each column is called in a File Geodatabase: no word of SQL, no digit at the beginning."""
    return _numbered({name: _word(_plain(name)) for name in names}, GEODATABASE_BYTES)


def xml_names(names: Iterable[str]) -> dict[str, str]:
    """What each column is called in KML."""
    return _numbered({name: _plain(name, also=" -.:") for name in names}, GEODATABASE_BYTES)


def told(names: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence where a column has another name."""
    changed = [f"{name} is {stored}" for name, stored in names.items() if name != stored]
    return (f"columns have other names: {', '.join(changed)}",) if changed else ()


def plain_name(name: str) -> str:
    """The name with ``_`` for all that is no letter or digit; never empty."""
    return _word(_plain(name))


def _plain(name: str, also: str = "") -> str:
    return "".join(one if one.isalnum() or one in also else "_" for one in name) or "_"


def _word(name: str) -> str:
    if not (name[0].isalpha() or name[0] == "_"):
        return f"_{name}"
    return f"{name}_" if name.lower() in RESERVED else name


def _numbered(wanted: Mapping[str, str], most_bytes: int) -> dict[str, str]:
    """Names that fit and differ; those that need no change have the first choice."""
    kept = {name: name for name, new in wanted.items() if name == new and _fits(name, most_bytes)}
    taken = {name.lower() for name in kept}
    found: dict[str, str] = {}
    for name, new in wanted.items():
        found[name] = kept.get(name) or _free(new, taken, most_bytes)
        taken.add(found[name].lower())
    return found


def _free(name: str, taken: set[str], most_bytes: int) -> str:
    number, tried = 0, _cut(name, most_bytes)
    while tried.lower() in taken:
        number += 1
        tail = f"_{number}"
        tried = _cut(name, most_bytes - len(tail)) + tail
    return tried


def _fits(name: str, most_bytes: int) -> bool:
    return len(name.encode()) <= most_bytes


def _cut(name: str, most_bytes: int) -> str:
    """The beginning of a name that fits, whole letters alone."""
    return name.encode()[:most_bytes].decode(errors="ignore")
