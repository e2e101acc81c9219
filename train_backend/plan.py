"""The plan: what a person asks of training, in one YAML file.

A plan names a model, the stages it goes through and the machine it needs; the rows, their order and the batch size
belong to the manifest. Each stage starts from the model that the one before it ended with. All grpo stages together read
the manifest's order once, from the top: each takes up where the one before it stopped. `repeat` stands for a group of
stages that is gone through several times.

Defaults are the paper's (Nemotron-CrossThink, arXiv 2504.13941, section 3 and appendix: GRPO in veRL, learning rate
1e-6 constant, 8 rollouts, KL 0.001 by the k3 estimate, temperature and top-p 1.0). What the paper leaves open says so
where it stands, here and in the shipped plans.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from crossthink.config import Name, Settings, load_config
from train_backend.reward.settings import Reward

Override = str | int | float | bool | None
Positive = Annotated[int, Field(ge=1)]

OWN_FOLDERS = {"attempts", "model"}
"""Folders of a run beside those of its stages."""


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
    name: Name | None = None
    """Folder of the stage in the run; by default its kind, numbered when the plan has several."""
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
    name: Name | None = None
    """Folder of the stage in the run; by default its kind, numbered when the plan has several."""
    batch_size: Positive
    """Prompts of a step; must be the manifest's batch size (paper: 128)."""
    max_prompt_length: Positive
    max_response_length: Positive
    max_total_length: Positive | None = None
    """Tokens of prompt and response together, when that is less than both limits (paper: 5,000)."""
    steps: Positive | None = None
    """Steps to run; by default all that is left of the manifest (paper: 650, and 250 for a single source)."""
    mini_batch_size: Positive | None = None
    """Prompts of one update; by default the batch, so one update a step (paper: 128 of 128)."""
    rollouts: int = Field(default=8, ge=2)
    learning_rate: float = Field(default=1e-6, gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    """Steps until the learning rate is reached; the paper's is constant."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Not in the paper; verl's default."""
    gradient_clip: float = Field(default=1.0, gt=0)
    """Not in the paper; verl's default."""
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    kl_coefficient: float = Field(default=0.001, ge=0)
    kl_in: Literal["loss", "reward"] = "loss"
    """Where the KL to the start model enters. Not in the paper; GRPO as first published has it in the loss."""
    kl_estimate: Literal["k1", "k2", "k3"] = "k3"
    """k3 is the paper's: r - log r - 1, with r the reference's probability over the policy's."""
    advantage_by_deviation: bool = True
    """Whether a group's advantages are divided by its standard deviation (paper: they are)."""
    loss_aggregation: Literal["token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"] = (
        "token-mean"
    )
    """How the tokens' losses become one. Not in the paper; verl's default counts every token alike."""
    clip_ratio: float = Field(default=0.2, gt=0, lt=1)
    """Not in the paper; PPO's and verl's default."""
    entropy_coefficient: float = Field(default=0.0, ge=0)
    """Not in the paper; verl's default."""
    tokens_per_gpu: Positive = 16384
    """Tokens of one forward and backward pass on one device."""
    reward: Reward | None = None
    """Another reward than the plan's, for this stage."""
    save_every: Positive | None = None
    """Steps between checkpoints; by default only the last step's is kept."""
    seed: int = Field(default=1, ge=0)
    overrides: dict[str, Override] = Field(default_factory=dict)
    """Settings of the backend itself, by its own names, applied last."""

    @model_validator(mode="after")
    def _lengths_fit(self) -> Self:
        both = self.max_prompt_length + self.max_response_length
        if self.max_total_length and not self.max_prompt_length < self.max_total_length <= both:
            raise ValueError(
                f"max_total_length: {self.max_total_length} is not above max_prompt_length {self.max_prompt_length}"
                f" and at most the sum of both limits, {both}"
            )
        if self.batch_size % (self.mini_batch_size or self.batch_size):
            raise ValueError(f"mini_batch_size: batch_size {self.batch_size} is no multiple of {self.mini_batch_size}")
        return self


class Pairs(Settings):
    """Where the responses of a preference stage come from: the grpo stage before it, or runs that have ended."""

    runs: list[Name] = Field(default_factory=list)
    """Names of runs of the same workspace, on any blend with the same prompts; by default, the grpo stage before this one."""


class PreferenceStage(Settings):
    """Direct preference optimisation (Rafailov et al., arXiv 2305.18290) on what a model answered and the verifier scored.

    Not in the paper. Per row and grpo stage, the best-scored response is preferred to the worst-scored one (`pairs.py`).
    """

    kind: Literal["dpo"]
    name: Name | None = None
    """Folder of the stage in the run; by default its kind, numbered when the plan has several."""
    steps: Positive
    batch_size: Positive
    """Pairs of a step (Rafailov et al.: 64); where there are fewer than all steps need, they are gone through again."""
    max_length: Positive
    """Tokens of prompt and response together; a pair with a longer one is left out, and counted."""
    pairs: Pairs = Pairs()
    learning_rate: float = Field(default=1e-6, gt=0)
    """Rafailov et al., appendix B."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps until the learning rate is reached (Rafailov et al.: 150)."""
    beta: float = Field(default=0.1, gt=0)
    """How much it costs to leave the start model (Rafailov et al.: 0.1)."""
    loss: Literal["sigmoid", "hinge", "ipo"] = "sigmoid"
    """`sigmoid` is that of DPO; `hinge` of SLiC (arXiv 2305.10425), `ipo` of IPO (arXiv 2310.12036)."""
    tokens_per_gpu: Positive = 16384
    """Tokens of one forward and backward pass on one device."""
    seed: int = Field(default=1, ge=0)
    overrides: dict[str, Override] = Field(default_factory=dict)
    """Settings of the backend itself, by its own names, applied last."""

    @model_validator(mode="after")
    def _a_pair_fits_a_pass(self) -> Self:
        if 2 * self.max_length > self.tokens_per_gpu:
            raise ValueError(
                f"tokens_per_gpu: {self.tokens_per_gpu} is less than a pair of two responses of max_length {self.max_length}"
            )
        return self


Stage = SupervisedStage | GRPOStage | PreferenceStage


class Repeat(Settings):
    """A group of stages, gone through several times."""

    kind: Literal["repeat"]
    times: int = Field(ge=2)
    stages: list[Annotated[Stage, Field(discriminator="kind")]] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_round_has_its_steps(self) -> Self:
        for stage in self.stages:
            if isinstance(stage, GRPOStage) and stage.steps is None:
                raise ValueError("stages: a grpo stage that is repeated needs its steps; without, the first takes all")
        return self


@dataclass(frozen=True)
class NamedStage:
    """A stage at its place in the plan."""

    name: str
    settings: Stage
    first_batch: int
    """Batch of the manifest that a grpo stage begins with."""


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


class Plan(Settings):
    name: Name
    backend: str = "verl"
    model: Model
    stages: list[Annotated[Stage | Repeat, Field(discriminator="kind")]] = Field(min_length=1)
    resources: Resources
    reward: Reward = Reward()

    @model_validator(mode="after")
    def _stages_follow_each_other(self) -> Self:
        stages = self.in_order
        names = Counter(stage.name for stage in stages)
        if taken := [name for name, times in names.items() if times > 1]:
            raise ValueError(f"stages: the name {taken[0]!r} stands for several")
        if own := sorted(names.keys() & OWN_FOLDERS):
            raise ValueError(f"stages: the name {own[0]!r} is that of a folder which every run has")
        grpo = [stage.settings for stage in stages if isinstance(stage.settings, GRPOStage)]
        if any(stage.steps is None for stage in grpo[:-1]):
            raise ValueError("stages: a grpo stage before another needs its steps; without, it takes all that is left")
        if len({stage.batch_size for stage in grpo}) > 1:
            raise ValueError("stages: batch_size is the manifest's, so all grpo stages have the same")
        for stage in stages:
            if isinstance(stage.settings, PreferenceStage) and not stage.settings.pairs.runs:
                self.grpo_before(stage)
        return self

    @property
    def in_order(self) -> list[NamedStage]:
        """Every stage as it will run, groups written out, each with a name of its own."""
        stages = list(_written_out(self.stages))
        kinds, named = Counter(stage.kind for stage, _ in stages if stage.name is None), []
        seen, batch = Counter[str](), 0
        for stage, turn in stages:
            seen[stage.kind] += stage.name is None
            numbered = stage.kind if kinds[stage.kind] == 1 else f"{stage.kind}-{seen[stage.kind]}"
            name = numbered if stage.name is None else f"{stage.name}-{turn}" if turn else stage.name
            named.append(NamedStage(name, stage, batch))
            batch += (stage.steps or 0) if isinstance(stage, GRPOStage) else 0
        return named

    def grpo_before(self, stage: NamedStage) -> NamedStage:
        """Return the nearest grpo stage before a stage.

        Raises:
            ValueError: there is none.
        """
        stages = self.in_order
        before = stages[: [each.name for each in stages].index(stage.name)]
        found = [each for each in before if isinstance(each.settings, GRPOStage)]
        if not found:
            raise ValueError(
                f"stages: {stage.name} has no grpo stage before it to make pairs from; name runs in its pairs"
            )
        return found[-1]

    def reward_of(self, stage: GRPOStage) -> Reward:
        """Return the reward of a stage: its own, or the plan's."""
        return stage.reward or self.reward


def _written_out(stages: "list[Stage | Repeat]") -> Iterator[tuple[Stage, int]]:
    """Yield stages in the order in which they run, with the round of a repeated one (from 1), or 0."""
    for stage in stages:
        if isinstance(stage, Repeat):
            yield from ((each, turn) for turn in range(1, stage.times + 1) for each in stage.stages)
        else:
            yield stage, 0


SHIPPED = Path(__file__).parent / "plans"


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UserError: the file is missing or does not fit; one line per fault.
    """
    return load_config(path, Plan)
