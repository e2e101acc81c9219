"""The rule by which a recipe holds items out, as a manifest states it.

An item is held out when the first 64 bits of SHA-256("SEED/holdout/ITEM_ID") are below share * 2**64, so whether it is can be
told of any item, in the holdout's file or not: `max_rows` only cuts the file.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from crossthink.engines import connect


def held_out(item_ids: pl.Series, recipe: Mapping[str, Any]) -> pl.Series:
    """Return those of some items that a resolved recipe holds out, each once, sorted; none without a `holdout`."""
    rule = recipe.get("holdout")
    items = item_ids.unique().sort().alias("item_id")
    if not rule:
        return items.clear()
    return items.filter(holdout_order(items, rule.get("seed", 0)) < holdout_end(rule["share"]))


def holdout_order(item_ids: pl.Series, seed: int) -> pl.Series:
    """Return the first 64 bits of SHA-256("SEED/holdout/ITEM_ID") of each item, as UInt64."""
    with connect() as database:
        database.register("items", item_ids.alias("item_id").to_frame())
        answer = database.sql(
            "SELECT CAST('0x' || substr(sha256($salt || item_id), 1, 16) AS UBIGINT) AS hash FROM items",
            params={"salt": f"{seed}/holdout/"},
        )
        return pl.Series("hash", pl.DataFrame(answer.to_arrow_table())["hash"], dtype=pl.UInt64)


def holdout_end(share: object) -> int:
    """Return the hash below which a share of all items stands: share * 2**64."""
    return min(int(Fraction(str(share)) * 2**64), 2**64 - 1)
