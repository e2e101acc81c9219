"""Profiles: what a source holds, said in figures, and in one line each for anything odd.

A profile is made in one pass over the rows, a batch at a time: counts and histograms of lengths add up exactly, so the
percentiles are exact too, and memory grows by 24 bytes a row (to tell questions that come again). It is the same for
any number of threads. What counts as odd stands in `curate/oddities.py`.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from curate.filters import is_blank
from curate.oddities import oddities
from curate.profile_model import Commonest, Profile, SourceProfile, Spread
from curate.signals import SIGNAL_COLUMNS, SIGNALS, with_signals
from curate.signals.language import OTHER_SCRIPTS, SCRIPTS
from curate.table import ItemTable
from manifests.manifest import LedgerLine

COLUMNS = list(
    dict.fromkeys(
        ["item_id", "source", "subject", "answer_kind", "answer_index", "license", "language", *SIGNAL_COLUMNS]
    )
)
OPENING_CHARACTERS = 30
"""Characters at the beginning of a question that show whether a source has one template."""
LEAST_SHARE = 0.02
"""Share of a source's rows in a batch from which an answer or an opening is counted; a share is right to within this."""
_ID_DIGITS = 15
"""Hex digits of an item's id that tell questions apart here: 60 bits, which fit a 64-bit integer."""


def profile(paths: Sequence[Path], ledger: Sequence[LedgerLine] = ()) -> Profile:
    """Profile items, by source.

    Args:
        paths: files of `ITEM_SCHEMA`, in order.
        ledger: of the corpus they belong to; it knows the records that could not be read.
    """
    gathered: dict[str, _Source] = {}
    identities = []
    for batch in _larger(ItemTable(tuple(paths)).batches(COLUMNS)):
        rows = _measured(batch)
        identities.append(rows.select("source", "identity"))
        for (name,), part in rows.partition_by("source", as_dict=True, maintain_order=True).items():
            gathered.setdefault(str(name), _Source()).add(part)
    unique: dict[str, int] = {}
    if identities:
        counted = pl.concat(identities).group_by("source").agg(pl.col("identity").n_unique())
        unique = dict(counted.iter_rows())
    sources = [gathered[name].profile(name, unique[name], ledger) for name in sorted(gathered)]
    return Profile(sources=[source.model_copy(update={"oddities": oddities(source)}) for source in sources])


