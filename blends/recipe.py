"""The recipe: what a person asks of a blend (`crossthink blend RECIPE.yaml`).

A component takes exactly one of: `all` of its rows once, a `proportion` of the blend, `repeat: n` epochs of its rows, or
`count: n` rows. Components nest: a group's rows are shared out among the components inside it. `split_by` splits a component
by a column, so that every source, say, is drawn, scheduled and reported on its own. A row belongs to the first component
that selects it. `docs/blends.md` has the whole language by example.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from blends.parameters import put_in
from blends.shares import REST, Bound, Epochs, Exponent, Proportion, Score, Share
from crossthink.config import Name, Settings
from crossthink.workspace import checked_name
from curate.items import Domain, Origin

Rule = Literal["shrink", "repeat", "reweight"]


Value = TypeVar("Value", bound=str)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _sorted(values: list[Value]) -> list[Value]:
    return sorted(set(values))


OneOf = Annotated[list[Value], AfterValidator(_sorted)]
"""Values whose order means nothing: sorted and each once, so that the digest does not depend on how they were written."""


class Select(Settings):
    """Which rows a component may draw: a row must match every key given; None takes all."""

    source: OneOf[str] | None = None
    domain: OneOf[Domain] | None = None
    origin: OneOf[Origin] | None = None
    subject: OneOf[str] | None = None
    template: OneOf[Literal["mcq", "open"]] | None = None
    answer_kind: OneOf[str] | None = None
    license: OneOf[str] | None = None
    language: OneOf[str] | None = None
    where: str | None = None
    """A SQL expression over the columns of a row; a row for which it is null is not selected."""


class RunScores(Settings):
    """Scores from the rollouts of earlier runs: the mean over a part's rows of what the responses to each row say.

    `mean_accuracy` is the mean share of right answers, `mean_variance` the mean of p(1 - p), which is large where a row is
    solved now and then: what GRPO learns from. Both are measures of this project, not of the paper.
    """

    runs: list[Name] = Field(min_length=1)
    measure: Literal["mean_accuracy", "mean_variance"]


class Difficulty(Settings):
    """How often models solve each item: difficulties of this workspace, a file of pass rates (CSV, Parquet, JSONL), or runs; or
    how hard a judge rates it.

    `keep` says which rows may be drawn; the others are left out and counted, and so are those that nobody measured.
    """

    name: Annotated[OneOf[Name], BeforeValidator(_listed)] | None = Field(default=None, min_length=1)
    """Difficulties that `crossthink difficulty` made: one, or several models'."""
    file: str | None = None
    model: str | None = None
    """Only the rows of the file with this `model`."""
    runs: list[Name] | None = Field(default=None, min_length=1)
    ratings: Name | None = None
    """Ratings that `crossthink rate` made."""
    keep: str | None = None
    """A SQL condition, such as `unsolved_by['small-model']` or `pass_rate BETWEEN 0.1 AND 0.9`."""
    unmeasured: Literal["leave_out", "keep"] = "leave_out"
    """Rows for which `keep` cannot be told."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [key for key in ("name", "file", "runs", "ratings") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected exactly one of 'name', 'file', 'runs' and 'ratings', found {' and '.join(given) or 'none'}"
            )
        if self.keep is None and self.unmeasured == "keep":
            raise ValueError("'unmeasured' says which rows stay beside those of 'keep', found no 'keep'")
        if self.model is not None and self.file is None:
            raise ValueError("'model' picks rows of a file; the runs are named themselves")
        return self


def _with_rest(parts: list["Component"]) -> list["Component"]:
    """Give the component whose proportion is "rest" what the others leave, where that is known before drawing."""
    resting = [part for part in parts if part.proportion == REST]
    if len(resting) > 1:
        raise ValueError(
            f"{resting[1].name}: 'rest' stands twice; one component of a level takes what the others leave"
        )
    if not resting or any(part.is_fixed for part in parts):
        return parts
    left = 1 - sum((part.share for part in parts), Fraction(0))
    if left <= 0:
        raise ValueError(f"{resting[0].name}: nothing is left for 'rest'; the others sum to {float(1 - left):g}")
    return [part.model_copy(update={"proportion": str(left)}) if part is resting[0] else part for part in parts]


class Component(Settings):
    """A part of the blend; inside a group, `proportion` is the share of the group."""

    name: Name
    proportion: Proportion | None = None
    all: Literal[True] | None = None
    repeat: Epochs | None = None
    """So many epochs of the component's rows; 2.5 gives every row twice and half of them once more."""
    count: int | None = Field(default=None, ge=1)
    """So many rows."""
    max_repeats: int | None = Field(default=None, ge=1)
    """How often one of its rows may appear; by default the recipe's `max_repeats`."""
    select: Select = Select()
    split_by: (
        Literal["source", "domain", "template", "subject", "origin", "license", "language", "answer_kind"] | None
    ) = None
    temperature: Exponent | None = None
    """The parts share by rows ** temperature: 1 by their rows, 0 equally."""
    scores: dict[str, Score] | str | RunScores | None = None
    """The parts share by these: a mapping, a file or shipped table, or what earlier runs say."""
    min_share: Bound | None = None
    max_share: Share | None = None
    """Bounds of every part's share of the component."""
    distinct: int | None = Field(default=None, ge=1)
    """Draw from so many rows only, the first of the draw's order; with `when_short: repeat` they fill the share."""
    components: Annotated[list["Component"], AfterValidator(_with_rest)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = [key for key in ("all", "proportion", "repeat", "count") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(map(repr, given)) or "none"
            raise ValueError(f"expected exactly one of 'all', 'proportion', 'repeat' and 'count', found {found}")
        if self.split_by and self.components:
            raise ValueError("expected 'split_by' or 'components', found both")
        if self.distinct and (self.split_by or self.components):
            raise ValueError("'distinct' counts the rows of one component; give it to the parts instead")
        self._check_weights()
        if self.components:
            self._check_group(given[0])
        return self

    def _check_weights(self) -> None:
        weights = [key for key in ("temperature", "scores") if getattr(self, key) is not None]
        bounds = [key for key in ("min_share", "max_share") if getattr(self, key) is not None]
        if (weights or bounds) and not self.split_by:
            raise ValueError(f"{(weights or bounds)[0]!r} weighs the parts of a component; it needs 'split_by'")
        if len(weights) == 2:
            raise ValueError("the parts share by 'temperature' or by 'scores', found both")
        if (weights or bounds) and (self.all or self.repeat):
            raise ValueError(f"{(weights or bounds)[0]!r} weighs parts, but here each part gives its own rows")
        if self.min_share and self.max_share and Fraction(self.min_share) > Fraction(self.max_share):
            raise ValueError(f"min_share {self.min_share} is more than max_share {self.max_share}")

    def _check_group(self, key: str) -> None:
        if key in ("all", "repeat"):
            raise ValueError(f"{key!r} says what each row does; give it to the components inside, not to their group")
        if self.max_repeats is not None:
            raise ValueError("'max_repeats' is a rule for rows; give it to the components inside")
        for part in self.components:
            if part.is_fixed:
                raise ValueError(f"{part.name}: the components of a group share its rows; give it a 'proportion'")
        _must_sum_to_one(self.components, f"the components of {self.name}")

    @property
    def is_fixed(self) -> bool:
        """Whether the rows are its own and no share of the blend: `all`, `repeat` or `count`."""
        return self.proportion is None

    @property
    def share(self) -> Fraction:
        """The proportion as an exact number; 0 for "rest" and for what is fixed."""
        return Fraction(0 if self.proportion in (None, REST) else self.proportion)


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


class Licenses(Settings):
    """Which licences may be in the blend: only those of `allow`, when given, and none of `deny`."""

    allow: OneOf[str] | None = None
    deny: OneOf[str] | None = None


class Holdout(Settings):
    """Items that no row comes from: those whose hash under (seed, item) is below `share`, with all of their variants."""

    share: Share
    max_rows: int | None = Field(default=None, ge=1)
    """Rows of the holdout file, the first of the hash order; the other held-out items stay out of the blend all the same."""
    seed: int = Field(default=0, ge=0)


class Order(Settings):
    """A curriculum: each component's rows come in the order of a SQL expression; nulls last, ties by the draw's order."""

    by: str
    descending: bool = False


class Stage(Settings):
    """A part of the run: a share of the batches, drawn from the rows that `where` holds for."""

    name: Name
    share: Share
    where: str | None = None


class Recipe(Settings):
    """What is asked of a blend.

    `size` is in rows; None draws as many as the rarest component allows. `when_short` says what happens when a component
    has fewer rows than its share: the blend shrinks, the component's rows repeat (at most `max_repeats` times; four
    epochs of repeated data train about as well as new data, arXiv 2305.16264), or the other components fill up.
    """

    name: Name
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict, exclude=True)
    presets: dict[str, dict[str, Any]] = Field(default_factory=dict, exclude=True)
    corpus: str = ""
    """Name of the corpus; the command line may give it instead."""
    size: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=128, ge=1)
    seed: int = Field(default=0, ge=0)
    when_short: Rule = "shrink"
    max_repeats: int = Field(default=4, ge=1)
    prompt: Prompt = Prompt()
    max_prompt_characters: int | None = Field(default=None, ge=1)
    """Rows with a longer prompt are left out; for a blend whose tokenizer is not known yet."""
    tokenizer: TokenizerSettings | None = None
    licenses: Licenses = Licenses()
    difficulty: Difficulty | None = None
    holdout: Holdout | None = None
    order: Order | None = None
    stages: list[Stage] = Field(default_factory=list)
    components: Annotated[list[Component], AfterValidator(_with_rest)] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _parameters(cls, raw: Any) -> Any:
        return put_in(raw) if isinstance(raw, Mapping) else raw

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        fixed = [part.name for part in self.components if part.is_fixed]
        resting = [part.name for part in self.components if part.proportion == REST]
        proportions = [part for part in self.components if not part.is_fixed]
        if not fixed:
            _must_sum_to_one(self.components, "the components")
        elif sum((part.share for part in proportions), Fraction(0)) >= 1:
            raise ValueError(
                f"{fixed[0]} has rows of its own, so the proportions of the others must sum to less than 1"
            )
        elif resting and self.size is None:
            raise ValueError(f"{resting[0]}: beside {fixed[0]} 'rest' is what is left of the size; give a 'size'")
        elif self.size is not None and not resting:
            raise ValueError(
                f"{fixed[0]} has rows of its own, so the size follows from it; remove 'size' or give one component"
                " 'proportion: rest'"
            )
        if self.when_short == "repeat" and self.size is None and not fixed:
            raise ValueError("when_short: repeat needs a 'size'")
        held = [part.name for part in _all(self.components) if part.max_share is not None]
        if held and self.when_short == "reweight":
            raise ValueError(
                f"{held[0]}: 'max_share' cannot hold with 'when_short: reweight', where parts fill up for others; take"
                " 'shrink' or 'repeat'"
            )
        if self.stages:
            self._check_stages(fixed)
        names = [part.name for part in _all(self.components)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"components: the name {twice[0]!r} stands twice")
        return self

    def siblings(self, number: int) -> list["Recipe"]:
        """Return the recipe with so many seeds, from its own on: NAME-seed0, NAME-seed1, ...

        Raises:
            UserError: a name with its seed is too long.
        """
        seeds = range(self.seed, self.seed + number)
        names = [checked_name(f"{self.name}-seed{seed}", "name of a sibling") for seed in seeds]
        return [self.model_copy(update={"name": name, "seed": seed}) for name, seed in zip(names, seeds, strict=True)]

    def _check_stages(self, fixed: list[str]) -> None:
        if fixed:
            raise ValueError(f"stages share out the run's batches, so {fixed[0]} needs a 'proportion'")
        if self.size is None:
            raise ValueError("stages share out the run's batches, so the recipe needs a 'size'")
        names = [stage.name for stage in self.stages]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"stages: the name {twice[0]!r} stands twice")
        total = sum((Fraction(stage.share) for stage in self.stages), Fraction(0))
        if abs(total - 1) > Fraction(1, 10**6):
            raise ValueError(f"the shares of the stages sum to {float(total):g}, expected 1")


def _must_sum_to_one(parts: list[Component], what: str) -> None:
    total = sum((part.share for part in parts), Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6):
        raise ValueError(f"the proportions of {what} sum to {float(total):g}, expected 1")


def _all(parts: list[Component]) -> Iterator[Component]:
    for part in parts:
        yield part
        yield from _all(part.components)
