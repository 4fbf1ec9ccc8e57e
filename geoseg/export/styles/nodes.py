"""Elements of QML, in the few forms that QGIS repeats everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, indent, tostring

Attributes = Mapping[str, object]

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def node(tag: str, attributes: Attributes | None = None, *children: Element) -> Element:
    """An element; numbers and truths are written as QGIS writes them."""
    made = Element(tag, {name: as_text(value) for name, value in (attributes or {}).items()})
    made.extend(children)
    return made


def text_node(tag: str, text: str, attributes: Attributes | None = None) -> Element:
    """An element that holds a text."""
    made = node(tag, attributes)
    made.text = text
    return made


def as_text(value: object) -> str:
    """A value in an attribute; truths are 1 and 0."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def option_map(values: Mapping[str, object], name: str = "") -> Element:
    """A QVariantMap as QGIS stores it; lists in it are of maps."""
    named = {"type": "Map"} | ({"name": name} if name else {})
    return node("Option", named, *(_option(key, value) for key, value in values.items()))


def _option(name: str, value: object) -> Element:
    if isinstance(value, Mapping):
        return option_map(value, name)
    if isinstance(value, list):
        return node("Option", {"type": "List", "name": name}, *map(option_map, value))
    kind, text = _QT_TYPES[type(value)], value
    if isinstance(value, bool):
        text = "true" if value else "false"
    return node("Option", {"name": name, "type": kind, "value": text})


_QT_TYPES = {bool: "bool", int: "int", float: "double", str: "QString"}


def document(root: Element) -> str:
    """The whole text of a file."""
    indent(root, " ")
    return DOCTYPE + tostring(root, encoding="unicode") + "\n"


def all_of(made: Iterable[Element | None]) -> list[Element]:
    """Those that there are."""
    return [one for one in made if one is not None]
