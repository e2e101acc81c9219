"""The recipe: what a person asks of a blend (`crossthink blend RECIPE.yaml`).

A component takes either `all` of its rows once, or a `proportion` of the blend. Components nest: a group's proportion is
shared out among the components inside it. `split_by` splits a component by a column, each part in proportion to its rows,
so that every source is drawn, scheduled and reported on its own. A row belongs to the first component that selects it.
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from crossthink.config import Name, Settings
from curate.items import Domain, Origin

_SHARE = re.compile(r"[-+0-9./]{1,200}([eE][-+]?[0-9]{1,2})?")
"""What may be a share; longer numbers and larger exponents would take Fraction seconds, hours or all memory."""


def _share(value: Any) -> str:
    """Return a share as an exact fraction in text: "2/3" stays, 0.66 becomes "33/50"."""
    text = str(value).strip()
    try:
        if not _SHARE.fullmatch(text):
            raise ValueError
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        found = value if len(text) <= 40 else f"{text[:40]}..."
        raise ValueError(f"expected a share such as 0.5 or 2/3, found {found!r}") from None
    if not 0 < share <= 1:
        raise ValueError(f"expected a share above 0 and at most 1, found {value}")
    return str(share)


Share = Annotated[str, BeforeValidator(_share)]


class Select(Settings):
    """Which rows a component may draw: a row must match every key given; None takes all."""

    source: list[str] | None = None
    domain: list[Domain] | None = None
    origin: list[Origin] | None = None
    subject: list[str] | None = None
    template: list[Literal["mcq", "open"]] | None = None
    answer_kind: list[str] | None = None


class Component(Settings):
    """A part of the blend; inside a group, `proportion` is the share of the group."""

    name: Name
    proportion: Share | None = None
    all: Literal[True] | None = None
    select: Select = Select()
    split_by: Literal["source", "domain", "template", "subject"] | None = None
    distinct: int | None = Field(default=None, ge=1)
    """Draw from so many rows only, the first of the draw's order; with `when_short: repeat` they fill the share."""
    components: list["Component"] = Field(default_factory=list)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.proportion is None) == (self.all is None):
            raise ValueError("expected exactly one of 'proportion' and 'all'")
        if self.split_by and self.components:
            raise ValueError("expected 'split_by' or 'components', found both")
        if self.distinct and (self.split_by or self.components):
            raise ValueError("'distinct' counts the rows of one component; give it to the parts instead")
        if self.components:
            if self.all:
                raise ValueError("'all' takes every row once, so it cannot share them out among components")
            if inside := [part.name for part in self.components if part.all]:
                raise ValueError(f"{inside[0]} takes 'all' inside a group with a proportion; give it a proportion")
            _must_sum_to_one(self.components, f"the components of {self.name}")
        return self

    @property
    def share(self) -> Fraction:
        """The proportion as an exact number; 0 for a component that takes all."""
        return Fraction(self.proportion or 0)


class Prompt(Settings):
    """The messages that a model sees. `{question}` and `{options}` are replaced, in one pass; braces are otherwise plain.

    The format asked for is the paper's reward (arXiv 2504.13941, section 2): reasoning in think tags, the answer boxed,
    and the short form of a multiple-choice answer, the letter alone, which trained best there (+1.20).
    """

    system: str | None = None
    mcq: str = (
        "{question}\n\n{options}\n\n"
        "Reason inside <think> and </think>, then give the letter of the right option in \\boxed{}."
    )
    open: str = "{question}\n\nReason inside <think> and </think>, then give the final answer in \\boxed{}."

    @model_validator(mode="after")
    def _shows_the_question(self) -> Self:
        for key, needed in (("mcq", ("{question}", "{options}")), ("open", ("{question}",))):
            for mark in needed:
                if mark not in getattr(self, key):
                    raise ValueError(f"{key}: the prompt has no {mark}")
        return self


class TokenizerSettings(Settings):
    """The training tokenizer; rows whose prompt is longer than `max_prompt_tokens`, chat template included, are left out."""

    path: str
    max_prompt_tokens: int = Field(ge=1)


class Recipe(Settings):
    """What is asked of a blend.

    `size` is in rows; None draws as many as the rarest component allows. `when_short` says what happens when a component
    has fewer rows than its share: the blend shrinks, the component's rows repeat (at most `max_repeats` times; four
    epochs of repeated data train about as well as new data, arXiv 2305.16264), or the other components fill up.
    """

    name: Name
    description: str = ""
    corpus: str = ""
    """Name of the corpus; the command line may give it instead."""
    size: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=128, ge=1)
    seed: int = Field(default=0, ge=0)
    when_short: Literal["shrink", "repeat", "reweight"] = "shrink"
    max_repeats: int = Field(default=4, ge=1)
    prompt: Prompt = Prompt()
    max_prompt_characters: int | None = Field(default=None, ge=1)
    """Rows with a longer prompt are left out; for a blend whose tokenizer is not known yet."""
    tokenizer: TokenizerSettings | None = None
    components: list[Component] = Field(min_length=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        fixed = [part.name for part in self.components if part.all]
        if not fixed:
            _must_sum_to_one(self.components, "the components")
        elif Fraction(sum(part.share for part in self.components)) >= 1:
            raise ValueError(
                f"{fixed[0]} takes all of its rows, so the proportions of the others must sum to less than 1"
            )
        elif self.size is not None:
            raise ValueError(f"{fixed[0]} takes all of its rows, so the size follows from it; remove 'size'")
        if self.when_short == "repeat" and self.size is None and not fixed:
            raise ValueError("when_short: repeat needs a 'size'")
        names = list(_names(self.components))
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"components: the name {twice[0]!r} stands twice")
        return self


def _must_sum_to_one(parts: list[Component], what: str) -> None:
    total = sum((part.share for part in parts), Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6):
        raise ValueError(f"the proportions of {what} sum to {float(total):g}, expected 1")


def _names(parts: list[Component]) -> list[str]:
    return [name for part in parts for name in (part.name, *_names(part.components))]
