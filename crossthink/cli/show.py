"""What people see of a corpus and of a blend."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from crossthink.cli.output import console
from curate.corpus import Corpus
from manifests.manifest import LedgerLine
from manifests.store import Stored


def print_ledger(corpus: Corpus) -> None:
    """Print the ledger: what every stage dropped of every source, and what is left."""
    stages = list(dict.fromkeys(line.stage for line in corpus.ledger))
    table = Table(title=f"corpus {corpus.name}: the ledger", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    headings = ["source", "records", *(f"-{stage}" for stage in stages if stage != "templates")]
    place = headings.index("-exact_duplicates") + 1
    headings[place:place] = ["items", "+variants", "-templates"]
    for heading in [*headings, "kept"]:
        table.add_column(heading.replace("_", " "), justify="left" if heading == "source" else "right")
    cells = {(line.stage, line.source): line for line in corpus.ledger}
    sources = [source.name for source in corpus.sources]
    total = [0] * len(headings)
    for source in sources:
        line = {stage: cells[stage, source] for stage in stages if (stage, source) in cells}
        numbers = [_number(heading, line) for heading in headings[1:]] + [_kept(line)]
        total = [before + number for before, number in zip(total, numbers, strict=True)]
        table.add_row(Text(source), *(f"{number:,}" for number in numbers))
    table.add_section()
    table.add_row("total", *(f"{number:,}" for number in total), style="bold")
    out = console()
    out.print(table)
    out.print(
        f"{corpus.items:,} items, {corpus.variants:,} variants. Per source and stage: rows in + added = kept + dropped.",
    )


def print_blend(stored: Stored) -> None:
    """Print a blend: requested against realised weights, what binds, and the digests."""
    manifest = stored.manifest
    table = Table(
        title=f"blend {manifest.name}@{manifest.version}: {manifest.rows:,} rows from corpus {manifest.corpus.name}",
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
    lost = f"; {manifest.trimmed:,} rows trimmed to whole batches" if manifest.trimmed else ""
    out.print(f"{manifest.batches:,} batches of {manifest.batch_size:,}{lost}")
    if manifest.over_limit:
        out.print(f"{manifest.over_limit:,} rows left out for the length of their prompt")
    for name, value in manifest.digests.model_dump().items():
        out.print(f"{name:8} {value}")


def _number(heading: str, line: dict[str, LedgerLine]) -> int:
    if heading == "records":
        return line["ingest"].rows_in
    if heading == "items":
        return line["templates"].rows_in if "templates" in line else 0
    if heading == "+variants":
        return line["templates"].added if "templates" in line else 0
    stage = heading.removeprefix("-")
    return line[stage].dropped if stage in line else 0


def _kept(line: dict[str, LedgerLine]) -> int:
    return line["self_check"].kept if "self_check" in line else 0
