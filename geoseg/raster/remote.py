"""Rasters on a server: how GDAL asks for them, and what the server says of them."""

from __future__ import annotations

import base64
import html
import http.client
import logging
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPMessage
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import rasterio
from rasterio.env import get_gdal_config, set_gdal_config

from geoseg.addresses.secrets import redact, without_secrets
from geoseg.addresses.urls import holding_file, http_address, is_here, is_local
from geoseg.errors import UnreachableRasterError
from geoseg.raster.gdal import count_requests_anew, server_headers, set_option_of_paths
from geoseg.raster.traffic import COUNT, count_own_request

T = TypeVar("T")

RETRIES = 3
"""Further tries of GDAL and of ours; GDAL makes three reads of one, each with these tries."""
SILENCE_S = 5
"""Seconds without an answer after which a try is given up. Twelve of them, as many as GDAL makes of
one read, are less than two minutes."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that may pass."""
OPTIONS: Mapping[str, str] = {
    "GDAL_HTTP_MAX_RETRY": str(RETRIES),
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    # Broken connections are tried again too, but only where statuses are named; from GDAL 3.10 on.
    "GDAL_HTTP_RETRY_CODES": ",".join(map(str, PASSING)),
    "GDAL_HTTP_CONNECTTIMEOUT": str(SILENCE_S),
    # By speed and not by time: a large block may take long over a thin line.
    "GDAL_HTTP_LOW_SPEED_TIME": str(SILENCE_S),
    "GDAL_HTTP_LOW_SPEED_LIMIT": "100",
    # Of 16 MB, what rows of tiles share would be asked for again; taken when GDAL first asks a server.
    "CPL_VSIL_CURL_CACHE_SIZE": str(256 << 20),
}
"""GDAL's options for servers, unless they are set already; for the whole process."""
SIDE_FILES = ("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR")
"""Set while a remote raster is opened: GDAL then looks for no file beside it."""
SERVERS = (
    "/vsicurl", "/vsis3/", "/vsigs/", "/vsiaz/", "/vsiadls/", "/vsioss/", "/vsiswift/", "/vsiwebhdfs/",
)  # fmt: skip
"""How names of files on servers begin. For those the same is set for good, since a VRT opens its parts late."""
NO_HEAD = ("CPL_VSIL_CURL_USE_HEAD", "NO")
"""Set for servers that refuse HEAD, as of an address that is signed for GET."""
RETRY_WAITS_S = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each try of ours."""
HIDDEN = (401, 403, 404)
"""Statuses of a server that asks for more than an address."""
HEAD_REFUSED = (403, 405, 501)
"""Statuses of a server that may answer GET all the same."""
IF_KEPT = "with --resume where what is finished is kept, which is then told"
"""When a run goes on; of one in memory, or that ended early, nothing is."""
ASKED_AT_A_TIME = 8
"""Files of servers that are asked for side by side."""
LOOKED_AT_MOST = 64
"""Files of one raster that are asked for when it cannot be read."""
VRT_TEXT_BYTES = 1 << 24
"""Of a VRT, as much is looked through."""
RASTERIO_LOGS = ("rasterio", "rasterio._env", "rasterio._err", "rasterio._io", "rasterio._base")
"""Loggers that repeat GDAL's messages, addresses among them."""

OUTSPOKEN = {
    "GDAL_HTTP_RETRY_CODES": "ALL", "GDAL_HTTP_MAX_RETRY": "1", "GDAL_HTTP_RETRY_DELAY": "0.1",
}  # fmt: skip
"""Of a bucket's refusal GDAL names the status only where it tries again."""

_RETRYING = re.compile(r"CPLE_.*HTTP error code: (\d+) - (\S+)\. Retrying again in ([\d.]+) secs")
"""How GDAL's messages say that it tries again; 0: there was no answer."""

