"""Value objects that several stages share. Rows come before columns, always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from affine import Affine
    from numpy.typing import NDArray
    from pyproj import CRS

Shape = Literal["raw", "simplified", "regularized"]
"""What outlines can be asked for: along pixel edges; with fewer vertices; with straight walls."""
DrawnAs = Literal["raw", "simplified", "regularized", "circle"]
"""How one outline was drawn in the end: as asked for, in a simpler way, or round."""
HeightUnit = Literal["m", "cm", "ft", "us-ft"]
"""Units of the numbers of a surface model."""
NO_BUILDING = -1
"""The key of pixels that belong to no building."""
FILL_GREY = 128
"""Level, in all bands, of pixels that are invalid or beyond a picture: the middle of what networks
see, in training as in prediction."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels on the analysis grid; it may reach beyond the grid."""

    row_off: int
    """First row, pixels, may be negative."""
    col_off: int
    """First column, pixels, may be negative."""
    height: int
    """Rows, at least 1."""
    width: int
    """Columns, at least 1."""

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(
                f"a window needs at least one row and one column, got {self.height} x {self.width}"
            )

    @property
    def row_end(self) -> int:
        """One past the last row."""
        return self.row_off + self.height

    @property
    def col_end(self) -> int:
        """One past the last column."""
        return self.col_off + self.width

    def intersection(self, other: Window) -> Window | None:
        """The common part, or None where the windows share no pixel."""
        row_off, col_off = max(self.row_off, other.row_off), max(self.col_off, other.col_off)
        height = min(self.row_end, other.row_end) - row_off
        width = min(self.col_end, other.col_end) - col_off
        return Window(row_off, col_off, height, width) if height > 0 and width > 0 else None

    def slices_in(self, outer: Window) -> tuple[slice, slice]:
        """Row and column slices of this window within an array that covers ``outer``."""
        row, col = self.row_off - outer.row_off, self.col_off - outer.col_off
        return slice(row, row + self.height), slice(col, col + self.width)


@dataclass(frozen=True, slots=True)
class Grid:
    """The analysis grid: every stage counts its pixels."""

    crs: CRS
    """CRS of ``transform``; projected, not necessarily the source's."""
    transform: Affine
    """(column, row) of pixel corners to (x, y) in ``crs``; north-up, square or nearly so."""
    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    gsd_m: float
    """True ground size of a pixel at the grid's centre, metres (geodesic)."""

    @property
    def window(self) -> Window:
        """The whole grid."""
        return Window(0, 0, self.height, self.width)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre, x and y in ``crs``."""
        x, y = self.transform @ (self.width / 2, self.height / 2)
        return float(x), float(y)


@dataclass(frozen=True, slots=True)
class Block:
    """Pixels read from a mosaic."""

    window: Window
    """Where they lie; the arrays have exactly its size."""
    image: NDArray[np.uint8]
    """(3, height, width), RGB after the global stretch; invalid pixels hold the fill colour."""
    valid: NDArray[np.bool_]
    """(height, width), True where valid; False beyond the grid."""


@dataclass(frozen=True, slots=True)
class MapStrip:
    """Quantised maps of whole rows of the grid, without tile borders."""

    row_off: int
    """First row on the grid."""
    maps: NDArray[np.uint8]
    """(heads, rows, grid width), probability * 255 rounded; 0 where invalid."""
    valid: NDArray[np.bool_]
    """(rows, grid width), True where valid."""

    def pieces(self, height: int) -> Iterator[MapStrip]:
        """The same rows in strips of at most ``height`` rows."""
        for start in range(0, len(self.valid), height):
            part = slice(start, start + height)
            yield MapStrip(self.row_off + start, self.maps[:, part], self.valid[part])


@dataclass(frozen=True, slots=True)
class RawInstance:
    """One finished building before it becomes a polygon."""

    key: int
    """Smallest raster key (row * grid width + column) of its pixels: the building_id."""
    pixels: int
    """Number of pixels."""
    body_sum: int
    """Sum of its quantised body probabilities, 0..255 per pixel."""
    at_edge: bool
    """True when a pixel of it lies on the grid's border or has an invalid 4-neighbour."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Finished buildings whose outlines must be drawn together, as cracks between pixels.

    Clusters are the 8-connected components of the foreground dilated by three pixels (7 x 7): pixels
    whose rows and columns differ by at most seven share one. Between different clusters lie at least
    seven pixels, also diagonally, so their polygons cannot meet as long as no outline moves outwards
    by 3.5 pixels or more. The foreground here is all body, also what is dropped later: a cluster is a
    property of the maps alone and does not depend on tiles, strips or jobs.

    A *crack* is the unit edge between two 4-neighbouring pixels of different keys. A *node* is a
    lattice point where three or more cracks meet; nodes keep their place when outlines change
    unless a whole cluster is solved at once.
    """

    instances: tuple[RawInstance, ...]
    """Sorted by key."""
    crack_row: NDArray[np.int32]
    """(n,) row of the crack's upper or left end point, on the lattice of pixel corners."""
    crack_col: NDArray[np.int32]
    """(n,) column of that point."""
    crack_vertical: NDArray[np.bool_]
    """(n,) True: from (row, col) down to (row + 1, col); False: right to (row, col + 1)."""
    crack_before: NDArray[np.int64]
    """(n,) key of the pixel to the left of a vertical crack, above a horizontal one;
    NO_BUILDING for background."""
    crack_after: NDArray[np.int64]
    """(n,) key of the pixel to the right of a vertical crack, below a horizontal one."""
    nodes: NDArray[np.int32]
    """(m, 2) rows and columns of the nodes on these cracks."""
    loose: bool
    """True when the cluster outgrew the limit of memory: it then comes in pieces, one building
    each (its cracks name neighbours that are not in ``instances``), and every arc must be drawn
    from its own cracks alone, moving them by less than half a pixel."""
