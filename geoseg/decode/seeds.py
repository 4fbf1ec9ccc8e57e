"""Labels of maps: seeds, and what grows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from geoseg.decode.classify import Classifier
from geoseg.decode.grow import grow, label_rest, label_seeds
from geoseg.decode.params import DecodeParams
from geoseg.decode.store import BODY, INNER, RowWindow, Store, with_room
from geoseg.errors import UsageError
from geoseg.types import MapStrip


class MapLabeller:
    """A building is a seed and the body that grows from it."""

    def __init__(self, heads: tuple[str, ...], params: DecodeParams) -> None:
        """For strips of maps with these heads.

        Raises:
            UsageError: None of them is the body.
        """
        if "body" not in heads:
            raise UsageError(f"the decoder needs a map named 'body', the model has {heads}")
        self._heads, self._params = heads, params
        self._classifier = Classifier(heads, params)

    @property
    def params(self) -> DecodeParams:
        """The thresholds."""
        return self._params

    def begin(self, window: RowWindow) -> None:
        """Nothing: steps and ranks lie in the window."""

    def check(self, strip: MapStrip, width: int) -> None:
        """Raise UsageError unless maps and validity are so wide, and the maps one for each head."""
        expected = (len(self._heads), strip.valid.shape[0], width)
        if strip.maps.shape != expected or strip.valid.shape != expected[1:]:
            raise UsageError(
                f"a strip's maps must be {expected}, got {strip.maps.shape} and validity "
                f"{strip.valid.shape}"
            )

    def fill(self, strip: MapStrip, part: slice, window: RowWindow, rows: slice) -> bool:
        """Write the classes of pixels and their body; whether there was any."""
        return self._classifier.write(strip.maps[:, part], strip.valid[part], window, rows.start)

    def label(self, window: RowWindow, store: Store, first_row: int, start: int) -> Store:
        """Label new seeds, and all anew that grows."""
        rows, width = window.kind.shape[0], window.kind.shape[1] - 2
        steps = self._params.grow_steps
        first_rest = max(1, start - steps)
        while start < rows:
            store = with_room(store, width)
            start = label_seeds(window, store, first_row, start)
        if self._params.joins:
            grow(window, INNER, steps)
            while first_rest < rows - steps:
                store = with_room(store, width)
                first_rest = label_rest(window, store, first_row, (first_rest, rows - steps))
        grow(window, BODY, steps)
        return store

    def shift(self, window: RowWindow, kept: int) -> None:
        """Let the ranks of row 0 count from its new place."""
        rows, stride = window.kind.shape
        window.rank[0] -= (rows - kept) * stride

    def snapshot(self, window: RowWindow, rows: int) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """Steps and ranks are carried on from row 0 alone."""
        return {"steps": window.steps[:1], "rank": window.rank[:1]}

    def restore(self, window: RowWindow, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        window.steps[:1], window.rank[:1] = arrays["steps"], arrays["rank"]
