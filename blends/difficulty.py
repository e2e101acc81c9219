"""How often models solve each item: difficulties of the workspace, a file of pass rates, or earlier runs.

Nemotron-CrossThink (arXiv 2504.13941, section 4.5) drops what a smaller model solves without examples:
`difficulty: {name: small, keep: "unsolved_by['small-model']"}`. A model solves an item if every response that was judged is
right; with one greedy response, as in the paper, that is the response.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from blends.recipe import Difficulty
from blends.runs import read_rates
from crossthink.errors import UserError, listing
from crossthink.files import sha256_file
from crossthink.workspace import Workspace
from curate.difficulty import store
from curate.judging.store import read_ratings


@dataclass(frozen=True)
class PassRates:
    """Pass rates, and what the resolved recipe says of where they came from.

    Attributes:
        items: `item_id`, `pass_rate` (0 to 1, over all models) and `attempts` (null where nobody said), one row per item. Where
            the models are named, also structs with a field per model: `pass_rates`, and what follows, `solved_by` and
            `unsolved_by`; null where that model was not asked. Of difficulties of the workspace also `vote_share`, the least
            of the models', and `is_unanimous`, of all of them.
        resolved: digests in the place of paths and names.
        parents: content digests of the blends whose runs gave them.
    """

    items: pl.DataFrame
    resolved: dict[str, Any]
    parents: list[str]


def read_pass_rates(asked: Difficulty, workspace: Workspace | None) -> PassRates:
    """Read a recipe's difficulties.

    Raises:
        UserError: a file or run cannot be used.
    """
    kept = {"keep": asked.keep, "unmeasured": asked.unmeasured} if asked.keep is not None else {}
    if asked.name is not None:
        return _of_workspace(asked.name, workspace, kept)
    if asked.ratings is not None:
        return _of_ratings(asked.ratings, workspace, kept)
    if asked.runs is not None:
        found = read_rates(asked.runs, workspace)
        return PassRates(_pooled(found.rows), {"runs": found.digests} | kept, found.parents)
    path = Path(str(asked.file))
    items = _checked(path, _read(path), asked.model)
    resolved = {"sha256": sha256_file(path)} | ({"model": asked.model} if asked.model else {}) | kept
    return PassRates(_with_models(items, {asked.model: items}) if asked.model else items, resolved, [])


def _of_ratings(name: str, workspace: Workspace | None, kept: dict[str, Any]) -> PassRates:
    if workspace is None:
        raise UserError("difficulty.ratings: a table of sizes has no workspace; plan on a corpus with --corpus NAME")
    stated, table = read_ratings(workspace, name)
    items = pl.DataFrame(table).select("item_id", "rating", "ratings", "spread")
    pins = {file.name: file.sha256 for file in stated.files}
    asked = stated.asked.model_dump(include={"model", "api", "sampling", "prompts", "answers"})
    return PassRates(items, {"ratings": pins, "asked": asked} | kept, [])


def _of_workspace(names: Sequence[str], workspace: Workspace | None, kept: dict[str, Any]) -> PassRates:
    if workspace is None:
        raise UserError("difficulty.name: a table of sizes has no workspace; plan on a corpus with --corpus NAME")
    found = [store.read_pass_rates(workspace, name) for name in names]
    rates = pl.concat([rows.with_columns(model=pl.lit(record.model)) for record, rows in found])
    of_models = {model: _pooled(rates.filter(pl.col("model") == model)) for model in sorted(set(rates["model"]))}
    votes = rates.group_by("item_id").agg(
        pl.col("vote_share").min(), is_unanimous=pl.col("is_unanimous").all(ignore_nulls=False)
    )
    items = _with_models(_pooled(rates), of_models).join(votes, on="item_id", how="left", maintain_order="left")
    parents = {parent for record, _ in found for parent in record.parents}
    return PassRates(items, {"of": [record.resolved() for record, _ in found]} | kept, sorted(parents))


def _pooled(rates: pl.DataFrame) -> pl.DataFrame:
    """Put together what was asked of each item under whichever template."""
    summed = rates.group_by("item_id").agg(passed=pl.col("passed").sum(), attempts=pl.col("responses").sum())
    rate = pl.when(pl.col("attempts") > 0).then(pl.col("passed") / pl.col("attempts"))
    return summed.sort("item_id").select("item_id", pass_rate=rate, attempts=pl.col("attempts").cast(pl.Int64))


def _with_models(items: pl.DataFrame, of_models: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Add the structs with a field per model."""
    for place, rates in enumerate(of_models.values()):
        rate = rates.select("item_id", pl.col("pass_rate").alias(f"rate {place}"))
        items = items.join(rate, on="item_id", how="left", maintain_order="left")
    rates_of = {model: pl.col(f"rate {place}") for place, model in enumerate(of_models)}
    return items.select(
        "item_id",
        "pass_rate",
        "attempts",
        pass_rates=pl.struct(rate.alias(model) for model, rate in rates_of.items()),
        solved_by=pl.struct((rate == 1).alias(model) for model, rate in rates_of.items()),
        unsolved_by=pl.struct((rate < 1).alias(model) for model, rate in rates_of.items()),
    )


