"""What goes between home and its workers: one bytes object each way, compressed.

Before anything else in it stands the version of geoseg, so that whoever has another one can say so.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from geoseg.errors import WorkerError
from geoseg.version import __version__

CODEC = "lz4"
"""Faster than any network."""
_SIZE_BYTES = 8

Kind = Literal["look", "finish", "see"]
"""What there is to do; who only sees finds the raster and loads what finishing takes."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A part of a run that all tasks share, pickled once."""

    digest: str
    """Of its bytes: what a worker keeps it by."""
    content: bytes = field(repr=False)
    """Packed."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work."""

    number: int
    """Its own: schedulers may do equal calls once."""
    kind: Kind
    """What is to be done."""
    needs: dict[str, str]
    """Name to digest of what it needs besides."""
    brings: dict[str, bytes]
    """Digest to content of that; empty where workers should have it."""
    payload: bytes = field(repr=False)
    """What it is about, packed."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Who did it."""

    host: str
    """Name of the machine."""
    pid: int
    """Of the process."""
    processor: str
    """What it computes with."""
    peak_rss_mb: float
    """Largest resident memory of the process so far, 10^6 bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task."""

    outcome: Literal["done", "lacking", "failed"]
    """``lacking``: what the task needs and did not bring is not there."""
    worker: Worker
    """Who did it."""
    payload: bytes = field(default=b"", repr=False)
    """The result, packed."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage to time that it took."""
    traffic: tuple[int, int, int] = (0, 0, 0)
    """Bytes read from servers, and requests of GDAL and of ours."""
    error: str = ""
    """Of what failed: the name of its class in ``geoseg.errors``."""
    message: str = ""
    """And what it says."""


def packed(thing: object) -> bytes:
    """Pickled and compressed."""
    plain = pickle.dumps(thing, protocol=5)
    squeezed: bytes = pa.compress(plain, CODEC, asbytes=True)
    return len(plain).to_bytes(_SIZE_BYTES, "big") + squeezed


def unpacked(data: bytes) -> Any:  # noqa: ANN401  # whatever was packed
    """What was packed; of home's and its own workers' making alone, for pickles run code."""
    size = int.from_bytes(data[:_SIZE_BYTES], "big")
    plain = pa.decompress(memoryview(data)[_SIZE_BYTES:], size, CODEC)
    return pickle.loads(plain)  # noqa: S301  # see above


def enveloped(message: Task | Answer) -> bytes:
    """A message as it travels."""
    return __version__.encode() + b"\n" + pickle.dumps(message, protocol=5)


def opened(data: bytes, sender: str) -> Any:  # noqa: ANN401  # a Task or an Answer
    """The message that came.

    Raises:
        WorkerError: it was sent by another version of geoseg.
    """
    version, _, message = data.partition(b"\n")
    if version.decode() != __version__:
        raise WorkerError(
            f"{sender} has geoseg {version.decode()}, and this is {__version__}; install the same "
            "version everywhere"
        )
    return pickle.loads(message)  # noqa: S301  # home's and its own workers' alone
