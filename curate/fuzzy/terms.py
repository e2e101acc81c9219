"""The terms of a row as one number: its gold, options, context and images. Rows of other terms are not duplicates.

Golds and options are compared in their forms (`curate.sameness.gold_forms`), and most were met before: yes, 12, none of the
above. So the hash of a form is remembered by the hash of its text, in a table of fixed size where a text stays until another
one needs its place. What is said of a text does not depend on what was met before it.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.sameness import gold_forms
from curate.tokens import Hashes

REMEMBERED = 1 << 17
"""Places of the table, 16 bytes each."""
NO_TERMS = np.uint64(0)
_NO_FORM = np.uint64(0)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def form_hashes(texts: pl.Series) -> Hashes:
    """One number for the form of each gold or option; 0 for a text that has none."""
    forms = gold_forms(texts)
    return np.where(forms.is_null().to_numpy(), _NO_FORM, forms.hash(0).to_numpy())


class RememberedForms:
    """What `form_hashes` says of texts that come again and again."""

    def __init__(self) -> None:
        self._texts, self._forms = np.zeros((2, REMEMBERED), np.uint64)

    def hashes(self, texts: pl.Series) -> Hashes:
        """One number for the form of each text; 0 for a text that has none."""
        of_texts = texts.hash(0).to_numpy()
        places = (of_texts % np.uint64(REMEMBERED)).view(np.int64)
        found = self._forms[places]
        new = np.flatnonzero(self._texts[places] != of_texts)
        if len(new):
            found[new] = form_hashes(texts.gather(new))
            self._texts[places[new]], self._forms[places[new]] = of_texts[new], found[new]
        return found


def terms_of(batch: pl.DataFrame, hashes: Callable[[pl.Series], Hashes]) -> Hashes:
    """One number for the gold, options, context and images of each row; `NO_TERMS` for a row without a gold.

    Args:
        batch: rows with these columns.
        hashes: `form_hashes`, or what remembers them.
    """
    golds = hashes(batch["answer"])
    terms = golds * _MIX + option_terms(batch["options"], hashes)
    for column in ("context", "images"):  # each row by itself: its number may not depend on the rows read beside it
        is_there = batch[column].is_not_null().to_numpy()
        terms = terms * _MIX
        if is_there.any():
            terms[is_there] += batch[column].hash(1).to_numpy()[is_there]
    return np.where(golds == _NO_FORM, NO_TERMS, np.maximum(terms, np.uint64(1)))


def option_terms(options: pl.Series, hashes: Callable[[pl.Series], Hashes] = form_hashes) -> Hashes:
    """One number for the options of each row in any order; 0 for a row without."""
    counts = options.list.len().fill_null(0).to_numpy().astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if not offsets[-1]:
        return np.zeros(len(options), np.uint64)
    flat = options.filter(pl.Series(counts > 0)).explode()
    return _sums(hashes(flat) * _MIX, offsets)


def _sums(numbers: Hashes, offsets: npt.NDArray[np.int64]) -> Hashes:
    """The sum of each row's numbers modulo 2^64, spread over all bits."""
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers)])
    total = (sums[offsets[1:]] - sums[offsets[:-1]]) * _MIX
    return np.asarray(total ^ (total >> np.uint64(29)), np.uint64)