def said_of(rates: PassRates, items: pl.Series) -> str:
    """Return a note: for how many of a corpus's items there is a pass rate.

    Args:
        rates: what the recipe names.
        items: `item_id` of every item of the corpus, each once.

    Raises:
        UserError: there is one for none of them.
    """
    known = int(items.is_in(rates.items["item_id"].implode()).sum())
    if not known:
        found = f", such as {rates.items['item_id'][0]!r}," if rates.items.height else ""
        raise UserError(
            f"difficulty: none of its {rates.items.height:,} items{found} is in the corpus, whose items have an item_id such"
            f" as {items.min()!r}"
        )
    what = "ratings" if "rating" in rates.items.columns else "pass rates"
    return f"{what} for {known:,} of {items.len():,} items"


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UserError(
            f"difficulty.file {path}: {'is a folder, expected a file' if path.is_dir() else 'no such file'}"
        )
    readers: dict[str, Any] = {
        ".csv": lambda: _read_csv(path),
        ".parquet": lambda: pl.read_parquet(path, glob=False),
        ".jsonl": lambda: pl.read_ndjson(path, infer_schema_length=None),
    }
    if path.suffix.lower() not in readers:
        raise UserError(f"difficulty.file {path}: expected a file that ends in {listing(readers)}")
    try:
        table: pl.DataFrame = readers[path.suffix.lower()]()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"difficulty.file {path}: cannot be read: {str(error).splitlines()[0]}") from None
    return table


def _read_csv(path: Path) -> pl.DataFrame:
    names = pl.read_csv(path, infer_schema=False, glob=False, has_header=False, n_rows=1).row(0)
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise UserError(f"difficulty.file {path}: the column {twice[0]!r} stands twice")
    return pl.read_csv(path, infer_schema=False, glob=False)


def _checked(path: Path, table: pl.DataFrame, model: str | None) -> pl.DataFrame:
    for column in ("item_id", "pass_rate", *(["model"] if model else [])):
        if column not in table.columns:
            raise UserError(f"difficulty.file {path}: no column {column!r}. There are: {listing(table.columns)}")
    for column in ("item_id", "pass_rate", "attempts", *(["model"] if model else [])):
        if column in table.columns and table[column].dtype.is_nested():
            expected = "numbers" if column in ("pass_rate", "attempts") else "texts"
            raise UserError(f"difficulty.file {path}: {column}: expected {expected}, found a nested column")
    if model is not None:
        known = table["model"].cast(pl.String).unique().drop_nulls().to_list()
        table = table.filter(pl.col("model").cast(pl.String) == model)
        if table.is_empty():
            raise UserError(f"difficulty.model {model!r}: no row of {path} has it. There are: {listing(known)}")
    numbers = _numbers(path, table, "pass_rate", pl.Float64)
    attempts = _numbers(path, table, "attempts", pl.Int64) if "attempts" in table.columns else [None] * table.height
    items = pl.DataFrame(
        {"item_id": table["item_id"].cast(pl.String), "pass_rate": numbers, "attempts": attempts},
        schema_overrides={"attempts": pl.Int64},
    )
    wrong = items.with_row_index("row", 1).filter(~pl.col("pass_rate").is_between(0, 1))
    if not wrong.is_empty():
        row, value = wrong.select("row", "pass_rate").row(0)
        raise UserError(f"difficulty.file {path}: row {row}, pass_rate: expected a number from 0 to 1, found {value}")
    few = items.with_row_index("row", 1).filter(pl.col("attempts") < 1)
    if not few.is_empty():
        row, value = few.select("row", "attempts").row(0)
        raise UserError(f"difficulty.file {path}: row {row}, attempts: expected a number of 1 or more, found {value}")
    unnamed = items.with_row_index("row", 1).filter(pl.col("item_id").fill_null("") == "")
    if not unnamed.is_empty():
        raise UserError(f"difficulty.file {path}: row {unnamed['row'][0]}, item_id: is empty")
    twice = items.filter(pl.col("item_id").is_duplicated())
    if not twice.is_empty():
        hint = " Name one with difficulty.model" if "model" in table.columns and model is None else ""
        raise UserError(f"difficulty.file {path}: item {twice['item_id'][0]!r} stands twice.{hint}")
    return items


def _numbers(path: Path, table: pl.DataFrame, column: str, kind: type[pl.DataType]) -> Sequence[Any]:
    numbers = table[column].cast(kind, strict=False)
    for row, (found, number) in enumerate(zip(table[column], numbers, strict=True), 1):
        needed = column == "pass_rate" or found is not None
        if needed and (number is None or math.isnan(number)):
            raise UserError(f"difficulty.file {path}: row {row}, {column}: expected a number, found {found!r}")
    return numbers.to_list()
