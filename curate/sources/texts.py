"""Texts of a record, as a mapping declares them: found by a path, then worked on step by step."""

from collections.abc import Callable
from typing import TypeAlias

from pydantic import BaseModel

from curate.readers import Record
from curate.sources.base import BadRecord
from curate.sources.fields import TextFrom
from curate.sources.mapping import Mapping
from curate.sources.paths import MISSING, Path, as_text, flat, missing, parse_path, word
from curate.sources.prompts import read_prompt, read_reply
from curate.sources.steps import steps_of

Reader: TypeAlias = Callable[[Record], str | None]
Texts: TypeAlias = Callable[[Record], str | list[str] | None]

_ABSENT = frozenset({"path", "chat", "first", "join"})


def text_reader(text: TextFrom, *, required: bool = False) -> Reader:
    """Return a function from a record to a text, or to None where it is missing or null.

    Args:
        text: the declaration; where its path leads to a list, the texts are joined with line ends.
        required: a missing or null text is a bad record, and so is a list.
    """
    if text.is_plain and text.path is not None:
        return _plain_reader(parse_path(text.path), required=required)
    read = read_texts(text, required=required)

    def read_one(record: Record) -> str | None:
        found = read(record)
        if required and not isinstance(found, str):
            raise BadRecord(f"{spelled(text)}: expected text, found {'none' if found is None else 'a list'}")
        return "\n".join(found) if isinstance(found, list) else found

    return read_one


def read_texts(text: TextFrom, *, required: bool = False) -> Texts:
    """Return a function from a record to a text, or to a list of texts where its path leads to a list.

    A key that is missing altogether is a bad record if `required`; null is None.
    """
    find = _finder(text, required=required)
    steps = steps_of(text, spelled(text))

    def read(record: Record) -> str | list[str] | None:
        found = find(record)
        for step in steps:
            if found is None:
                return None
            if isinstance(found, list):
                found = [each for each in (step(one, record) for one in found) if each is not None]
            else:
                found = step(found, record)
        return found

    return read


def spelled(text: TextFrom) -> str:
    """Return the paths of a declaration, for a message: "answer or solution"."""
    parts = text.first or text.join
    if parts:
        return (" or " if text.first else " and ").join(spelled(part) for part in parts)
    return text.path or text.chat or "value"


def used_keys(mapping: Mapping) -> frozenset[str]:
    """Return the record's keys that stay out of `extra`.

    They are those at which a path begins, but for the kept; the dropped; and those whose name `extra` gives to another text.
    """
    telling = {mapping.domain.path, mapping.answer_kind.path if mapping.answer_kind else None}
    used = {parse_path(path).root for path in _paths(mapping) if path not in telling} - set(mapping.keep)
    used |= {*mapping.drop, *mapping.extra, *(["missing"] if mapping.missing else [])}
    if mapping.layout == "rows":
        used |= {"file", *(str(number) for number in range(mapping.cells or 0))}
    return frozenset(used)


def _paths(model: BaseModel) -> list[str]:
    """Return every path of a model that begins at the record."""
    found: list[str] = []
    skipped = {"text", "by"} if getattr(model, "each", None) else set()
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in skipped or name in ("keep", "drop", "extra"):
            continue
        if name in ("path", "chat", "index", "scored", "by_label", "labels", "scores", "each", "images", "values"):
            found += [value] if isinstance(value, str) else []
        elif name == "columns":
            found += value or []
        for part in value if isinstance(value, list) else [value]:
            found += _paths(part) if isinstance(part, BaseModel) else []
    return found


def _plain_reader(path: Path, *, required: bool) -> Reader:
    def read(record: Record) -> str | None:
        value = path.get(record)
        if type(value) is str:
            return value
        if value is MISSING:
            if required:
                raise missing(path.text, record)
            return None
        if value is None and not required:
            return None
        if isinstance(value, list) and not required:
            return "\n".join(flat(value, path.text))
        return as_text(value, path.text)

    return read


def _finder(text: TextFrom, *, required: bool) -> Texts:
    if text.value is not None:
        return lambda record: text.value
    if text.chat is not None:
        return _chat_finder(parse_path(text.chat), text.turn, required=required)
    if text.first:
        return _first_finder(text, [read_texts(part) for part in text.first], required=required)
    if text.join:
        return _join_finder(text, [text_reader(part) for part in text.join], required=required)
    path = parse_path(text.path or "")

    def find(record: Record) -> str | list[str] | None:
        value = path.get(record)
        if value is MISSING:
            if required:
                raise missing(path.text, record)
            return None
        if value is None:
            return None
        return flat(value, path.text) if isinstance(value, list) else word(value, path.text)

    return find


def _chat_finder(path: Path, turn: str, *, required: bool) -> Texts:
    def find(record: Record) -> str | None:
        value = path.get(record)
        if value is MISSING or value is None:
            if required:
                raise missing(path.text, record)
            return None
        return read_prompt(value, path.text).question if turn == "user" else read_reply(value, path.text)

    return find


def _first_finder(text: TextFrom, parts: list[Texts], *, required: bool) -> Texts:
    roots = [part for part in text.first or () if part.path or part.chat]

    def find(record: Record) -> str | list[str] | None:
        blank: str | list[str] | None = None
        for part in parts:
            found = part(record)
            if found is not None and found != [] and (isinstance(found, list) or found.strip()):
                return found
            blank = found if blank is None else blank
        if (
            required
            and blank is None
            and not any(parse_path(part.path or part.chat or "").root in record for part in roots)
        ):
            raise missing(spelled(text), record)
        return blank

    return find


def _join_finder(text: TextFrom, parts: list[Reader], *, required: bool) -> Texts:
    def find(record: Record) -> str | None:
        found = [part(record) for part in parts]
        if all(each is None for each in found):
            if required:
                raise missing(spelled(text), record)
            return None
        return text.between.join(each for each in found if each and each.strip())

    return find
