"""A training step with gradients of our own and the library's: ``python benchmarks/training_step.py``.

Random images through the built-in network, forward and backward, on one thread; both in turn, processor seconds, the
least of the rounds; in float32 or, with ``--precision bf16``, as trainings do on processors that have it. In float32 both are
the library's on processors other than those of AVX2.
"""

from __future__ import annotations

import argparse
import time

import torch

from geoseg.models.loading import dense_file
from geoseg.models.network import build_network
from geoseg.models.weights import load_weights
from geoseg.train.convolution import with_own_gradients


def main() -> None:
    """One line per kind of gradient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop-px", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    networks = {"library": network(asked.model), "own": with_own_gradients(network(asked.model))}
    images = torch.randn(asked.batch, 3, asked.crop_px, asked.crop_px)
    images = images.contiguous(memory_format=torch.channels_last)
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(asked.rounds + 1):
        for name, one in networks.items():
            seconds[name].append(step(one, images, asked.precision))
    least = {name: min(all_s[1:]) for name, all_s in seconds.items()}
    for name, one_s in least.items():
        ratio = least["library"] / one_s
        print(f"{name:8} {one_s / asked.batch:.3f} s of processor time per crop, {ratio:.2f}x")


def network(model: str) -> torch.nn.Module:
    """A network of one's own, as trainings have it."""
    state, record = load_weights(dense_file(model))
    built = build_network(record.architecture)
    built.load_state_dict(state)
    return built.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload,no-any-return]


def step(network: torch.nn.Module, images: torch.Tensor, precision: str) -> float:
    """Seconds of processor time."""
    network.zero_grad()
    before_s = time.process_time()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        logits = network(images)
    logits.float().square().mean().backward()
    return time.process_time() - before_s


if __name__ == "__main__":
    main()
