"""Well-formed and verifiable: keep only what a rule can score.

Nemotron-CrossThink (arXiv 2504.13941, section 2) keeps a multiple-choice item only if its gold is among its options, an
open item only if its answer has at most ten words, and a math item only if it has an answer at all. To these come the
faults that published sets are seen to have: blank options, the same option twice, a stated answer that is not the text of
the option its index points at. Each rule is an expression with a reason; the first that fires is the reason of the drop.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from crossthink.config import Settings
from curate.items import Domain
from curate.phrases import is_not_ascii
from curate.stage import Outcome, Reason, evidence_text, judge
from curate.table import ItemTable

NOTHING = ("", "n/a", "N/A", "n/A", "N/a")
"""Answers, questions and options that say nothing, without the space around them."""

_AT_A_TIME = 512
"""Texts whose bytes stay in the cache together."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class FilterSettings(Settings):
    """`max_answer_words` counts words between white space in the answer of an open general-reasoning variant (paper: 10)."""

    max_answer_words: int = Field(default=10, ge=1)


def is_blank(text: pl.Expr) -> pl.Expr:
    """Whether a text is null or says nothing."""
    return _is_nothing(text.str.strip_chars())


def _is_nothing(trimmed: pl.Expr) -> pl.Expr:
    return trimmed.is_in(NOTHING).fill_null(True)


def drop_malformed(items: ItemTable) -> Outcome:
    """Drop items that no template can turn into a question with one gold answer.

    Args:
        items: rows of `ITEM_SCHEMA`.
    """
    options, index = pl.col("trimmed"), pl.col("answer_index")
    said, gold = pl.col("said"), pl.col("gold")
    trimmed = (
        batch.with_columns(
            said=pl.col("answer").str.strip_chars(), trimmed=pl.col("options").list.eval(pl.element().str.strip_chars())
        ).with_columns(gold=options.list.get(index, null_on_oob=True))
        for batch in items.batches(["question", "answer", "options", "answer_index"])
    )
    has_options = options.is_not_null()
    return judge(
        trimmed,
        {
            Reason.MISSING_QUESTION: is_blank(pl.col("question")),
            Reason.MISSING_ANSWER: _is_nothing(said) & index.is_null(),
            Reason.TOO_FEW_OPTIONS: has_options & (options.list.len() < 2),
            Reason.TOO_MANY_OPTIONS: has_options & (options.list.len() > len(LETTERS)),
            Reason.GOLD_NOT_IN_OPTIONS: has_options & gold.is_null(),
            Reason.BLANK_OPTION: has_options & options.list.eval(_is_nothing(pl.element())).list.any(),
            Reason.DUPLICATE_OPTIONS: has_options & (options.list.n_unique() < options.list.len()),
            Reason.CONTRADICTORY_GOLD: has_options & (gold != said),
        },
        evidence=evidence_text("answer", pl.col("answer")),
    )


def drop_unverifiable(variants: ItemTable, settings: FilterSettings) -> Outcome:
    """Drop open general-reasoning variants whose answer is too long to be compared by a rule.

    Args:
        variants: rows of `VARIANT_SCHEMA`.
        settings: see `FilterSettings`.
    """
    is_open_gpr = (pl.col("template") == "open") & (pl.col("domain") == Domain.GPR.value)
    could_be_long = pl.col("answer").str.len_bytes() > 2 * settings.max_answer_words  # a word and a space each
    candidates = (
        batch.filter(is_open_gpr & could_be_long) for batch in variants.batches(["template", "domain", "answer"])
    )
    counted = (batch.with_columns(words=count_words(batch["answer"])) for batch in candidates)
    return judge(
        counted,
        {Reason.ANSWER_TOO_LONG: pl.col("words") > settings.max_answer_words},
        evidence=evidence_text("words", pl.col("words")),
    )


def count_words(texts: pl.Series) -> pl.Series:
    """Return how many words, between white space, each text has; a regular expression finds them at a third of the speed.

    Args:
        texts: String series without nulls.
    """
    _, offsets, data = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    letters = np.frombuffer(data or b"", np.uint8)[: ends[-1]]
    starts = range(0, len(texts), _AT_A_TIME)
    counts = [np.empty(0, np.int64), *(_words_of_bytes(letters, ends[at : at + _AT_A_TIME + 1]) for at in starts)]
    not_ascii = texts.to_frame("text").select(is_not_ascii(pl.col("text")).arg_true()).to_series()
    others = not_ascii.filter(texts.gather(not_ascii).str.contains(r"[^\S\t-\r ]"))  # other white space: few
    counted = texts.gather(others).str.count_matches(r"\S+")
    return pl.Series("words", np.concatenate(counts), pl.UInt32).scatter(others, counted)


def _words_of_bytes(letters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count the words of each text from one end to the next, where only ASCII has white space."""
    letters, ends = letters[ends[0] : ends[-1]], ends - ends[0]
    is_space = (letters == ord(" ")) | (letters - np.uint8(ord("\t")) <= ord("\r") - ord("\t"))
    follows = np.ones(len(letters), np.bool_)
    follows[1:] = is_space[:-1]
    follows[ends[ends < len(letters)]] = True
    return np.diff(np.searchsorted(np.flatnonzero(follows > is_space), ends))
