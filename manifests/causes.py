"""Why a component draws other rows than it did: what two manifests say of it.

A component draws a prefix of an order that depends on the seed and the rows alone. So what it draws differs because the prefix
is longer or shorter, because rows came into the corpus or left it, or because the recipe says otherwise which rows it is of.
"""

import re
from typing import Any

from manifests.changes import recipe_changes
from manifests.manifest import ComponentRecord, Manifest

_WEIGHTS = {
    *("proportion", "repeat", "count", "max_repeats", "size", "batch_size", "when_short"),
    *("temperature", "scores", "min_share", "max_share"),
}
_SHOWN = ("prompt", "order", "holdout.max_rows")
"""Settings by what they do: how many rows are drawn; how a row looks, where it stands, which held-out rows are shown. Any
other says which rows are drawn."""


def why_rows_leave(old: Manifest, new: Manifest) -> dict[str, str]:
    """Say of each component of the first why it no longer draws a row that is still there."""
    parts = {part.name: part for part in new.components}
    return {part.name: _why_it_leaves(old, new, part, parts.get(part.name)) for part in old.components}


def why_rows_come(old: Manifest, new: Manifest) -> dict[str, str]:
    """Say of each component of the second why it draws a row that was there before."""
    parts = {part.name: part for part in old.components}
    return {part.name: _why_it_comes(old, new, parts.get(part.name), part) for part in new.components}


def exhausted_components(old: Manifest, new: Manifest) -> list[str]:
    """Return the components of which the first blend had every row that there was, and which select alike in the second."""
    parts = [part.name for part in old.components if part.unique_rows == part.available]
    return [name for name in parts if not _selects_otherwise(old, new, name)]


def unchanged_sources(old: Manifest, new: Manifest) -> list[str]:
    """Return the sources that are the same files, curated alike, with the same figures in every stage."""
    if old.corpus.settings != new.corpus.settings:
        return []
    records = [
        {
            source.name: (
                source.model_dump(),
                [line.model_dump() for line in each.ledger if line.source == source.name],
            )
            for source in each.sources
        }
        for each in (old, new)
    ]
    return sorted(name for name, record in records[0].items() if records[1].get(name) == record)


def _why_it_leaves(old: Manifest, new: Manifest, was: ComponentRecord, now: ComponentRecord | None) -> str:
    if now is None:
        return "its component is gone"
    if selects := _selects_otherwise(old, new, was.name):
        return f"the recipe draws other rows ({selects})"
    if now.rows < was.rows:
        others = ", and some are new in the corpus" if old.corpus.content != new.corpus.content else ""
        return f"its component draws fewer rows ({_cause(old, new, was, now)}){others}"
    if old.corpus.content != new.corpus.content:
        return "displaced by rows that are new in the corpus"
    return f"its component draws other rows ({_cause(old, new, was, now)})"


def _why_it_comes(old: Manifest, new: Manifest, was: ComponentRecord | None, now: ComponentRecord) -> str:
    if was is None:
        return "its component is new"
    if selects := _selects_otherwise(old, new, now.name):
        return f"the recipe draws other rows ({selects})"
    if now.rows > was.rows:
        return f"its component draws more rows ({_cause(old, new, was, now)})"
    return "takes the place of a row that went"


def _cause(old: Manifest, new: Manifest, was: ComponentRecord, now: ComponentRecord) -> str:
    if was.requested != now.requested:
        return "its weight changed"
    return "the blend's size changed" if old.rows != new.rows else "what is available changed"


def _selects_otherwise(old: Manifest, new: Manifest, component: str) -> str:
    """Return the settings that say which rows a component draws and differ, at most three; "" when none does."""
    parts = [_parts(each.recipe.get("components") or []) for each in (old, new)]
    changed = [change.key for change in recipe_changes(old, new)]
    keys = [key for key in changed if any(_says_which_rows(key, component, each) for each in parts)]
    if not keys and _has_other_rows_before_it(old, new, component, parts):
        keys = [key for key in changed if key.endswith("(order)")]
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + more


def _says_which_rows(key: str, component: str, parts: list[list[str]]) -> bool:
    """Whether a setting says which rows a component draws: one of the whole recipe, its own, or a `select` before it.

    A row belongs to the first component that selects it, so what a component selects is nothing to those before it.
    """
    named = re.findall(r"\[([^]]*)\]", key)
    path = re.sub(r"\[[^]]*\]", "", key).split(".")
    if _WEIGHTS.intersection(path) or key.startswith(_SHOWN) or key.endswith("(order)"):
        return False
    if path[0] != "components":
        return True
    chosen = [place for place, chain in enumerate(parts) if chain[: len(named)] == named]
    own = _place(component, parts)
    return bool(chosen) and own is not None and (own in chosen or ("select" in path and own > chosen[0]))


def _has_other_rows_before_it(old: Manifest, new: Manifest, component: str, parts: list[list[list[str]]]) -> bool:
    """Whether other components come before one, of those that both recipes have, and it has another number of rows since.

    That number alone tells whether they select rows of each other: where none does, their order says nothing.
    """
    names = [[".".join(chain) for chain in each] for each in parts]
    own = [_place(component, each) for each in parts]
    if own[0] is None or own[1] is None:
        return False
    before = [set(each[:place]) & set(names[0]) & set(names[1]) for each, place in zip(names, own, strict=True)]
    available = [{part.name: part.available for part in each.components}.get(component) for each in (old, new)]
    return before[0] != before[1] and available[0] != available[1]


def _place(component: str, parts: list[list[str]]) -> int | None:
    """Return the place of the part that a component is, or that it was split from."""
    names = [chain[-1] for chain in parts]
    if component in names:
        return names.index(component)
    split = [name for name in names if component.startswith(f"{name}.")]
    return names.index(max(split, key=len)) if split else None


def _parts(components: list[dict[str, Any]]) -> list[list[str]]:
    """Return the components that draw rows in the recipe's order, each as the names from the outermost group to its own."""
    found = []
    for component in components:
        inner = _parts(component.get("components") or [])
        found += [[component["name"], *chain] for chain in inner] or [[component["name"]]]
    return found
