"""What people see of a corpus and of a blend."""

from collections.abc import Sequence
from itertools import combinations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from crossthink.cli.output import console
from crossthink.errors import several
from curate.corpus import Corpus
from manifests.manifest import LedgerLine, asked_for
from manifests.store import Stored

ITEM_STAGES = (
    "ingest",
    "malformed",
    "exact_duplicates",
    "signals",
    "contamination",
    "judge_contamination",
    "near_duplicates",
    "judge_near_duplicates",
)
TEMPLATES = "templates"
VARIANT_STAGES = ("verifiable", "self_check")
"""In the order in which they run; the judges of items come between the two."""
HEADINGS = {
    "ingest": "-unread",
    "malformed": "-malformed",
    "exact_duplicates": "-exact",
    "near_duplicates": "-near",
    "contamination": "-leaked",
    "judge_contamination": "-judged leaks",
    "judge_near_duplicates": "-judged near",
    "templates": "-stems",
    "verifiable": "-long",
    "self_check": "-check",
}
"""Short words for a wide table; a stage that is not here goes by its name."""
OPTIONAL_STAGES = ("signals", "contamination", "judge_contamination", "near_duplicates", "judge_near_duplicates")
"""Stages that a configuration may leave out. The others are shown even where they have no line: a stage writes none for a
source that has lost all."""

WHEN_SHORT = {
    "shrink": "the blend shrank to it",
    "repeat": "its rows repeat",
    "reweight": "it gives all it has, and the others fill up",
}
"""What happens to a component that binds, by the recipe's `when_short`."""


def print_ledger(corpus: Corpus) -> None:
    """Print the ledger: what every stage dropped of every source, and what is left.

    The columns add up: records less the first drops are the items, items and variants less the others are what is kept.
    """
    of_items = dict.fromkeys(line.stage for line in corpus.ledger if line.unit == "items")
    judges = tuple(stage for stage in of_items if stage not in ITEM_STAGES)
    before, after = _stages(corpus, ITEM_STAGES + judges), _stages(corpus, VARIANT_STAGES)
    figures = [
        ("records", "ingest", "rows_in"),
        *((_heading(stage), stage, "dropped") for stage in before),
        ("items", TEMPLATES, "rows_in"),
        ("+variants", TEMPLATES, "added"),
        *((_heading(stage), stage, "dropped") for stage in (TEMPLATES, *after)),
        ("kept", after[-1], "kept"),
    ]
    table = Table(
        title=f"corpus {corpus.name}: the ledger",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("source", no_wrap=True)
    for heading, _, _ in figures:
        table.add_column(heading, justify="right")
    lines = {(line.stage, line.source): line for line in corpus.ledger}
    total = [0] * len(figures)
    for source in corpus.sources:
        if source.role == "benchmark":
            continue
        numbers = [_figure(lines.get((stage, source.name)), field) for _, stage, field in figures]
        total = [sum(pair) for pair in zip(total, numbers, strict=True)]
        table.add_row(Text(source.name), *(f"{number:,}" for number in numbers))
    table.add_section()
    table.add_row("total", *(f"{number:,}" for number in total), style="bold")
    out = console()
    out.print(table)
    out.print(
        f"{several(corpus.items, 'item')}, {several(corpus.variants, 'variant')}. Per source and stage: rows in + added = kept + dropped.",
    )


def print_blend(stored: Stored) -> None:
    """Print a blend: requested against realised weights, what binds, and the digests."""
    manifest = stored.manifest
    table = Table(
        title=f"blend {manifest.name}@{manifest.version}: {several(manifest.rows, 'row')} from corpus {manifest.corpus.name}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("component", "requested", "realised", "rows", "unique", "available", "epochs", "binds"):
        table.add_column(heading, justify="left" if heading in ("component", "binds") else "right")
    for part in manifest.components:
        table.add_row(
            Text(part.name),
            f"{part.requested:.4f}",
            f"{part.realised:.4f}",
            f"{part.rows:,}",
            f"{part.unique_rows:,}",
            f"{part.available:,}",
            f"{part.epochs:.2f}",
            "binds" if part.binds else "",
        )
    out = console()
    out.print(table)
    lost = f"; {several(manifest.trimmed, 'row')} trimmed to whole batches" if manifest.trimmed else ""
    out.print(f"{several(manifest.batches, 'batch', 'batches')} of {manifest.batch_size:,}{lost}")
    if any(part.binds for part in manifest.components):
        happened = WHEN_SHORT.get(str(manifest.recipe.get("when_short")))
        out.print("what binds has fewer rows than were asked of it" + (f": {happened}" if happened else ""))
    for stage in manifest.stages:
        last = stage.first_batch + stage.batches - 1
        out.print(
            f"stage {stage.name}: batches {stage.first_batch:,} to {last:,}, {several(stage.rows, 'row')}", markup=False
        )
    for reason, rows in manifest.left_out.items():
        out.print(f"{several(rows, 'row')} left out: {reason}")
    if manifest.holdout is not None:
        out.print(
            f"{several(manifest.holdout.items, 'item')} held out, {manifest.holdout.rows:,} of their rows in the holdout file"
        )
    for source, asked in asked_for(manifest):
        what = "judged its rows" if source is None else f"made {source}"
        failed = f", {sum(asked.failures.values()):,} without an answer" if asked.failures else ""
        prompts = ", ".join(asked.prompts)
        out.print(f"{asked.model} {what}: {asked.samples:,} answers{failed}; {prompts}", markup=False)
    for name, value in manifest.digests.model_dump().items():
        out.print(f"{name:8} {value}")


def print_siblings(siblings: Sequence[Stored]) -> None:
    """Print how many rows each two blends of one recipe share, and how far their mixtures are apart."""
    from blends.distance import total_variation, written_mixture

    table = Table(title="siblings", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("blend", "and", "rows in both", "of the smaller", "distance"):
        table.add_column(heading, justify="left" if heading in ("blend", "and") else "right")
    rows = [set(stored.rows()["row_id"].to_pylist()) for stored in siblings]
    mixtures = [written_mixture(stored.manifest) for stored in siblings]
    labels = [f"{stored.manifest.name}@{stored.manifest.version}" for stored in siblings]
    for one, other in combinations(range(len(siblings)), 2):
        both = len(rows[one] & rows[other])
        share = both / min(len(rows[one]), len(rows[other]))
        distance = total_variation(mixtures[one], mixtures[other])
        table.add_row(Text(labels[one]), Text(labels[other]), f"{both:,}", f"{share:.1%}", f"{float(distance):.4f}")
    console().print(table)


def _heading(stage: str) -> str:
    return HEADINGS.get(stage, f"-{stage}")


def _stages(corpus: Corpus, stages: tuple[str, ...]) -> list[str]:
    """Return those of the stages that this corpus went through."""
    found = {line.stage for line in corpus.ledger}
    return [stage for stage in stages if stage in found or stage not in OPTIONAL_STAGES]


def _figure(line: LedgerLine | None, field: str) -> int:
    return 0 if line is None else int(getattr(line, field))
