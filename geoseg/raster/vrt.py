"""What a VRT says of itself: its XML, and where the files that it names lie."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET


def root_of(vrt: str) -> ET.Element | None:
    """A VRT on this machine; None where it cannot be read as one."""
    try:
        return ET.parse(vrt).getroot()  # noqa: S314  # GDAL has read it already
    except (OSError, ET.ParseError):
        return None


def name_in(element: ET.Element) -> str:
    """The name of a file, as it is written."""
    return (element.text or "").strip()


def path_in(element: ET.Element, vrt: str) -> Path:
    """The same as a path: beside the VRT, or as it is."""
    beside = "1" in (element.get("relativeToVRT"), element.get("relativetoVRT"))
    name = name_in(element)
    return Path(vrt).absolute().parent / name if beside else Path(name)
