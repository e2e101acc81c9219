"""A mapping by whole batches of a columnar file: what `draft` says of each row, said by expressions of Polars.

The promise is one of equality: a row that is not `bad` has here what `draft` gives for the same record, `extra` as the JSON
text of it. A `bad` row is one that expressions do not settle: `draft` names what is wrong with it, or drafts it after all
(a number with a decimal point, a list where others have text). Mappings that need each row by itself have no such form.
"""

import json
import string
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from curate.items import Domain
from curate.sources.fields import Gold, OptionsFrom, TextFrom
from curate.sources.mapping import DomainFrom, Mapping
from curate.sources.paths import Path, parse_path

if TYPE_CHECKING:  # loads with the first batch
    import polars as pl

COLUMNS = (
    *("question", "answer", "options", "answer_index", "key", "subject", "context", "domain", "origin", "answer_kind"),
    *("extra", "bad"),
)
"""As in `Draft`: options is a list of texts, answer_index a 32-bit integer, bad a boolean, and the others are texts. A null
domain or origin is the adapter's; question is null only where bad."""

SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""What `str.strip` takes off."""
_ESCAPED = r'["\\\x00-\x1f]'
"""What JSON writes otherwise than it is."""


class _Text(NamedTuple):
    value: "pl.Expr"
    unsettled: "pl.Expr"
    """Whether there is a value that is no text and no whole number."""
    is_there: bool
    """Whether the file has the column at all."""


def vectorise(mapping: Mapping) -> "Callable[[pl.DataFrame], pl.DataFrame] | None":
    """Return the function from a batch to a frame of `COLUMNS`, or None where the mapping needs each row by itself."""
    texts = [mapping.question, mapping.answer, mapping.context, mapping.subject, mapping.key, *mapping.extra.values()]
    option = mapping.options[0] if mapping.options else None
    is_simple = (
        mapping.layout == "records"
        and mapping.solutions is None
        and mapping.images is None
        and (mapping.answer_kind is None or mapping.answer_kind.path is None)
        and all(text is None or (_is_plain(text) and text.chat is None) for text in texts)
        and (mapping.answer is None or mapping.answer.gold is not Gold.LABEL)
        and len(mapping.options or []) <= 1
        and (option is None or {"path", "columns"} >= option.model_fields_set)
    )
    paths = [text.path for text in texts if text and text.path]
    paths += [option.path] if option and option.path else option.columns if option and option.columns else []
    if not is_simple or any(not isinstance(step, str) for path in paths for step in parse_path(path).steps):
        return None
    return lambda frame: _drafts(frame, mapping)


def _is_plain(text: TextFrom) -> bool:
    return text.model_fields_set <= {"path", "value", "gold"}


def _drafts(frame: "pl.DataFrame", mapping: Mapping) -> "pl.DataFrame":
    import polars as pl

    from curate.sources.texts import used_keys

    question = _text(frame, mapping.question)
    answer = _text(frame, mapping.answer)
    others = {name: _text(frame, getattr(mapping, name)) for name in ("key", "subject", "context")}
    options, odd_options = _options(frame, mapping.options[0] if mapping.options else None)
    extra = {name: _text(frame, text) for name, text in mapping.extra.items()}
    domain, odd_domain = _domain(frame, mapping.domain)
    bad = question.value.is_null() | pl.lit(not answer.is_there) | odd_options | odd_domain
    for text in (question, answer, *others.values(), *extra.values()):
        bad |= text.unsettled
    drafts = frame.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),  # gives constants the height of the batch
        question.value.alias("question"),
        answer.value.alias("answer"),
        options.alias("options"),
        *(text.value.alias(name) for name, text in others.items()),
        domain.alias("domain"),
        _none(pl.String).alias("origin"),
        bad.alias("bad"),
        **{f"extra.{name}": text.value for name, text in extra.items()},
    )
    drafts = _with_gold(drafts, mapping.answer.gold if mapping.answer else Gold.TEXT)
    kind = pl.lit(mapping.answer_kind.value if mapping.answer_kind else None, pl.String)
    return drafts.with_columns(
        pl.when(pl.col("options").is_null()).then(kind).alias("answer_kind"),
        _extra(frame, used_keys(mapping), drafts, mapping).alias("extra"),
    ).select(COLUMNS)


def _none(dtype: Any) -> "pl.Expr":
    import polars as pl

    return pl.lit(None, dtype)


def _column(frame: "pl.DataFrame", path: Path) -> "tuple[pl.Expr, Any] | None":
    """Return the column that a path leads to, through structs, with its type; None when it is not there."""
    import polars as pl

    if path.root not in frame.columns:
        return None
    found: pl.Expr = pl.col(path.root)
    dtype: Any = frame.schema[path.root]
    for step in path.steps[1:]:
        fields = {field.name: field.dtype for field in dtype.fields} if isinstance(dtype, pl.Struct) else {}
        if step not in fields:
            return None
        found, dtype = found.struct.field(str(step)), fields[step]
    return found, dtype


def _text(frame: "pl.DataFrame", text: TextFrom | None) -> _Text:
    import polars as pl

    if text is None or text.path is None:
        return _Text(pl.lit(text.value if text else None, pl.String), pl.lit(False), True)
    found = _column(frame, parse_path(text.path))
    if found is None:
        return _Text(_none(pl.String), pl.lit(False), False)
    column, dtype = found
    if _is_texty(dtype):
        return _Text(column.cast(pl.String), pl.lit(False), True)
    return _Text(_none(pl.String), column.is_not_null(), True)


def _is_texty(dtype: Any) -> bool:
    import polars as pl

    return bool(dtype == pl.String or dtype.is_integer() or dtype == pl.Null or dtype in (pl.Categorical, pl.Enum))


def _options(frame: "pl.DataFrame", options: OptionsFrom | None) -> "tuple[pl.Expr, pl.Expr]":
    """Return the options, null for an open question, and whether they are unsettled."""
    import polars as pl

    texts = pl.List(pl.String)
    if options is None:
        return _none(texts), pl.lit(False)
    if options.path is not None:
        found = _column(frame, parse_path(options.path))
        if found is None or found[1] == pl.Null:
            return _none(texts), pl.lit(False)
        column, dtype = found
        if not isinstance(dtype, pl.List) or not _is_texty(dtype.inner):
            return _none(texts), column.is_not_null()
        return column.cast(texts).list.eval(pl.element().fill_null("")), pl.lit(False)
    cells = [_text(frame, TextFrom(path=path)) for path in options.columns or ()]
    if not any(cell.is_there for cell in cells):
        return _none(texts), pl.lit(False)
    has = [cell.value.is_not_null() for cell in cells]
    count = pl.max_horizontal(pl.when(there).then(place).otherwise(0) for place, there in enumerate(has, 1))
    gap = count != pl.sum_horizontal(there.cast(pl.Int32) for there in has)
    return (
        pl.concat_list([cell.value for cell in cells]).list.head(count),
        gap | pl.any_horizontal([cell.unsettled for cell in cells]),
    )


def _domain(frame: "pl.DataFrame", domain: DomainFrom) -> "tuple[pl.Expr, pl.Expr]":
    import polars as pl

    if domain.path is None:
        return _none(pl.String), pl.lit(False)
    text = _text(frame, TextFrom(path=domain.path))
    words = [word.lower() for word in domain.math or ()]
    is_math = text.value.str.to_lowercase().str.contains_any(words).fill_null(value=False)
    return pl.when(is_math).then(pl.lit(str(Domain.MATH))).otherwise(pl.lit(str(Domain.GPR))), text.unsettled


def _with_gold(drafts: "pl.DataFrame", gold: Gold) -> "pl.DataFrame":
    """Add `answer_index`, and put the text of the gold option in place of what names it."""
    import polars as pl

    from curate.sources.choices import LETTER

    answer, options = pl.col("answer").str.strip_chars(SPACES), pl.col("options")
    count = options.list.len()
    named = _none(pl.Int32)
    if gold is Gold.LETTER:
        letter = answer.str.extract(f"^{LETTER}$").str.to_uppercase()
        named = letter.replace_strict(list(string.ascii_uppercase), range(26), default=None, return_dtype=pl.Int32)
    elif gold is not Gold.TEXT:
        named = answer.str.extract("^([0-9]{1,9})$").cast(pl.Int32) - int(gold is Gold.ONE_BASED)
    place = pl.when((named >= 0) & (named < count)).then(named)
    drafts = drafts.with_columns(place.cast(pl.Int32).alias("answer_index"))
    if gold in (Gold.TEXT, Gold.LETTER):
        drafts = drafts.with_columns(pl.col("answer_index").fill_null(_places_by_text(drafts)))
    is_empty = count == 0
    is_broken = is_empty & answer.str.contains(f"^{LETTER}$") if gold is not Gold.TEXT else pl.lit(False)
    as_stated = pl.col("answer") if gold is Gold.TEXT else pl.when(count > 0).then(answer).otherwise(pl.col("answer"))
    return drafts.with_columns(
        pl.coalesce(options.list.get(pl.col("answer_index"), null_on_oob=True), as_stated).alias("answer"),
        pl.when(~is_empty | is_broken.fill_null(value=False)).then(options).alias("options"),
    )


def _places_by_text(drafts: "pl.DataFrame") -> "pl.Series":
    """Return the place of the first option whose text is the answer's, by row."""
    import numpy as np
    import polars as pl

    has_place = drafts["answer_index"].is_null() & (drafts["options"].list.len() > 0)
    asked = (has_place & (drafts["answer"] != "")).arg_true()
    options, answers = drafts["options"].gather(asked), drafts["answer"].gather(asked).str.strip_chars(SPACES)
    counts = options.list.len().to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(counts)), counts)
    is_gold = (options.explode().str.strip_chars(SPACES) == answers.gather(rows)) & (answers != "").gather(rows)
    found = is_gold.arg_true().to_numpy()
    first = found[np.diff(rows[found], prepend=-1) > 0]
    places = first - (np.cumsum(counts) - counts)[rows[first]]
    unknown = pl.Series("found", [None], pl.Int32).new_from_index(0, drafts.height)
    return unknown.scatter(asked.gather(rows[first]), pl.Series(places, dtype=pl.Int32))


