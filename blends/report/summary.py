"""What a blend is, in sentences for somebody who has not read its recipe."""

from dataclasses import dataclass

from blends.report.ask import Answer, Asker
from blends.report.contents import Contents
from blends.report.wording import listed, number, percent, value_words, words
from crossthink.errors import several
from manifests.manifest import Manifest

_BLEND = """
SELECT corpus, rows, batches, batch_size, trimmed, recipe_digest, sources_digest, content_digest, prompt_digest,
  verifier_digest FROM blends WHERE blend = $blend AND version = $version"""

_DISTINCT = """
SELECT count(*) AS rows, count(DISTINCT row_id) AS forms, count(DISTINCT item_id) AS questions FROM blend_rows
WHERE blend = $blend AND version = $version"""

_HELD_OUT = """
SELECT count(*) AS rows FROM holdout_rows WHERE blend = $blend AND version = $version"""

_LICENSES_NAMED = 3
_MANY = {"open": "open questions"}


@dataclass(frozen=True)
class Summary:
    """The head of the page: what the blend is in words, its licences, and the figures, each with its query."""

    paragraphs: list[str]
    licenses: str
    blend: Answer
    distinct: Answer
    held_out: Answer | None


def summary(ask: Asker, manifest: Manifest, held: Contents) -> Summary:
    """Say what a blend is."""
    distinct = ask(_DISTINCT)
    held_out = ask(_HELD_OUT) if manifest.holdout else None
    paragraphs = [
        f"{manifest.name} is a list of {several(manifest.rows, 'row')}, questions with answers that a program can check, in the"
        f" order in which a model is trained on them: {several(manifest.batches, 'batch', 'batches')} of"
        f" {number(manifest.batch_size)}. {_mixture(held)}",
        f"It was drawn from the corpus {manifest.corpus.name}, which holds {several(manifest.corpus.items, 'question')}."
        f" {_binding(manifest)} {_repeats(manifest, distinct)} {_left_out(manifest)}",
    ]
    return Summary(paragraphs, _licenses(held.by["license"], manifest.rows), ask(_BLEND), distinct, held_out)


def _mixture(held: Contents) -> str:
    parts = []
    for grouping in ("domain", "template"):
        rows = held.by[grouping].rows
        total = held.by[grouping].total("rows")
        parts.append(
            listed(
                [
                    f"{percent(row['rows'] / total)} {_MANY.get(row[grouping], value_words(row[grouping]))}"
                    for row in rows
                ]
            )
        )
    return f"By subject it is {parts[0]}; by form, {parts[1]}." if all(parts) else ""


def _repeats(manifest: Manifest, distinct: Answer) -> str:
    forms = distinct.rows[0]["forms"]
    if forms == manifest.rows:
        return "No row comes twice."
    most = max(manifest.components, key=lambda part: part.epochs)
    return (
        f"Rows repeat: there are {number(forms)} different ones, and those of {most.name} are seen"
        f" {most.epochs:.1f} times on average, the most of all."
    )


def _binding(manifest: Manifest) -> str:
    short = [part.name for part in manifest.components if part.binds]
    if not short:
        return "Every component had as many rows as were asked of it."
    rule = {
        "shrink": "the whole blend was made smaller, so that the shares hold",
        "repeat": "their rows were repeated",
        "reweight": "other components took their place",
    }.get(str(manifest.recipe.get("when_short")), "the recipe's rule was applied")
    named = listed(short[:4]) if len(short) <= 4 else f"{', '.join(short[:4])} and {len(short) - 4} more"
    return f"{named} had fewer rows than were asked for; {rule}."


def _left_out(manifest: Manifest) -> str:
    why = {"license": "for their licence", "holdout": "for evaluation", "over_limit": "as too long"}
    why |= {"difficulty": "for how often models solve them", "unmeasured": "because nobody measured how often"}
    parts = [
        f"{several(rows, 'row')} {why.get(reason, words(reason))}" for reason, rows in manifest.left_out.items() if rows
    ]
    said = [f"Left out of it: {listed(parts)}."] if parts else []
    if manifest.trimmed:
        fewer = several(manifest.trimmed, "row")
        said.append(
            f"{fewer} fewer than asked for {'is' if manifest.trimmed == 1 else 'are'} drawn, so that every batch is whole."
        )
    return " ".join(said)


def _licenses(by_license: Answer, rows: int) -> str:
    named = [f"{row['license']} ({percent(row['rows'] / rows)})" for row in by_license.rows[:_LICENSES_NAMED]]
    more = len(by_license.rows) - len(named)
    return ", ".join(named) + (f" and {several(more, 'other')}" if more else "")
