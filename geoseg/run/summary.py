"""What a run did: counts, times and peak memory, as one object that prints and serialises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from geoseg.pages.notebook import table_html


@dataclass(frozen=True, slots=True)
class TileCounts:
    """What became of the tiles."""

    done: int
    """Tiles that the model saw."""
    skipped_nodata: int
    """Tiles without a valid pixel, other than for blocks that could not be read."""
    failed: int
    """Blocks that could not be read and were skipped on request."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Summary:
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

    def rows(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        tiles, seconds = self.tiles, dict(self.seconds)
        total = seconds.pop("total")
        stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        told = [
            ("buildings", f"{self.buildings:,}"),
            ("roof area", f"{self.area_m2:,.0f} m²"),
            ("raster", f"{self.megapixels:,.1f} MP at {self.gsd_m:.3f} m"),
            (
                "tiles",
                f"{tiles.done} done, {tiles.skipped_nodata} without data, {tiles.failed} failed",
            ),
            ("dropped", counted(self.dropped)),
            ("stitched", counted(self.stitched)),
            ("checked", _checked(self.record.get("keep_reviewed"))),
            ("seconds", f"{total:.1f} ({stages})"),
            ("network", _network(self.bytes_read, self.requests)),
            ("workers", _workers(self.record.get("workers"))),
            ("memory", f"{self.peak_rss_mb:,.0f} MB at the peak"),
            ("model", f"{self.model['name']} {self.model['sha256'][:12]}"),
            ("output", self.output),
        ]
        return [(name, text) for name, text in told if text]

    def __repr__(self) -> str:
        return (
            f"Summary({self.buildings:,} buildings, {self.area_m2:,.0f} m², "
            f"{self.megapixels:,.1f} MP in {self.seconds['total']:.1f} s, {self.output})"
        )

    def _repr_html_(self) -> str:
        return table_html(self.rows())


def _checked(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    names = ("right", "redrawn", "added", "elsewhere")
    return counted({name: told[name] for name in names if told[name]}) or "nothing"


def _workers(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    sent, received = (told[name] / 1e6 for name in ("bytes_sent", "bytes_received"))
    return (
        f"{told['processes']} on {told['hosts']} machine{'s' * (told['hosts'] != 1)}, {sent:,.1f} MB sent, "
        f"{received:,.1f} MB received"
    )


def _network(bytes_read: int | None, requests: int | None) -> str:
    if bytes_read is None:
        return ""
    return f"{bytes_read / 1e6:,.1f} MB in {requests:,} requests"


def counted(counts: Mapping[str, int]) -> str:
    """Numbers and what they count, for a line; empty for no counts."""
    return ", ".join(f"{number} {what}" for what, number in counts.items())
