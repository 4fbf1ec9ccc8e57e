"""From the wheel for all platforms, one with machine code: ``python packaging/machine_code.py dist/geoseg-*-py3-none-any.whl``.

It lies beside the first, for this system and this version of Python. Run by a Python that has what geoseg needs, in
the versions that users get: shipped code is taken with the same numba, and the same minor versions of llvmlite and numpy,
alone. ``make machine-code`` sees to that.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from itertools import product
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

V3 = (
    "64bit", "cmov", "crc32", "cx8", "fxsr", "mmx", "sse", "sse2",
    "cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3",
    "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave",
)  # fmt: skip
"""What LLVM takes x86-64-v3 to be: processors with AVX2, from 2013 on."""
PLAIN = {
    "x86_64": ("x86-64-v3", ",".join(f"+{one}" for one in V3)),
    "amd64": ("x86-64-v3", ",".join(f"+{one}" for one in V3)),
    "aarch64": ("generic", ""),
    "arm64": ("apple-m1" if sys.platform == "darwin" else "generic", ""),
}
"""Machine to the name and features of the processor that its code is made for."""
INSIDE = "geoseg/kernels/shipped"
THEN = (1980, 1, 1, 0, 0, 0)
"""Time of files in the wheel, so that the same files make the same wheel."""


def main() -> None:
    """Make the wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    wheel: Path = parser.parse_args().wheel
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with ZipFile(wheel) as packed:
            packed.extractall(scratch / "package")
        compile_all(scratch / "package", scratch)
        made = packed_for(scratch / "package", wheel, numbas_tags())
    print(made)


def compile_all(package: Path, scratch: Path) -> None:
    """Put machine code of all loops into an unpacked package."""
    name, features = PLAIN[platform.machine().lower()]
    results = scratch / "results"
    results.mkdir()
    kept = {one: told for one, told in os.environ.items() if not one.startswith("NUMBA_")}
    environment = kept | {
        "PYTHONPATH": str(package),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "NUMBA_CACHE_DIR": str(scratch / "code"),
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": features,
    }
    for script, folder in (("every_loop.py", results), ("gather_code.py", package / INSIDE)):
        command = [sys.executable, str(Path(__file__).parent / script), str(folder)]
        subprocess.run(command, cwd=scratch, env=environment, check=True)  # noqa: S603


def numbas_tags() -> list[str]:
    """Of Python, ABI and platforms: those of the numba that compiled, which the code needs."""
    told = distribution("numba").read_text("WHEEL") or ""
    tags = [line.removeprefix("Tag: ") for line in told.splitlines() if line.startswith("Tag: ")]
    if not tags:
        sys.exit("numba was not installed from a wheel, so it is unknown where its code runs")
    return tags


def packed_for(package: Path, wheel: Path, tags: list[str]) -> Path:
    """Pack a package that was unpacked from ``wheel`` beside it, for the platforms of ``tags``."""
    about = next(package.glob("*.dist-info"))
    lines = (about / "WHEEL").read_text(encoding="utf-8").splitlines()
    others = [line for line in lines if line and not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    told = [*others, "Root-Is-Purelib: false", *(f"Tag: {tag}" for tag in tags)]
    (about / "WHEEL").write_text("\n".join(told) + "\n", encoding="utf-8", newline="\n")
    record = about / "RECORD"
    record.unlink()
    files = sorted(path for path in package.rglob("*") if path.is_file())
    record.write_text(recorded(package, files, record), encoding="utf-8", newline="\n")
    name, version = wheel.name.split("-")[:2]
    made = wheel.parent / f"{name}-{version}-{compressed(tags)}.whl"
    with ZipFile(made, "w", ZIP_DEFLATED) as into:
        for path in (*files, record):
            member = ZipInfo(path.relative_to(package).as_posix(), THEN)
            member.compress_type, member.external_attr = ZIP_DEFLATED, 0o100644 << 16
            into.writestr(member, path.read_bytes())
    return made


def compressed(tags: list[str]) -> str:
    """Tags as a wheel's name holds them.

    Raises:
        ValueError: they are not all combinations of their parts.
    """
    parts = [
        list(dict.fromkeys(column))
        for column in zip(*(tag.split("-") for tag in tags), strict=True)
    ]
    if sorted("-".join(one) for one in product(*parts)) != sorted(tags):
        raise ValueError(f"no single name stands for {', '.join(tags)}")
    return "-".join(".".join(part) for part in parts)


def recorded(package: Path, files: list[Path], record: Path) -> str:
    """The text of RECORD: names, hashes and sizes."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path in files:
        content = path.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([path.relative_to(package).as_posix(), f"sha256={digest}", len(content)])
    rows.writerow([record.relative_to(package).as_posix(), "", ""])
    return text.getvalue()


if __name__ == "__main__":
    main()
