"""What GDAL's C library does and rasterio has no way to.

The symbols are looked for in the library that rasterio itself is linked to. A build or platform that
does not show them (Windows) says nothing, and nothing depends on its answer.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPMessage
from typing import Any

from rasterio import _base

_CHARS = ctypes.POINTER(ctypes.c_char_p)
_SIGNATURES: Mapping[str, tuple[Any, list[Any]]] = {
    "VSINetworkStatsGetAsSerializedJSON": (ctypes.c_void_p, [ctypes.c_void_p]),
    "VSINetworkStatsReset": (None, []),
    "VSIGetFileMetadata": (_CHARS, [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]),
    "VSISetPathSpecificOption": (None, [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]),
    "VSICurlClearCache": (None, []),
    "VSIFree": (None, [ctypes.c_void_p]),
    "CSLDestroy": (None, [_CHARS]),
    "CPLPushErrorHandler": (None, [ctypes.c_void_p]),
    "CPLPopErrorHandler": (None, []),
    "CPLErrorReset": (None, []),
    "CPLGetLastErrorMsg": (ctypes.c_char_p, []),
}
"""Function to the type of its answer and those of its arguments, as in cpl_vsi.h and cpl_error.h."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What GDAL learnt of a file from its server, by a request of its own."""

    found: HTTPMessage | None
    """None: the server did not give them, or GDAL does not ask this kind of server."""
    error: str
    """GDAL's words for why; empty where it has none."""


@lru_cache(maxsize=1)
def _library() -> Any:  # noqa: ANN401 - ctypes is untyped
    """The library with the types of its functions set; None where one of them is not to be found."""
    try:
        library = ctypes.CDLL(_base.__file__)
        for name, (answer, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = answer, arguments
        ctypes.cast(library.CPLQuietErrorHandler, ctypes.c_void_p)
    except (OSError, AttributeError):
        return None
    return library


def network_statistics() -> dict[str, Any] | None:
    """GDAL's count of the requests of this process; empty: it was not told to count; None: unknown."""
    library = _library()
    if library is None:
        return None
    text = library.VSINetworkStatsGetAsSerializedJSON(None)
    if not text:
        return {}
    try:
        counted = json.loads(ctypes.string_at(text))
    except ValueError:
        return None
    finally:
        library.VSIFree(text)
    return counted if isinstance(counted, dict) else None


def count_requests_anew() -> None:
    """Forget the count, and look again whether GDAL is to count: it does so once."""
    library = _library()
    if library is not None:
        library.VSINetworkStatsReset()


def forget_what_was_read() -> None:
    """Drop what was kept of files on servers: it may be of others that lay there before."""
    library = _library()
    if library is not None:
        library.VSICurlClearCache()


def set_option_of_paths(prefix: str, name: str, value: str) -> None:
    """Set an option of GDAL's for files whose names begin with ``prefix`` alone, for the whole process."""
    library = _library()
    if library is not None:
        library.VSISetPathSpecificOption(prefix.encode(), name.encode(), value.encode())


def server_headers(path: str) -> Headers:
    """Ask the server of a file, past GDAL's cache and in whatever way GDAL signs its requests.

    Args:
        path: By GDAL's name, such as ``/vsis3/bucket/key.tif``.
    """
    library = _library()
    if library is None:
        return Headers(None, "")
    # What GDAL says would go to stderr, addresses and all.
    library.CPLPushErrorHandler(ctypes.cast(library.CPLQuietErrorHandler, ctypes.c_void_p))
    try:
        library.CPLErrorReset()
        lines = library.VSIGetFileMetadata(path.encode(), b"HEADERS", None)
        error = (library.CPLGetLastErrorMsg() or b"").decode(errors="replace")
        library.CPLErrorReset()
    finally:
        library.CPLPopErrorHandler()
    if not lines:
        return Headers(None, error)
    try:
        return Headers(_message(lines), error)
    finally:
        library.CSLDestroy(lines)


def _message(lines: Any) -> HTTPMessage:  # noqa: ANN401
    """GDAL's list of ``name=value`` as headers, whose names are of any case."""
    message, number = HTTPMessage(), 0
    while lines[number] is not None:
        name, _, value = lines[number].decode(errors="replace").partition("=")
        message[name] = value
        number += 1
    return message
