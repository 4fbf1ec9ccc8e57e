"""What ``.onnx`` and ``.xml`` files, or a text beside them, say of the model; no library is loaded.

Both formats have room for texts of anybody's: ONNX in ``metadata_props``, OpenVINO in ``rt_info``. A graph
that says nothing there may have a file of the same name and ``.json`` beside it (``model.onnx.json``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

from geoseg.errors import ModelError
from geoseg.files.digest import sha256_of

GRAPHS = (".onnx", ".xml")
"""Endings of files that hold a graph."""
KEY = "geoseg"
"""Under which a graph holds the model's metadata, JSON."""
WEIGHTS_KEY = "weights_sha256"
"""Under which an ``.xml`` says which ``.bin`` belongs to it."""
_PROPERTIES_FIELD = 14
"""Of ONNX's ``ModelProto``: ``metadata_props``, each a key (1) and a value (2)."""
_VARINT, _BYTES = 0, 2
"""Kinds of fields in protocol buffers (protobuf.dev/programming-guides/encoding)."""
_LENGTHS = {1: 8, 5: 4}
"""Bytes of the kinds of one size."""
_LONGEST_VARINT = 10
_LONGEST_PROPERTY = 16 * 2**20


@dataclass(frozen=True, slots=True)
class GraphText:
    """What was found."""

    metadata: str
    """JSON of :class:`geoseg.models.weights.Metadata`."""
    where: Path
    """The file that holds it."""
    weights_sha256: str = ""
    """Of the ``.bin`` that an ``.xml`` was written with; empty: it does not say."""


def is_graph(path: Path) -> bool:
    """Whether a file's name ends as those of graphs do."""
    return path.suffix.lower() in GRAPHS


def weights_of(path: Path) -> Path:
    """Where the numbers of a graph lie: in the ``.onnx`` itself, beside an ``.xml``."""
    return path.with_suffix(".bin") if path.suffix.lower() == ".xml" else path


def sidecar_of(path: Path) -> Path:
    """The text beside a graph."""
    return path.with_name(path.name + ".json")


def graph_sha256(path: Path) -> str:
    """The identity of a graph: the SHA-256 of its file, or over those of its two files.

    Raises:
        ModelError: the numbers of an ``.xml`` are not there.
    """
    weights = weights_of(path)
    if not weights.is_file():
        raise ModelError(
            f"{path} has its numbers in {weights.name}, which is not beside it; copy both files"
        )
    return sha256_of(*dict.fromkeys((path, weights)))


def read_graph_text(path: Path) -> GraphText | None:
    """What an existing graph says of its model; None: neither it nor a file beside it says anything.

    Raises:
        ModelError: the file is broken.
    """
    found = (_of_xml if path.suffix.lower() == ".xml" else _of_onnx)(path)
    if found is not None:
        return found
    beside = sidecar_of(path)
    if not beside.is_file():
        return None
    try:
        return GraphText(beside.read_text(encoding="utf-8"), beside)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{beside} cannot be read as text ({error})") from error


def _of_xml(path: Path) -> GraphText | None:
    try:
        root = ET.parse(path).getroot()  # noqa: S314  # expat bounds entities by itself
    except ET.ParseError as error:
        raise ModelError(f"{path} is not XML ({error}); export the model again") from error
    if root.tag != "net":
        raise ModelError(f"{path} is no graph of OpenVINO's: its first element is <{root.tag}>")
    told = root.find(f"rt_info/{KEY}")
    metadata, weights = (
        None if told is None else told.find(name) for name in ("metadata", WEIGHTS_KEY)
    )
    if metadata is None:
        return None
    return GraphText(
        metadata.get("value", ""), path, "" if weights is None else weights.get("value", "")
    )


def _of_onnx(path: Path) -> GraphText | None:
    with path.open("rb") as file:
        try:
            text = _property(file, path.stat().st_size)
        except (EOFError, UnicodeDecodeError) as error:
            raise ModelError(f"{path} is no ONNX file, or is cut off; export it again") from error
    return None if text is None else GraphText(text, path)


def _property(file: BinaryIO, size: int) -> str | None:
    """The value of the property ``KEY``; everything else, tensors too, is passed over."""
    for field, length in _fields(file, size):
        if field == _PROPERTIES_FIELD and length <= _LONGEST_PROPERTY:
            pair = BytesIO(file.read(length))
            told = {number: pair.read(within) for number, within in _fields(pair, length)}
            if told.get(1) == KEY.encode():
                return told.get(2, b"").decode()
    return None


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Every field's number, and how many bytes of its value begin where the file then stands.

    Raises:
        EOFError: this is no protocol buffer.
    """
    while file.tell() < size:
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _varint(file)
            continue
        length = _varint(file) if kind == _BYTES else _LENGTHS.get(kind, size)
        end = file.tell() + length
        if end > size or not number:
            raise EOFError
        yield number, length
        file.seek(end)


def _varint(file: BinaryIO) -> int:
    """A whole number, seven bits a byte, lowest first; the eighth says that more follow."""
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            raise EOFError
        value |= (byte[0] & 127) << 7 * place
        if not byte[0] & 128:
            return value
    raise EOFError
