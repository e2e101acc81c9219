"""What is different between this blend and another: what was asked, weights, and every row in, out or moved, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blends.report.ask import Answer, Asker
from manifests.changes import (
    Change,
    Weight,
    curation_changes,
    pin_changes,
    recipe_changes,
    source_changes,
    weights,
)
from manifests.diff import CorpusRows, compare_rows, count_reasons
from manifests.pairs import IN, MOVED, OUT
from manifests.store import Stored

_ROWS = """
WITH times AS (
  SELECT blend, version, row_id, row_number() OVER (PARTITION BY blend, version, row_id ORDER BY position) AS time
  FROM blend_rows),
before AS (SELECT row_id, time FROM times WHERE blend = $before AND version = $before_version),
after AS (SELECT row_id, time FROM times WHERE blend = $blend AND version = $version)
SELECT (SELECT count(*) FROM before ANTI JOIN after USING (row_id, time)) AS gone,
  (SELECT count(*) FROM after ANTI JOIN before USING (row_id, time)) AS come,
  (SELECT count(*) FROM after SEMI JOIN before USING (row_id, time)) AS both"""

_SOURCES = """
SELECT source, coalesce(sum(rows) FILTER (WHERE blend = $before AND version = $before_version), 0)::BIGINT AS before,
  coalesce(sum(rows) FILTER (WHERE blend = $blend AND version = $version), 0)::BIGINT AS now
FROM mixture GROUP BY source HAVING before + now > 0 ORDER BY abs(now - before) DESC, source"""


@dataclass(frozen=True)
class Difference:
    """A comparison; `before` is the other blend, `after` the one that the page is about.

    Attributes:
        changes: what differs in recipe, curation, pins and sources, by title.
        sources: rows of each source in both.
        moved: rows of both whose batch, component, prompt or gold differs.
        reasons: rows by change, component and reason.
        knows_corpus: whether both corpora still stand, so that every reason could be told.
    """

    before: Stored
    counts: Answer
    changes: dict[str, Sequence[Change]]
    sources: Answer
    weights: Sequence[Weight]
    moved: int
    reasons: list[dict[str, Any]]
    knows_corpus: bool

    @property
    def is_empty(self) -> bool:
        return not self.reasons and not any(self.changes.values())


def difference(ask: Asker, before: Stored, after: Stored, was: CorpusRows | None, now: CorpusRows | None) -> Difference:
    """Compare a blend with another.

    Args:
        ask: with the values of `after`.
        before: the other blend.
        after: the blend that the page is about.
        was: what the corpus of `before` holds, where it still is the one that was drawn from.
        now: likewise, of `after`.
    """
    old, new = before.manifest, after.manifest
    rows = compare_rows(before, after, was, now)
    kinds = rows["change"].to_pylist()
    return Difference(
        before=before,
        counts=ask(_ROWS, before=old.name, before_version=old.version),
        changes={
            "Recipe": recipe_changes(old, new),
            "Curation": curation_changes(old, new),
            "Pinned": pin_changes(old, new),
            "Sources": source_changes(old, new),
        },
        sources=ask(_SOURCES, before=old.name, before_version=old.version),
        weights=weights(old, new),
        moved=kinds.count(MOVED),
        reasons=sorted(count_reasons(rows).to_pylist(), key=lambda row: (OUT, IN, MOVED).index(row["change"])),
        knows_corpus=was is not None and now is not None,
    )
