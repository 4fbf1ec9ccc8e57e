"""A training that dies and goes on, against one that nobody disturbs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geoseg.progress import ProgressReport
    from geoseg.train.config import TrainConfig

LAST_STEP = 3


def assert_resumes(
    config: TrainConfig, learner: type, read: Callable[[Path], Mapping[str, torch.Tensor]]
) -> None:
    """The weights of both, as ``read`` from their files, are the same."""
    from geoseg.train.run import train

    whole = read(train(config).path)
    killed = config.model_copy(update={"output": config.output.with_name("killed")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "training_step", dying(learner.training_step))
        with pytest.raises(BrokenPipeError):
            train(killed)
    told: list[ProgressReport] = []
    resumed = read(train(killed, resume=True, progress=told.append).path)
    steps = [report for report in told if report.stage.startswith("step ")]
    assert {report.done_before > 0 for report in steps} == {True}  # or the time left is too short
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=0)


def dying(step: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """The training step that fails once it was done so often."""

    def killed(self: Any, *batch: Any) -> torch.Tensor:
        if self.global_step == LAST_STEP:
            raise BrokenPipeError
        return step(self, *batch)

    return killed
