"""The texts of rows that name a variant: prompt, ground truth and a worked solution."""

from pathlib import Path

import polars as pl

from blends.pool import PLACE
from blends.prompts import SHOWN, render
from blends.recipe import Prompt
from crossthink.errors import UserError
from curate.corpus import ITEMS_FILE, VARIANTS_FILE

_SHOWN = [name for name in SHOWN if name != "template"]
_SAID = ["origin", "license", "language"]
"""What the prompts show of an item, and what the statistics say."""


def with_text(rows: pl.DataFrame, prompt: Prompt, corpus: Path) -> pl.DataFrame:
    """Add prompt, ground truth, solution, origin, licence and language to rows that name a variant.

    Args:
        rows: with `PLACE` of the corpus's pool, `item_id` and `template`.
        prompt: the recipe's.
        corpus: folder of the corpus that the rows are of.

    Returns:
        The rows in their order.

    Raises:
        UserError: the corpus lacks an item of the rows.
    """
    golds = _at(corpus / VARIANTS_FILE, rows[PLACE], ["answer"]).rename({"answer": "ground_truth"})
    items = _at(corpus / ITEMS_FILE, _places_of(rows["item_id"], corpus), [*_SHOWN, *_SAID, "solutions"])
    solution = pl.col("solutions").list.first().struct.field("text")
    prompts = render(prompt, items.select(*_SHOWN, rows["template"]))
    said = items.select(*_SAID, solution=solution)
    return pl.concat([rows.drop(PLACE), golds, said, prompts.to_frame()], how="horizontal")


def _places_of(item_ids: pl.Series, corpus: Path) -> pl.Series:
    """Return where items stand in their file; by the ids alone, so that a text is moved once, to where it belongs."""
    known = pl.scan_parquet(corpus / ITEMS_FILE, glob=False).select("item_id").with_row_index("found")
    asked = item_ids.to_frame().lazy().with_row_index("order")
    places = asked.join(known, on="item_id").sort("order").select("found").collect()
    if places.height != len(item_ids):
        raise UserError(
            f"{corpus}: lacks the text of {len(item_ids) - places.height:,} rows. Run the same curation again"
        )
    return places["found"]


def _at(file: Path, places: pl.Series, columns: list[str]) -> pl.DataFrame:
    return pl.read_parquet(file, columns=columns, glob=False)[places]
