"""Random layers come back clean, to the last bit, in metres, feet, degrees and grads."""

import pytest
from redraw_fuzz import troubles
from redraw_layers import random_layer


@pytest.mark.parametrize(
    "seeds",
    [
        range(15),
        pytest.param(range(15, 60), marks=pytest.mark.thorough),
        *(pytest.param(range(n, n + 500), marks=pytest.mark.slow) for n in range(0, 10_000, 500)),
    ],
    ids=lambda seeds: f"{seeds.start}-{seeds.stop}",
)
def test_random_layers_come_back_clean(seeds: range) -> None:
    wrong = {seed: found for seed in seeds if (found := troubles(random_layer(seed))[0])}
    assert wrong == {}
