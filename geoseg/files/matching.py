"""Which file is meant by a name that another file or program wrote.

Names are compared as they are, then without regard to case and to how letters are encoded, then
without extension, then without what labelling tools add to them. Where several files have one name,
the folders before it decide, as far as they agree. Nothing is guessed: a name that fits two files
equally well fits none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

_TOOLS = (
    re.compile(r"_(?:png|jpe?g|tiff?|webp|bmp)\.rf\.[0-9a-z]+$", re.IGNORECASE),  # Roboflow
    re.compile(r"^[0-9a-f]{8}-(?=.)", re.IGNORECASE),  # Label Studio
)
_KINDS = frozenset(
    [
        "image",
        "images",
        "img",
        "sat",
        "rgb",
        "photo",
        "mask",
        "masks",
        "label",
        "labels",
        "gt",
        "seg",
        "annotation",
        "annotations",
    ]
)
"""Words at either end of a name that tell an image from its labels."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Files that were found under other names, by the numbers of both."""

    files: dict[int, int] = field(default_factory=dict)
    """The file that each name means."""
    renamed: tuple[int, ...] = ()
    """Names among them that are written otherwise than the file's."""
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Names that fit several files equally well, and which."""
    shared: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Files that several names fit equally well, and which."""


def parts_of(path: str) -> tuple[str, ...]:
    """Folders and name of a path of any system, or of an address; ``.`` and empty parts are left out."""
    root = ("/",) if path.startswith("/") else ()
    return root + tuple(part for part in re.split(r"[\\/]+", path) if part not in {"", "."})


def stem_of(name: str) -> str:
    """A file's name without its last extension."""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def unique_names(paths: Sequence[str]) -> list[str]:
    """The shortest end of each path that no other path ends in: the bare name, where it is unique.

    Of paths that are the same, the name alone.
    """
    parts = [parts_of(path) for path in paths]
    ends = Counter(end for one in set(parts) for end in _ends(one))
    return ["/".join(_own_end(one, ends)).replace("//", "/") for one in parts]


def _ends(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [parts[-length:] for length in range(1, len(parts) + 1)]


def _own_end(parts: tuple[str, ...], ends: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    return next((end for end in _ends(parts) if ends[end] == 1), parts[-1:])


def match_files(names: Sequence[str], files: Sequence[str]) -> Matches:
    """Find the file that each name means.

    Args:
        names: As another file writes them, with folders or not.
        files: Paths of the files that are there.
    """
    wanted, there = [parts_of(name) for name in names], [parts_of(file) for file in files]
    found: dict[int, int] = {}
    renamed: list[int] = []
    ambiguous: dict[int, tuple[int, ...]] = {}
    shared: dict[int, tuple[int, ...]] = {}
    for level, key in enumerate(_LEVELS):
        groups = _groups(wanted, there, key, set(found) | set(ambiguous), set(found.values()))
        for candidates, available in groups:
            got, several, claimed = _assign(wanted, there, candidates, available)
            found |= got
            ambiguous |= several
            shared |= claimed
            renamed += got if level else ()
        # A name that fits several, or shares the only one, is no name for the next level either.
        for claims in shared.values():
            ambiguous |= {number: () for number in claims if number not in ambiguous}
    several = {number: choice for number, choice in ambiguous.items() if choice}
    return Matches(found, tuple(sorted(renamed)), several, shared)


def _groups(
    wanted: Sequence[tuple[str, ...]],
    there: Sequence[tuple[str, ...]],
    key: Callable[[str], str],
    settled: set[int],
    taken: set[int],
) -> list[tuple[list[int], list[int]]]:
    """Names and files of one key, of those that are not yet settled."""
    files: dict[str, list[int]] = defaultdict(list)
    names: dict[str, list[int]] = defaultdict(list)
    for number, parts in enumerate(there):
        if number not in taken and parts:
            files[key(parts[-1])].append(number)
    for number, parts in enumerate(wanted):
        if number not in settled and parts:
            names[key(parts[-1])].append(number)
    return [(numbers, files[word]) for word, numbers in names.items() if word in files]


def _assign(
    wanted: Sequence[tuple[str, ...]],
    there: Sequence[tuple[str, ...]],
    names: list[int],
    files: list[int],
) -> tuple[dict[int, int], dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    """Pairs that agree best first; what fits several equally well goes to none of them."""
    tiers: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for name in names:
        for file in files:
            tiers[_agreement(wanted[name], there[file])].append((name, file))
    free_names, free_files = set(names), set(files)
    found: dict[int, int] = {}
    ambiguous: dict[int, tuple[int, ...]] = {}
    shared: dict[int, tuple[int, ...]] = {}
    for tier in sorted(tiers, reverse=True):
        open_pairs = [(n, f) for n, f in tiers[tier] if n in free_names and f in free_files]
        by_name, by_file = _grouped(open_pairs), _grouped([(f, n) for n, f in open_pairs])
        for name, choice in by_name.items():
            if len(choice) > 1:
                ambiguous[name] = tuple(choice)
            elif len(by_file[choice[0]]) > 1:
                shared[choice[0]] = tuple(by_file[choice[0]])
            else:
                found[name] = choice[0]
        free_names -= set(by_name)
        free_files -= set(by_file)
    return found, ambiguous, shared


def _grouped(pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        grouped[one].append(other)
    return grouped


def _agreement(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many folders before the names are the same."""
    count = 0
    for ours, theirs in zip(one[-2::-1], other[-2::-1], strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name)).casefold()


def _stem(name: str) -> str:
    return stem_of(_folded(name))


def _bare(name: str) -> str:
    """Without what tools add, and without words that say what kind of file it is."""
    stem = _stem(name)
    for added in _TOOLS:
        stem = added.sub("", stem)
    words = re.split(r"([_\-. ]+)", stem)  # words and what is between them, in turn
    while len(words) > 1 and words[0] in _KINDS:
        words = words[2:]
    while len(words) > 1 and words[-1] in _KINDS:
        words = words[:-2]
    return "".join(words)


def _as_it_is(name: str) -> str:
    return name


_LEVELS: tuple[Callable[[str], str], ...] = (_as_it_is, _folded, _stem, _bare)
