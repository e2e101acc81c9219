"""A first mapping for a file that nobody has described yet, proposed from its first rows.

Names and values suggest where question, options and answer may stand; every combination is drafted, and the one that
drafts the most rows well is proposed, with what was seen and what is unsure as comments. A row is drafted well when it
has a question, and a gold that, where there are options, is one of them.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from crossthink.errors import UserError, several
from curate.readers import Layout, Record, Rejected, RejectReason, Row, read_files
from curate.readers.rows import conversion
from curate.sources.base import BadRecord, Draft
from curate.sources.details import details
from curate.sources.drafting import mapping_adapter
from curate.sources.leaves import Leaf, leaves
from curate.sources.mapping import Mapping
from curate.sources.registry import adapters
from curate.sources.suggest import answers, options, questions
from curate.sources.texts import used_keys

FIRST_ROWS = 200
_TELLING = 3
"""Keys that a shipped mapping must share with a row; question and answer alone say nothing of where it comes from."""
_LONG = 100
"""Letters of a gold that is hardly verifiable."""


class Guess(NamedTuple):
    text: str
    """The mapping as YAML, with comments; it loads as it stands."""
    mapping: Mapping
    rows: int
    """How many rows were looked at."""
    drafted: int
    """How many of them the mapping drafts well."""


class _Try(NamedTuple):
    drafted: int
    placed: int
    """Of the well drafted rows, how many have options."""
    long: int
    """Of the well drafted rows, how many have a gold that is hardly verifiable."""
    keys: dict[str, Any]

    def rank(self) -> float:
        """Options that are there, and golds that are short, are worth a few rows that were published without."""
        return self.drafted + self.placed / 20 - self.long / 2


def guess(path: Path) -> Guess:
    """Propose a mapping for a file.

    Raises:
        UserError: the file cannot be read, or no question is found in it.
    """
    layout, records = _first_records(path)
    found = leaves(records)
    asked = questions(found)
    if not asked:
        raise UserError(f"{path}: no question is found. The first row has: {', '.join(map(str, records[0]))}")
    base: dict[str, Any] = {"layout": "rows", "cells": _cells(records)} if layout == "rows" else {}
    tries = [_try(keys, records) for keys in _combinations(base, asked, found, records)]
    if not tries:
        raise UserError(f"{path}: no answer is found. The first row has: {', '.join(map(str, records[0]))}")
    best = max(tries, key=_Try.rank)
    keys = best.keys | details(best.keys, found, records)
    mapping = Mapping.model_validate(keys)
    return Guess(
        _written(path, keys, found, len(records), best.drafted, _known(records, best.drafted)),
        mapping,
        len(records),
        best.drafted,
    )


def _try(keys: dict[str, Any], records: Sequence[Record]) -> _Try:
    try:
        draft = mapping_adapter(Mapping.model_validate(keys)).draft
    except ValidationError:
        return _Try(-1, 0, 0, keys)
    drafts = _well(draft, records)
    placed, long = sum(each.options is not None for each in drafts), sum(map(_has_long_gold, drafts))
    return _Try(len(drafts), placed, long, keys)


def _has_long_gold(draft: Draft) -> bool:
    return draft.options is None and len(draft.answer or "") > _LONG


def _well(draft: Callable[[Record], Draft], records: Sequence[Record]) -> list[Draft]:
    """Return the drafts that have a question, and a gold that is one of the options if there are any."""
    drafts = []
    for record in records:
        try:
            each = draft(record)
        except BadRecord:
            continue
        has_gold = bool((each.answer or "").strip()) and (each.options is None or each.answer_index is not None)
        if each.question.strip() and has_gold:
            drafts.append(each)
    return drafts


def _first_records(path: Path) -> tuple[Layout, list[Record]]:
    layout: Layout = "records"
    try:
        rows = _read(path, layout)
    except UserError:
        if not {".csv", ".tsv", ".zip"} & {suffix.lower() for suffix in path.suffixes}:
            raise
        layout, rows = "rows", _read(path, "rows")
        if _cells(_records(rows)) <= 1:
            raise
    if layout == "records" and _has_no_header(path, _records(rows)):
        layout, rows = "rows", _read(path, "rows")
    if not (records := _records(rows)):
        first = next(row for row in rows if isinstance(row, Rejected))
        what = f"; {conversion()}" if first.reason == RejectReason.BAD_BYTES else ""
        raise UserError(
            f"{path}: none of the first {several(len(rows), 'row')} can be read. First: {first.place}  {first.message}{what}"
        )
    return layout, records


def _read(path: Path, layout: Layout) -> list[Row | Rejected]:
    return list(islice(read_files([path], layout), FIRST_ROWS))


def _records(rows: Sequence[Row | Rejected]) -> list[Record]:
    return [row.record for row in rows if isinstance(row, Row)]


def _has_no_header(path: Path, records: Sequence[Record]) -> bool:
    """Whether the first line of a delimited file is a row like the others: long, or with a letter for the answer."""
    if not {".csv", ".tsv", ".zip"} & set(path.suffixes) or not records:
        return False
    names = list(records[0])
    letters = sum(str(list(record.values())[-1]).strip() in tuple("ABCDEFGHIJ") for record in records)
    return max(map(len, names)) > 60 or (names[-1].strip() in tuple("ABCDEFGHIJ") and letters > len(records) / 2)


def _cells(records: Sequence[Record]) -> int:
    widths = [len(record) - 1 for record in records]
    return max(set(widths), key=widths.count, default=0)


def _combinations(
    base: dict[str, Any], asked: Sequence[Any], found: dict[str, Leaf], records: Sequence[Record]
) -> Iterator[dict[str, Any]]:
    """Yield the mappings to try; of those that draft equally well the first is taken."""
    for question in asked:
        for option in options(question, found, records):
            for answer in answers(question, option, found, records):
                keys = {**base, "question": question}
                yield keys | ({"options": option} if option else {}) | ({"answer": answer} if answer else {})


def _known(records: Sequence[Record], drafted: int) -> list[str]:
    """Return the shipped adapters that draft the rows as well and use the most of their keys."""
    uses: dict[str, int] = {}
    for name, each in adapters().items():
        mapping = each.mapping
        if mapping is not None and len(_well(each.draft, records)) >= max(drafted, 1):
            uses[name] = len(used_keys(mapping) & records[0].keys())
    most = max(uses.values(), default=0)
    return sorted(name for name, count in uses.items() if count == most and count >= _TELLING)


def _written(
    path: Path, keys: dict[str, Any], found: dict[str, Leaf], rows: int, drafted: int, known: Sequence[str]
) -> str:
    """Return the YAML text, each key with what was seen of it."""
    lines = [
        f"# Proposed from the first {rows} rows of {path.name}; it drafts {drafted} of them well.",
        "# Check every line, above all domain, origin, role and license, which no row states.",
        *([f"# Shipped adapters that read these rows too: {', '.join(known)}"] if known else []),
        f"about: {_scalar(f'{path.stem}: {_listed(found)}')}",
        "license: unknown  # write what the publisher says",
        "role: corpus  # benchmark, if the rows must never be trained on",
    ]
    for key, value in ({"domain": "gpr"} | keys).items():
        lines.append(f"{key}: {_scalar(value)}{_remark(key, value, keys, found)}")
    return "\n".join(lines) + "\n"


def _remark(key: str, value: Any, keys: dict[str, Any], found: dict[str, Leaf]) -> str:
    seen = _seen(value, found)
    if key == "domain":
        return "  # unsure: read off the answers" if "domain" in keys else "  # unsure: nothing says mathematics"
    if key == "answer" and isinstance(value, dict) and value.get("gold") in ("zero_based", "one_based"):
        return f"  # unsure whether it counts from 0 or 1; seen: {seen}"
    if key == "missing":
        return "  # unsure: a file is named that is not here"
    if key == "answer" and "options" not in keys and _has_lists(value, found):
        return f"  # unsure whether each of several is right alone (several: any) or all together (list, set); seen: {seen}"
    if key == "answer" and "options" not in keys and _is_long(value, found):
        return "  # long texts: hardly verifiable"
    return f"  # seen: {seen}" if seen else ""


def _is_long(value: Any, found: dict[str, Leaf]) -> bool:
    leaf = found.get(value) if isinstance(value, str) else None
    return leaf is not None and leaf.mean_length() > _LONG


def _has_lists(value: Any, found: dict[str, Leaf]) -> bool:
    leaf = found.get(value) if isinstance(value, str) else None
    return leaf is not None and any(isinstance(each, list) and len(each) > 1 for each in leaf.values)


def _seen(value: Any, found: dict[str, Leaf]) -> str:
    """Return the first value that stands at the first path of a declaration."""
    path = value if isinstance(value, str) else value.get("path") if isinstance(value, dict) else None
    leaf = found.get(path or "")
    first = next((each for each in leaf.values if each not in (None, "", [])), None) if leaf else None
    text = " ".join(str(first).split()) if first is not None else ""
    return f"{text[:60]}..." if len(text) > 60 else text


def _listed(found: dict[str, Leaf]) -> str:
    roots = list(dict.fromkeys(path.split(".")[0].split("[*]")[0] for path in found))
    return ", ".join(roots[:12]) + (", ..." if len(roots) > 12 else "")


def _scalar(value: Any) -> str:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


class _Dumper(yaml.SafeDumper):
    """Writes a text with a line end as "\\n", so that every key of the mapping takes one line."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


_Dumper.add_representer(str, _represent)
