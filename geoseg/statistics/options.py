"""What a report should show, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from geoseg.addresses.urls import unfolded
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.reviewing.files import is_review
from geoseg.statistics.sample import Sample
from geoseg.statistics.table import SizeClass, size_classes
from geoseg.statistics.zones import Overlaps
from geoseg.vectors.address import address_of, name_of
from geoseg.vectors.layers import VectorInput


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The choices of one report; at most one of ``zones``, ``grid`` and ``h3``."""

    zones: VectorInput | None = None
    """Polygons of any CRS: a path or a GeoDataFrame."""
    name_column: str | None = None
    """Column that names the zones; None guesses."""
    zones_layer: str | None = None
    """Layer of the zones' file; None: its only polygon layer."""
    grid: str | None = None
    """Cell size with unit, such as 500m."""
    h3: int | None = None
    """Resolution of H3 cells."""
    sizes: tuple[float, ...] | None = None
    """Limits of the size classes, m2; None takes the usual ones."""
    overlaps: str = "first"
    """``first`` or ``refuse``."""
    sample: VectorInput | None = None
    """Labelled buildings of the sampled plots: a path or a GeoDataFrame."""
    sample_layer: str | None = None
    """Layer of ``sample``, where there are several."""
    sample_areas: VectorInput | None = None
    """The sampled plots: a path or a GeoDataFrame."""
    sample_areas_layer: str | None = None
    """Layer of ``sample_areas``, where there are several."""
    rasters: tuple[Path, ...] = ()
    """Orthophotos below the map of the page, later ones on top."""
    layer: str | None = None
    """Layer of the buildings' file; None: ``buildings`` or its only polygon layer."""

    def __post_init__(self) -> None:
        ways = [name for name in ("zones", "grid", "h3") if getattr(self, name) is not None]
        if len(ways) > 1:
            given = " and ".join(f"--{way}" for way in ways)
            raise UsageError(f"{given} exclude each other; choose one kind of zone")
        if self.sizes is not None:
            size_classes(self.sizes)  # raises where they are no limits
        if self.rasters:
            from geoseg.raster.source import require_there

            for raster in self.rasters:
                require_there(unfolded(raster))
        if self.overlaps not in get_args(Overlaps):
            raise UsageError(f"--overlaps is first or refuse; got {self.overlaps!r}")
        self._check_sample()
        if self.name_column is not None and self.zones is None:
            raise UsageError("--name-column names a column of --zones; give --zones too")
        for name in ("zones", "sample", "sample_areas"):
            layer = getattr(self, f"{name}_layer")
            if layer is not None and getattr(self, name) is None:
                raise UsageError(
                    f"the layer {layer!r} is of {name.replace('_', ' ')}, which are not given"
                )

    @property
    def classes(self) -> tuple[SizeClass, ...]:
        """The size classes."""
        return size_classes() if self.sizes is None else size_classes(self.sizes)

    @property
    def labelled(self) -> Sample | None:
        """The labelled sample; None where none is given."""
        if self.sample is None:
            return None
        return Sample(self.sample, self.sample_layer, self.sample_areas, self.sample_areas_layer)

    def _check_sample(self) -> None:
        if self.sample_areas is not None:
            if self.sample is None:
                raise UsageError("--sample-areas belongs to --sample; give both or none")
        elif self.sample is not None and not is_review(self.sample):
            raise UsageError(
                f"--sample alone takes a file by geoseg review, which {_label(self.sample)} is not, or it "
                "is not there; labels drawn elsewhere and their plots are given together, by --sample "
                "and --sample-areas"
            )
        elif self.sample is not None and self.sample_layer is not None:
            raise UsageError(
                f"a file by geoseg review has layers of its own; leave out {self.sample_layer!r}"
            )

    @property
    def overlap_rule(self) -> Overlaps:
        """``overlaps``, typed."""
        return cast("Overlaps", self.overlaps)

    def as_provenance(self) -> dict[str, str]:
        """The choices that differ from the defaults, for the record."""
        shown = {
            "zones": _label(self.zones),
            "grid": self.grid,
            "h3": self.h3,
            "overlaps": Said("refuse") if self.overlaps == "refuse" else None,
            "sample": _label(self.sample),
            "sample_areas": _label(self.sample_areas),
        }
        return {
            name: value if isinstance(value, str) else str(value)
            for name, value in shown.items()
            if value is not None
        }


def _label(source: VectorInput) -> str | None:
    if source is None:
        return None
    return (
        name_of(address_of(source))
        if isinstance(source, (str, Path))
        else Said("a table in memory")
    )
