"""``python -m geoseg.train CONFIG [--resume]``: what ``geoseg train`` runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from geoseg.train.config import read_config
from geoseg.train.run import train

parser = argparse.ArgumentParser(prog="python -m geoseg.train")
parser.add_argument("config", type=Path)
parser.add_argument("--resume", action="store_true")
arguments = parser.parse_args()
train(read_config(arguments.config), resume=arguments.resume)
