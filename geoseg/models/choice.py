"""Which model is asked, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from geoseg.models.exactness import check_exactness
from geoseg.models.loading import ModelSpec, check_names, load_model
from geoseg.models.pixels import for_pixels, is_open
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.settings import Precision, Runtime


def fitting(
    model: ModelSpec,
    rasters: Sequence[str],
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
) -> ModelSpec:
    """The built-in model for the pixels of some imagery (``for_pixels``), where the choice is left to geoseg.

    Args:
        model: "auto"; anything else is handed back.
        rasters: The imagery; the first raster decides, as it does on the grid. Services have pixels of
            any size.
        gsd_m: Pixel size asked for, metres on the ground.
        bands: Numbers of the bands asked for.

    Raises:
        UnreadableRasterError: the raster is missing or damaged.
        UnsupportedRasterError: it cannot be analysed.
    """
    if not is_open(model):
        return model
    return for_pixels(gsd_m or _own_gsd_m(rasters, bands))


def _own_gsd_m(rasters: Sequence[str], bands: Sequence[int] | None) -> float | None:
    """Pixel size of the first raster, metres on the ground; None: it has none of its own."""
    from geoseg.raster.services import is_service
    from geoseg.raster.source import inspect

    if not rasters or is_service(rasters[0]):
        return None
    return inspect(rasters[0], bands, photo=True).pixel.gsd_m


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model as somebody asked for it."""

    model: ModelSpec
    """As ``load_model`` takes it, or "auto"."""
    device: str
    """What it shall run on; an object keeps its own, and so below."""
    precision: Precision
    """In what it shall compute."""
    runtime: Runtime
    """What shall run it."""
    tta: bool | None = field(kw_only=True)
    """Whether its maps are averaged over two views; None: as the model says."""
    exact: bool = field(kw_only=True)
    """Refuse what certification does not find exact."""

    def over(
        self,
        rasters: Sequence[str],
        gsd_m: float | None = None,
        bands: Sequence[int] | None = None,
    ) -> Self:
        """The same, with the model that ``fitting`` finds for this imagery.

        Raises:
            GeosegError: as ``fitting``, and where device, precision or runtime are none.
        """
        check_names(self.device, self.precision, self.runtime)
        return replace(self, model=fitting(self.model, rasters, gsd_m, bands))

    def found(self) -> DenseModel | InstanceModel:
        """The model, as it is.

        Raises:
            GeosegError: as ``load_model``.
        """
        return load_model(
            self.model, device=self.device, precision=self.precision, runtime=self.runtime
        )

    def loaded(self) -> DenseModel | InstanceModel:
        """The model, its exactness looked at; not averaged yet.

        Raises:
            GeosegError: as ``load_model`` and ``check_exactness``.
        """
        model = self.found()
        check_exactness(model, required=self.exact)
        return model
