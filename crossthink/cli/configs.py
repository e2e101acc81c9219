"""`crossthink cp` and `crossthink validate`: a shipped configuration as a file of one's own, and whether a file is valid.

A configuration is of one of twelve kinds, each with a loader of its own; a file's kind is known by its keys.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crossthink.errors import UserError, listing, nearest


class Kind(StrEnum):
    RECIPE = "recipe"
    CURATION = "curation"
    SYNTHESIS = "synthesis"
    BENCHMARKS = "benchmarks"
    PLAN = "plan"
    DIFFICULTY = "difficulty"
    RATING = "rating"
    AGREEMENT = "agreement"
    EVALUATION = "evaluation"
    MAPPING = "mapping"
    SCORES = "scores"
    SIZES = "sizes"


def cp(
    name: Annotated[str, typer.Argument(help="Name of a shipped recipe, curation, synthesis, plan, mapping or table.")],
    file: Annotated[
        Path | None, typer.Argument(help="The new file; by default NAME.yaml in the current folder.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Where several kinds have the name: which one.")] = None,
) -> None:
    """Copy a shipped configuration to a file of your own; a file that is there is never overwritten."""
    from crossthink.files import create_exclusively

    shipped = [path for each, path in _named(name) if kind in (None, each)]
    if not shipped:
        known = {path.stem for each, folder in _folders().items() if kind in (None, each) for path in _yaml(folder)}
        what = kind or "configuration"
        raise UserError(f"{name}: no shipped {what} of this name.{nearest(name, known)} There are: {listing(known)}")
    if len(shipped) > 1:
        kinds = listing(each for each, _ in _named(name))
        raise UserError(f"{name}: several kinds have this name ({kinds}); say which with --kind")
    path = file or Path(f"{name}.yaml")
    if path.is_dir():
        path = path / f"{name}.yaml"
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"{path}: expected a name that ends in .yaml, by which a file is known from a shipped name")
    try:
        create_exclusively(path, shipped[0].read_bytes())
    except FileExistsError:
        raise UserError(f"{path}: is there already; nothing is overwritten") from None
    typer.echo(f"{path}: a copy of {name}; change it, then: crossthink validate {path}")


def validate(
    file: Annotated[Path, typer.Argument(help="A YAML file.")],
    kind: Annotated[Kind | None, typer.Option(help="What it should be; by default known by its keys.")] = None,
) -> None:
    """Say whether a file is a valid recipe, curation, synthesis, plan, evaluation or any other configuration."""
    chosen = kind or _kind_of(file)
    _loaders()[chosen](file)
    typer.echo(f"{file}: a valid {_TITLES[chosen]}")


_TITLES = {
    Kind.RECIPE: "recipe",
    Kind.CURATION: "curation",
    Kind.SYNTHESIS: "synthesis",
    Kind.BENCHMARKS: "set of benchmarks",
    Kind.PLAN: "plan",
    Kind.DIFFICULTY: "difficulty to be measured",
    Kind.RATING: "rating",
    Kind.AGREEMENT: "agreement to be measured",
    Kind.EVALUATION: "evaluation",
    Kind.MAPPING: "source mapping",
    Kind.SCORES: "table of scores",
    Kind.SIZES: "table of sizes",
}


def _kind_of(file: Path) -> Kind:
    """Return the kind that a file's keys belong to.

    Raises:
        UserError: they belong to none.
    """
    from pydantic import ConfigDict, create_model

    from crossthink.config import load_config

    any_keys = create_model("any_keys", __config__=ConfigDict(extra="allow"))
    stated = load_config(file, any_keys).model_extra or {}
    if "components" in stated or "parameters" in stated:
        return Kind.RECIPE
    if stated.keys() & {"documents", "topics", "personas", "rewrite"}:
        return Kind.SYNTHESIS
    if "labels" in stated:
        return Kind.AGREEMENT
    if "corpus" in stated:
        return Kind.RATING if "ratings" in stated else Kind.DIFFICULTY
    if "sources" not in stated and stated.keys() & {"benchmarks", "only", "runs"}:
        return Kind.EVALUATION
    if "model" in stated or "stages" in stated:
        return Kind.PLAN
    if "sources" in stated:
        return Kind.BENCHMARKS if _are_benchmarks(file) else Kind.CURATION
    if "question" in stated:
        return Kind.MAPPING
    for kind in (Kind.SCORES, Kind.SIZES):
        if kind in stated:
            return kind
    expected = (
        "components (a recipe), model (a plan), sources (a curation or benchmarks), documents, topics, personas or rewrite"
        " (a synthesis), corpus (a difficulty, or with ratings a rating), labels (an agreement), benchmarks (an evaluation),"
        " question (a mapping), scores or sizes"
    )
    raise UserError(f"{file}: found the keys {listing(stated)}, expected {expected}; or say what it is with --kind")


def _are_benchmarks(file: Path) -> bool:
    """Whether a file's sources are benchmarks, by what they say or by their adapters."""
    from crossthink.config import load_config
    from curate.config import BenchmarkSet

    try:
        sources = load_config(file, BenchmarkSet).sources
        return all(source.with_mapping(file.parent).is_benchmark for source in sources)
    except UserError:
        return False


def _loaders() -> dict[Kind, Callable[[Path], object]]:
    from blends.recipe import Recipe
    from blends.scores import ScoreTable
    from blends.sizes import Sizes
    from crossthink.config import load_config
    from curate.config import load_benchmarks, load_curation
    from curate.difficulty.settings import SolveConfig
    from curate.evaluation.settings import EvaluationConfig
    from curate.judging.measure import AgreementConfig
    from curate.judging.ratings import RatingConfig
    from curate.sources.registry import read_mapping
    from curate.synthesis.settings import load_synthesis
    from train_backend.plan import load_plan

    return {
        Kind.RECIPE: lambda path: load_config(path, Recipe),
        Kind.CURATION: load_curation,
        Kind.SYNTHESIS: load_synthesis,
        Kind.BENCHMARKS: load_benchmarks,
        Kind.PLAN: load_plan,
        Kind.DIFFICULTY: lambda path: load_config(path, SolveConfig),
        Kind.RATING: lambda path: load_config(path, RatingConfig),
        Kind.AGREEMENT: lambda path: load_config(path, AgreementConfig),
        Kind.EVALUATION: lambda path: load_config(path, EvaluationConfig),
        Kind.MAPPING: read_mapping,
        Kind.SCORES: lambda path: load_config(path, ScoreTable),
        Kind.SIZES: lambda path: load_config(path, Sizes),
    }


def _folders() -> dict[Kind, Path]:
    from blends.library import SHIPPED as RECIPES
    from blends.scores import SHIPPED as SCORES
    from blends.sizes import SHIPPED as SIZES
    from curate.config import SHIPPED as CURATIONS
    from curate.evaluation.settings import SHIPPED as EVALUATIONS
    from curate.sources.registry import MAPPINGS
    from curate.synthesis.settings import SHIPPED as SYNTHESES
    from train_backend.plan import SHIPPED as PLANS

    return {
        Kind.RECIPE: RECIPES,
        Kind.CURATION: CURATIONS,
        Kind.SYNTHESIS: SYNTHESES,
        Kind.PLAN: PLANS,
        Kind.EVALUATION: EVALUATIONS,
        Kind.MAPPING: MAPPINGS,
        Kind.SCORES: SCORES,
        Kind.SIZES: SIZES,
    }


def _named(name: str) -> list[tuple[Kind, Path]]:
    return [(kind, path) for kind, folder in _folders().items() for path in _yaml(folder) if path.stem == name]


def _yaml(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))
