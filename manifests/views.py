"""The catalog's views of the blends in a store."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from crossthink.errors import UserError
from crossthink.tables import table_of
from crossthink.workspace import StorePlace
from manifests.manifest import ORDER_SCHEMA, Manifest
from manifests.pinned import views as pinned_views
from manifests.store import Stored, list_all
from manifests.view import Contents, File, Label, View

BLENDS_SCHEMA = pa.schema(
    [
        ("blend", pa.string()),
        ("version", pa.int32()),
        ("corpus", pa.string()),
        ("rows", pa.int64()),
        ("batch_size", pa.int32()),
        ("batches", pa.int32()),
        ("trimmed", pa.int64()),
        ("recipe_digest", pa.string()),
        ("sources_digest", pa.string()),
        ("content_digest", pa.string()),
        ("prompt_digest", pa.string()),
        ("verifier_digest", pa.string()),
        ("tokenizer", pa.string()),
        ("left_out", pa.map_(pa.string(), pa.int64())),
        ("holdout", pa.struct([("share", pa.float64()), ("items", pa.int64()), ("rows", pa.int64())])),
        (
            "stages",
            pa.list_(
                pa.struct(
                    [("name", pa.string()), ("first_batch", pa.int64()), ("batches", pa.int64()), ("rows", pa.int64())]
                )
            ),
        ),
        (
            "components",
            pa.list_(
                pa.struct(
                    [
                        ("name", pa.string()),
                        ("requested", pa.float64()),
                        ("realised", pa.float64()),
                        ("rows", pa.int64()),
                        ("unique_rows", pa.int64()),
                        ("available", pa.int64()),
                        ("epochs", pa.float64()),
                        ("binds", pa.bool_()),
                    ]
                )
            ),
        ),
    ]
)


MIXTURE_SCHEMA = pa.schema(
    [
        ("blend", pa.string()),
        ("version", pa.int32()),
        *((name, pa.string()) for name in ("domain", "source", "origin", "template", "license")),
        ("rows", pa.int64()),
    ]
)


def views(place: StorePlace) -> list[View]:
    """Return the views of every blend version in a store; nothing is read, or fetched, before a query names one."""

    @cache
    def found() -> tuple[list[Stored], list[str]]:
        faults: list[str] = []
        return list_all(place, faults.append), faults

    def described() -> Contents:
        stored, faults = found()
        table = table_of([_described(each.manifest) for each in stored], BLENDS_SCHEMA)
        return Contents(table=table, left_out=faults)

    def mixture() -> Contents:
        stored, faults = found()
        parts = [
            {"blend": each.manifest.name, "version": each.manifest.version, **part}
            for each in stored
            for part in each.manifest.statistics.get("mixture", ())
        ]
        return Contents(table=table_of(parts, MIXTURE_SCHEMA), left_out=faults)

    def files(path: Callable[[Stored], Path | None]) -> Contents:
        stored, faults = found()
        files: list[File] = []
        missing: list[str] = []
        for each in stored:
            labels: dict[str, Label] = {"blend": each.manifest.name, "version": each.manifest.version}
            try:
                file = path(each)
            except UserError as error:
                missing.append(f"blend {each.reference}: {error}")
            else:
                files += [(file, labels)] if file else []
        return Contents(files, left_out=[*faults, *missing])

    labels = {"blend": pa.string(), "version": pa.int32()}
    return [
        View("blends", "one row per blend version: its digests, sizes and components", BLENDS_SCHEMA, find=described),
        View(
            "blend_rows",
            "the rows of every blend version, in training order",
            ORDER_SCHEMA,
            labels,
            find=lambda: files(lambda each: each.rows_path),
        ),
        View(
            "holdout_rows",
            "the rows that blends hold out: variants that a component selects, the first max_rows of them",
            ORDER_SCHEMA,
            labels,
            find=lambda: files(lambda each: each.holdout_path),
        ),
        View("mixture", "how many rows of a blend are of one kind, by all that says so", MIXTURE_SCHEMA, find=mixture),
        *pinned_views(found),
    ]


def _described(manifest: Manifest) -> dict[str, Any]:
    stated = manifest.model_dump(mode="json")
    digests = {f"{name}_digest": value for name, value in stated["digests"].items()}
    names = {
        "blend": manifest.name,
        "corpus": manifest.corpus.name,
        "tokenizer": manifest.tokenizer.name if manifest.tokenizer else None,
    }
    return {**stated, **digests, **names, "left_out": sorted(manifest.left_out.items())}
