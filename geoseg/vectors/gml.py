"""The CRSs that a GML file names for its features, each of which may name its own."""

from __future__ import annotations

import mmap
import re
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.earth.crs import code_and_name, understood
from geoseg.errors import UnreadableVectorError
from geoseg.vectors.address import Address, is_virtual

NAMED = re.compile(rb"""srsName\s*=\s*["']([^"']*)""")
CODE = re.compile(r"epsg\b.*?(\d+)$", re.IGNORECASE)
"""EPSG:32645, urn:ogc:def:crs:EPSG::32645, http://www.opengis.net/gml/srs/epsg.xml#32645."""
BOX = "boundedBy"
"""The element of a feature's or a file's box, which may be in any CRS."""


def refuse_several_crss(address: Address, layer: str, label: str) -> None:
    """Refuse a layer of GML whose features are in several CRSs.

    GDAL places all by the first where a schema (.xsd, .gfs) lies beside the file, and else knows none.

    Args:
        address: The file; those that GDAL alone can read are let pass.
        layer: What its features are called.
        label: How messages name it.

    Raises:
        UnreadableVectorError: Two features have no CRS in common.
    """
    if isinstance(address, str) or is_virtual(address) or not _names_several(address):
        return
    features = _Features(layer, label)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = features.begin, features.end
    try:
        with address.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError:
        return  # GDAL says what is wrong with it


def _names_several(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return len({found[1] for found in NAMED.finditer(content)}) > 1


class _Features:
    """The features as they come by."""

    def __init__(self, layer: str, label: str) -> None:
        self._layer, self._label = layer, label
        self._boxes = 0
        self._names: set[str] | None = None
        self._common: list[CRS] | None = None

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        kind = tag.rpartition(":")[2]
        self._boxes += kind == BOX
        if kind == self._layer:
            self._names = set()
        elif self._names is not None and not self._boxes and "srsName" in attributes:
            self._names.add(attributes["srsName"])

    def end(self, tag: str) -> None:
        """An element ends."""
        kind = tag.rpartition(":")[2]
        self._boxes -= kind == BOX
        if kind == self._layer and self._names is not None:
            self._add([crs for crs in map(_crs_of, self._names) if crs is not None])
            self._names = None

    def _add(self, found: list[CRS]) -> None:
        if not found:
            return
        if self._common is None:
            self._common = found
            return
        shared = [one for one in self._common if any(map(one.equals, found))]
        if not shared:
            raise UnreadableVectorError(
                f"{self._label} holds features in {code_and_name(self._common[0])} and others in "
                f"{code_and_name(found[0])}; bring them into one CRS, or write each into a file of its own"
            )
        self._common = shared


@lru_cache(maxsize=64)
def _crs_of(name: str) -> CRS | None:
    """The CRS; None where nobody knows it."""
    code = CODE.search(name)
    try:
        return understood(f"EPSG:{code[1]}" if code else name)
    except CRSError:
        return None
