"""What a person asks of synthesis (`crossthink synthesize CONFIG.yaml`): what to start from, which models, how answers are voted."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from crossthink.config import Name, Settings, load_config
from crossthink.errors import listing, nearest
from curate.ask import Budget, ModelSettings
from curate.items import Domain

SHIPPED = Path(__file__).parent / "configs"


class Documents(Settings):
    """Text and Markdown files, cut into chunks."""

    files: list[str] = Field(min_length=1)
    """Paths or globs, relative to the configuration's `root`."""
    chunk_characters: int = Field(default=4000, ge=200)
    """At most; about a thousand tokens."""


class Topic(Settings):
    topic: str = Field(min_length=1)
    subtopics: list[str] = Field(default_factory=list)


class Personas(Settings):
    """Who a problem is made up for (Persona Hub, arXiv 2406.20094), and the skills that it needs."""

    files: list[str] = Field(min_length=1)
    """Text with a persona on each line, or JSON lines with the key `persona`."""
    skills: list[str] = Field(min_length=1)
    skills_each: int = Field(default=1, ge=1)
    """How many of the skills each persona meets; which, is decided by hash."""

    @model_validator(mode="after")
    def _enough_skills(self) -> Self:
        if self.skills_each > len(set(self.skills)):
            raise ValueError(
                f"skills_each: expected at most the {len(set(self.skills))} skills, found {self.skills_each}"
            )
        return self


class Questions(Settings):
    """What is asked for: questions with options, or with a short answer."""

    form: Literal["options", "short_answer"] = "options"
    options: int = Field(default=4, ge=2, le=26)
    each: int = Field(default=3, ge=1, le=50)
    """Questions in one reply."""
    replies: int = Field(default=1, ge=1)
    """Independent replies of each request."""
    difficulties: list[str] = Field(default_factory=list)
    """One request for each; empty: none is named."""

    @property
    def option_count(self) -> int | None:
        return self.options if self.form == "options" else None


class Votes(Settings):
    """The answer is what most of `solutions` independent solutions say; DeepMath takes three (arXiv 2504.11456)."""

    solutions: int = Field(default=3, ge=1)
    fewest: int = Field(default=2, ge=1)
    """Solutions that must state an answer."""
    least_share: float = Field(default=0, ge=0, le=1)
    """Of the votes, that the winner must have; 1 keeps only what is unanimous."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.fewest > self.solutions:
            raise ValueError(f"fewest: expected at most the {self.solutions} solutions, found {self.fewest}")
        return self


class ToMcq(Settings):
    """Open questions get wrong options."""

    operator: Literal["to_mcq"]
    options: int = Field(default=4, ge=2, le=26)
    spare: int = Field(default=3, ge=0)
    """Wrong options asked for beyond those needed, since some turn out right or alike."""
    seed: int = 0
    """Of the order of the options."""


class ToOpen(Settings):
    """Questions whose stem needs its options are worded so that they stand without."""

    operator: Literal["to_open"]


class Rephrase(Settings):
    """Questions in other words, with their gold."""

    operator: Literal["rephrase"]


class ContrastOptions(Settings):
    """Each option gets an explanation of why it is right or wrong (Rephrase and Contrast, arXiv 2409.19007)."""

    operator: Literal["contrast"]


class Permute(Settings):
    """Options in another order; asks no model."""

    operator: Literal["permute"]
    gold_positions: Literal["balanced", "random"] = "balanced"
    """balanced: every position holds equally many golds, to within one; random: each order is as likely."""
    in_doubt: Literal["keep", "drop"] = "keep"
    """What happens to a question whose options cannot change places for certain."""
    seed: int = 0


Operator = Annotated[ToMcq | ToOpen | Rephrase | ContrastOptions | Permute, Field(discriminator="operator")]
OPERATORS = ("to_mcq", "to_open", "rephrase", "contrast", "permute")


class Rewrite(Settings):
    """A corpus's items in another form."""

    corpus: Name
    sources: list[str] | None = None
    """Names of sources of the corpus; None: all."""
    by: Operator

    @field_validator("by", mode="before")
    @classmethod
    def _operator_is_known(cls, by: object) -> object:
        named = by.get("operator") if isinstance(by, dict) else None
        if named not in OPERATORS:
            near = nearest(str(named), OPERATORS)
            raise ValueError(f"operator {named!r} is not known.{near} There are: {listing(OPERATORS)}")
        return by


class SynthesisConfig(Settings):
    """A synthetic source: its name, exactly one of documents, topics, personas and rewrite, and how."""

    name: Name
    root: str = "."
    """Folder that files are relative to; itself relative to the configuration file."""
    documents: Documents | None = None
    topics: list[Topic] | None = Field(default=None, min_length=1)
    personas: Personas | None = None
    rewrite: Rewrite | None = None
    questions: Questions | None = None
    """Of documents, topics and personas; personas get short answers."""
    writer: ModelSettings | None = None
    """Writes questions, or rewrites them."""
    solver: ModelSettings | None = None
    """Solves what was written; None: the writer does."""
    votes: Votes | None = None
    budget: Budget = Budget()
    domain: Domain | None = None
    """Of new questions; None: math for personas, else general reasoning."""
    license: str = "unknown"
    """Of new questions; a rewritten item keeps its own."""
    language: str = "en"

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        kinds = ("documents", "topics", "personas", "rewrite")
        given = [key for key in kinds if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected exactly one of documents, topics, personas and rewrite, found {' and '.join(given) or 'none'}"
            )
        topics = [(each.topic, subtopic) for each in self.topics or () for subtopic in each.subtopics or ("",)]
        if twice := [" / ".join(filter(None, each)) for each in topics if topics.count(each) > 1]:
            raise ValueError(f"topics: {twice[0]!r} stands twice")
        if self.rewrite:
            self._check_rewrite(self.rewrite)
        elif self.writer is None:
            raise ValueError(f"writer: {given[0]} need a model that writes the questions")
        if self.personas and self.questions and self.questions.form == "options":
            raise ValueError("questions.form: personas make problems with a short answer, found 'options'")
        return self

    def _check_rewrite(self, rewrite: Rewrite) -> None:
        idle = [key for key in ("questions", "solver", "votes", "domain") if getattr(self, key) is not None]
        operator = rewrite.by.operator
        if operator == "permute" and self.writer is not None:
            idle.append("writer")
        if operator != "permute" and self.writer is None:
            raise ValueError(f"writer: {operator} needs a model")
        if idle:
            raise ValueError(f"{idle[0]}: {operator} has no use for it")

    @property
    def asked_questions(self) -> Questions:
        """What is asked of the writer."""
        return self.questions or Questions(form="short_answer" if self.personas else "options")

    @property
    def voting(self) -> Votes:
        return self.votes or Votes()


def load_synthesis(path: Path, root: Path | None = None) -> tuple[SynthesisConfig, Path]:
    """Read a synthesis's configuration; return it with the folder that its files are relative to.

    Args:
        path: the YAML file.
        root: a folder that takes the place of the configuration's own `root`.

    Raises:
        UserError: the file is missing or faulty.
    """
    config = load_config(path, SynthesisConfig)
    return config, root if root is not None else path.parent / config.root
