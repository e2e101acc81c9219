"""What one pass keeps of each question: held to its definition, row by row."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.fuzzy.minhash import STRIP, minhash
from curate.fuzzy.rarity import Rarity
from curate.tokens import Tokens


@given(st.lists(st.integers(0, 3 * STRIP), max_size=40), st.randoms(use_true_random=False))
def test_a_signature_holds_the_least_product_of_a_row_with_each_factor(lengths: list[int], random: Random) -> None:
    hashes = [[random.getrandbits(64) for _ in range(length)] for length in lengths]
    runs = Tokens(np.array([one for row in hashes for one in row], np.uint64), np.cumsum([0, *lengths]))
    factors = [int(drawn) >> 32 | 1 for drawn in np.random.PCG64(7).random_raw(8)]
    top = 2**32 - 1
    told = [[min(((one >> 32) * by & top for one in row), default=top) for by in factors] for row in hashes]
    assert minhash(runs, 8, 7).T.tolist() == told


def test_runs_are_counted_however_often_they_come_at_once() -> None:
    rarity, runs = Rarity(2), np.array([5, 5, 9, 5], np.uint64) << np.uint64(48)
    rarity.add(1, runs)
    rarity.add(1, runs[1:])
    table = rarity._tables[0]
    assert {int(slot): int(table[slot]) for slot in np.flatnonzero(table)} == {5: 5, 9: 2}