_opening = threading.RLock()
"""Held while a raster is opened: SIDE_FILES must not be set while a local one is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says of a file."""

    size_bytes: int | None
    """None where it does not say."""
    tag: str | None
    """Its ETag, or else the time of its last change; None where it says neither."""

    @classmethod
    def of(cls, headers: HTTPMessage) -> Self:
        """From the headers of an answer to a request for the first byte."""
        total = re.fullmatch(r"bytes \d+-\d+/(\d+)", headers.get("Content-Range") or "")
        size = total[1] if total else headers.get("Content-Length")
        tag = headers.get("ETag") or headers.get("Last-Modified")
        return cls(int(size) if size and size.isdigit() else None, tag)


class ServerError(UnreachableRasterError):
    """A server gives no file."""

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status; None where there was no answer."""


def ask(address: str, *, tries: int = len(RETRY_WAITS_S), method: str = "GET") -> Answer:
    """Ask a server for one byte, past GDAL's cache, and for what it says of the file.

    Raises:
        ServerError: It does not give it; the message is a part of a sentence.
    """
    return _tried(lambda: _ask(address, method), tries)


def fetch(address: str) -> bytes:
    """A whole small file of a server, such as a description of rasters.

    Raises:
        ServerError: It does not give it; the message is a part of a sentence.
    """
    request = _request(address, "GET")
    request.remove_header("Range")
    return _tried(lambda: _answer(request, lambda answer: bytes(answer.read())))


def _tried(call: Callable[[], T], tries: int = len(RETRY_WAITS_S)) -> T:
    """What a call gives, tried again where its trouble may pass."""
    for wait_s in RETRY_WAITS_S[: tries - 1]:
        try:
            return call()
        except ServerError as error:
            if error.status is not None and error.status not in PASSING:
                raise
        time.sleep(wait_s)
    return call()


def look(path: str, *, tries: int = len(RETRY_WAITS_S)) -> Answer:
    """What the server of a file says of it now; what GDAL alone can ask, GDAL asks.

    Raises:
        ServerError: It does not say; the message is a part of a sentence.
    """
    address = http_address(path)
    if address is not None:
        return ask(address, tries=tries)
    return _tried(lambda: _look_by_gdal(path), tries)


def _look_by_gdal(path: str) -> Answer:
    with rasterio.Env(**OUTSPOKEN):
        headers = server_headers(_gdal_name(holding_file(path)))
    if headers.found is not None:
        return Answer.of(headers.found)
    if not headers.error:
        return Answer(None, None)  # a kind of file that has no headers
    code = re.search(r"(?:code|HTTP)\D{0,20}\b([1-5]\d\d)\b", headers.error)
    status = int(code[1]) if code else None
    said = f"answers {status_in_words(status)}" if status else "gives no answer"
    raise ServerError(f"the server {said}", status=status)


def _gdal_name(path: str) -> str:
    """GDAL's name of a file in a bucket, whose scheme is rasterio's."""
    scheme, _, rest = path.partition("://")
    return f"/vsi{scheme.lower()}/{rest}" if rest else path


def trouble(*paths: str) -> str | None:
    """Why the server of one of ``paths`` gives nothing now, as a part of a sentence.

    None: they all do, or none names a file on a server.
    """
    servers = [path for path in paths if is_remote(path)][:LOOKED_AT_MOST]
    if not servers:
        return None
    with ThreadPoolExecutor(ASKED_AT_A_TIME) as asking:
        return next(filter(None, asking.map(_trouble, servers)), None)


def _trouble(path: str) -> str | None:
    try:
        look(path, tries=1)
    except ServerError as error:
        return str(error)
    return None


def is_remote(path: str) -> bool:
    """Whether a server has to be asked for a file, or for the archive that it lies in."""
    held = holding_file(path)
    return "://" in held or held.startswith(SERVERS)


@contextmanager
def opening(path: str) -> Iterator[None]:
    """What GDAL needs to know while it opens the raster at ``path``, and later of a VRT's parts."""
    with _opening:
        if is_here(path) and not is_vrt(path):
            yield
            return
        _tell_gdal(path)
        if is_here(path):
            yield
            return
        options = {} if _is_set(SIDE_FILES[0]) else dict([SIDE_FILES])
        with rasterio.Env(**options):
            yield


