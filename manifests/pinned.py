"""What manifests pin of sources and curation, as views: they answer although the corpus is gone."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from crossthink.files import canonical_json
from crossthink.tables import table_of
from manifests.manifest import Manifest, asked_for
from manifests.store import Stored
from manifests.view import Contents, View

_WHOSE = [pa.field("blend", pa.string()), pa.field("version", pa.int32())]
_FILE = pa.struct([("name", pa.string()), ("sha256", pa.string()), ("bytes", pa.int64())])

SOURCES_SCHEMA = pa.schema(
    [
        *_WHOSE,
        *(pa.field(name, pa.string()) for name in ("source", "adapter", "revision", "license", "role")),
        pa.field("records", pa.int64()),
        pa.field("files", pa.list_(_FILE)),
    ]
)
ASKED_SCHEMA = pa.schema(
    [
        *_WHOSE,
        pa.field("source", pa.string()),  # that the model made; null: it judged rows of the corpus
        *(pa.field(name, pa.string()) for name in ("model", "api", "answers")),
        *(pa.field(name, pa.int64()) for name in ("requests", "samples", "prompt_tokens", "completion_tokens")),
        pa.field("prompts", pa.map_(pa.string(), pa.string())),
        pa.field("failures", pa.map_(pa.string(), pa.int64())),
        pa.field("sampling", pa.string()),  # JSON
    ]
)
LEDGER_SCHEMA = pa.schema(
    [
        *_WHOSE,
        *(pa.field(name, pa.string()) for name in ("stage", "source", "unit")),
        *(pa.field(name, pa.int64()) for name in ("place", "rows_in", "added", "kept", "dropped")),
        pa.field("reasons", pa.map_(pa.string(), pa.int64())),
    ]
)


def views(found: Callable[[], tuple[list[Stored], list[str]]]) -> list[View]:
    """Return the views `blend_sources`, `blend_asked` and `blend_ledger`.

    Args:
        found: gives the blends of a store, and a line for each version whose manifest cannot be read.
    """

    def rows(schema: pa.Schema, of: Callable[[Manifest], list[dict[str, Any]]]) -> Callable[[], Contents]:
        def find() -> Contents:
            stored, faults = found()
            lines = [
                {"blend": each.manifest.name, "version": each.manifest.version, **row}
                for each in stored
                for row in of(each.manifest)
            ]
            return Contents(table=table_of(lines, schema), left_out=faults)

        return find

    return [
        View(
            "blend_sources",
            "the sources of the corpus that a blend was drawn from, and the benchmarks that it was held to",
            SOURCES_SCHEMA,
            find=rows(SOURCES_SCHEMA, _sources),
        ),
        View(
            "blend_asked",
            "the models that a blend's rows came through: what they were asked, and the digest of what they answered",
            ASKED_SCHEMA,
            find=rows(ASKED_SCHEMA, _asked),
        ),
        View(
            "blend_ledger",
            "what each stage of curation did to each source, as a blend's manifest pins it",
            LEDGER_SCHEMA,
            find=rows(LEDGER_SCHEMA, _ledger),
        ),
    ]


def _sources(manifest: Manifest) -> list[dict[str, Any]]:
    records = [source.model_dump() for source in manifest.sources]
    return [{**record, "source": record["name"], "records": record["rows"]} for record in records]


def _asked(manifest: Manifest) -> list[dict[str, Any]]:
    return [
        {
            **each.model_dump(),
            "source": source,
            "prompts": sorted(each.prompts.items()),
            "failures": sorted(each.failures.items()),
            "sampling": canonical_json(each.sampling).decode(),
        }
        for source, each in asked_for(manifest)
    ]


def _ledger(manifest: Manifest) -> list[dict[str, Any]]:
    places = {stage: place for place, stage in enumerate(dict.fromkeys(line.stage for line in manifest.ledger))}
    return [
        {**line.model_dump(), "place": places[line.stage], "reasons": sorted(line.reasons.items())}
        for line in manifest.ledger
    ]
