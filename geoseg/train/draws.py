"""The same scenes below other positions of a network's lattice.

A network with a stride answers differently when a photo moves below its lattice, and F1 of a few
hundred buildings moves by .01 to .03 with it. What is chosen on one draw of the lattice is chosen
for that draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.earth.gsd import target_gsd_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoseg.scenes.scene import Scene

SEED = 7


def moved(
    scene: Scene, range_m: tuple[float, float] | None, stride_px: int, rng: np.random.Generator
) -> Scene:
    """The scene without some of its first rows and columns, fewer than a stride.

    Args:
        scene: Any scene.
        range_m: Pixel sizes that the network takes; the stride is counted in pixels of these.
        stride_px: The network's stride.
        rng: Draws how many.
    """
    side_m = stride_px * target_gsd_m(scene.gsd_m, range_m, None)
    row, col = rng.integers(0, max(1, round(side_m / scene.gsd_m)), 2)
    return scene.part(slice(row, None), slice(col, None))


def drawn(
    scenes: Sequence[Scene], draws: int, range_m: tuple[float, float] | None, stride_px: int
) -> list[Scene]:
    """All scenes so many times, moved differently; as they are for one draw."""
    if draws == 1:
        return list(scenes)
    rng = np.random.default_rng(SEED)
    return [moved(scene, range_m, stride_px, rng) for _ in range(draws) for scene in scenes]
