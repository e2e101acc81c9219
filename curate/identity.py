"""Identity: the same question has the same id wherever it came from and whatever machine computed it.

An item's id is a hash of its *normalised* question, context, options and images (`curate.normal`). The gold is not part of
it, so two sources that disagree about an answer meet under one id and the conflict can be seen; neither are the source,
nor the order of the options. A variant's id is a hash of its item's and of its template.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash as plh
import pyarrow as pa

from curate.normal import normalise
from curate.normal_forms import normal_forms

_HEX = 32
"""Characters of an id."""


def item_id(
    question: str, context: str | None = None, options: Sequence[str] | None = None, images: Iterable[str] = ()
) -> str:
    """Return the identity of a question: 128 bits of SHA-256, in hex.

    Args:
        question: text as the source has it.
        context: a passage or table that the question needs.
        options: in any order; None for an open question.
        images: what stands for each image, in order: its SHA-256, or "path:PATH" where only its name is known.
    """
    shown = None if options is None else map(normalise, options)
    return _identity(normalise(question), normalise(context or ""), shown, images)


def item_ids(items: pl.DataFrame) -> pl.Series:
    """Return `item_id` of each row; options that come again are normalised once.

    Args:
        items: the columns question, context, options (lists of text) and images (lists of structs with sha256).
    """
    parts = pl.DataFrame(
        {
            "question": normal_forms(items["question"]),
            "context": _shown_contexts(items["context"]),
            "has_options": items["options"].is_not_null(),
            "options": _shown_options(items["options"]),
            "images": _shown_images(items["images"]),
        }
    )
    length = {name: pl.col(name).str.len_chars() for name in ("question", "context")}
    shows_options = pl.when("has_options").then(pl.lit("1:o")).otherwise(pl.lit(""))
    framed = parts.select(
        pl.format(
            "1:q{}:{}1:c{}:{}{}{}1:i{}",
            *(length["question"], "question", length["context"], "context", shows_options, "options", "images"),
        )
    ).to_series()
    return _hashed_each(framed).alias("item_id")


def row_ids(variants: pl.DataFrame) -> pl.Series:
    """Return the identity of each variant, an item under a question template: of the columns item_id and template."""
    return _hashed_each(variants.select(pl.format("{}/{}", "item_id", "template")).to_series()).alias("row_id")


def _shown_contexts(contexts: pl.Series) -> pl.Series:
    shown = pl.Series([""], dtype=pl.String).new_from_index(0, len(contexts))
    places = contexts.is_not_null().arg_true()
    return shown.scatter(places, normal_forms(contexts.gather(places))) if len(places) else shown


def _shown_options(options: pl.Series) -> pl.Series:
    """What the options of each row are hashed as, in the order of their normal forms; "" for a row without."""
    counts = options.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = options.filter(pl.Series(counts > 0)).explode()
    encoded = flat.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    forms = normal_forms(pl.Series(encoded.dictionary, dtype=pl.String))
    ordered = forms.to_frame("form").with_row_index("place").sort("form", multithreaded=False)
    rank = np.empty(len(forms), np.int64)
    rank[ordered["place"].to_numpy()] = np.arange(len(forms))
    of_row = np.repeat(np.arange(len(counts)) * len(forms), counts)
    ranks = np.sort(of_row + rank[pl.Series(encoded.indices).to_numpy()]) - of_row
    form = pl.col("form")
    framed = ordered.select(pl.concat_str(form.str.len_chars(), pl.lit(":"), form)).to_series()
    return _joined(framed.gather(ranks), np.concatenate([[0], np.cumsum(counts)]))


def _joined(texts: pl.Series, ends: npt.NDArray[np.int64]) -> pl.Series:
    """The texts from each end to the next as one: it is only the borders between them that go."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    borders = np.frombuffer(offsets, np.int64)[array.offset :][ends]
    return pl.Series(pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(borders), data))


def _shown_images(images: pl.Series) -> pl.Series:
    """What the images of each row are hashed as."""
    shown = pl.Series([""], dtype=pl.String).new_from_index(0, len(images))
    places = images.is_not_null().arg_true()
    return shown.scatter(places, [_framed(map(_look, each)) for each in images.gather(places).to_list()])


def _look(image: dict[str, str | None]) -> str:
    return f"path:{image['path']}" if image["sha256"] is None else image["sha256"]


def _framed(texts: Iterable[str]) -> str:
    return "".join([f"{len(text)}:{text}" for text in texts])


def _identity(question: str, context: str, options: Iterable[str] | None, images: Iterable[str]) -> str:
    """Hash normalised parts, each with its length before it, so that no two questions are framed alike."""
    shown = "" if options is None else "1:o" + _framed(sorted(options))
    framed = f"1:q{len(question)}:{question}1:c{len(context)}:{context}{shown}1:i{_framed(images)}"
    return hashlib.sha256(framed.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX]


def _hashed_each(texts: pl.Series) -> pl.Series:
    """The same hash of each text."""
    hashed = plh.col(texts.name).chash.sha2_256().str.head(_HEX)
    return texts.to_frame().select(hashed).to_series()
