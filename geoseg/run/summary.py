"""What a run did: counts, times and peak memory, as one object that prints and serialises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from geoseg.languages.counting import counted, listed
from geoseg.pages.notebook import Shown

REASONS = {
    "too_small": "too small",
    "small_as_drawn": "too small",
    "unlikely": "unlikely",
    "unsure": "too faint",
    "remnant": "too faint",
    "flat": "that do not rise",
    "trees": "taken for trees",
    "slivers": "at a tile's border, seen whole by the next",
    "fragments": "loose bit of a building",
    "kept_instead": "in the place of what people confirmed",
    "said_wrong": "that people said are wrong",
    "in_checked_plots": "in plots that people checked",
}
"""Why a candidate is no building of the output, after its number."""
STAGES = {
    "read": "reading",
    "model": "network",
    "decode": "decoding",
    "vectorize": "drawing",
    "write": "writing",
}
"""Stages of a run in words."""


@dataclass(frozen=True, slots=True)
class TileCounts:
    """What became of the tiles."""

    done: int
    """Tiles that the model saw."""
    skipped_nodata: int
    """Tiles without a valid pixel, other than for blocks that could not be read."""
    failed: int
    """Blocks that could not be read and were skipped on request."""

    @property
    def told(self) -> str:
        """A line on them."""
        return listed(
            (self.done, "seen"),
            (self.skipped_nodata, "without an image"),
            (self.failed, "block unreadable and skipped", "blocks unreadable and skipped"),
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Summary(Shown):
    """The outcome of one prediction run."""

    buildings: int
    """Buildings written."""
    area_m2: float
    """Sum of their geodesic areas."""
    megapixels: float
    """Size of the analysis grid, 10^6 pixels."""
    gsd_m: float
    """True ground size of the analysis grid's pixels, metres."""
    tiles: TileCounts
    """What became of the tiles."""
    dropped: dict[str, int]
    """Reason to number of candidate buildings that were not written."""
    stitched: dict[str, int]
    """Resolutions of the stitcher: united, deduplicated, conflicts; empty for dense models."""
    open_buildings: int
    """Buildings begun and not finished after a row of tiles, at most."""
    seconds: dict[str, float]
    """Stage to seconds of this run: total (loading the model included), read, model, decode,
    vectorize, write. Stages overlap; with workers they are sums over all processes."""
    peak_rss_mb: float
    """Largest resident memory of the process so far, 10^6 bytes; with workers, of all processes on this
    machine at one moment."""
    model: dict[str, str]
    """Name and sha256 of the model."""
    output: str
    """File written."""
    warnings: list[str]
    """What was worth heeding about the rasters, as ``geoseg.info`` says it, a sentence each."""
    record: dict[str, Any]
    """How the file was made, as it stands in its metadata (docs/output.md)."""
    bytes_read: int | None = None
    """Bytes that this process read from servers meanwhile; None: from none, or GDAL does not tell."""
    requests: int | None = None
    """Requests that it took, looks at size and time of change included; None likewise."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Summary:
        """The summary that :meth:`as_dict` told of."""
        return cls(**{**told, "tiles": TileCounts(**told["tiles"])})

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and numbers, ready for JSON; what ``--json`` prints."""
        return asdict(self)

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table; what has an empty text is not shown."""
        return [
            ("buildings", f"{self.buildings:,}"),
            ("roof area", f"{self.area_m2:,.0f} m²"),
            ("raster", f"{self.megapixels:,.1f} MP at {self.gsd_m:.3f} m"),
            ("tiles", self.tiles.told),
            ("left out", left_out(self.dropped, self.record.get("parameters", {}))),
            ("united", _stitched(self.stitched)),
            ("checked", _checked(self.record.get("keep_reviewed"))),
            ("time", _times(self.seconds)),
            ("downloaded", _downloaded(self.bytes_read, self.requests)),
            ("workers", _workers(self.record.get("workers"))),
            ("memory", f"{self.peak_rss_mb:,.0f} MB at the peak"),
            ("model", f"{self.model['name']} {self.model['sha256'][:12]}"),
            ("output", self.output),
        ]

    def __repr__(self) -> str:
        return (
            f"Summary({counted(self.buildings, 'building')}, {self.area_m2:,.0f} m², "
            f"{self.megapixels:,.1f} MP in {self.seconds['total']:.1f} s, {self.output})"
        )


def left_out(dropped: Mapping[str, int], parameters: Mapping[str, Any]) -> str:
    """Candidates that were not written, in words.

    Args:
        dropped: Reason to number.
        parameters: Of the run, as they stand in its record.
    """
    least_m2, least = parameters.get("min_area_m2"), parameters.get("min_confidence")
    words = dict(REASONS)
    if least_m2 is not None:
        words["too_small"] = words["small_as_drawn"] = f"smaller than {least_m2:g} m²"
    if least is not None:
        words["unlikely"] = f"below confidence {least:g}"
    numbers: Counter[str] = Counter()
    for reason, number in dropped.items():
        numbers[words.get(reason, reason.replace("_", " "))] += number
    return listed(*((number, word) for word, number in numbers.items()))


def _stitched(resolved: Mapping[str, int]) -> str:
    return listed(
        (resolved.get("united", 0), "piece of two tiles", "pieces of two tiles"),
        (resolved.get("deduplicated", 0), "found twice in a tile"),
        (resolved.get("conflicts", 0), "claimed by two tiles"),
    )


def _checked(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    names = ("right", "redrawn", "added", "elsewhere")
    return listed(*((told[name], name) for name in names)) or "nothing"


def _times(seconds: Mapping[str, float]) -> str:
    stages = ", ".join(f"{word} {seconds[name]:.1f}" for name, word in STAGES.items())
    return f"{seconds['total']:.1f} s (stages overlap: {stages})"


def _workers(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    sent, received = (told[name] / 1e6 for name in ("bytes_sent", "bytes_received"))
    return (
        f"{told['processes']} on {counted(told['hosts'], 'machine')}, {sent:,.1f} MB sent, "
        f"{received:,.1f} MB received"
    )


def _downloaded(bytes_read: int | None, requests: int | None) -> str:
    if bytes_read is None or requests is None:
        return ""
    return f"{bytes_read / 1e6:,.1f} MB in {counted(requests, 'request')}"
