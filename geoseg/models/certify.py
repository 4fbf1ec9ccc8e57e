"""Can a dense model be exact: do its maps depend on where the tiles lie?

Three independent looks. The *module scan* names the layers that mix a whole image: norms over space,
squeeze-and-excitation and other global pooling, attention. The *gradient support* measures how far
the network sees. The *numeric probe* compares tiles with the whole image, and it alone can be done
with a model that is not a torch network.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.models.asking import core_maps
from geoseg.models.traits import Traits
from geoseg.pages.notebook import Shown
from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from geoseg.models.protocols import DenseModel

TOLERANCE = 1e-5
"""Largest difference of probabilities between a tile and the whole image."""

_CORE_PX = 64


@dataclass(frozen=True, slots=True, repr=False)
class Certificate(Shown):
    """What was found about one model."""

    model: str
    """Its name."""
    exact: bool
    """True when no look found a reason against it."""
    reasons: tuple[str, ...]
    """Why it cannot be exact; empty when it can."""
    stride_px: int
    """Tiles must begin at multiples of this."""
    halo_px: int
    """Context that the model declares and tiles get."""
    support_px: int | None
    """How far the network sees, measured; None: the whole image, or not looked at (``looks``)."""
    largest_difference: float
    """Between the probabilities of tiles and of the whole image, in the probe."""
    looks: tuple[str, ...]
    """Which looks were possible: "modules", "support", "probe"."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def certify(model: DenseModel, *, seed: int = 0) -> Certificate:
    """Look at a dense model in all ways that it allows.

    Args:
        model: any dense model; one with a torch network in its attribute ``network`` (images to
            logits, both (batch, channels, height, width)) is also scanned and differentiated.
        seed: of the probe's image.
    """
    traits = Traits.of(model)
    network = _network(model, traits)
    reasons: list[str] = []
    support, looks = None, ["probe"]
    if network is not None:
        from geoseg.models.scanning import measured_support_px, scan_modules

        looks = ["modules", "support", "probe"]
        reasons += scan_modules(network)
        support = measured_support_px(network, model)
        reasons += _too_wide(support, model.halo_px)
    difference = probe(model, seed=seed)
    if not difference <= TOLERANCE:
        reasons.append(
            f"tiles differ from the whole image by up to {difference:.2g} in probability"
        )
    return Certificate(
        model=traits.name,
        exact=not reasons,
        reasons=tuple(reasons),
        stride_px=model.stride_px,
        halo_px=model.halo_px,
        support_px=support,
        largest_difference=difference,
        looks=tuple(looks),
    )


def _network(model: DenseModel, traits: Traits) -> nn.Module | None:
    """The torch network of a model; of one that another library runs, the same weights in torch."""
    build = getattr(model, "torch_network", None)
    network = traits.network if build is None else build()
    if network is None or sys.modules.get("torch") is None:
        return None
    from torch import nn

    return network if isinstance(network, nn.Module) else None


def probe(model: DenseModel, *, seed: int) -> float:
    """Largest difference between the core of tiles with halo and the same pixels of the whole."""
    halo, stride = model.halo_px, model.stride_px
    core = max(_CORE_PX // stride, 1) * stride
    side = halo + core + halo + 2 * stride
    image = _structured_noise(side, seed)
    whole = model.predict_maps(image[None])[0]
    worst = 0.0
    for row_off, col_off in ((0, 0), (2 * stride, 2 * stride), (stride, 0)):
        size = 2 * halo + core
        window = image[:, row_off : row_off + size, col_off : col_off + size]
        # As a run would: a model that can leave out the context's maps does.
        tile = core_maps(model, np.ascontiguousarray(window[None]), Window(halo, halo, core, core))
        there = np.s_[
            :,
            row_off + halo : row_off + halo + core,
            col_off + halo : col_off + halo + core,
        ]
        worst = max(worst, float(np.abs(tile[0] - whole[there]).max()))
    return worst


def _too_wide(support: int | None, halo_px: int) -> list[str]:
    if support is None:
        return ["the network sees the whole image: its receptive field has no bound"]
    if support > halo_px:
        return [f"the network sees {support} px far, more than its halo of {halo_px} px"]
    return []


def _structured_noise(side: int, seed: int) -> NDArray[np.uint8]:
    """(3, side, side) with detail at all scales, and a slope, so that global means differ."""
    rng = np.random.default_rng(seed)
    image = np.zeros((3, side, side))
    for cell in (64, 16, 4, 1):
        coarse = rng.normal(size=(3, -(-side // cell), -(-side // cell)))
        image += np.repeat(np.repeat(coarse, cell, axis=1), cell, axis=2)[:, :side, :side]
    slope = np.linspace(-40, 40, side)
    return np.clip(128 + 25 * image + slope + slope[:, None], 0, 255).astype(np.uint8)
