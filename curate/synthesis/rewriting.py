"""A corpus's items in another form, by a model's words that a rule has checked.

An operator refuses items that it is not for, says what the prompt is told, and turns a checked reply into the columns of the
item that change. Everything else is the parent's, and the parent's id is kept with the row.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curate.filters import LETTERS
from curate.items import Origin
from curate.synthesis.checks import Lost, explanations_of, wording_fault, wrong_options
from curate.synthesis.replies import Answering, Contrast, Distractors, Reworded
from curate.synthesis.settings import ToMcq
from curate.synthesis.writer import Fault, Row
from curate.templates import needs_options
from curate.verify import AnswerKind, infer_kind

Item = dict[str, Any]
"""A row of `curate.schemas.CORPUS_ITEM_SCHEMA`."""

ITEM_COLUMNS = [
    *("item_id", "source", "source_row", "origin", "domain", "subject", "question", "context", "options", "answer"),
    *("answer_index", "answer_kind", "solutions", "images", "license", "language", "extra"),
]


@dataclass(frozen=True)
class Rewriting:
    """One way to rewrite an item.

    Attributes:
        prompt: name of its prompt.
        reply: what the model's answer must fit.
        refused: items -> why each is not one for this operator, or None.
        told: item, settings -> values of the prompt.
        changed: item, reply, settings -> the columns that change, or why there is no row.
    """

    prompt: str
    reply: type[Answering]
    refused: Callable[[Sequence[Item]], list[Lost | None]]
    told: Callable[[Item, Any], dict[str, Any]]
    changed: Callable[[Item, Any, Any], dict[str, Any] | Fault]


def row_of(item: Item, operator: str, changes: dict[str, Any]) -> Row:
    """Return the row of a rewritten item.

    Args:
        item: its parent.
        operator: that rewrote it.
        changes: columns that differ; what is no column goes to `extra`.
    """
    parent = {"by": operator, "parent": item["item_id"], "source": item["source"], "source_row": item["source_row"]}
    kept = {name: value for name, value in extra_of(item).items() if name in _KEPT_EXTRA}
    more = {name: changes.pop(name) for name in list(changes) if name not in ITEM_COLUMNS}
    extra = json.dumps(kept | more | {"rewritten": parent}, ensure_ascii=False)
    same = {name: item[name] for name in ITEM_COLUMNS if name not in ("item_id", "source", "source_row")}
    named = {"key": item["item_id"], "parent": item["item_id"], "vote_share": None, "extra": extra}
    return same | changes | named


_KEPT_EXTRA = ("missing", "accepted_answers", "explanations")
"""Of the parent's `extra`; the rest may speak of options in their old order, and stands in the parent."""


def extra_of(item: Item) -> dict[str, Any]:
    """Return what an item's source had besides."""
    return json.loads(item["extra"]) if item["extra"] else {}


def golds_of(item: Item) -> list[str]:
    """Return the gold, and whatever else the source accepts."""
    accepted = extra_of(item).get("accepted_answers") or []
    return list(dict.fromkeys([item["answer"], *(each for each in accepted if isinstance(each, str))]))


def _open_only(items: Sequence[Item]) -> list[Lost | None]:
    return [
        Lost.HAS_OPTIONS if item["options"] else None if (item["answer"] or "").strip() else Lost.NO_GOLD
        for item in items
    ]


def _choices_only(items: Sequence[Item]) -> list[Lost | None]:
    return [None if item["options"] else Lost.HAS_NO_OPTIONS for item in items]


def _leaning_on_options(items: Sequence[Item]) -> list[Lost | None]:
    """Those whose stem needs its options, and whose gold does not."""
    phrases = _needs([(item["question"], item["answer"]) for item in items])
    gold_phrases = _needs([("What is it called?", item["answer"]) for item in items])
    return [
        Lost.HAS_NO_OPTIONS
        if not item["options"]
        else Lost.STANDS_WITHOUT_OPTIONS
        if phrase is None
        else Lost.GOLD_NEEDS_OPTIONS
        if gold is not None
        else None
        for item, phrase, gold in zip(items, phrases, gold_phrases, strict=True)
    ]


