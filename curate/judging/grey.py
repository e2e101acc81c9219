"""The grey zones of contamination and of near duplicates, settled by a judge.

What the searches found too alike to pass and too different to drop is listed by them; here each pair is put to a judge in both
orders. A row goes when one of its pairs is the same (DeepMath-103K, arXiv 2504.11456, section 2: any positive discards), and its
evidence names the pair, the orders and the judge's words. A duplicate goes only for a row that stays.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from curate.ask import Request
from curate.ask.prompts import Prompt, read_prompt
from curate.judging.asking import COLUMNS, Ask
from curate.judging.pairs import Item, JudgedPair, judge_pairs, pair_requests
from curate.judging.prompting import SAME
from curate.judging.settings import PairJudgeSettings
from curate.judging.votes import shown_words
from curate.schemas import LEAKS_SCHEMA, PAIR_VERDICTS_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable

PAIR_VERDICTS, LEAKS = "pair_verdicts", "leaks"
JUDGED = "judged"
"""The path of a leak that a judge found."""

_Row = dict[str, Any]
_Pairs = Sequence[tuple[_Row, Item, Item]]


class GreyZone:
    """Pairs to be judged, the items of each in full.

    Args:
        zone: "contamination" or "near_duplicates".
        pairs: a row of the search's table, the row that may go, and what it may be the same as.
    """

    def __init__(self, zone: str, pairs: _Pairs) -> None:
        self.zone, self.pairs = zone, pairs

    @classmethod
    def of_contamination(
        cls, grey: pl.DataFrame, rows: ItemTable, benchmarks: ItemTable, settings: PairJudgeSettings
    ) -> "GreyZone":
        """Return the pairs of rows and benchmark items that a judge is asked about.

        Args:
            grey: table `grey_zone` of the search, with places.
            rows: the corpus.
            benchmarks: what it was held to.
            settings: `pairs` of each row and `limit` of all are asked about, the most alike first.
        """
        likeness = pl.max_horizontal("text", "similarity").fill_null(0)
        chosen = _most_alike(grey.with_columns(likeness=likeness), settings, PLACE)
        items = _by_place(rows, chosen[PLACE])
        wanted = chosen.select(source="benchmark", source_row="benchmark_row").unique()
        held = {(item["source"], item["source_row"]): item for item in _found(benchmarks, wanted)}
        pairs = [(row, items[row[PLACE]], held[row["benchmark"], row["benchmark_row"]]) for row in chosen.to_dicts()]
        return cls("contamination", pairs)

    @classmethod
    def of_near_duplicates(cls, doubts: pl.DataFrame, rows: ItemTable, settings: PairJudgeSettings) -> "GreyZone":
        """Return the pairs of rows that a judge is asked about, in the order of their search.

        Args:
            doubts: table `doubts` of the search, with places.
            rows: the corpus.
            settings: as above.
        """
        chosen = _most_alike(doubts.with_columns(likeness="score"), settings, PLACE)
        items = _by_place(rows, pl.concat([chosen[PLACE], chosen["other"]]))
        return cls("near_duplicates", [(row, items[row[PLACE]], items[row["other"]]) for row in chosen.to_dicts()])

    def requests(self, settings: PairJudgeSettings) -> Iterator[Request]:
        """Yield everything that is asked."""
        return (request for _, request in pair_requests(self.pairs, same_prompt(), settings.votes))

    def judge(self, settings: PairJudgeSettings, ask: Ask) -> Outcome:
        """Put every pair to the judge, and drop the rows that are the same as what they were held to.

        Returns:
            Drops with `Reason.CONTAMINATED` or `Reason.NEAR_DUPLICATE`; the table `pair_verdicts`, and for contamination the
            leaks that were found; facts by verdict.
        """
        found: dict[int, str] = {}
        verdicts: list[_Row] = []
        leaks: list[_Row] = []
        counted: Counter[str] = Counter()
        numbered = ((number, one, two) for number, (_, one, two) in enumerate(self.pairs))
        for pair in judge_pairs(numbered, same_prompt(), settings, ask):
            row, item, other = self.pairs[pair.about]
            counted.update([str(pair.verdict), *(pair.one.faults + pair.two.faults).elements()])
            verdicts.append(self._verdict(pair, item, other))
            if not pair.goes(settings):
                continue
            if self.zone == "contamination":
                leaks.append(_leak(row, pair))
                found.setdefault(row[PLACE], _leak_evidence(row, pair))
            elif row["other"] not in found:  # which goes itself, so nothing goes for it
                found.setdefault(row[PLACE], _duplicate_evidence(other, pair))
        tables = {PAIR_VERDICTS: pa.Table.from_pylist(verdicts, schema=PAIR_VERDICTS_SCHEMA)}
        if self.zone == "contamination":
            tables[LEAKS] = pa.Table.from_pylist(leaks, schema=LEAKS_SCHEMA)
        return Outcome(
            [self._drops(found)], {"judged": {"pairs": len(verdicts), **dict(sorted(counted.items()))}}, tables
        )

    def _drops(self, found: dict[int, str]) -> pl.DataFrame:
        reason = Reason.CONTAMINATED if self.zone == "contamination" else Reason.NEAR_DUPLICATE
        drops = [(place, str(reason), evidence) for place, evidence in sorted(found.items())]
        return pl.DataFrame(drops, schema={PLACE: pl.Int64, "reason": pl.String, "evidence": pl.String}, orient="row")

    def _verdict(self, pair: JudgedPair[int], item: Item, other: Item) -> _Row:
        """A row of `PAIR_VERDICTS_SCHEMA`."""
        votes = {
            f"{name}_{order}": count
            for order, each in (("one", pair.one), ("two", pair.two))
            for name, count in (("yes", len(each.yes)), ("no", len(each.no)), ("faults", each.faults.total()))
        }
        words = [text for each in (pair.one, pair.two) for text in shown_words((each.yes or each.no)[:1])]
        who = {name: item[name] for name in ("item_id", "source", "source_row")}
        whom = {"other_source": other["source"], "other_row": other["source_row"], "other_item_id": other["item_id"]}
        return {"zone": self.zone, **who, **whom, **votes, "verdict": str(pair.verdict), "words": words}


def same_prompt() -> Prompt:
    """Return the prompt that asks whether two questions are the same."""
    return read_prompt(SAME)


def _most_alike(pairs: pl.DataFrame, settings: PairJudgeSettings, row: str) -> pl.DataFrame:
    """Keep of each row its most alike pairs, and of all so many as are asked about; in the order given."""
    ranked = pairs.with_row_index("number").sort("likeness", "number", descending=[True, False])
    few = ranked.group_by(row, maintain_order=True).head(settings.pairs)
    few = few.sort("likeness", "number", descending=[True, False])
    return few.head(few.height if settings.limit is None else settings.limit).sort("number").drop("number", "likeness")


def _by_place(rows: ItemTable, places: pl.Series) -> dict[int, _Row]:
    return {item[PLACE]: item for item in rows.take(places.to_numpy().astype(np.int64), COLUMNS).iter_rows(named=True)}


def _found(table: ItemTable, wanted: pl.DataFrame) -> Iterator[_Row]:
    for batch in table.batches(COLUMNS):
        yield from batch.join(wanted, on=["source", "source_row"], how="semi").iter_rows(named=True)


def _leak(row: _Row, pair: JudgedPair[int]) -> _Row:
    """A row of `LEAKS_SCHEMA`; its span is what the judge said."""
    score = row["text"] if row["similarity"] is None else max(row["text"], row["similarity"])
    words = shown_words(pair.one.yes or pair.two.yes)[:1]
    who = {name: row[name] for name in LEAKS_SCHEMA.names if name in row}
    return {**who, "path": JUDGED, "score": round(score, 4), "span": words[0] if words else None}


def _leak_evidence(row: _Row, pair: JudgedPair[int]) -> str:
    names = f"{row['source']} {row['source_row']}", f"{row['benchmark']} {row['benchmark_row']}"
    evidence = {
        "benchmark": row["benchmark"],
        "row": row["benchmark_row"],
        "path": JUDGED,
        "verdict": str(pair.verdict),
    }
    return json.dumps({**evidence, "orders": pair.orders(*names)}, ensure_ascii=False)


def _duplicate_evidence(other: Item, pair: JudgedPair[int]) -> str:
    kept = f"{other['source']} {other['source_row']}"
    evidence = {"kept": kept, "item_id": other["item_id"], "by": "judge", "verdict": str(pair.verdict)}
    return json.dumps({**evidence, "orders": pair.orders("this row", kept)}, ensure_ascii=False)
