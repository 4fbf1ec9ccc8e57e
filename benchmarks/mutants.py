"""Does the suite see what must not happen? ``python benchmarks/mutants.py [NAME ...]``.

Each mutant is one wrong line in a copy of the package, and the tests that must turn red for it, those
of ``make test``: thorough ones do not count. The copies lie in a temporary folder; nothing here is
changed. Without names all are tried, which takes some minutes: a mutant of a room with compiled loops
compiles them anew. Exits with 1 when one survives.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
COPIED = ("geoseg", "tests", "benchmarks", "configs", "docs", "examples", "pyproject.toml")
"""What the tests need."""
PASSED, FAILED = 0, 1
"""Exit codes of pytest; others mean that the tests could not be run."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong line."""

    name: str
    """What goes wrong."""
    file: str
    """Within the package."""
    old: str
    """Text that stands in the file once."""
    new: str
    """Takes its place."""
    tests: str
    """What pytest is given, within ``tests``: a file, or one test of it."""


MUTANTS = (
    Mutant(
        "column-offset-lost",
        "tiles/region.py",
        "grid_width + cols + region.col_off",
        "grid_width + cols",
        "tiles/test_region.py",
    ),
    Mutant(
        "row-offset-lost",
        "tiles/region.py",
        "(rows + region.row_off) * grid_width",
        "rows * grid_width",
        "tiles/test_region.py",
    ),
    Mutant(
        "tiles-above-and-left-never-asked-for",
        "tiles/region.py",
        "range(-reach_px, reach_px, lattice.core_px)",
        "range(0, reach_px, lattice.core_px)",
        "tiles/test_region.py",
    ),
    Mutant(
        "tiles-above-and-left-never-asked-for-by-a-run",
        "tiles/region.py",
        "range(-reach_px, reach_px, lattice.core_px)",
        "range(0, reach_px, lattice.core_px)",
        "run/test_predicting.py::test_what_reaches_far_out_of_the_area_is_followed_on_every_side",
    ),
    Mutant(
        "holes-of-the-area-forgotten",
        "tiles/area.py",
        "shapely.intersects(points, self.shape)",
        "shapely.intersects(points, shapely.box(*self.shape.bounds))",
        "run/test_predicting.py::test_buildings_in_a_hole_of_the_area_are_not_in_the_area",
    ),
    Mutant(
        "any-valid-pixel-is-observed",
        "run/extent.py",
        "self.counts * 2 >= self._pixels_per_cell()",
        "self.counts > 0",
        "run/test_extent.py",
    ),
    Mutant(
        "least-iou-not-enforced",
        "shaping/limits.py",
        "share = 2 * (1 - settings.min_iou) / (1 + settings.min_iou)",
        "share = 2.0",
        "shaping/test_limits.py",
    ),
    Mutant(
        "later-drawings-not-held-to-the-limits",
        "shaping/settle.py",
        "while (bad := _too_far(state)).any():",
        "while (bad := _too_far(state)).all() and not bad.any():",
        "shaping/test_settle.py::test_a_drawing_that_leads_too_far_from_what_was_given_is_not_taken",
    ),
    Mutant(
        "later-drawings-taken-for-nothing",
        "shaping/settle.py",
        "WORTH_LATER = 0.12",
        "WORTH_LATER = 0.0",
        "shaping/test_settle.py::"
        "test_a_later_drawing_is_taken_where_it_saves_less_but_not_for_next_to_nothing",
    ),
    Mutant(
        "clashes-left",
        "shaping/settle.py",
        "bad = taken & _clashing(state, chosen, out, taken)",
        "bad = taken & False",
        "shaping/test_settle.py::test_a_drawing_that_runs_into_a_neighbour_that_stays_is_not_taken",
    ),
    Mutant(
        "levels-cut-off",
        "models/asking.py",
        "np.rint(exact, out=exact)",
        "np.floor(exact, out=exact)",
        "models/test_asking.py",
    ),
    Mutant(
        "confidence-at-the-limit-dropped",
        "attributes/confidence.py",
        "return confidences >= self.least",
        "return confidences > self.least",
        "attributes/test_confidence.py",
    ),
    Mutant(
        "resumed-with-another-limit",
        "settings.py",
        'harmless = {"strip_px", ',
        'harmless = {"min_confidence", "strip_px", ',
        "run/test_resume.py::test_every_decisive_setting_has_a_case",
    ),
    Mutant(
        "resumed-with-other-parameters",
        "run/state/identity.py",
        "*_changed_parameters(self.parameters, other.parameters),",
        "",
        "run/test_resume.py::test_a_run_with_another_value_of_a_setting_is_another_run",
    ),
    Mutant(
        "equal-corners-go-last-first",
        "shaping/thinning.py",
        "if area[j] < area[i]:",
        "if area[j] <= area[i]:",
        "shaping/test_thinning.py::test_the_loop_keeps_what_geos_keeps",
    ),
    Mutant(
        "ties-go-to-the-higher-rank",
        "decode/grow.py",
        "elif steps[target] != reached or rank[target] <= mine:",
        "elif steps[target] != reached or rank[target] >= mine:",
        "decode/test_decoder.py::"
        "test_touching_seeds_share_the_body_between_them_and_the_upper_left_wins_ties",
    ),
    Mutant(
        "tiles-off-the-stride",
        "tiles/lattice.py",
        "return round_down(self.tile_px - 2 * self.context_px, self.stride_px)",
        "return self.tile_px - 2 * self.context_px",
        "tiles/test_lattice.py",
    ),
    Mutant(
        "pieces-that-touch-are-one",
        "stitch/agree.py",
        "same = pairs.common >= params.agree_iou * (sum(pairs.seen) - pairs.common)",
        "same = pairs.common >= 1",
        "stitch/test_stitcher.py",
    ),
    Mutant(
        "nodata-is-image",
        "raster/pixels.py",
        "valid = finite(pixels) & ~_all_nodata(pixels, source.nodata)",
        "valid = finite(pixels)",
        "raster/test_native.py",
    ),
    Mutant(
        "contacts-a-pixel-wider",
        "train/targets.py",
        "2 * (contact_px // 2) + 1",
        "2 * (contact_px // 2) + 3",
        "train/test_run.py",
    ),
    Mutant(
        "certified-whatever-the-difference",
        "models/certify.py",
        "if not difference <= TOLERANCE:",
        "if not difference <= 1:",
        "models/test_certify.py",
    ),
    Mutant(
        "one-building-too-many-per-km2",
        "statistics/table.py",
        '"density_per_km2": len(rows) / km2',
        '"density_per_km2": (len(rows) + 1) / km2',
        "statistics/test_report.py",
    ),
    Mutant(
        "last-column-of-a-mask-lost",
        "coco/rle.py",
        "int(ends[-1] - 1) // height + 1",
        "int(ends[-1] - 1) // height",
        "coco/test_coco.py",
    ),
    Mutant(
        "written-in-place",
        "files/atomic.py",
        "temporary = place.with_name(place.name + TEMPORARY_SUFFIX)",
        "temporary = place",
        "files/test_atomic.py",
    ),
    Mutant(
        "holes-count-as-area",
        "earth/geodesy.py",
        "np.where(is_shell, area, -area)",
        "np.where(is_shell, area, 0)",
        "attributes/test_measure.py",
    ),
    Mutant(
        "body-where-invalid",
        "tiles/looking.py",
        "quantize(probabilities) * core_valid(tile, block)",
        "quantize(probabilities)",
        "tiles/test_looking.py",
    ),
)


