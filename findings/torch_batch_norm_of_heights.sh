#!/usr/bin/env bash
# torch 2.13.0 on a processor: with channels_last, BatchNorm2d in training finds another mean and deviation than channels
# first, and scales a band of heights to a half or a third of what it should.
#
# A good engineer guesses that a memory format changes the time a layer takes, not what it computes, but for the last
# digits. Channels first sums a batch in double precision; channels last keeps one sum per channel in float32 and adds pixel
# after pixel to it. Of a batch of 8 tiles of 1024 px (colours and a surface model at 1,300 m, the usual first layer where
# raw bands are to be normalised) it learns a deviation of 17 m where the heights have 9 m, a mean 15 m off, and gives
# a band of deviation 0.5 instead of 1. Colours are right to a percent, and so are heights in tiles of 128 px, so that
# tests and small runs agree. What is learnt depends on the number of threads as well, and is what evaluation uses
# later, on whatever format. Nothing is raised. Whoever feeds heights takes a constant away first.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import torch

print("torch", torch.__version__)
HEIGHT = 3


def tiles(size_px, base_m):
    """Eight tiles of three colours and a height, uniform within 30 m."""
    chance = torch.Generator().manual_seed(0)
    bands = torch.rand(8, 4, size_px, size_px, generator=chance)
    bands[:, :HEIGHT] *= 255
    bands[:, HEIGHT] = base_m + 30 * bands[:, HEIGHT]
    return bands


def learnt(bands, memory_format):
    """Mean and deviation that a layer in training learns of each band, and the deviation of what it returns."""
    layer = torch.nn.BatchNorm2d(4, momentum=1.0)
    returned = layer(bands.contiguous(memory_format=memory_format))
    spread = torch.stack([returned[:, band].double().std() for band in range(4)])
    return layer.running_mean.double(), layer.running_var.double().sqrt(), spread.detach()


for threads in (1, 2):
    torch.set_num_threads(threads)
    for size_px, base_m in ((128, 1300), (1024, 0), (1024, 1300)):
        bands = tiles(size_px, base_m)
        true_mean, true_std = bands[:, HEIGHT].double().mean(), bands[:, HEIGHT].double().std()
        print(f"{threads} thread(s), {size_px} px, heights from {base_m} m: mean {true_mean:.2f} m, deviation {true_std:.2f} m")
        for name, memory_format in (("first", torch.contiguous_format), ("last", torch.channels_last)):
            mean, std, spread = learnt(bands, memory_format)
            print(f"  channels {name}: {mean[HEIGHT]:.2f} m, {std[HEIGHT]:.2f} m; deviation of the result {spread[HEIGHT]:.3f}")
            colours = (spread[:HEIGHT] - 1).abs().max()
            assert colours < 0.02, colours
            if name == "last" and (size_px, base_m) == (1024, 1300):
                assert std[HEIGHT] > 1.5 * true_std and spread[HEIGHT] < 0.7, (std, spread)
                assert (mean[HEIGHT] - true_mean).abs() > 5, mean
            else:
                assert (std[HEIGHT] / true_std - 1).abs() < 0.02 and (spread[HEIGHT] - 1).abs() < 0.02, (std, spread)
print("seen: another deviation by the memory format")
PY
"$folder/env/bin/python" "$folder/look.py"
