"""The streaming decoder against a whole-image one that is slow and plain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from tries import first, tries

from geoseg.decode.decoder import Decoder
from geoseg.decode.families import COST, BuildingNumbers
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller
from geoseg.errors import UsageError
from geoseg.types import NO_BUILDING, Cluster, MapStrip, RawInstance

HEADS = ("body", "contact", "edge")

Maps = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]
Crack = tuple[int, int, bool, int, int]
CROSS = ndimage.generate_binary_structure(2, 1)
SQUARE = np.ones((3, 3), bool)
STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0))


def score_mask(
    maps: Maps, valid: Mask, heads: tuple[str, ...], params: DecodeParams, least: int
) -> Mask:
    """Body with enough seed score, by fractions in exact integers, rounded half up."""
    level = {name: maps[i].astype(object) for i, name in enumerate(heads)}
    nothing = np.zeros(valid.shape, int).astype(object)
    contact = 255**2 - params.contact_weight * level.get("contact", nothing)
    edge = 255**2 - params.edge_weight * level.get("edge", nothing)
    score = (2 * level["body"] * contact * edge + 255**4) // (2 * 255**4)
    body = (level["body"] >= params.body_threshold).astype(bool) & valid
    return body & (score >= least).astype(bool)


def grow(body: Mask, seeds: Mask, limit: int) -> dict[tuple[int, int], tuple[int, int]]:
    """(row, col) to the smallest (steps, key of the seed pixel), by plain relaxation."""
    width = body.shape[1]
    best = {(r, c): (0, r * width + c) for r, c in np.argwhere(seeds).tolist()}
    front = dict(best)
    for step in range(1, limit + 1):
        offers: dict[tuple[int, int], tuple[int, int]] = {}
        for (r, c), (_, key) in front.items():
            for dr, dc in STEPS:
                p = (r + dr, c + dc)
                if 0 <= p[0] < body.shape[0] and 0 <= p[1] < width and body[p] and p not in best:
                    offers[p] = min(offers.get(p, (step, key)), (step, key))
        best.update(offers)
        front = offers
    return best


def spread(labels: Labels, room: Mask, limit: int) -> tuple[Labels, int]:
    """Labels grown through ``room``, then its parts that none reached numbered on; labels before."""
    grown, count = labels.copy(), int(labels.max(initial=0))
    for (r, c), (_, key) in grow(room | (labels > 0), labels > 0, limit).items():
        grown[r, c] = labels[divmod(key, labels.shape[1])]
    rest, _ = ndimage.label(room & (grown == 0), CROSS)
    return np.where(rest > 0, rest + count, grown), count


def label_image(
    maps: Maps, valid: Mask, heads: tuple[str, ...], params: DecodeParams
) -> tuple[Labels, Mask, Labels]:
    """Labels of buildings and of remnants before anything is united or dropped; who is a remnant,
    and the family of each label."""
    body = valid & (maps[heads.index("body")] >= params.body_threshold)
    seeds = score_mask(maps, valid, heads, params, params.seed_threshold)
    inner = seeds | score_mask(maps, valid, heads, params, params.join_threshold)
    seeded = ndimage.label(seeds, CROSS)[0].astype(np.int64)
    started, _ = spread(seeded, inner, params.grow_steps)
    labels, count = spread(started, body, params.grow_steps)
    family = np.arange(labels.max(initial=0) + 1)
    joined, families = ndimage.label(inner, CROSS)
    for number in range(1, families + 1):
        members = np.unique(started[joined == number])
        family[members] = members[0]
    return labels, np.arange(len(family)) > count, family


def odds(tally: BuildingNumbers) -> NDArray[np.float64]:
    """Some probability that depends on everything that is counted."""
    size = tally.pixels / (tally.pixels + 12.0)
    return size * (0.2 + 0.4 * tally.free / tally.walls + 0.4 * tally.body_sum / tally.pixels / 255)


def unite_families(
    labels: Labels, is_remnant: Mask, family: Labels, body: Labels, params: DecodeParams
) -> Labels:
    """Families become one building where that promises more than their parts."""
    united = labels.copy()
    faces = cracks_of(labels)
    for number in np.unique(family):
        members = np.flatnonzero((family == number) & ~is_remnant)
        too_large = np.isin(labels, members).sum() > params.max_family_pixels
        if number == 0 or len(members) < 2 or too_large:
            continue
        apart = sum(promise(labels, [member], faces, body, params) for member in members)
        if promise(labels, members.tolist(), faces, body, params) > apart:
            united[np.isin(labels, members)] = members[0]
    return united


def promise(
    labels: Labels, members: list[int], faces: list[Crack], body: Labels, params: DecodeParams
) -> float:
    mask = np.isin(labels, members)
    pixels, body_sum = int(mask.sum()), int(body[mask].sum())
    if judge(pixels, body_sum, remnant=False, params=params):
        return 0.0
    walls = [(b, a) for *_, b, a in faces if (b in members) != (a in members)]
    numbers = (pixels, body_sum, len(walls), sum(0 in pair for pair in walls))
    return max(0.0, float(odds(BuildingNumbers(*(np.array([n]) for n in numbers)))[0]) - COST)


def cracks_of(labels: Labels) -> list[Crack]:
    """(row, col, vertical, before, after) of all unit edges between different labels, in order."""
    height, width = labels.shape
    padded = np.full((height + 2, width + 2), 0, labels.dtype)
    padded[1:-1, 1:-1] = labels
    found = []
    for r in range(height + 1):
        for c in range(width + 1):
            here = int(padded[r + 1, c + 1])
            above, left = int(padded[r, c + 1]), int(padded[r + 1, c])
            if c < width and above != here:
                found.append((r, c, False, above, here))
            if r < height and left != here:
                found.append((r, c, True, left, here))
    return found


def nodes_of(cracks: list[Crack]) -> list[tuple[int, int]]:
    """Lattice points where three or more cracks meet, in order."""
    degree: dict[tuple[int, int], int] = defaultdict(int)
    for row, col, vertical, _, _ in cracks:
        degree[row, col] += 1
        degree[(row + 1, col) if vertical else (row, col + 1)] += 1
    return sorted(point for point, n in degree.items() if n >= 3)


def unite_remnants(labels: Labels, is_remnant: Mask) -> Labels:
    """Remnants that touch one building alone join it."""
    touched = defaultdict(set)
    for _, _, _, one, other in cracks_of(labels):
        for remnant, building in ((one, other), (other, one)):
            if remnant and building and is_remnant[remnant] and not is_remnant[building]:
                touched[remnant].add(building)
    united = labels.copy()
    for remnant, buildings in touched.items():
        if len(buildings) == 1:
            united[labels == remnant] = buildings.pop()
    return united


def at_edge(mask: Mask, valid: Mask) -> bool:
    outside = np.pad(~valid, 1, constant_values=True)
    return bool((ndimage.binary_dilation(np.pad(mask, 1), CROSS) & outside).any())


def judge(pixels: int, body_sum: int, remnant: bool, params: DecodeParams) -> str:
    if remnant:
        small = pixels < params.min_remnant_pixels
        return "remnant" if small or body_sum < params.remnant_mean_body * pixels else ""
    if pixels < params.min_pixels:
        return "too_small"
    return "unsure" if body_sum < params.min_mean_body * pixels else ""


def decode(
    maps: Maps, valid: Mask, heads: tuple[str, ...], params: DecodeParams
) -> tuple[list[Cluster], dict[str, int]]:
    """Clusters sorted by their first key, and what was dropped."""
    labels, is_remnant, family = label_image(maps, valid, heads, params)
    cluster_image, cluster_count = ndimage.label(
        ndimage.binary_dilation(labels > 0, SQUARE, iterations=3), SQUARE
    )
    raw_cracks = cracks_of(labels)
    cost = np.zeros(cluster_count + 1, int)
    cluster_of_label = np.zeros(len(is_remnant), int)
    cluster_of_label[labels[labels > 0]] = cluster_image[labels > 0]
    for _, _, _, before, after in raw_cracks:
        cost[cluster_of_label[before or after]] += 1

    body = maps[heads.index("body")].astype(int)
    labels = unite_families(labels, is_remnant, family, body, params)
    united = unite_remnants(labels, is_remnant)
    instances: dict[int, RawInstance] = {}
    cluster_of_key: dict[int, int] = {}
    dropped = {"too_small": 0, "unsure": 0, "remnant": 0}
    keys = np.full(labels.shape, NO_BUILDING, np.int64)
    for label in np.unique(united[united > 0]).tolist():
        mask = united == label
        pixels, body_sum = int(mask.sum()), int(body[mask].sum())
        reason = judge(pixels, body_sum, is_remnant[label], params)
        if reason:
            dropped[reason] += 1
            continue
        key = int(np.flatnonzero(mask)[0])
        keys[mask] = key
        instances[key] = RawInstance(key, pixels, body_sum, at_edge(mask, valid))
        cluster_of_key[key] = int(cluster_of_label[label])
    return assemble(keys, instances, cluster_of_key, cost > params.max_cluster_cracks), dropped


def assemble(
    keys: Labels, instances: dict[int, RawInstance], cluster_of_key: dict[int, int], loose: Mask
) -> list[Cluster]:
    """Cracks and nodes of the final keys, handed to clusters or, loose, to single buildings."""
    shifted = cracks_of(keys + 1)  # cracks_of takes 0 for the outside
    cracks = [(r, c, v, b - 1, a - 1) for r, c, v, b, a in shifted]
    nodes = nodes_of(cracks)
    units = defaultdict(list)
    for key in sorted(instances):
        cluster = cluster_of_key[key]
        units[(cluster, key) if loose[cluster] else (cluster, None)].append(key)
    result = []
    for (cluster, _), members in units.items():
        own = [crack for crack in cracks if crack[3] in members or crack[4] in members]
        ends = {(r, c) for r, c, *_ in own}
        ends |= {(r + 1, c) if v else (r, c + 1) for r, c, v, *_ in own}
        columns = list(zip(*own, strict=True))
        result.append(
            Cluster(
                tuple(instances[key] for key in members),
                np.array(columns[0], np.int32),
                np.array(columns[1], np.int32),
                np.array(columns[2], np.bool_),
                np.array(columns[3], np.int64),
                np.array(columns[4], np.int64),
                np.array([node for node in nodes if node in ends], np.int32).reshape(-1, 2),
                bool(loose[cluster]),
            )
        )
    return result


def stream(
    maps: Maps, valid: Mask, params: DecodeParams, cuts: Iterable[int] = (), chunk_rows: int = 64
) -> tuple[list[Cluster], dict[str, int]]:
    """Clusters in the order they come, and what was dropped; strips end at ``cuts``."""
    height, width = valid.shape
    heads = HEADS[: len(maps)]
    labeller = MapLabeller(heads, params)
    decoder = Decoder(width, height, labeller, chunk_rows=chunk_rows, odds=odds)
    clusters = []
    bounds = [0, *sorted(cut for cut in cuts if cut <= height), height]
    for top, bottom in pairwise(bounds):
        clusters += decoder.push(MapStrip(top, maps[:, top:bottom], valid[top:bottom]))
    clusters += decoder.close()
    assert decoder.open_entries == 0
    return clusters, decoder.dropped


def plain(cluster: Cluster) -> tuple:
    """All fields, comparable."""
    arrays = (
        cluster.crack_row,
        cluster.crack_col,
        cluster.crack_vertical,
        cluster.crack_before,
        cluster.crack_after,
        cluster.nodes,
    )
    return (cluster.instances, cluster.loose, *((a.dtype.str, a.tolist()) for a in arrays))


def in_order(clusters: list[Cluster]) -> list[tuple]:
    return [plain(c) for c in sorted(clusters, key=lambda c: c.instances[0].key)]


def assert_exact(
    maps: Maps, valid: Mask, params: DecodeParams, partitions: list[tuple[Iterable[int], int]]
) -> None:
    expected, expected_dropped = decode(maps, valid, HEADS[: len(maps)], params)
    whole, dropped = stream(maps, valid, params)
    assert in_order(whole) == in_order(expected)
    assert dropped == expected_dropped
    for cuts, chunk_rows in partitions:
        clusters, dropped = stream(maps, valid, params, cuts, chunk_rows)
        assert in_order(clusters) == in_order(expected)
        assert dropped == expected_dropped
        if chunk_rows == 64:
            assert list(map(plain, clusters)) == list(map(plain, whole))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Maps, Mask, DecodeParams, list[tuple[list[int], int]]]:
    """Maps from smooth to noise, with and without nodata, thresholds to match, and partitions."""
    height, width = draw(st.integers(1, 34)), draw(st.integers(1, 34))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    blur = draw(st.sampled_from([0, 0.7, 1.5, 3]))
    maps = np.stack([noise(rng, (height, width), blur) for _ in HEADS])
    maps[1:] //= draw(st.integers(1, 6))
    valid = np.ones((height, width), bool)
    if draw(st.booleans()):
        valid = noise(rng, (height, width), 1) < 170
    body = draw(st.integers(30, 200))
    params = DecodeParams(
        body_threshold=body,
        seed_threshold=min(255, body + draw(st.integers(-20, 80))),
        join_threshold=min(255, max(1, body + draw(st.integers(-30, 90)))),
        contact_weight=draw(st.sampled_from([0, 100, 255])),
        edge_weight=draw(st.sampled_from([0, 100, 255])),
        grow_steps=draw(st.sampled_from([0, 1, 2, 5, 16])),
        min_pixels=draw(st.integers(0, 10)),
        min_mean_body=draw(st.integers(0, 180)),
        min_remnant_pixels=draw(st.integers(0, 20)),
        remnant_mean_body=draw(st.integers(0, 150)),
        max_family_pixels=draw(st.sampled_from([0, 20, 100, 10**6])),
        max_cluster_cracks=draw(st.sampled_from([0, 5, 20, 100, 10**6])),
    )
    cuts = st.lists(st.integers(0, height), max_size=5)
    partition = st.tuples(cuts, st.sampled_from([1, 2, 3, 8, 64]))
    return maps, valid, params, draw(st.lists(partition, min_size=1, max_size=3))


def noise(rng: np.random.Generator, shape: tuple[int, int], blur: float) -> Maps:
    field = rng.random(shape)
    if blur:
        field = ndimage.gaussian_filter(field, blur)
    return ((field - field.min()) / (np.ptp(field) + 1e-9) * 255).astype(np.uint8)


@tries(120, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_equals_the_whole_image_decoder_for_every_partition(
    case: tuple[Maps, Mask, DecodeParams, list[tuple[list[int], int]]],
) -> None:
    assert_exact(*case)


@pytest.mark.parametrize("largest", [40, 10**6])
@pytest.mark.parametrize(("seed", "blur"), [(7, 0.7), (9, 1.0), (9, 1.4), (10, 0.7)])
def test_families_of_loose_clusters_are_judged_as_a_whole(
    seed: int, blur: float, largest: int
) -> None:
    maps = noise(np.random.default_rng(seed), (160, 12), blur)[None]
    params = DecodeParams(
        body_threshold=60,
        seed_threshold=160,
        join_threshold=120,
        grow_steps=2,
        min_pixels=1,
        min_mean_body=60,
        min_remnant_pixels=2,
        max_family_pixels=largest,
        max_cluster_cracks=0,
    )
    assert_exact(maps, np.ones(maps.shape[1:], bool), params, [((), 1)])


EASY = DecodeParams(
    body_threshold=100, seed_threshold=150, grow_steps=4, min_pixels=1, min_remnant_pixels=1
)
EVERY_WAY = [
    (range(1, 200), 64),
    (range(7, 200, 7), 64),
    ((1,), 1),
    ((3, 3, 50), 2),
    ((), 3),
    ((31, 32, 33), 16),
]


def spiral(size: int) -> Mask:
    image = np.zeros((size, size), bool)
    row, col, step = 0, 0, (0, 1)
    image[0, 0] = True
    for length in [size - 1] + [n for n in range(size - 1, 0, -2) for _ in range(2)]:
        for _ in range(length):
            row, col = row + step[0], col + step[1]
            image[row, col] = True
        step = (step[1], -step[0])
    return image


def rings(height: int, width: int) -> Mask:
    row, col = np.indices((height, width))
    depth = np.minimum.reduce([row, col, height - 1 - row, width - 1 - col])
    return depth % 2 == 0


def shape_images() -> dict[str, Mask]:
    comb = np.zeros((50, 41), bool)
    comb[:, ::2] = True
    upside_down = comb.copy()
    comb[-1] = upside_down[0] = True
    bridge = np.zeros((40, 40), bool)
    bridge[5:15, 5:15] = bridge[20:35, 20:35] = bridge[10:28, 12] = bridge[27, 12:20] = True
    corner = np.zeros((64, 64), bool)
    corner[30:34, 28:36] = True
    core = np.zeros((64, 64), bool)
    core[16:48, 16:48] = True
    diagonal = np.eye(40, dtype=bool)
    road = np.zeros((190, 9), bool)
    road[:, 4] = True
    row, col = np.indices((45, 45))
    return {
        "a building from top to bottom": road,
        "a comb that joins at the bottom": comb,
        "a comb that joins at the top": upside_down,
        "one-pixel bridges": bridge,
        "a building on a corner of the lattice": corner,
        "a building equal to a tile": core,
        "pixels that touch by corners": diagonal,
        "rings in rings": rings(50, 44),
        "a spiral": spiral(40) & ~np.eye(40, k=-9, dtype=bool),
        "all foreground": np.ones((90, 20), bool),
        "all background": np.zeros((90, 20), bool),
        "one column": np.arange(150)[:, None] % 7 < 4,
        "one row": np.arange(150)[None] % 7 < 4,
        "one pixel": np.ones((1, 1), bool),
        "a checkerboard": (row + col) % 2 == 0,
    }


@pytest.mark.parametrize("cap", [10**6, 30])
@pytest.mark.parametrize("name", first(len(shape_images()) - 1, shape_images()))
def test_shapes_that_break_decoders(name: str, cap: int) -> None:
    image = shape_images()[name]
    maps = np.where(image, 200, 0).astype(np.uint8)[None]
    params = replace(EASY, max_cluster_cracks=cap)
    assert_exact(maps, np.ones(image.shape, bool), params, EVERY_WAY)


@pytest.mark.parametrize("name", shape_images())
def test_the_same_shapes_with_weak_arms_and_holes_of_nodata(name: str) -> None:
    image = shape_images()[name]
    row, col = np.indices(image.shape)
    level = np.where((row // 6 + col // 6) % 3 == 0, 200, 120)
    valid = (row % 11 != 5) | (col % 9 != 4)
    maps = np.where(image, level, 0).astype(np.uint8)[None]
    assert_exact(maps, valid, replace(EASY, max_cluster_cracks=60), EVERY_WAY)


def test_a_ring_is_one_building_with_a_courtyard() -> None:
    maps = np.zeros((1, 130, 130), np.uint8)
    maps[0, 5:125, 5:125] = 250
    maps[0, 25:105, 25:105] = 0
    (cluster,), _ = stream(maps, np.ones((130, 130), bool), EASY, (40, 64, 65, 100))
    assert cluster.instances == (RawInstance(5 * 130 + 5, 8000, 8000 * 250, at_edge=False),)
    assert len(cluster.crack_row) == 4 * 120 + 4 * 80
    assert len(cluster.nodes) == 0


def test_touching_seeds_share_the_body_between_them_and_the_upper_left_wins_ties() -> None:
    maps = np.zeros((1, 3, 9), np.uint8)
    maps[0, 1] = [0, 200, 120, 120, 120, 120, 120, 200, 0]
    (cluster,), _ = stream(maps, np.ones((3, 9), bool), EASY)
    assert [(i.key, i.pixels) for i in cluster.instances] == [(10, 4), (14, 3)]
    shared = (cluster.crack_before >= 0) & (cluster.crack_after >= 0)
    assert cluster.crack_col[shared].tolist() == [5]
    assert cluster.nodes.tolist() == [[1, 5], [2, 5]]


def test_a_diagonal_touch_is_a_node_between_two_buildings_of_one_cluster() -> None:
    maps = np.zeros((1, 6, 6), np.uint8)
    maps[0, 1:3, 1:3] = maps[0, 3:5, 3:5] = 200
    (cluster,), _ = stream(maps, np.ones((6, 6), bool), EASY)
    assert len(cluster.instances) == 2
    assert cluster.nodes.tolist() == [[3, 3]]


@pytest.mark.parametrize(("gap", "clusters"), [(1, 1), (6, 1), (7, 2), (8, 2)])
@pytest.mark.parametrize("diagonal", [False, True])
def test_clusters_keep_seven_pixels_apart(gap: int, clusters: int, diagonal: bool) -> None:
    maps = np.zeros((1, 20, 20), np.uint8)
    maps[0, 1:4, 1:4] = 200
    start = 4 + gap
    maps[0, start : start + 3, start : start + 3] = 200 * diagonal
    maps[0, 1:4, start : start + 3] = 200 * (not diagonal)
    found, _ = stream(maps, np.ones((20, 20), bool), EASY)
    assert len(found) == clusters


def weak_bridge() -> Maps:
    """A building of 20 pixels, one weak pixel, and a building of one pixel, in a row."""
    maps = np.zeros((1, 9, 12), np.uint8)
    maps[0, 2:7, 2:6] = 200
    maps[0, 3, 6] = 120
    maps[0, 3, 7] = 200
    return maps


def test_dropped_buildings_leave_background_and_no_node() -> None:
    params = replace(EASY, grow_steps=0, min_pixels=5, min_remnant_pixels=5)
    (cluster,), dropped = stream(weak_bridge(), np.ones((9, 12), bool), params)
    assert [i.pixels for i in cluster.instances] == [20]
    assert len(cluster.nodes) == 0
    assert len(cluster.crack_row) == 18
    assert dropped == {"too_small": 1, "unsure": 0, "remnant": 1}


def test_a_remnant_joins_the_only_building_it_touches() -> None:
    maps = weak_bridge()
    maps[0, 3, 7] = 0
    (cluster,), dropped = stream(maps, np.ones((9, 12), bool), replace(EASY, grow_steps=0))
    assert [(i.pixels, i.body_sum) for i in cluster.instances] == [(21, 20 * 200 + 120)]
    assert sum(dropped.values()) == 0


def test_unequal_strips_are_refused() -> None:
    decoder = Decoder(4, 10, MapLabeller(("body",), EASY))
    rows = MapStrip(0, np.zeros((1, 4, 4), np.uint8), np.ones((4, 4), bool))
    decoder.push(rows)
    with pytest.raises(UsageError, match="expected a strip from row 4"):
        decoder.push(rows)
    with pytest.raises(UsageError, match="only 4 of 10 rows"):
        decoder.close()
    with pytest.raises(UsageError, match="must be"):
        decoder.push(replace(rows, valid=np.ones((4, 5), bool)))


def test_parameters_out_of_range_are_named() -> None:
    with pytest.raises(
        UsageError, match="seed_threshold must be an integer from 1 to 255, got 256"
    ):
        DecodeParams(seed_threshold=256)
