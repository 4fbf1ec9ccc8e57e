"""Average the tensors of model files: ``python -m geoseg.train.average A B [C...] -o OUT``.

Where one training went on from another's weights, the mean of the two often serves unseen places
better than either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from geoseg.errors import GeosegError, ModelError, UsageError
from geoseg.models.loading import model_file
from geoseg.models.weights import Metadata, load_weights, read_metadata, save_weights

LEAST_FILES = 2


def average_weights(files: Sequence[Path], output: Path, like: Path | None = None) -> None:
    """Write the mean of the files' tensors, with the record of the last file.

    Thresholds, views, calibration and pixel size are those of ``like``, until ``geoseg tune`` finds
    others; the calibration is marked as inherited. Sources are those of all files.

    Args:
        files: Two or more.
        output: The file to write.
        like: The file whose thresholds count; None: the first.

    Raises:
        UsageError: fewer than two files.
        ModelError: a file is none, or has another architecture than the first; or pixel sizes
            differ and nobody says which counts.
    """
    if len(files) < LEAST_FILES:
        raise UsageError(f"an average takes two files or more, got {len(files)}")
    states, records = zip(*(load_weights(model_file(path)) for path in files), strict=True)
    pattern = records[0] if like is None else read_metadata(model_file(like))
    named = [*zip(files, records, strict=True), (like or files[0], pattern)]
    for path, record in named:
        if record.architecture != records[0].architecture:
            raise ModelError(
                f"{path} has another architecture than {files[0]}; only files of one kind can be averaged"
            )
        if like is None and record.gsd_m != pattern.gsd_m:
            raise ModelError(
                f"{path} has another pixel size than {files[0]}; --like names the file whose pixel "
                "size and thresholds count"
            )
    save_weights(mean_weights(states), _record(records, pattern), output)


def mean_weights(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of the tensors of each name."""
    return {name: _mean([state[name] for state in states]) for name in states[0]}


def _mean(tensors: list[torch.Tensor]) -> torch.Tensor:
    """The mean; of counters, which are whole numbers, the last."""
    if not tensors[0].is_floating_point():
        return tensors[-1]
    return torch.stack(tensors).mean(dim=0)


def _record(records: Sequence[Metadata], pattern: Metadata) -> Metadata:
    last = records[-1]
    fresh = Metadata(name=last.name, halo_px=last.halo_px)
    sources = {source: None for record in records for source in record.sources}
    return last.model_copy(
        update={
            **pattern.for_other_weights(),
            "gsd_m": pattern.gsd_m,
            "validation": fresh.validation,
            "metrics": fresh.metrics,
            "sources": tuple(sources),
            "training": {**last.training, "averaged": f"{len(records)} model files"},
        }
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m geoseg.train.average")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument(
        "--like",
        type=Path,
        help="the file whose thresholds, calibration and pixel size count; without: the first",
    )
    arguments = parser.parse_args()
    try:
        average_weights(arguments.files, arguments.output, arguments.like)
    except GeosegError as error:
        parser.exit(1, f"{error}\n")
