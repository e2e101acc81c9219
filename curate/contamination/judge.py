"""Which measured pairs are leaks, by which path, and which a person or a judge should look at.

    ngram      the row is the question: nearly all its words are there, in their order, and enough of them are rare
    embedded   the same, inside a longer text
    answer     fewer of its words, and the same gold; or other words, the same gold and the same options
    semantic   near in meaning by an embedding model, and the same gold and options; or so near that a missing gold is no
               obstacle

Another number or variable in place of the question's own makes a sibling, not a leak, whatever the text: only the same
gold *and* the same rare options overrule it. What falls short of a leak by one of these measures is the grey zone.
"""

from enum import StrEnum

import polars as pl

from curate.contamination.settings import ContaminationSettings
from curate.table import PLACE


class LeakPath(StrEnum):
    """How a leak was found."""

    NGRAM = "ngram"
    EMBEDDED = "embedded"
    ANSWER = "answer"
    SEMANTIC = "semantic"


_WHOLE, _NEARLY_WHOLE = 0.75, 0.9
"""A row is the question itself when so much of it could be; a short question must be nearly all of it."""

_ALIKE = 0.55
"""Share of words of two questions that are alike though their options are common ones."""

_HALF = 0.5
"""Fewer of the options in common than this, and the row's are others."""

_EXACT, _EXACT_WORDS = 0.995, 2
"""Another gold *and* other options are a copy only if next to nothing else differs: a passage has several questions."""

_TWIN = 0.02
"""A row that is one item of a benchmark word for word is no leak of another that it fits less well by more than this."""

_RECOGNISABLE = 0.4
"""Share of words that a question found by meaning alone shares at least."""

_GREY_SIMILARITY = 0.6
_text, _gap, _gold, _options = pl.col("text"), pl.col("gap"), pl.col("gold"), pl.col("options")
_rare, _asked, _held = pl.col("rare_options"), pl.col("question_words"), pl.col("row_words")
_is_same_gold = _gold == "same"


def least_grams(settings: ContaminationSettings) -> float:
    """Distinctive 3-grams below which a pair is neither a leak nor in doubt, unless golds agree or an embedding found it.

    The text alone asks for so many, as does the grey zone; every other path asks for the same gold, or for an embedding.
    """
    return min(settings.least_grams, settings.least_embedded_grams)


def judge(pairs: pl.DataFrame, settings: ContaminationSettings) -> pl.DataFrame:
    """Add to measured pairs `path` (null: no leak), `score` (share of the text, or similarity) and `is_grey`.

    Args:
        pairs: columns of `MEASURES` and `benchmark`.
        settings: the thresholds.
    """
    has_options = (_options >= settings.option_share).fill_null(False)
    is_alike = ((_rare >= settings.rare_options) & (_text >= settings.paraphrase_share)) | (
        (_rare >= settings.rare_options / 2) & (_text >= _ALIKE)
    )
    are_unusual = _rare >= 1.5 * settings.rare_options
    is_certain = are_unusual & (pl.col("option_words") >= settings.option_words)
    is_optioned = _is_same_gold & has_options & ((is_alike & (_held <= 2 * _asked)) | is_certain)
    has_all_options = (_options == 1).fill_null(False) & (pl.col("row_options") > 0)
    overrules = _is_same_gold & has_all_options & are_unusual & (is_certain | (_text >= _HALF))
    may = ~pl.col("asks_otherwise") | overrules
    is_text, is_answered = _by_text(settings, has_options)
    is_meant = _by_meaning(settings, has_options)
    path = (
        pl.when(may & is_text)
        .then(pl.when(_asked >= _WHOLE * _held).then(pl.lit(LeakPath.NGRAM)).otherwise(pl.lit(LeakPath.EMBEDDED)))
        .when(may & (is_answered | is_optioned))
        .then(pl.lit(LeakPath.ANSWER))
        .when(may & is_meant)
        .then(pl.lit(LeakPath.SEMANTIC))
    )
    score = pl.when(pl.col("path") == LeakPath.SEMANTIC).then("similarity").otherwise("text").round(4)
    judged = _without_twins(pairs.with_columns(path=path).with_columns(score=score), settings)
    is_near = ((_text >= settings.gold_share) & (_gap <= 2 * settings.largest_gap) & may) | (
        (_text >= settings.text_share) & _is_same_gold
    )
    is_distinctive = pl.col("distinctive") >= settings.least_grams
    is_grey = (is_near & is_distinctive) | (_is_same_gold & has_options & (_rare >= settings.rare_options))
    is_grey |= (pl.col("similarity") >= _GREY_SIMILARITY).fill_null(False) & (_gold != "other") & may
    if settings.review == "nearest":
        is_grey |= pl.col("similarity").is_not_null()
    is_clean = pl.col("path").is_null().all().over(PLACE)
    return judged.with_columns(is_grey=is_grey & is_clean)


def _by_text(settings: ContaminationSettings, has_options: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Whether the text alone makes a leak, and whether the text and the gold do."""
    allowed = pl.when(_is_same_gold).then(settings.largest_gap).otherwise(settings.largest_gap_alone)
    is_without_gap = _gap <= allowed
    least = pl.when(_asked >= _WHOLE * _held).then(settings.least_grams).otherwise(settings.least_embedded_grams)
    is_distinctive = pl.col("distinctive") >= least
    has_other_options = (_options < _HALF).fill_null(False) & (pl.col("row_options") > 0)
    is_keyed = _is_same_gold & (has_options | _options.is_null() | (pl.col("row_options") == 0))
    is_exact = (_text >= _EXACT) & ((_held - _asked).abs() <= _EXACT_WORDS)
    is_verbatim = (
        (_text >= settings.verbatim_share) & is_without_gap & (is_exact | ~(_gold == "other") | ~has_other_options)
    )
    is_same = (_text >= settings.text_share) & (_gold != "other") & ~has_other_options & is_without_gap
    is_short = is_verbatim & is_keyed & (_asked >= _NEARLY_WHOLE * _held)
    span = settings.text_share - settings.gold_share
    is_enough = _text >= settings.gold_share + span * pl.col("commonness")
    is_answered = (is_distinctive & is_enough & is_without_gap) | (is_verbatim & (pl.col("distinctive") >= 1))
    return (is_distinctive & (is_verbatim | is_same)) | is_short, is_keyed & is_answered


def _by_meaning(settings: ContaminationSettings, has_options: pl.Expr) -> pl.Expr:
    """Whether an embedding's candidate is a leak: the second key, or a meaning too near to need one."""
    is_found = pl.col("similarity").is_not_null()
    is_keyed = _is_same_gold & has_options & (_rare >= settings.rare_options)
    is_nearest = pl.col("similarity") == pl.col("similarity").max().over(PLACE)
    is_alone = (_gold == "unknown") & (pl.col("similarity") >= settings.alone_similarity) & is_nearest
    return is_found & (is_keyed | (is_alone & (_text >= _RECOGNISABLE))).fill_null(False)


def _without_twins(pairs: pl.DataFrame, settings: ContaminationSettings) -> pl.DataFrame:
    """Keep of a row's leaks in one benchmark those that fit as well as the best, where that one is word for word."""
    best = _text.filter(pl.col("path").is_not_null()).max().over(PLACE, "benchmark")
    is_twin = (best >= settings.verbatim_share) & (_text < best - _TWIN)
    return pairs.with_columns(path=pl.when(is_twin.fill_null(False)).then(None).otherwise("path"))
