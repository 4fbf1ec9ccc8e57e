"""What becomes of a model whose batch norms measure their statistics anew? ``python benchmarks/norms.py DATA OUT``.

    python benchmarks/norms.py data runs/few --places dhaka --steps 30 --crop-px 96

Shows a network crops of a town without teaching it anything: the losses with the statistics that are in its file and
with those of the crops, and F1 of the town by the file as it is and by one whose norms have followed the crops for so
many steps, as they do in a training. Decoded by geoseg's own decoder with the file's thresholds, before outlines are
simplified.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from few_plots import Town
from review_learning import PLACES, parser_of
from torch import nn
from torch.utils.data import DataLoader, default_collate

from geoseg.models.dense import TorchDenseModel
from geoseg.scenes.scene import Scene
from geoseg.train.config import TrainConfig, changed_config, read_config
from geoseg.train.crops import CropDataset
from geoseg.train.decoded import map_scene
from geoseg.train.losses import head_losses
from geoseg.train.module import architecture_of, normalised, start_network
from geoseg.train.recipe import RECIPE
from geoseg.train.targets import HEADS


@torch.no_grad()
def losses(
    network: nn.Module, scenes: Sequence[Scene], config: TrainConfig, steps: int, *, anew: bool
) -> dict[str, float]:
    """Mean loss of each head; ``anew``: with the crops' own statistics, which the norms then follow."""
    batch = config.schedule.batch
    crops = CropDataset(scenes, config, first=0, length=steps * batch)
    network.train(anew)
    each = [
        head_losses(network(normalised(b["image"])), b["target"], b["weight"], dice=1.0).numpy()
        for b in DataLoader(crops, batch_size=batch, collate_fn=default_collate)
    ]
    return dict(zip(HEADS, np.mean(each, axis=0).astype(float).round(2).tolist(), strict=True))


def scores(town: Town, network: nn.Module) -> dict[str, float]:
    """F1 and area bias of the whole town."""
    gsd_m = town.metadata.gsd_m
    assert gsd_m is not None
    model = TorchDenseModel(network.eval(), town.metadata, device="cpu")
    judged = town.own([map_scene(model, one, gsd_m) for one in town.scenes], town.metadata)
    return {"f1": round(judged.f1, 3), "area_bias": round(judged.area_bias, 3)}


def main() -> None:
    """Print what was found, an object per place."""
    parser = parser_of(__doc__, ["dhaka"])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--crop-px", type=int, default=96)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name in given.places:
        town = Town(PLACES[name](given.data, given.out), given.out, given.start)
        data = {"scenes": given.out, "crop_px": given.crop_px}
        config = changed_config(read_config(RECIPE), {"start": given.start, "data": data})
        network = start_network(config, architecture_of(config))
        scenes = [one.scene for one in town.mapped]
        told: dict[str, Any] = {"place": name, "before": scores(town, network)}
        told["losses_as_in_the_file"] = losses(network, scenes, config, given.steps, anew=False)
        told["losses_anew"] = losses(network, scenes, config, given.steps, anew=True)
        told["after"] = scores(town, network)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
