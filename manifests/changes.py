"""What two manifests say differently, value by value: recipe, curation, pins, sources, ledger, weights.

Their rows are compared in `manifests.diff`; here only the manifests are read, so it costs nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossthink.errors import several
from manifests.manifest import LABELS, Manifest


@dataclass(frozen=True)
class Change:
    """A value that differs; None is a value that is not there.

    Attributes:
        key: where it stands, such as `components[gpr].proportion` or `mmlu.rows`.
    """

    key: str
    before: Any
    after: Any


def recipe_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return what was asked differently, its labels aside; a component is known by its name, wherever it stands."""
    asked = [{key: value for key, value in each.recipe.items() if key not in LABELS} for each in (before, after)]
    return _differing(dict(_values(asked[0])), dict(_values(asked[1])))


def curation_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return which settings of the curation differ; none where a manifest has only their digest."""
    stated = [each.corpus.curation for each in (before, after)]
    return _differing(dict(_values(stated[0])), dict(_values(stated[1]))) if all(stated) else []


def pin_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return which of the other things that a manifest pins differ: curation, corpus, prompt, verifier, tokenizer."""
    return _differing(_pins(before), _pins(after))


def source_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return what differs of the sources: one that came or went, its files, rows, revision or licence."""
    sources = [
        {source.name: source.model_dump(exclude={"name"}) for source in each.sources} for each in (before, after)
    ]
    changes = []
    for name in _in_both_orders(*sources):
        old, new = (_source_values(each.get(name)) for each in sources)
        if old and new:
            changes += [Change(f"{name}.{each.key}", each.before, each.after) for each in _differing(old, new)]
        else:
            changes.append(Change(name, _rows(old), _rows(new)))
    return changes


def ledger_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return the figures of the curation ledger that differ, by `source.stage.figure`."""
    ledgers = [
        {
            f"{line.source}.{line.stage}.{figure}": value
            for line in each.ledger
            for figure, value in line.model_dump(exclude={"stage", "source", "unit", "reasons"}).items()
        }
        for each in (before, after)
    ]
    return _differing(*ledgers)


@dataclass(frozen=True)
class Weight:
    """A component in two blends; None where a blend has none of this name."""

    component: str
    requested: tuple[float | None, float | None]
    realised: tuple[float | None, float | None]
    rows: tuple[int | None, int | None]


def weights(before: Manifest, after: Manifest) -> list[Weight]:
    """Return every component of either blend with its weights and rows in both."""
    parts = [{part.name: part for part in each.components} for each in (before, after)]
    found = []
    for name in _in_both_orders(*parts):
        old, new = (each.get(name) for each in parts)
        found.append(
            Weight(
                name,
                (old.requested if old else None, new.requested if new else None),
                (old.realised if old else None, new.realised if new else None),
                (old.rows if old else None, new.rows if new else None),
            )
        )
    return found


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the single values of nested settings with their paths; lists of named parts are read by name."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _values(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(part, dict) and "name" in part for part in value):
        for part in value:
            yield from _values({key: of for key, of in part.items() if key != "name"}, f"{path}[{part['name']}]")
        yield f"{path} (order)", [part["name"] for part in value]
    else:
        yield path, value


def _pins(manifest: Manifest) -> dict[str, Any]:
    tokenizer = manifest.tokenizer
    return {
        "corpus.name": manifest.corpus.name,
        "corpus.settings": manifest.corpus.settings[:12],
        "corpus.content": manifest.corpus.content[:12],
        "prompt_digest": manifest.prompt_digest[:12],
        "verifier_digest": manifest.verifier_digest[:12],
        "tokenizer": f"{tokenizer.name} {tokenizer.digest[:12]}" if tokenizer else None,
    }


def _source_values(source: dict[str, Any] | None) -> dict[str, Any]:
    if source is None:
        return {}
    files = {f"files[{file['name']}]": file["sha256"][:12] for file in source["files"]}
    return {key: value for key, value in source.items() if key != "files"} | files


def _rows(source: dict[str, Any]) -> str | None:
    return f"{several(source['rows'], 'row')}, {source['license']}" if source else None


def _differing(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    keys = _in_both_orders(old, new)
    return [Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def _in_both_orders(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the keys of both: the old ones in their order, then those that came."""
    return list(dict.fromkeys([*old, *new]))
