"""Cells in a few strata by density and confidence, and how many plots each gets.

Plots that are drawn stratum by stratum tell more than as many drawn from everything, because cells
of one stratum are alike (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 5). Land without any
prediction is a stratum too: missed buildings lie there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.reviewing.cells import Cells

EMPTY = "empty"
"""The stratum of cells without a prediction."""
PLOTS_EACH = 5
"""Plots that a stratum should get; there are as many strata as that allows."""
MOST_BUILT = 4
"""Strata of built land, at most: by density, and these by confidence."""
LEAST_EACH = 2
"""Plots that every stratum gets: fewer have no spread."""
MISSED = 0.25
"""Missed buildings that are reckoned with in any cell."""
GROUND_LOOKS = 3.0
"""Buildings that could be looked at while the ground between them is."""
ERRING = 0.5
"""Reckoned probability that a building is wrong where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Which stratum every cell is of."""

    names: tuple[str, ...]
    """(h,) of the strata."""
    of_cell: NDArray[np.int64]
    """(n,) index of the stratum."""

    def members(self, stratum: int) -> NDArray[np.intp]:
        """The cells of one."""
        return np.flatnonzero(self.of_cell == stratum)


def one_stratum(cells: Cells) -> Strata:
    """Everything in one: a simple random sample."""
    return Strata(("all",), np.zeros(len(cells.area_m2), np.int64))


def stratify(cells: Cells, plots: int) -> Strata:
    """As many strata as the plots suffice for.

    Built cells are halved by density, and the halves by mean confidence, each so that the square
    roots of the counts sum to the same on both sides (after Dalenius and Hodges, JASA 54, 1959).
    """
    empty = cells.count == 0
    wanted = plots // PLOTS_EACH - int(empty.any())
    if wanted < 1 or empty.all():
        return one_stratum(cells)
    wanted = min(wanted, MOST_BUILT)
    of_cell = np.where(empty, 0, 1)
    names = [EMPTY, "built"]
    if wanted > 1:
        density = cells.count / cells.area_m2
        of_cell[_upper_half(density, of_cell == 1, cells.count)] = 2
        names = [EMPTY, "sparse", "dense"]
    if np.isfinite(cells.confidence).any():
        for split in list(range(wanted - 2)):
            parent = 2 - split  # the dense half first: most buildings are there
            sure = _upper_half(cells.confidence, of_cell == parent, cells.count)
            of_cell[sure] = len(names)
            names.append(f"{names[parent]}, sure")
            names[parent] = f"{names[parent]}, unsure"
    return _tidy(names, of_cell)


def _upper_half(
    values: NDArray[np.float64], among: NDArray[np.bool_], count: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Those of the chosen cells with the higher values; unknown ones count as low."""
    chosen = np.flatnonzero(among)
    ordered = chosen[np.argsort(np.nan_to_num(values[chosen], nan=-1.0), kind="stable")]
    sums = np.cumsum(np.sqrt(count[ordered]))
    return ordered[sums > sums[-1] / 2] if len(ordered) else ordered


def _tidy(names: list[str], of_cell: NDArray[np.int64]) -> Strata:
    """Without strata that hold too few cells; theirs go to the next one."""
    sizes = np.bincount(of_cell, minlength=len(names))
    large = np.flatnonzero(sizes >= LEAST_EACH)
    if len(large) == 0:
        return Strata(("all",), np.zeros_like(of_cell))
    home = np.array([int(np.argmin(np.abs(large - one))) for one in range(len(names))])
    return Strata(tuple(names[one] for one in large.tolist()), home[of_cell])


def allocate(cells: Cells, strata: Strata, plots: int) -> NDArray[np.int64]:
    """(h,) plots of each stratum, by the errors and the work to be reckoned with.

    The variance between cells is taken to be the expected number of errors, a few missed buildings
    and the wrong ones by confidence, and the work to be a look at the ground and one at each
    building. Then plots go where the number of cells times the root of variance over work is large
    (Cochran, formula 5.23).

    Raises:
        UsageError: there are fewer cells than plots.
    """
    sizes = np.bincount(strata.of_cell, minlength=len(strata.names))
    if plots > len(cells.area_m2):
        raise UsageError(
            f"{plots} plots are asked for and the ground has {counted(len(cells.area_m2), 'cell')} of "
            f"{cells.side_m:.0f} m; ask for fewer, or for smaller ones by --plot-size"
        )
    wrong = np.where(np.isfinite(cells.confidence), 1 - cells.confidence, ERRING)
    errors = np.bincount(strata.of_cell, MISSED + cells.count * wrong, len(sizes))
    looks = np.bincount(strata.of_cell, GROUND_LOOKS + cells.count, len(sizes))
    weight = sizes * np.sqrt(errors / looks)
    given = np.minimum(LEAST_EACH, sizes)
    while given.sum() < plots:
        # The one that is furthest behind its share gets the next.
        behind = np.where(given < sizes, weight / (given + 0.5), -1.0)
        given[int(np.argmax(behind))] += 1
    return given


def draw(strata: Strata, given: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """The cells that the lot falls on, in an order whose every beginning is spread over the strata."""
    lot = np.random.default_rng(seed).random(len(strata.of_cell))
    drawn, place = [], []
    for stratum, count in enumerate(given.tolist()):
        members = strata.members(stratum)
        drawn.append(members[np.argsort(lot[members])[:count]])
        place.append((np.arange(count) + 0.5) / count)
    cells, order = np.concatenate(drawn), np.concatenate(place)
    return cells[np.lexsort((strata.of_cell[cells], order))]
