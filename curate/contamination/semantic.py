"""Candidates by meaning: the benchmark questions whose embeddings are nearest to a row's.

Only candidates: golds, options and numbers decide, as everywhere. What is embedded is the question proper: under a passage
of 300 words, two questions about it would otherwise be one point, and a question that has lost its passage another.
"""

import re

import numpy as np
import polars as pl

from curate.contamination.settings import ContaminationSettings
from curate.embedding import Vectors, embedder, nearest
from curate.numbers import distinct
from curate.tokens import Places

_LONG = 60
"""Words; a longer question is taken for a passage with a question at its end."""

_LEAST = 12
"""Words that the end of a long question has at least; whole sentences are taken until it does."""

_SENTENCE = re.compile(r"(?<=[.?!:\"”])\s+")


class Meaning:
    """The benchmarks' questions as vectors; 1 KB an item with the built-in model."""

    def __init__(self, model: str, questions: pl.Series, settings: ContaminationSettings) -> None:
        self._model = embedder(model)
        self._vectors = self._embed(questions)
        self._settings = settings

    def near(self, questions: pl.Series) -> tuple[Places, Places, Vectors]:
        """Return the row, the benchmark's item and their similarity for each pair worth verifying."""
        return nearest(
            self._embed(questions), self._vectors, self._settings.neighbours, self._settings.least_similarity
        )

    def _embed(self, questions: pl.Series) -> Vectors:
        return self._model.embed([question_proper(question) for question in questions])


def question_proper(question: str) -> str:
    """The question without the passage that comes before it: its last sentences when it is long, else the whole."""
    if len(question.split()) <= _LONG:
        return question
    sentences = _SENTENCE.split(question.strip())
    words, taken = 0, len(sentences)
    while taken and words < _LEAST:
        taken -= 1
        words += len(sentences[taken].split())
    return " ".join(sentences[taken:])


def merged(count: int, keys: Places, near: tuple[Places, Places, Vectors] | None) -> tuple[Places, Vectors]:
    """Merge pairs found by words with pairs found by meaning.

    Args:
        count: how many items there are; a pair is row * count + item.
        keys: pairs found by words, ascending.
        near: pairs found by meaning.

    Returns:
        All pairs, ascending, and their similarity; NaN where meaning did not find them.
    """
    if near is None:
        return keys, np.full(len(keys), np.nan, np.float32)
    rows, items, similar = near
    by_meaning = rows * count + items  # ascending, each once
    every = distinct(np.concatenate([keys, by_meaning]))
    similarity = np.full(len(every), np.nan, np.float32)
    similarity[np.searchsorted(every, by_meaning)] = similar
    return every, similarity
