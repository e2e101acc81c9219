"""The stage: index, candidates, verdicts, clusters, and what is said of them."""

from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from curate.embedding import embedder
from curate.fuzzy.candidates import candidate_pairs
from curate.fuzzy.clusters import STAYS, Clusters
from curate.fuzzy.index import index_items
from curate.fuzzy.judge import COLUMNS, Verdict
from curate.fuzzy.rows import Spool, rows_at
from curate.fuzzy.semantic import pairs_by_meaning
from curate.fuzzy.settings import FuzzySettings
from curate.fuzzy.verification import Judged, Verification
from curate.numbers import distinct
from curate.schemas import DOUBTS_SCHEMA, SIBLING_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable

FACTS = ("candidates", "verified", "clusters", "biggest_cluster", "biggest_bucket", "siblings", "conflicts", "doubts")
DROPS_AT_ONCE = 500_000
SIBLINGS = (Verdict.NUMBERS, Verdict.GOLD, Verdict.OPTIONS)
DOUBTS = "doubts"
DOUBTS_WITH_PLACES = pa.schema(
    [pa.field(PLACE, pa.int64(), nullable=False), pa.field("other", pa.int64(), nullable=False), *DOUBTS_SCHEMA]
)
"""The pairs that a judge may settle, those of the less preferred rows last; `place` is of the row that would go."""
_WHY = {int(verdict): verdict.name.lower() for verdict in (*SIBLINGS, Verdict.DOUBTFUL)}


def find_near_duplicates(
    items: ItemTable, settings: FuzzySettings, rank: npt.NDArray[np.integer[Any]], spill: Path | None = None
) -> Outcome:
    """Decide which rows are the same question as a row that stays.

    Args:
        items: questions; rows without a gold are not compared.
        settings: see `FuzzySettings`.
        rank: for each place, of its source in the declared preference: of two rows the one of lower rank stays, then the
            first.
        spill: folder for what is not held in memory, about 270 bytes an item; None: the system's folder for such files.

    Returns:
        Drops with `Reason.NEAR_DUPLICATE` (evidence: the kept row, its item_id, the score, what differs; or "by": "semantic"
        and the cosine) and `Reason.CONFLICTING_GOLD` (evidence: both rows with their golds); the table `siblings` of
        `SIBLING_SCHEMA`, at most one link a row; and the table `doubts`, the pairs of rows that stay and may be the same.

    Raises:
        UserError: the embedding model of `settings.semantic` is not there.
    """
    model = None if settings.semantic is None else embedder(settings.semantic)
    if not items.count:
        nothing = {"siblings": SIBLING_SCHEMA.empty_table(), DOUBTS: DOUBTS_WITH_PLACES.empty_table()}
        return Outcome((), dict.fromkeys(FACTS, 0), nothing)
    with TemporaryDirectory(dir=spill, prefix=".fuzzy-", suffix=".tmp") as name:
        folder = Path(name)
        index = index_items(items, settings, rank, folder)
        pairs, biggest_bucket = candidate_pairs(index, folder)
        index = index.without_sketches()
        meant = None if model is None else pairs_by_meaning(model, items, index, pairs, settings, folder)
        pairs = pairs if meant is None else meant.added_to(pairs)
        places = index.by_standing[distinct(np.concatenate([pairs.earlier, pairs.later]))]
        rows = Spool(items, places, COLUMNS, folder / "candidates.arrow")
        verification = Verification(rows, index, settings, pairs, meant)
        judged = verification.judged(pairs)
        clusters = Clusters.of(judged, items.height, verification, settings.conflicts == "drop")
        by_standing, by_meaning, verified = index.by_standing, verification.by_meaning, verification.verified
        del index, rows, verification  # the counts of words and the texts; what is left are decisions
    siblings = _links(judged, clusters, SIBLINGS).unique("later", keep="first", maintain_order=True)
    doubtful = _links(judged, clusters, [Verdict.DOUBTFUL]).unique(
        ["later", "earlier"], keep="first", maintain_order=True
    )
    sizes = np.bincount(clusters.kept[clusters.kept != STAYS], minlength=1)
    figures = (
        len(pairs),
        verified,
        int((sizes > 0).sum()),
        int(sizes.max()) + 1,
        biggest_bucket,
        siblings.height,
        len(clusters.rivals),
        doubtful.height,
    )
    facts = dict(zip(FACTS, figures, strict=True))
    if meant is not None:
        facts |= {"proposed": len(meant.codes), "by_meaning": len(by_meaning)}
    tables = {
        "siblings": _table(_named(items, by_standing, siblings).sort(PLACE), SIBLING_SCHEMA),
        DOUBTS: _table(_named(items, by_standing, doubtful), DOUBTS_WITH_PLACES),
    }
    return Outcome(_drops(items, by_standing, clusters, by_meaning), facts, tables)


