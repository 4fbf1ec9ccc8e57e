"""What is drawn together."""

from __future__ import annotations

import numpy as np
import pytest
from clusters import cluster_of

from geoseg.run import finish


def test_clusters_wait_for_others_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, none lost, and at least one list."""
    one = cluster_of(np.ones((3, 3), np.int64))
    cracks = len(one.crack_row)
    found = [[one], [], [one, one], [one] * 5, [], [one]]
    assert [len(some) for some in finish.joined(found)] == [9]
    assert [len(some) for some in finish.joined([])] == [0]
    monkeypatch.setattr(finish, "CLUSTERS_AT_A_TIME", 3)
    assert [len(some) for some in finish.joined(found)] == [3, 5, 1]
    monkeypatch.setattr(finish, "CRACKS_AT_A_TIME", 2 * cracks)
    assert [len(some) for some in finish.joined(found[:4])] == [3, 5, 0]
    monkeypatch.setattr(finish, "CLUSTERS_AT_A_TIME", 100)
    assert [len(some) for some in finish.joined([[one]] * 5)] == [2, 2, 1]