def is_vrt(path: str) -> bool:
    """Whether a name is that of a VRT, which names other files."""
    return without_secrets(path).lower().endswith(".vrt")


def vrt_text(path: str) -> str | None:
    """What a local VRT says, no more of it than is looked through; None: it is none, or cannot be read."""
    if is_local(path) and is_vrt(path):
        with suppress(OSError), Path(path).open("rb") as file:
            return file.read(VRT_TEXT_BYTES).decode(errors="replace")
    return None


def _tell_gdal(path: str) -> None:
    """Set the options for servers."""
    for name in RASTERIO_LOGS:
        for change in (redact, in_plain_words):
            logging.getLogger(name).addFilter(change)  # adds it once
    for name, value in OPTIONS.items():
        _set_unless_set(name, value)
    if not _is_set(COUNT):
        set_gdal_config(COUNT, "YES")
        count_requests_anew()
    if not _is_set(SIDE_FILES[0]):
        for prefix in SERVERS:
            set_option_of_paths(prefix, *SIDE_FILES)
    for address in _signed_addresses(path):
        if _refuses_head(address):
            _set_unless_set(*NO_HEAD)


def in_plain_words(record: logging.LogRecord) -> bool:
    """Say of a further try what a reader needs to know; a filter that keeps every message."""
    told = _RETRYING.fullmatch(record.getMessage())
    if told is not None:
        status, address, wait_s = told.groups()
        code = int(status)
        answer = f"answers {status_in_words(code)}" if code else "gives no answer"
        record.msg = f"{address}: the server {answer}; trying again in {wait_s} s"
        record.args = None
    return True


def _signed_addresses(path: str) -> Iterator[str]:
    """The address of a raster, or of those that a local VRT names: one with a query for every server."""
    named, seen = [path], set()
    text = vrt_text(path)
    if text is not None:
        named = [html.unescape(name).strip() for name in re.findall(r">([^<>]*[?][^<>]*)<", text)]
    for address in map(http_address, named):
        parts = urlsplit(address or "")
        if address is not None and parts.query and parts.netloc not in seen:
            seen.add(parts.netloc)
            yield address


def _is_set(name: str) -> bool:
    """Whether the environment or the caller set an option of GDAL's."""
    return name in os.environ or get_gdal_config(name) is not None


def _set_unless_set(name: str, value: str) -> None:
    if not _is_set(name):
        set_gdal_config(name, value)


@lru_cache(maxsize=1024)
def _refuses_head(address: str) -> bool:
    try:
        ask(address, tries=1, method="HEAD")
    except ServerError as error:
        return error.status in HEAD_REFUSED
    return False


def _ask(address: str, method: str) -> Answer:
    return _answer(_request(address, method), lambda answer: Answer.of(answer.headers))


def _answer(request: urllib.request.Request, taken: Callable[[Any], T]) -> T:
    """What is ``taken`` from the answer to a request."""
    count_own_request()
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_S) as answer:  # noqa: S310 - http or https alone, see http_address
            return taken(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise ServerError(
                f"the server answers {status_in_words(error.code)}", status=error.code
            ) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ServerError(f"the server gives no answer ({reason})", status=None) from None


def status_in_words(code: int) -> str:
    """An HTTP status with its usual name, where it has one."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _request(address: str, method: str) -> urllib.request.Request:
    """A request for the first byte, with what GDAL is told to send along."""
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    login = unquote(user) or get_gdal_config("GDAL_HTTP_USERPWD")
    headers = {} if method == "HEAD" else {"Range": "bytes=0-0"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(str(login).encode()).decode()}"
    for line in re.split(r"[\r\n,]+", str(get_gdal_config("GDAL_HTTP_HEADERS") or "")):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    url = parts._replace(netloc=host, fragment="").geturl()
    return urllib.request.Request(url, headers=headers, method=method)  # noqa: S310
