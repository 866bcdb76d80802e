"""A dict that forgets, also while others use it."""

from __future__ import annotations

import sys
import threading

import pytest

from dualtape.recent import Recent


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_entries_used_last_stay(limit: int) -> None:
    recent: Recent[int, int] = Recent(limit)
    for key in range(50):
        recent[key] = key
        assert recent[0 if limit > 1 else key] is not None
        assert recent.held() <= 2 * limit
        assert [recent[k] for k in range(max(key - limit + 2, 0), key + 1)] == [
            *range(max(key - limit + 2, 0), key + 1)
        ]
    assert recent[1] is None


def test_threads_find_what_was_put_there_or_nothing() -> None:
    recent: Recent[int, int] = Recent(4)
    wrong = []

    def work(seed: int) -> None:
        for i in range(3000):
            key = (i * seed) % 11
            found = recent[key]
            if found is None:
                recent[key] = key
            elif found != key:
                wrong.append((key, found))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 3, 5, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
    assert recent.held() <= 8
