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
    answers = pl.read_parquet(corpus / VARIANTS_FILE, columns=["answer"], glob=False)
    golds = answers[rows[PLACE]].rename({"answer": "ground_truth"})
    items = _items(rows["item_id"], [*_SHOWN, *_SAID, "solutions"], corpus)
    solution = pl.col("solutions").list.first().struct.field("text")
    prompts = render(prompt, items.select(*_SHOWN, rows["template"]))
    said = items.select(*_SAID, solution=solution)
    return pl.concat([rows.drop(PLACE), golds, said, prompts.to_frame()], how="horizontal")


def _items(item_ids: pl.Series, columns: list[str], corpus: Path) -> pl.DataFrame:
    """Return columns of items in the order of their ids; of the other items no text is read, where the file allows it."""
    is_asked = pl.col("item_id").is_in(item_ids.implode())
    found = pl.scan_parquet(corpus / ITEMS_FILE, glob=False).filter(is_asked).select("item_id", *columns).collect()
    items = item_ids.to_frame().join(found, on="item_id", maintain_order="left")
    if items.height != len(item_ids):
        raise UserError(
            f"{corpus}: lacks the text of {len(item_ids) - items.height:,} rows. Run the same curation again"
        )
    return items