def _larger(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Join batches by fours: what a regular expression learns of its texts is lost with each batch."""
    while joined := list(itertools.islice(batches, 4)):
        yield pl.concat(joined)


@dataclass
class _Source:
    """What has been counted of one source so far."""

    rows: int = 0
    counts: Mapping[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lengths: Mapping[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    totals: Counter[str] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)
    positions: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, part: pl.DataFrame) -> None:
        """Count the rows of a batch, as `_measured` makes them."""
        self.rows += part.height
        for name in ("answer_kind", "license", "language", "script"):
            self.counts[name].update(_counted(part[name]))
        for name in Spread.OF:
            self.lengths[name].update(dict(part[name].drop_nulls().value_counts().iter_rows()))
        self.totals.update(part.select(_TOTALS).sum().row(0, named=True))
        self.sizes.update(dict(part["option_count"].value_counts().iter_rows()))
        shown = part.filter(pl.col("option_count") > 0).group_by("option_count", "answer_index").len()
        self.positions.update({(count, place): rows for count, place, rows in shown.drop_nulls().iter_rows()})
        for name, texts in (("answer", part.filter(pl.col("option_count") == 0)["gold"]), ("opening", part["opening"])):
            self.counts[name].update(_common(texts.drop_nulls()))

    def profile(self, name: str, unique: int, ledger: Sequence[LedgerLine]) -> SourceProfile:
        """Return the figures, without what is odd about them."""
        read = next((line for line in ledger if line.source == name and line.stage == "ingest"), None)
        return SourceProfile(
            source=name,
            records=read.rows_in if read else None,
            unreadable=read.dropped if read else None,
            rows=self.rows,
            unique_questions=unique,
            rows_per_question=round(self.rows / unique, 2),
            answer_kinds=_sorted(self.counts["answer_kind"]),
            option_counts=dict(sorted(self.sizes.items())),
            gold_positions=_positions(self.positions),
            lengths={name: Spread.from_histogram(self.lengths[name]) for name in Spread.OF},
            long_answers=sum(rows for words, rows in self.lengths["answer_words"].items() if words > 10),
            blank={part: self.totals[f"no_{part}"] for part in ("question", "answer", "subject")},
            with_context=self.totals["has_context"],
            with_images=self.totals["has_images"],
            licenses=_sorted(self.counts["license"]),
            languages=_sorted(self.counts["language"]),
            scripts=_sorted(self.counts["script"]),
            commonest_answer=_commonest(self.counts["answer"], self.sizes[0]),
            commonest_opening=_commonest(self.counts["opening"], self.rows),
            signals={signal: self.totals[signal] for signal in SIGNALS},
        )


_TOTALS = ["no_question", "no_answer", "no_subject", "has_context", "has_images", *SIGNALS]


def _measured(items: pl.DataFrame) -> pl.DataFrame:
    """Return one row per item with what is counted of it."""
    question, answer = pl.col("question"), pl.col("answer").str.strip_chars()
    measured = items.select(
        "source",
        "answer_index",
        "answer_kind",
        "license",
        language=pl.col("language").fill_null("not stated"),
        identity=pl.col("item_id").str.slice(0, _ID_DIGITS).str.to_integer(base=16),
        option_count=pl.col("options").list.len().fill_null(0),
        question_characters=question.str.len_chars(),
        question_words=question.str.count_matches(" ", literal=True) + 1,
        answer_characters=answer.str.len_chars(),
        answer_words=sum((answer.str.count_matches(gap, literal=True) for gap in " \n"), start=pl.lit(1, pl.UInt32)),
        gold=answer,
        opening=question.str.head(OPENING_CHARACTERS),
        no_question=_says_nothing(question),
        no_answer=_says_nothing(pl.col("answer")) & pl.col("answer_index").is_null(),
        no_subject=_says_nothing(pl.col("subject")),
        has_context=~_says_nothing(pl.col("context")),
        has_images=pl.col("images").list.len().fill_null(0) > 0,
    )
    fired = with_signals(items).select(list(SIGNALS))
    return measured.with_columns(_scripts(items["question"]), *fired.get_columns())


def _says_nothing(text: pl.Expr) -> pl.Expr:
    """Whether a text is blank, as the filters say it; no text of more than 40 bytes is taken for blank."""
    return is_blank(pl.when(text.str.len_bytes() > 40).then(pl.lit("long")).otherwise(text))


def _scripts(texts: pl.Series) -> pl.Series:
    """Return the script that most letters of each text are of: "Latin", another of `SCRIPTS`, or "no letters"."""
    rows = pl.DataFrame({"text": texts})
    script = pl.Series("script", ["Latin"]).new_from_index(0, texts.len())
    bare = (~texts.str.contains("[A-Za-z]")).arg_true()
    script = script.scatter(bare.filter(~texts.gather(bare).str.contains(r"\p{L}")), "no letters")
    mixed = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    others = mixed.filter(texts.gather(mixed).str.contains(OTHER_SCRIPTS))
    letters = {"Latin": r"\p{Latin}", **SCRIPTS}
    counts = rows[others].select(pl.col("text").str.count_matches(kind).alias(name) for name, kind in letters.items())
    most = counts.select(
        pl.concat_list(pl.all()).list.arg_max().replace_strict(list(range(len(letters))), list(letters))
    )
    return script.scatter(others, most.to_series())


def _counted(values: pl.Series) -> dict[str, int]:
    return {str(value): rows for value, rows in values.value_counts().iter_rows()}


def _common(texts: pl.Series) -> dict[str, int]:
    """The texts that make up at least `LEAST_SHARE` of these, with their counts."""
    counts = texts.value_counts(name="rows")
    return dict(counts.filter(pl.col("rows") >= max(2, LEAST_SHARE * texts.len())).iter_rows())


def _commonest(counts: Counter[str], rows: int) -> Commonest | None:
    if not counts:
        return None
    text, count = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Commonest(text=text[:200], rows=count, share=round(count / rows, 4))


def _positions(counts: Counter[tuple[int, int]]) -> dict[int, list[int]]:
    """Rows by gold position, for each number of options."""
    sizes = sorted({size for size, _ in counts})
    return {size: [counts[size, place] for place in range(size)] for size in sizes}


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