def copy(folder: Path, source: Path) -> None:
    """Copy what the tests need, with its times, which compiled loops go by."""
    folder.mkdir()
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
        else:
            shutil.copy2(source / name, folder / name)


def outcome(folder: Path, tests: Sequence[str]) -> int:
    """Run tests of a copy, without the thorough ones; pytest's exit code.

    Raises:
        RuntimeError: The tests could not be run.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(
        [*command, *(f"tests/{test}" for test in tests)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in {PASSED, FAILED}:
        raise RuntimeError(f"{tests} could not be run:\n{run.stdout}{run.stderr}")
    return run.returncode


def mutate(package: Path, mutant: Mutant) -> None:
    """Write the wrong line.

    Raises:
        ValueError: The right one does not stand in the file once.
    """
    path = package / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} holds {mutant.old!r} other than once")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def survives(mutant: Mutant, clean: Path, folder: Path) -> bool:
    """Whether the tests stay green in ``folder``, a copy of ``clean`` that is removed again."""
    copy(folder, clean)
    mutate(folder / "geoseg", mutant)
    survived = outcome(folder, [mutant.tests]) == PASSED
    shutil.rmtree(folder)
    return survived


def tried(mutants: Sequence[Mutant], scratch: Path) -> Iterator[tuple[Mutant, bool]]:
    """The mutants, and whether each survives.

    The working tree is copied once, and may be worked on meanwhile. Red tests would kill anything,
    so all are run on the package as it is first.
    """
    clean = scratch / "clean"
    copy(clean, REPOSITORY)
    if outcome(clean, sorted({mutant.tests for mutant in mutants})) != PASSED:
        sys.exit("the tests fail without any mutant: mend that first")
    for mutant in mutants:
        yield mutant, survives(mutant, clean, scratch / mutant.name)


def main() -> None:
    """Try the mutants named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(by_name)}")
    names = parser.parse_args().names or list(by_name)
    if unknown := sorted(set(names) - set(by_name)):
        parser.error(f"no such mutant: {', '.join(unknown)}; there are {', '.join(by_name)}")
    chosen, alive = [by_name[name] for name in names], 0
    with tempfile.TemporaryDirectory() as scratch:
        for mutant, survived in tried(chosen, Path(scratch)):
            alive += survived
            print(f"{'SURVIVED' if survived else 'killed':8} {mutant.name}", flush=True)
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
