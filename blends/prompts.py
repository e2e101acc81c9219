"""From a variant to what a model sees and what it must answer.

Prompts are rendered once, here, and stored in the blend: training reads them and never builds its own. A pattern is cut at
its marks once, and the rows are put together column by column, those of each pattern apart.
"""

import re
from collections.abc import Sequence

import polars as pl

from blends.recipe import Prompt
from crossthink.files import digest
from curate.filters import LETTERS
from curate.templates import MCQ

Message = dict[str, str]
MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))

SHOWN = ("template", "question", "context", "options")
"""What of a row its prompt shows."""

_MARK = re.compile(r"\{(question|options)\}")


def render(prompt: Prompt, rows: pl.DataFrame) -> pl.Series:
    """Return the messages of each row.

    Args:
        prompt: the recipe's prompt.
        rows: with the columns `SHOWN`; a context goes before its question, and options show only under "mcq".
    """
    is_choice = pl.col("template") == MCQ
    numbered = rows.select(SHOWN).with_row_index("place")
    parts = [_contents(prompt.mcq, numbered.filter(is_choice)), _contents(prompt.open, numbered.filter(~is_choice))]
    messages = [_message("user", pl.col("content"))]
    if prompt.system:
        messages.insert(0, _message("system", pl.lit(prompt.system)))
    return pl.concat(parts).sort("place").select(prompt=pl.concat_list(messages)).to_series()


def _contents(pattern: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return `place` and `content`, what the user says, of rows of one pattern."""
    pieces = _MARK.split(pattern)  # texts, and between them the names of the marks
    context = pl.when(pl.col("context") != "").then(pl.concat_str("context", pl.lit("\n\n")))
    question = pl.concat_str(context, "question", ignore_nulls=True)
    options = lettered(rows["options"]) if "options" in pieces[1::2] else pl.lit("")
    return rows.select("place", question=question, options=options).select("place", content=_filled(pieces))


def lettered(options: pl.Series) -> pl.Series:
    """Return each list of options as lines that begin with "A. ", "B. ", ...; the empty text without options."""
    most = int(options.list.len().fill_null(0).to_numpy().max(initial=1))
    lines = [
        pl.concat_str(pl.lit(f"{letter}. "), pl.col("options").list.get(place, null_on_oob=True))
        for place, letter in enumerate(LETTERS[:most])
    ]
    listed = pl.DataFrame({"options": options})
    return listed.select(options=pl.concat_str(lines, separator="\n", ignore_nulls=True)).to_series()


def _filled(pieces: Sequence[str]) -> pl.Expr:
    """The pieces of a pattern with its marks replaced; braces are otherwise plain, there and in what replaces a mark."""
    return pl.concat_str([pl.col(piece) if place % 2 else pl.lit(piece) for place, piece in enumerate(pieces) if piece])


def _message(role: str, content: pl.Expr) -> pl.Expr:
    return pl.struct(role=pl.lit(role), content=content)


def prompt_digest(prompt: Prompt) -> str:
    """Return the digest of the prompt's wording."""
    return digest(prompt.model_dump())