def _links(judged: Judged, clusters: Clusters, verdicts: Collection[Verdict]) -> pl.DataFrame:
    """Links (later, earlier, score, verdict) of rows that stay, in the order of the later rows; a row that went hands its link to
    the row it went for."""
    later: list[int] = []
    earlier: list[int] = []
    rows: list[int] = []
    for row in np.flatnonzero(np.isin(judged.verdicts, list(verdicts))).tolist():
        one, other = int(judged.pairs.later[row]), int(judged.pairs.earlier[row])
        if clusters.kept[other] != STAYS:
            other = int(clusters.kept[other])
        if not clusters.goes(one) and other not in clusters.rivals and one != other:
            later.append(one)
            earlier.append(other)
            rows.append(row)
    schema = {"later": pl.Int64, "earlier": pl.Int64, "score": pl.Float32, "verdict": pl.Int64}
    return pl.DataFrame([later, earlier, judged.scores[rows], judged.verdicts[rows]], schema=schema)


def _named(items: ItemTable, by_standing: npt.NDArray[np.int64], links: pl.DataFrame) -> pl.DataFrame:
    """Return links by the places and the ids of their rows."""
    places = links.select(
        place=pl.Series(by_standing[links["later"].to_numpy()]),
        other=pl.Series(by_standing[links["earlier"].to_numpy()]),
        score="score",
        why=pl.col("verdict").replace_strict(_WHY, return_dtype=pl.String),
    )
    sides = {"item_id": PLACE, "other_item_id": "other"}
    ids = rows_at(items, np.concatenate([places[side] for side in sides.values()]), ["item_id"])
    return places.with_columns(
        ids["item_id"].gather(np.searchsorted(ids[PLACE], places[side])).alias(name) for name, side in sides.items()
    )


def _table(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return rows.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def _drops(
    items: ItemTable, by_standing: npt.NDArray[np.int64], clusters: Clusters, by_meaning: dict[tuple[int, int], float]
) -> Iterator[pl.DataFrame]:
    """Yield the rows that go, in the order of their places, with the evidence."""
    against = clusters.kept.copy()
    for standing, rival in clusters.rivals.items():
        against[standing] = rival
    standings = np.flatnonzero(against != STAYS)
    standings = standings[np.argsort(by_standing[standings], kind="stable")]
    for begin in range(0, len(standings), DROPS_AT_ONCE):
        gone = standings[begin : begin + DROPS_AT_ONCE]
        rows = pl.DataFrame(
            {
                PLACE: by_standing[gone],
                "other": by_standing[against[gone]],
                "score": np.round(clusters.scores[gone].astype(np.float64), 3),
                "is_conflict": np.isin(gone, list(clusters.rivals)),
                "differs": list(map(clusters.differs.get, gone.tolist())),
                "cosine": list(map(by_meaning.get, zip(against[gone].tolist(), gone.tolist(), strict=True))),
            },
            schema_overrides={"differs": pl.String, "cosine": pl.Float64},
        )
        yield _with_evidence(items, rows)


def _with_evidence(items: ItemTable, rows: pl.DataFrame) -> pl.DataFrame:
    columns = ["item_id", "source", "source_row"] + ["answer"] * bool(rows["is_conflict"].any())
    taken = rows_at(items, np.concatenate([rows[PLACE].to_numpy(), rows["other"].to_numpy()]), columns)
    named = taken.select(
        "item_id", row=pl.concat_str("source", pl.lit(" "), "source_row"), answer=_column(taken, "answer")
    )
    one, other = (named[np.searchsorted(taken[PLACE], rows[side])] for side in (PLACE, "other"))
    joined = rows.hstack(one).hstack(other.rename(lambda name: f"{name}_kept"))
    near = pl.struct(kept="row_kept", item_id="item_id_kept", score="score", differs="differs")
    meant = pl.struct(kept="row_kept", item_id="item_id_kept", by=pl.lit("semantic"), cosine="cosine")
    golds = pl.struct(
        row="row", gold="answer", other="row_kept", other_item_id="item_id_kept", other_gold="answer_kept"
    )
    evidence = _json(joined, near)
    for is_told, told in ((joined["cosine"].is_not_null(), meant), (joined["is_conflict"], golds)):
        # of the few rows it is of: a conditional would have each written for every row
        evidence = evidence.scatter(is_told.arg_true(), _json(joined.filter(is_told), told))
    conflict, duplicate = pl.lit(str(Reason.CONFLICTING_GOLD)), pl.lit(str(Reason.NEAR_DUPLICATE))
    return joined.select(PLACE, reason=pl.when("is_conflict").then(conflict).otherwise(duplicate), evidence=evidence)


def _json(rows: pl.DataFrame, told: pl.Expr) -> pl.Series:
    return rows.select(told.struct.json_encode()).to_series()


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)
