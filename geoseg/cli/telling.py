"""What a verb says besides its result: warnings, and with --verbose what is decided on the way."""

from __future__ import annotations

import logging
import warnings

from geoseg.addresses.secrets import redact

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def tell(verbose: int) -> None:
    """Let geoseg's log and warnings come as one line each on stderr.

    Args:
        verbose: 0: warnings; 1: decisions as well; 2 and more: in detail.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", force=True)
    logging.getLogger("geoseg").setLevel(LEVELS[min(verbose, len(LEVELS) - 1)])
    logging.captureWarnings(capture=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(redact)
    warnings.formatwarning = lambda message, *_args, **_kwargs: f"Warning: {message}"
