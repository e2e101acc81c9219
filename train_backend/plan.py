"""The plan: what a person asks of training, in one YAML file.

A plan names a model, the stages it goes through and the machine it needs; the rows, their order and the batch size
belong to the manifest. At most one stage is `grpo`, and it comes last: the manifest's order is trained on once.

Defaults are the paper's (Nemotron-CrossThink, arXiv 2504.13941, section 3 and appendix: GRPO in veRL, learning rate
1e-6 constant, 8 rollouts, KL 0.001, temperature and top-p 1.0). What the paper leaves open says so where it stands.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from crossthink.config import Name, Settings, load_config

Override = str | int | float | bool | None
Positive = Annotated[int, Field(ge=1)]


class TinyModel(Settings):
    """A Qwen2 with random weights and a tokenizer trained on the blend's own text: no download, no knowledge."""

    vocabulary: int = Field(default=1024, ge=300)
    """Tokens of the byte-level BPE; 256 of them are the bytes."""
    layers: Positive = 2
    hidden: int = Field(default=128, ge=8)
    heads: Positive = 4
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.hidden % (2 * self.heads):
            raise ValueError(f"hidden: {self.hidden} is not a multiple of 2 x heads = {2 * self.heads}")
        return self


class Model(Settings):
    """The model that the first stage starts from: one on disk or on the Hugging Face hub, or a tiny one made here."""

    path: str | None = None
    tiny: TinyModel | None = None

    @model_validator(mode="after")
    def _is_one_model(self) -> Self:
        if (self.path is None) == (self.tiny is None):
            raise ValueError("expected exactly one of 'path' and 'tiny'")
        return self


class SupervisedStage(Settings):
    """A warm start on the manifest's own rows: each gold answer rendered as a response.

    Not in the paper, which starts from a base model that can already follow the format.
    """

    kind: Literal["sft"]
    steps: Positive
    batch_size: Positive
    learning_rate: float = Field(gt=0)
    max_length: Positive
    """Tokens of prompt and response together; a longer row stops the run."""
    with_solutions: bool = False
    """Whether a row's worked solution, where it has one, stands between the think tags."""


class GRPOStage(Settings):
    """Group-relative policy optimisation with the verifier as reward."""

    kind: Literal["grpo"]
    batch_size: Positive
    """Prompts of a step; must be the manifest's batch size (paper: 128)."""
    max_prompt_length: Positive
    max_response_length: Positive
    """The paper gives one limit for both, 5,000 tokens."""
    steps: Positive | None = None
    """Steps to run; by default the whole manifest (paper: 650)."""
    mini_batch_size: Positive | None = None
    """Prompts of one update; by default the batch, so one update a step (paper: 128 of 128)."""
    rollouts: int = Field(default=8, ge=2)
    learning_rate: float = Field(default=1e-6, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    kl_coefficient: float = Field(default=0.001, ge=0)
    """Weight of the k3 estimate of the KL to the start model, as a term of the loss; the paper does not say where."""
    clip_ratio: float = Field(default=0.2, gt=0, lt=1)
    """Not in the paper; PPO's and verl's default."""
    tokens_per_gpu: Positive = 16384
    """Tokens of one forward and backward pass on one device."""
    save_every: Positive | None = None
    """Steps between checkpoints; by default none is kept."""
    seed: int = Field(default=1, ge=0)
    overrides: dict[str, Override] = Field(default_factory=dict)
    """Settings of the backend itself, by its own names, applied last."""


Stage = Annotated[SupervisedStage | GRPOStage, Field(discriminator="kind")]


class Resources(Settings):
    platform: Literal["cpu", "cuda"]
    """`cpu` is a test platform: it shows that the machinery works and nothing about speed or scale."""
    nodes: Positive = 1
    gpus_per_node: Positive = 1
    tensor_parallel: Positive = 1
    stall_seconds: float = Field(default=1800, gt=0)
    """A stage that neither scores a response nor finishes a step for so long is ended; starting up counts."""

    @model_validator(mode="after")
    def _a_cpu_is_one_device(self) -> Self:
        if self.platform == "cpu" and (self.nodes, self.gpus_per_node, self.tensor_parallel) != (1, 1, 1):
            raise ValueError(
                "platform: 'cpu' is one process on one machine; leave nodes, gpus_per_node and the rest out"
            )
        return self


class Reward(Settings):
    """R = accuracy AND format, binary (paper, section 2.4)."""

    timeout_seconds: float = Field(default=5.0, gt=0)
    """Wall clock for one comparison; a timeout scores 0 and is counted apart from a wrong answer."""


class Plan(Settings):
    name: Name
    backend: str = "verl"
    model: Model
    stages: list[Stage] = Field(min_length=1)
    resources: Resources
    reward: Reward = Reward()

    @field_validator("stages")
    @classmethod
    def _kinds_are_in_order(cls, stages: list[Stage]) -> list[Stage]:
        kinds = [stage.kind for stage in stages]
        if kinds not in (["sft"], ["grpo"], ["sft", "grpo"]):
            raise ValueError(f"expected one sft stage, one grpo stage, or sft then grpo; found {', '.join(kinds)}")
        return stages

    @property
    def grpo(self) -> GRPOStage | None:
        """The reinforcement stage, if the plan has one."""
        return next((stage for stage in self.stages if isinstance(stage, GRPOStage)), None)


SHIPPED = Path(__file__).parent / "plans"


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UserError: the file is missing or does not fit; one line per fault.
    """
    return load_config(path, Plan)
