"""Layers to sites: places told apart, everything on a plane of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.accuracy.layers import (
    BuildingLayer,
    MarkedAreas,
    confidences_of,
    presences_of,
    read_areas,
    read_buildings,
)
from geoseg.accuracy.options import LayerOptions
from geoseg.accuracy.photos import RasterPhoto
from geoseg.accuracy.plane import bring, region
from geoseg.accuracy.site import Site
from geoseg.earth.places import Place, place_of_shapes
from geoseg.earth.reproject import reproject
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.statistics.trust import PRESENCE
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.shared import shared_part

NO_NAME = Said("(no name)")
"""Place of rows that name none."""
_ONLY_SHOWN = Said("Only what the imagery of {layer} showed is assessed (its layer 'extent').")
_NO_CONFIDENCE = Said(
    "{layer} has no column {column!r}: predictions are matched in their order in the file; AP and calibration "
    "are left out."
)
_NO_PROBABILITY = Said(
    "{layer}: {column!r} holds values outside 0 to 1, so calibration is left out."
)
_SOME_WITHOUT = Said(
    "{count} predictions of {layer} have no confidence: they come last, and calibration is that of the others.",
    one="{count} prediction of {layer} has no confidence: it comes last, and calibration is that of the others.",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer of predictions and the truth for it, with the areas that belong to them."""

    predicted: BuildingLayer
    """The predictions."""
    truth: BuildingLayer
    """The truth."""
    aoi: MarkedAreas | None
    """Where the truth is complete."""
    ignore: MarkedAreas | None
    """Where nobody knows."""
    options: LayerOptions
    """The choices of the user."""

    @classmethod
    def read(cls, predictions: VectorInput, truth: VectorInput, options: LayerOptions) -> Pair:
        """Read everything.

        Raises:
            GeosegError: an input cannot be used, or there is nothing to compare.
        """
        column = options.place_column
        wanted = (column,) if column else ()
        predicted = read_buildings(
            predictions,
            role=Said("predictions"), layer=options.layer, columns=(options.confidence, PRESENCE, *wanted),
        )  # fmt: skip
        wanted_truth = read_buildings(
            truth, role=Said("truth"), layer=options.truth_layer, columns=wanted
        )
        crs = wanted_truth.crs
        aoi = read_areas(options.aoi, Said("areas of interest"), options.aoi_layer, crs)
        ignore = read_areas(options.ignore, Said("ignored areas"), options.ignore_layer, crs)
        pair = cls(predicted, wanted_truth, aoi, ignore, options)
        pair.check()
        return pair

    def check(self) -> None:
        """Refuse layers that cannot be compared."""
        if not len(self.truth.geometry) and self.aoi is None:
            raise UsageError(
                f"{self.truth.label} is empty, so there is nothing to compare with; if there truly "
                "are no buildings, name the area with --aoi"
            )
        ours, theirs = (
            place_of_shapes(layer.geometry, layer.crs) for layer in (self.predicted, self.truth)
        )
        if ours is not None and theirs is not None and ours.apart(theirs):
            raise UsageError(
                f"{self.predicted.label} lies at {_middle_of(ours)}, {self.truth.label} at "
                f"{_middle_of(theirs)}: they have no place in common; check that both are of the same "
                "place and have the right CRS"
            )

    @property
    def gsd_m(self) -> float:
        """Pixel size of the pixel measures."""
        return self.options.pixel_size_m(self.predicted.run)

    def sites(self) -> list[Site]:
        """One site per place."""
        column = self.options.place_column
        if column is None:
            everything = slice(None)
            area = None if self.aoi is None else self.aoi.geometry
            return [self._site(self.truth.name, everything, everything, area)]
        if self.aoi is not None and column in self.aoi.frame.columns:
            return list(self._by_area(_names(self.aoi.frame[column])))
        return list(self._by_column(column))

    def notes(self) -> tuple[str, ...]:
        """What was repaired or is missing."""
        areas = [areas.notes for areas in (self.aoi, self.ignore) if areas is not None]
        return (
            *self.predicted.notes,
            *self.truth.notes,
            *(note for notes in areas for note in notes),
            *self._extent_note(),
            *self._confidence_note(),
        )

    def _by_area(self, names: NDArray[np.object_]) -> Iterator[Site]:
        """All buildings near the areas of each name; which of them count is decided later."""
        assert self.aoi is not None  # noqa: S101  # sites() has looked
        moved = [
            reproject(layer.geometry, layer.crs, self.aoi.crs)
            for layer in (self.predicted, self.truth)
        ]
        trees = [shapely.STRtree(shapes) for shapes in moved]
        for name in dict.fromkeys(names.tolist()):
            area = self.aoi.geometry[names == name]
            near = [np.unique(tree.query(area, predicate="intersects")[1]) for tree in trees]
            yield self._site(name, near[0], near[1], area)

    def _by_column(self, column: str) -> Iterator[Site]:
        for layer in (self.predicted, self.truth):
            if column not in layer.columns:
                raise UsageError(
                    f"{layer.label} has no column {column!r}; both layers need it, or the areas "
                    "given with --aoi"
                )
        ours, theirs = (_names(layer.columns[column]) for layer in (self.predicted, self.truth))
        area = None if self.aoi is None else self.aoi.geometry
        for name in dict.fromkeys([*theirs.tolist(), *ours.tolist()]):
            yield self._site(name, ours == name, theirs == name, area)

    def _site(self, place: str, ours: Any, theirs: Any, area: NDArray[np.object_] | None) -> Site:  # noqa: ANN401  # slice, mask or indices
        predicted, truth = self.predicted.geometry[ours], self.truth.geometry[theirs]
        plane = self._plane(predicted, truth, area)
        confidence = confidences_of(self.predicted, self.options.confidence)
        presence = presences_of(self.predicted)
        photo = RasterPhoto(self.options.rasters, plane) if self.options.rasters else None
        return Site(
            name=place,
            place=place,
            predicted=bring(predicted, self.predicted.crs, plane),
            truth=bring(truth, self.truth.crs, plane),
            confidence=None if confidence is None else confidence[ours],
            presence=None if presence is None else presence[ours],
            gsd_m=self.gsd_m,
            area=self._area(area, plane),
            ignored=region(self.ignore.geometry, self.ignore.crs, plane) if self.ignore else None,
            photo=photo,
        )

    def _plane(
        self,
        predicted: NDArray[np.object_],
        truth: NDArray[np.object_],
        area: NDArray[np.object_] | None,
    ) -> CRS:
        """Lambert's equal-area projection around the middle of the place."""
        places = [
            # The truth decides, then the area, then the predictions: any is near enough.
            place_of_shapes(truth, self.truth.crs),
            None if area is None or self.aoi is None else place_of_shapes(area, self.aoi.crs),
            place_of_shapes(predicted, self.predicted.crs),
        ]
        return next(place for place in places if place is not None).plane()

    def _area(self, area: NDArray[np.object_] | None, plane: CRS) -> shapely.Geometry | None:
        drawn = None if self.aoi is None or area is None else region(area, self.aoi.crs, plane)
        if self.predicted.extent is None:
            return drawn
        shown = region(np.array([self.predicted.extent], object), self.predicted.crs, plane)
        return shown if drawn is None else shared_part(shown, drawn)[0]

    def _extent_note(self) -> tuple[str, ...]:
        if self.predicted.extent is None:
            return ()
        return (_ONLY_SHOWN.format(layer=self.predicted.label),)

    def _confidence_note(self) -> tuple[str, ...]:
        column = self.options.confidence
        values = confidences_of(self.predicted, column)
        if values is None:
            return (_NO_CONFIDENCE.format(layer=self.predicted.label, column=column),)
        known = np.isfinite(values)
        without = int((~known).sum())
        notes = [_SOME_WITHOUT.format(count=without, layer=self.predicted.label)] if without else []
        if known.any() and not (values[known].min() >= 0 and values[known].max() <= 1):
            notes.append(_NO_PROBABILITY.format(layer=self.predicted.label, column=column))
        return tuple(notes)


def _middle_of(place: Place) -> str:
    """The middle of a place, for a message."""
    lon, lat = place.middle
    return f"longitude {lon:.3f}, latitude {lat:.3f}"


def _names(values: Any) -> NDArray[np.object_]:  # noqa: ANN401  # any column
    """Values as text."""
    return np.array([NO_NAME if pd.isna(value) else str(value) for value in values], dtype=object)