def _extra(frame: "pl.DataFrame", used: frozenset[str], drafts: "pl.DataFrame", mapping: Mapping) -> "pl.Series":
    """Return the JSON text of what the rows have besides, null where that is nothing."""
    import polars as pl

    parts = {name: frame.get_column(name) for name in frame.columns if name not in used}
    parts |= {name: drafts.get_column(f"extra.{name}") for name in mapping.extra}
    if mapping.missing:
        parts["missing"] = pl.Series([str(mapping.missing)]).new_from_index(0, frame.height)
    if not parts:
        return pl.Series("extra", [None] * frame.height, pl.String)
    values, quotes = zip(*map(_encoded, parts.values()), strict=True)
    columns = pl.DataFrame([each.alias(str(place)) for place, each in enumerate(values)])
    members = [
        [pl.lit(_member(name) + quote), pl.col(str(place)), pl.lit(quote)]
        for place, (name, quote) in enumerate(zip(parts, quotes, strict=True))
    ]
    if not any(each.null_count() for each in values):
        opened = ([pl.lit(", " if place else "{"), *member] for place, member in enumerate(members))
        return columns.select(pl.concat_str(*chain.from_iterable(opened), pl.lit("}"))).to_series()
    joined = pl.concat_str(map(pl.concat_str, members), separator=", ", ignore_nulls=True)
    has_any = pl.any_horizontal(pl.all().is_not_null())
    return columns.select(pl.when(has_any).then(pl.concat_str(pl.lit("{"), joined, pl.lit("}")))).to_series()


def _encoded(values: "pl.Series") -> "tuple[pl.Series, str]":
    """Return values as JSON writes them, null for a blank one, and the mark that is still to stand around each."""
    import polars as pl

    from curate.readers.columnar import json_value

    if values.dtype == pl.String:
        is_blank = values == ""
        there = values.set(is_blank, None) if is_blank.any() else values
        if not there.str.contains(_ESCAPED).any():
            return there, '"'
        written = pl.struct("v").struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
        return there.to_frame("v").select(pl.when(pl.col("v").is_not_null()).then(written)).to_series(), ""
    if values.dtype.is_integer() or values.dtype in (pl.Boolean, pl.Null):
        return values.cast(pl.String), ""
    read = [json_value(value) for value in values.to_arrow().to_pylist()]
    return pl.Series([None if value in (None, "") else _json(value) for value in read], dtype=pl.String), ""


def _member(name: str) -> str:
    return f"{_json(name)}: "


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
