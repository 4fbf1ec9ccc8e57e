"""A folder of stored maps, put together again to rows of tiles."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from geoseg.errors import MapsError
from geoseg.models.traits import Traits
from geoseg.run.lookers import DenseLooker, moved
from geoseg.run.spread.stored import MapsFile, MapsIdentity, files_in, masked
from geoseg.tiles.looking import SeenRow, SeenTile
from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster.identity import MosaicIdentity
    from geoseg.run.lookers import Looker
    from geoseg.settings import PredictSettings
    from geoseg.tiles.lattice import Strip
    from geoseg.tiles.plan import Plan

NAMED = 8
"""Missing parts that a message lists."""


@dataclass(frozen=True, slots=True)
class StoredMaps:
    """All files of one raster's maps."""

    folder: Path
    """Where they lie."""
    identity: MapsIdentity
    """What all of them are of."""
    parts: int
    """How many there are to be."""
    rows: dict[int, list[MapsFile]]
    """By first row of their cores."""

    @classmethod
    def open(cls, folder: Path) -> StoredMaps:
        """Read what the files say of themselves.

        Raises:
            MapsError: There are none, one is damaged, or they do not belong together.
        """
        named = list(files_in(folder))
        if not named:
            raise MapsError(
                f"{folder} holds no stored maps; geoseg maps RASTER {folder} stores some"
            )
        counts = sorted({count for _, _, count, _ in named})
        if len(counts) > 1:
            raise MapsError(
                f"{folder} holds parts of {' and of '.join(map(str, counts))}; store all parts with one "
                "--part i/n, and keep other numbers in folders of their own"
            )
        first = MapsFile.open(named[0][0])
        rows: dict[int, list[MapsFile]] = defaultdict(list)
        for path, index, count, _ in named:
            file = MapsFile.open(path)
            differences = first.header.identity.differences(file.header.identity)
            if differences or file.header.part != (index, count):
                raise MapsError(
                    f"{path} does not belong to {first.path.name}: "
                    f"{'; '.join(differences) or 'it was given another name'}; remove what is foreign"
                )
            rows[file.header.cores[0][0]].append(file)
        return cls(folder, first.header.identity, counts[0], dict(rows))

    def settings(self, asked: PredictSettings) -> PredictSettings:
        """Settings of a run over these maps: tiles as they were stored, unless others are asked for."""
        core, context, _ = self.identity.lattice
        tiled = asked.tile_px is not None or asked.overlap_px is not None
        tiles = {} if tiled else {"tile_px": core + 2 * context, "overlap_px": context}
        return asked.model_copy(update={**tiles, "strip_px": self.identity.step})

    def require(self, plan: Plan, inputs: MosaicIdentity) -> None:
        """Refuse maps that are of another raster, or do not cover the chosen tiles.

        Raises:
            MapsError: naming what differs, or the parts that are missing.
        """
        differences = list(self.identity.mosaic.differences(inputs))
        if differences:
            raise MapsError(
                f"the maps in {self.folder} are of another raster, or one that is read otherwise: "
                f"{'; '.join(differences)}"
            )
        lattice = plan.lattice
        tiles = (lattice.core_px, lattice.context_px, lattice.stride_px)
        if tiles != self.identity.lattice:
            raise MapsError(
                f"the maps in {self.folder} are of tiles with a core, context and stride of "
                f"{self.identity.lattice} pixels, and these are {tiles}; leave --tile and --overlap out"
            )
        self.require_tiles(plan.chosen)

    def require_tiles(self, chosen: NDArray[np.bool_]) -> None:
        """Refuse maps that lack tiles.

        Args:
            chosen: (rows, columns) of the lattice, True for those that are needed.

        Raises:
            MapsError: naming the parts that are missing.
        """
        there = {
            core for files in self.rows.values() for file in files for core in file.header.cores
        }
        core_px, width = self.identity.lattice[0], chosen.shape[1]
        ends = [number * chosen.size // self.parts for number in range(self.parts + 1)]
        missing = sorted(
            {
                bisect_right(ends, int(row) * width + int(col)) - 1
                for row, col in np.argwhere(chosen)
                if (int(row) * core_px, int(col) * core_px) not in there
            }
        )
        if missing:
            named = ", ".join(f"{part}/{self.parts}" for part in missing[:NAMED])
            more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            raise MapsError(
                f"parts {named}{more} are missing in {self.folder} or not complete; store them by geoseg "
                "maps with --part, which goes on where it stopped"
            )

    def rows_for(
        self, plan: Plan, inputs: MosaicIdentity, looker: Looker, *, skip_errors: bool
    ) -> RowsStored:
        """The rows of a plan, as its decoder takes them.

        Raises:
            MapsError: They are not all there, of something else, or lack what could not be read.
        """
        self.require(plan, inputs)
        if self.failed and not skip_errors:
            raise MapsError(
                f"{self.failed} blocks could not be read when the maps in {self.folder} were stored; go on "
                "without them by --skip-errors"
            )
        threshold = looker.body_threshold if isinstance(looker, DenseLooker) else None
        return RowsStored(self, plan.region, threshold or 0)

    def record(self) -> dict[str, Any]:
        """For the run's record."""
        made = self.identity.model.model_dump(mode="json")
        return {"folder": self.folder.name, "parts": self.parts, "made": made}

    @property
    def failed(self) -> int:
        """Pieces that could not be read."""
        files = (file for files in self.rows.values() for file in files)
        return len({box for file in files for box in file.header.failed})


@dataclass(frozen=True, slots=True)
class RowsStored:
    """Rows of tiles as they were stored."""

    maps: StoredMaps
    """Holds all of them."""
    region: Window
    """The part of the grid that cores are counted from."""
    body_threshold: int
    """Where body is below, all maps become 0."""

    @contextmanager
    def of(self, strips: Sequence[Strip]) -> Iterator[Iterator[SeenRow[Any]]]:
        """What the model made of each."""
        yield (self._row(strip) for strip in strips)

    def _row(self, strip: Strip) -> SeenRow[Any]:
        row: SeenRow[Any] = SeenRow(strip.height, [], 0, set())
        wanted = {(tile.core.row_off, tile.core.col_off) for tile in strip.tiles}
        body = self.maps.identity.heads.index("body")
        for file in self.maps.rows.get(strip.row_off, []):
            for core, valid, maps in file.tiles():
                if (core.row_off, core.col_off) in wanted:
                    found = masked(maps, body, self.body_threshold)
                    row.tiles.append(SeenTile(moved(core, self.region), valid, found))
            row.failed |= {Window(*box) for box in file.header.failed}
        row.tiles.sort(key=lambda tile: tile.core.col_off)
        files = self.maps.rows.get(strip.row_off, [])
        if len(wanted) == sum(len(file.header.cores) for file in files):
            row.tiles_skipped = sum(file.header.skipped for file in files)
        else:
            row.tiles_skipped = len(wanted) - len(row.tiles)
        return row


class StoredModel:
    """A model whose maps are stored: it says what is known of it and computes nothing."""

    def __init__(self, model: DenseModel | InstanceModel, identity: MapsIdentity) -> None:
        traits = Traits.of(model)
        _require_same(traits, identity)
        self.gsd_m, self.heads = model.gsd_m, identity.heads
        self.stride_px, self.halo_px = traits.stride_px or 1, traits.halo_px or 0
        self.traits = replace(
            traits,
            class_name=identity.model.class_name,
            device=identity.model.device,
            precision=identity.model.precision,
            runtime=identity.model.runtime,
            averaged=identity.averaged,
            network=None,
        )
        """What is known of it, where the maps were made."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NoReturn:
        """Nothing: the maps are there."""
        raise MapsError(f"{len(images)} more maps would be needed than are stored")


def _require_same(traits: Traits, identity: MapsIdentity) -> None:
    stored = identity.model
    if traits.sha256:
        same = traits.sha256 == stored.sha256
    else:
        same = (traits.class_name, traits.version) == (stored.class_name, stored.version)
    if not same:
        raise MapsError(
            f"the maps are of the model {identity.name} ({stored.sha256[:12] or stored.class_name}), and "
            f"this is {traits.name} ({traits.sha256[:12] or traits.class_name}); give its --model"
        )
