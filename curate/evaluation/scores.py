"""From responses to scores: per benchmark, and per subject of a benchmark.

The accuracy is the mean over the runs of a run's share of right answers. Its interval is Wilson's at 95 % over the *questions*: three
runs over forty questions say no more about other questions than one, so runs do not narrow it. How far the runs are apart is
said by the lowest and the highest of them.
"""

from pathlib import Path

import polars as pl
import pyarrow as pa

from crossthink.files import write_parquet
from curate.solving.rates import with_rates

SCORE_SCHEMA = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("subject", pa.string()),  # null: the whole benchmark
        pa.field("questions", pa.int64(), nullable=False),
        pa.field("runs", pa.int64(), nullable=False),
        pa.field("responses", pa.int64(), nullable=False),  # that were judged
        pa.field("passed", pa.int64(), nullable=False),
        pa.field("unjudged", pa.int64(), nullable=False),
        pa.field("accuracy", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("run_low", pa.float64()),
        pa.field("run_high", pa.float64()),
        pa.field(
            "tokens", pa.float64()
        ),  # mean of a response, as the server counts; this and the next two null where it does not
        pa.field("tokens_right", pa.float64()),
        pa.field("tokens_wrong", pa.float64()),
    ]
)


def write_scores(responses: Path, destination: Path) -> None:
    """Score the responses of an evaluation, rows of `RESPONSE_SCHEMA`, and write them as `SCORE_SCHEMA`."""
    columns = ["source", "subject", "row_id", "source_row", "sample", "correct", "tokens"]
    said = pl.scan_parquet(responses, glob=False).select(columns).rename({"source": "benchmark"}).collect()
    whole = _scores(said.with_columns(subject=pl.lit(None, pl.String)))
    by_subject = _scores(said.filter(pl.col("subject").is_not_null()))
    table = pl.concat([whole, by_subject]).sort("benchmark", "subject", nulls_last=False).select(SCORE_SCHEMA.names)
    write_parquet(destination, table.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(SCORE_SCHEMA))


def _scores(said: pl.DataFrame) -> pl.DataFrame:
    of = ["benchmark", "subject"]
    correct, tokens = pl.col("correct"), pl.col("tokens")
    counted = said.group_by(of).agg(
        questions=pl.struct("row_id", "source_row").n_unique().cast(pl.Int64),
        runs=pl.col("sample").n_unique().cast(pl.Int64),
        responses=correct.count().cast(pl.Int64),
        passed=correct.sum().cast(pl.Int64),
        unjudged=correct.null_count().cast(pl.Int64),
        tokens=tokens.mean(),
        tokens_right=tokens.filter(correct).mean(),
        tokens_wrong=tokens.filter(~correct).mean(),
        judged=pl.struct("row_id", "source_row").filter(correct.is_not_null()).n_unique(),
    )
    runs = said.group_by([*of, "sample"]).agg(correct.mean()).group_by(of).agg(
        accuracy=correct.mean(), run_low=correct.min(), run_high=correct.max()
    )  # fmt: skip
    scored = counted.join(runs, on=of, nulls_equal=True)
    over = scored.select(*of, responses="judged", passed=pl.col("accuracy") * pl.col("judged"))
    interval = with_rates(over.lazy()).select(*of, "low", "high").collect()
    return scored.drop("judged").join(interval, on=of, nulls_equal=True)
