"""What a recipe draws from: the rows of a corpus, or the rows that a table of sizes stands for.

A row is a variant: an item under a template. Planning reads the few columns that every blend needs, and adds others only
where a recipe asks for them, so that a predicate over one column does not cost the text of the corpus.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from crossthink.errors import UserError
from curate.corpus import ITEMS_FILE, VARIANTS_FILE
from curate.schemas import CORPUS_ITEM_SCHEMA

BASE = ["row_id", "item_id", "source", "domain", "template", "answer_kind"]
"""Columns of every row."""
PLACE = "place"
"""Where a row stands in the pool, UInt32; every row has this besides, and it is no column of a recipe's."""
DIFFICULTY = [
    "pass_rate",
    "attempts",
    "pass_rates",
    "solved_by",
    "unsolved_by",
    "vote_share",
    "is_unanimous",
    "rating",
    "ratings",
    "spread",
]
"""Columns that a recipe's `difficulty` can add."""
NEEDS_DIFFICULTY = dict.fromkeys(DIFFICULTY, "the recipe has no 'difficulty'")


class Pool(Protocol):
    """Rows to draw from."""

    @property
    def columns(self) -> list[str]:
        """Every column that a row can have."""

    @property
    def needs(self) -> dict[str, str]:
        """What is needed for a column that a row could have and here has not."""

    def rows(self) -> pl.DataFrame:
        """Return every row with `PLACE` and the columns `BASE`, in an order of the pool's own."""

    def add(self, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Return the rows, in their order, with more of `columns`."""


class CorpusPool:
    """The variants of a finished corpus, with the columns of their items.

    Args:
        folder: of the corpus.
        difficulty: `item_id` and some of the columns `DIFFICULTY`, one row per item; None when the recipe has none.
    """

    def __init__(self, folder: Path, difficulty: pl.DataFrame | None = None) -> None:
        self.folder, self._difficulty = folder, difficulty

    @property
    def columns(self) -> list[str]:
        own = [*BASE, *(name for name in CORPUS_ITEM_SCHEMA.names if name not in BASE)]
        return own if self._difficulty is None else [*own, *self._difficulty.columns[1:]]

    @property
    def needs(self) -> dict[str, str]:
        if self._difficulty is None:
            return NEEDS_DIFFICULTY
        lacks = "the recipe's 'difficulty' says nothing of it; of the workspace, 'name' has what models solve and 'ratings' what judges say"
        return {name: lacks for name in DIFFICULTY if name not in self._difficulty.columns}

    def rows(self) -> pl.DataFrame:
        return pl.read_parquet(self.folder / VARIANTS_FILE, columns=BASE, glob=False, row_index_name=PLACE)

    def add(self, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        missing = [name for name in columns if name not in rows.columns]
        of_items = [name for name in missing if name not in DIFFICULTY]
        full = rows.lazy()
        if of_items:
            items = pl.scan_parquet(self.folder / ITEMS_FILE, glob=False).select("item_id", *of_items)
            full = full.join(items, on="item_id", how="left", maintain_order="left")
        if self._difficulty is not None and len(missing) > len(of_items):
            full = full.join(self._difficulty.lazy(), on="item_id", how="left", maintain_order="left")
        return full.collect() if missing else rows


class SizesPool:
    """Rows that stand for a table of sizes: as many of each kind as it says, without texts.

    Args:
        sizes: one row per kind with `rows` and what its rows are (`source`, `domain`, `template`, ...).
    """

    def __init__(self, sizes: pl.DataFrame) -> None:
        kinds = sizes.with_row_index("kind")
        numbered = kinds.select("kind", pl.int_ranges(pl.col("rows")).alias("number")).explode(
            "number", empty_as_null=False
        )
        row_id = pl.format("{}/{}", "kind", "number")
        self._rows = (
            numbered.join(kinds.drop("rows"), on="kind", how="left", maintain_order="left")
            .with_columns(row_id=row_id, item_id=row_id)
            .drop("kind", "number")
            .with_row_index(PLACE)
        )

    @property
    def columns(self) -> list[str]:
        return [name for name in self._rows.columns if name != PLACE]

    @property
    def needs(self) -> dict[str, str]:
        return NEEDS_DIFFICULTY

    def rows(self) -> pl.DataFrame:
        return self._rows

    def add(self, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        missing = [name for name in columns if name not in rows.columns]
        if unknown := [name for name in missing if name not in self._rows.columns]:
            raise UserError(f"{unknown[0]}: a table of sizes has no such column; plan on a corpus with --corpus NAME")
        if not missing:
            return rows
        return rows.join(self._rows.select("row_id", *missing), on="row_id", how="left", maintain_order="left")
