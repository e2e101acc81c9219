"""The texts of rows that name a variant: prompt, ground truth and a worked solution."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from blends.prompts import SHOWN, render
from blends.recipe import Prompt
from crossthink.errors import UserError
from curate.corpus import ITEMS_FILE, VARIANTS_FILE

SHOWN_OF_ITEMS = [name for name in SHOWN if name != "template"]
KEPT_OF_ITEMS = ["origin", "license", "language"]


def with_text(rows: pl.DataFrame, prompt: Prompt, corpus: Path) -> pl.DataFrame:
    """Add prompt, ground truth, solution, origin, licence and language to rows that name a variant.

    Args:
        rows: with `row_id`, `item_id` and `template`.
        prompt: the recipe's.
        corpus: folder of the corpus that the rows are of.

    Returns:
        The rows in their order.

    Raises:
        UserError: the corpus lacks an item or a variant of the rows.
    """
    golds = _read(corpus / VARIANTS_FILE, rows["row_id"], ["answer"]).rename({"answer": "ground_truth"})
    items = _read(corpus / ITEMS_FILE, rows["item_id"], [*SHOWN_OF_ITEMS, *KEPT_OF_ITEMS, "solutions"])
    shown = items.select(SHOWN_OF_ITEMS).with_columns(rows["template"])
    solution = pl.col("solutions").list.first().struct.field("text")
    return pl.concat(
        [rows, golds, items.select(*KEPT_OF_ITEMS, solution=solution), render(prompt, shown).to_frame()],
        how="horizontal",
    )


def _read(file: Path, ids: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """Return columns of the rows that some ids name, in the order of the ids.

    Places are looked for by the ids alone, so that a text is moved once: from where it was read to where it belongs.
    """
    known = pl.scan_parquet(file, glob=False).select(ids.name).with_row_index("found")
    places = (
        ids.to_frame().lazy().with_row_index("place").join(known, on=ids.name).sort("place").select("found").collect()
    )
    if places.height != len(ids):
        raise UserError(f"{file}: lacks {len(ids) - places.height:,} rows. Run the same curation again")
    return pl.read_parquet(file, columns=list(columns), glob=False)[places["found"]]
