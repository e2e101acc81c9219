"""Blends by hand for the tests of stores: a few rows and the manifest that describes them."""

from collections import Counter
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any

import pyarrow as pa

from crossthink.files import digest
from crossthink.workspace import StorePlace
from manifests.manifest import (
    ORDER_SCHEMA,
    ComponentRecord,
    CorpusRecord,
    Digests,
    HoldoutRecord,
    Manifest,
    content_digest,
    recipe_digest,
    sources_digest,
)
from manifests.store import Written, write

CORPUS = CorpusRecord(name="sums", settings="s" * 64, content="c" * 64, items=100, variants=100)


def curated(**curation: Any) -> CorpusRecord:
    """Return the corpus of a curation with these settings."""
    return CorpusRecord(**CORPUS.model_dump() | {"settings": digest(curation), "curation": curation})


def sums(numbers: list[int], component: str = "sums", batch_size: int = 2) -> pa.Table:
    """Return a row of `ORDER_SCHEMA` per number, in order; the same number again is the same row."""
    rows = [
        {
            "position": position,
            "batch": position // batch_size,
            "row_id": f"row-{number}",
            "item_id": f"item-{number}",
            "component": component,
            "source": "sums",
            "template": "open",
            "epoch": numbers[:position].count(number),
            "answer_kind": "number",
            "prompt": [{"role": "user", "content": f"What is {number} plus {number}?"}],
            "ground_truth": str(2 * number),
            "solution": None,
        }
        for position, number in enumerate(numbers)
    ]
    return pa.Table.from_pylist(rows, schema=ORDER_SCHEMA)


@cache
def holdout_rule(held: frozenset[str]) -> dict[str, Any]:
    """Return a recipe's `holdout` that holds these items out, and no other of the first sixty sums."""
    others = {f"item-{number}" for number in range(60)} - held

    def is_held(item: str, seed: int) -> bool:
        return int(sha256(f"{seed}/holdout/{item}".encode()).hexdigest()[:16], 16) < 2**64 // 20

    seeds = (seed for seed in count() if all(is_held(item, seed) for item in held))
    seed = next(seed for seed in seeds if not any(is_held(item, seed) for item in others))
    return {"share": "1/20", "seed": seed, "max_rows": None}


def draft(rows: pa.Table, holdout: pa.Table | None = None, **changes: Any) -> Manifest:
    """Return the manifest of rows that one component has drawn."""
    recipe = {"name": "sums", "seed": 0, "batch_size": 2, "components": [{"name": "sums", "proportion": "1"}]}
    if holdout is not None:
        recipe["holdout"] = holdout_rule(frozenset(holdout["item_id"].to_pylist()))
    recipe |= changes.pop("recipe", {})
    unique = len(set(rows["row_id"].to_pylist()))
    component = ComponentRecord(
        name="sums",
        requested=1,
        realised=1,
        rows=rows.num_rows,
        unique_rows=unique,
        available=100,
        epochs=rows.num_rows / unique,
        binds=False,
    )
    values: dict[str, Any] = {
        "name": "sums",
        "version": 1,
        "crossthink": "0",
        "recipe": recipe,
        "corpus": CORPUS,
        "sources": [],
        "ledger": [],
        "components": [component],
        "rows": rows.num_rows,
        "batch_size": 2,
        "batches": rows.num_rows // 2,
        "trimmed": 0,
        "left_out": {},
        "stages": [],
        "holdout": None
        if holdout is None
        else HoldoutRecord(share=0.05, items=holdout.num_rows, rows=holdout.num_rows),
        "prompt_digest": "p",
        "verifier_digest": "v",
        "tokenizer": None,
        "files": [],
        "statistics": _statistics(rows),
        "parents": [],
    } | changes
    digests = Digests(
        recipe=recipe_digest(values["recipe"]),
        sources=sources_digest(values["corpus"], values["sources"]),
        content=content_digest(rows),
    )
    return Manifest(**{"digests": digests} | values)


def _statistics(rows: pa.Table) -> dict[str, Any]:
    """Return what a build states of the rows, as far as a deep check recomputes it."""
    kinds = {name: dict(Counter(rows[name].to_pylist())) for name in ("source", "template", "answer_kind")}
    joint = Counter(zip(rows["source"].to_pylist(), rows["template"].to_pylist(), strict=True))
    return {
        **kinds,
        "mixture": [
            {
                "domain": "math",
                "source": source,
                "origin": "real",
                "template": template,
                "license": "MIT",
                "rows": number,
            }
            for (source, template), number in sorted(joint.items())
        ],
        "unique_rows": len(set(rows["row_id"].to_pylist())),
        "unique_items": len(set(rows["item_id"].to_pylist())),
    }


def write_sums(place: StorePlace, numbers: list[int], held: list[int] | None = None, **changes: Any) -> Written:
    """Write a blend of sums, with some held out."""
    rows = sums(numbers)
    holdout = None if held is None else sums(held)
    return write(place, draft(rows, holdout, **changes), rows, holdout)