def _any(items: Sequence[Item]) -> list[Lost | None]:
    return [None if (item["answer"] or "").strip() else Lost.NO_GOLD for item in items]


def _needs(pairs: Sequence[tuple[str, str]]) -> list[str | None]:
    """The phrase by which each question, or its gold, leans on options."""
    schema = {"question": pl.String, "answer": pl.String}
    return needs_options(pl.DataFrame(pairs, schema=schema, orient="row")).to_list()


def _tell(item: Item, _: Any) -> dict[str, Any]:
    options = None if item["options"] is None else list(zip(LETTERS, item["options"], strict=False))
    gold = None if item["answer_index"] is None else LETTERS[item["answer_index"]]
    return {
        "id": item["item_id"],
        "question": item["question"],
        "context": item["context"],
        "options": options,
        "answer": item["answer"],
        "gold": gold,
    }


def _tell_wanted(item: Item, settings: ToMcq) -> dict[str, Any]:
    return _tell(item, settings) | {"wanted": settings.options - 1 + settings.spare}


def _with_options(item: Item, reply: Distractors, settings: ToMcq) -> dict[str, Any] | Fault:
    wanted = settings.options - 1
    chosen, refused = wrong_options(reply.distractors, golds_of(item), item["answer_kind"], wanted)
    if len(chosen) < wanted:
        return Fault(Lost.TOO_FEW_DISTRACTORS, {"wanted": wanted, "chosen": chosen, "refused": refused})
    gold = item["answer"].strip()
    ranked = sorted([gold, *chosen], key=lambda option: _rank(settings.seed, item["item_id"], option))
    return {
        "options": ranked,
        "answer": gold,
        "answer_index": ranked.index(gold),
        "answer_kind": str(AnswerKind.CHOICE),
        "origin": str(Origin.SYNTHETIC),
    }


def _without_options(item: Item, reply: Reworded, _: Any) -> dict[str, Any] | Fault:
    question, gold = reply.question.strip(), item["answer"].strip()
    fault = wording_fault(item["question"], question, gold, keeps_negation=False)
    [phrase] = _needs([(question, gold)])
    if fault is None and phrase is not None:
        return Fault(Lost.STILL_NEEDS_OPTIONS, {"reworded": question, "phrase": phrase})
    if fault is not None:
        return Fault(fault, {"reworded": question})
    return {
        "question": question,
        "options": None,
        "answer": gold,
        "answer_index": None,
        "answer_kind": str(infer_kind(gold)),
        "solutions": None,  # they speak of the options, as explanations do
        "explanations": None,
        "origin": str(Origin.SYNTHETIC),
    }


def _rephrased(item: Item, reply: Reworded, _: Any) -> dict[str, Any] | Fault:
    question = reply.question.strip()
    fault = wording_fault(item["question"], question, item["answer"])
    if fault is not None:
        return Fault(fault, {"reworded": question})
    return {"question": question, "origin": str(Origin.SYNTHETIC)}


def _explained(item: Item, reply: Contrast, _: Any) -> dict[str, Any] | Fault:
    found = explanations_of(reply, item["options"])
    if isinstance(found, Lost):
        return Fault(found)
    shown = [{"option": option, "why": why} for option, why in zip(item["options"], found, strict=True)]
    return {"explanations": shown}


def _rank(seed: int, key: str, option: str) -> bytes:
    return hashlib.sha256(f"{seed}/{key}/{option}".encode()).digest()


REWRITINGS = {
    "to_mcq": Rewriting("distractors", Distractors, _open_only, _tell_wanted, _with_options),
    "to_open": Rewriting("stand_without_options", Reworded, _leaning_on_options, _tell, _without_options),
    "rephrase": Rewriting("rephrase", Reworded, _any, _tell, _rephrased),
    "contrast": Rewriting("contrast", Contrast, _choices_only, _tell, _explained),
}
"""Every operator that asks a model."""
