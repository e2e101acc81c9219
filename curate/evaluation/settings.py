"""What a person asks of an evaluation (`crossthink eval CONFIG.yaml`)."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from crossthink.config import Name, Settings
from curate.ask import Budget, ModelSettings
from curate.difficulty.settings import PromptName
from curate.solving.asking import Reading

SHIPPED = Path(__file__).parent / "configs"


class EvaluationConfig(Settings):
    """Which model, on which benchmarks, how often.

    The defaults are the paper's (arXiv 2504.13941, section 3): the mean of three greedy runs, the answer in a box.
    """

    name: Name
    benchmarks: str = "open-benchmarks"
    """A set of benchmarks: the name of a shipped one, or a YAML file."""
    only: list[Name] | None = Field(default=None, min_length=1)
    """Of the set, these benchmarks; by default all."""
    rows: dict[Name, str] = Field(default_factory=dict)
    """Of a benchmark that is published with other parts, the rows whose key has this in it: {mmlu: /test/}."""
    limit: int | None = Field(default=None, ge=1)
    """So many questions of each benchmark, those whose ids come first, which is as good as chance and the same everywhere."""
    model: ModelSettings | None = None
    """The command line may name it instead. Its temperature is 0 unless it says otherwise."""
    runs: int = Field(default=3, ge=1)
    """Responses to each question, each with a seed of its own."""
    prompt: PromptName = "solve"
    answers: Reading = "boxed"
    budget: Budget = Budget()

    @field_validator("model", mode="before")
    @classmethod
    def _greedy(cls, model: Any) -> Any:
        return {"temperature": 0, **model} if isinstance(model, dict) else model
