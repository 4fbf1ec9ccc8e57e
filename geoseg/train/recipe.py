"""Where a training's configuration comes from: a YAML file, or the one for fine-tuning that geoseg brings."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from geoseg.errors import UsageError
from geoseg.files.atomic import write_text
from geoseg.files.target import check_target
from geoseg.train.config import TrainConfig, changed_config, read_config

RECIPE = Path(__file__).with_name("finetune.yaml")
"""Fine-tunes the built-in model; every key that it holds is commented."""

_NO_LIMIT = 10**9
"""Steps, where minutes alone are to end a training."""


def configured(
    config: str | Path | TrainConfig | None,
    *,
    scenes: str | Path | None,
    output: str | Path | None,
    start: str | Path | None,
    minutes: float | None,
) -> TrainConfig:
    """The configuration given, or the one for fine-tuning, with what was asked for beside it.

    Raises:
        UsageError: It cannot be read, a value is not allowed, or without a configuration there is
            no folder of scenes or no output.
    """
    if config is None and (scenes is None or output is None):
        raise UsageError(
            "a training needs packed scenes and a folder to write: geoseg train --scenes SCENES "
            "-o OUT; or a configuration, which geoseg train --init finetune.yaml writes"
        )
    if isinstance(config, TrainConfig):
        checked = config
    elif config is not None and not isinstance(config, (str, os.PathLike)):
        raise UsageError(
            f"config takes the path of a YAML file, a geoseg.TrainConfig or None; got {type(config).__name__}"
        )
    else:
        checked = read_config(RECIPE if config is None else Path(config))
    return changed_config(checked, _changes(scenes, output, start, minutes))


def write_recipe(
    path: Path,
    *,
    scenes: str | Path | None = None,
    output: str | Path | None = None,
    start: str | Path | None = None,
    minutes: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the commented configuration for fine-tuning, with what is already known filled in.

    Raises:
        GeosegError: A value is not allowed, or the file cannot be written.
    """
    changes = _changes(scenes, output, start, minutes)
    changed_config(read_config(RECIPE), changes)
    target = check_target(path, [".yaml", ".yml"], overwrite=overwrite)
    text = RECIPE.read_text(encoding="utf-8")
    for name, value in _flat(changes):
        written = json.dumps(value if isinstance(value, (int, float)) else str(value))
        before, key, after = re.split(rf"(^ *{name}: )", text, maxsplit=1, flags=re.MULTILINE)
        text = before + key + written + after[len(after.split(maxsplit=1)[0]) :]
    write_text(text, target)
    return target


def _changes(
    scenes: str | Path | None,
    output: str | Path | None,
    start: str | Path | None,
    minutes: float | None,
) -> dict[str, Any]:
    """What was asked for beside a configuration, as the configuration would hold it."""
    changes: dict[str, Any] = {"output": output, "start": start, "data": {"scenes": scenes}}
    if minutes is not None:
        if not minutes > 0:
            raise UsageError(f"--minutes must be above 0, such as 20; got {minutes:g}")
        changes["schedule"] = {"max_minutes": minutes, "max_steps": _NO_LIMIT}
    return changes


def _flat(changes: dict[str, Any]) -> list[tuple[str, Any]]:
    """Keys with values, those of sections as well; their names are unique in the file."""
    pairs: list[tuple[str, Any]] = []
    for name, value in changes.items():
        if isinstance(value, dict):
            pairs += _flat(value)
        elif value is not None:
            pairs.append((name, value))
    return pairs
