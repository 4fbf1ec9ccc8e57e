"""Where a network runs."""

from __future__ import annotations

import torch

from geoseg.errors import UsageError

KINDS = ("cpu", "cuda", "mps")
"""Of devices, as torch names them."""


def choose_device(device: str) -> torch.device:
    """Pick CUDA, then Apple's MPS, then the CPU for "auto"; any other device must be there.

    Raises:
        UsageError: there is no such device on this machine.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if device.partition(":")[0] not in KINDS:
        raise UsageError(
            f"there is no kind of device {device!r}; use auto, cpu, cuda, cuda:N or mps"
        )
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"device {device!r} cannot be used ({reason}); use auto, cpu, cuda, cuda:N or mps"
        ) from error
    return chosen
