"""What ``pyproject.toml`` cannot say: a README whose links work where its repository is not."""

from pathlib import Path
from runpy import run_path

from setuptools import setup

ADDRESSES = run_path(str(Path(__file__).parent / "packaging" / "addresses.py"))
setup(long_description=ADDRESSES["readme"](), long_description_content_type="text/markdown")
