"""``python -m geoseg.train.synthetic OUT``: write scenes of synthetic towns."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from geoseg.scenes.scene import load_scenes, save_scene
from geoseg.train.synthetic import STYLES, TextureBank, cut_textures, render_town


def main() -> None:
    """Read the arguments and render."""
    parser = argparse.ArgumentParser(prog="python -m geoseg.train.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the scenes")
    parser.add_argument("--scenes", type=int, default=200, help="how many, shared by the kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=768, help="of a scene, pixels")
    parser.add_argument("--kind", choices=sorted(STYLES), action="append", help="default: all")
    parser.add_argument("--textures", type=Path, help="packed data set to cut real textures from")
    arguments = parser.parse_args()
    bank = _bank(arguments.textures, arguments.seed) if arguments.textures else None
    kinds = arguments.kind or sorted(STYLES)
    for index in range(arguments.scenes):
        kind, number = kinds[index % len(kinds)], index // len(kinds)
        scene = render_town(kind, number, seed=arguments.seed, side_px=arguments.side, bank=bank)
        save_scene(scene, arguments.out)


def _bank(folder: Path, seed: int) -> TextureBank:
    return cut_textures(load_scenes(folder, "train"), np.random.default_rng(seed))


if __name__ == "__main__":
    main()
