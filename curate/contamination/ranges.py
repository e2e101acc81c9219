"""Runs of numbers, many at once."""

import numpy as np

from curate.tokens import Places

Runs = tuple[Places, Places]
"""Where each of some runs begins and ends."""


def ranges(runs: Runs) -> tuple[Places, Places]:
    """The numbers of all runs after one another, and the run that each is of."""
    counts = runs[1] - runs[0]
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) + np.repeat(runs[0] - np.cumsum(counts) + counts, counts)
