"""`crossthink blend`: draw a blend from a corpus and write its manifest, or show what it would be."""

from typing import TYPE_CHECKING, Annotated

import typer

from crossthink.cli.options import DEFAULT_WORKSPACE, StoreOption, ThreadsOption, WorkspaceOption
from crossthink.engines import use_threads
from crossthink.errors import UserError
from crossthink.workspace import Workspace

if TYPE_CHECKING:
    from blends.plan import Plan


def blend(
    recipes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE...", help="A recipe's YAML file, or the name of a shipped one.", show_default=False
        ),
    ] = None,
    corpus: Annotated[str | None, typer.Option(help="Corpus to draw from, if the recipe names none.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the blend; by default the recipe's.")] = None,
    size: Annotated[int | None, typer.Option(min=1, help="Rows, rounded down to whole batches.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Prompts in a training batch.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the draw.")] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, max=100, help="So many sibling blends, NAME-seed0 and on, each with its own seed."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A preset of the recipe's parameters.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the recipe; repeatable.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be drawn and how it compares; write nothing.")
    ] = False,
    sizes: Annotated[
        str | None,
        typer.Option(help="With --plan: a table of sizes instead of a corpus; a YAML file or a shipped name."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    store: StoreOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Draw a blend from a corpus and write its manifest; with --plan, show what it would be."""
    use_threads(threads)
    place, asked = Workspace(workspace, store), recipes or []
    if sizes is not None and not plan:
        raise UserError("--sizes: a table of sizes has no rows to draw; add --plan")
    if sizes is not None and corpus is not None:
        raise UserError("--sizes and --corpus: expected one of them")
    if name is not None and len(asked) > 1:
        raise UserError("--name: names one blend, found several recipes")
    if not asked and not (plan and sizes):
        raise UserError("expected a recipe. Without one, --plan --sizes TABLE shows the paper's eight blends")
    from blends.library import read
    from blends.parameters import assignments

    changes = {"corpus": corpus, "name": name, "size": size, "batch_size": batch_size, "seed": seed, "preset": preset}
    read_recipes = [read(each, **changes, set=assignments(values) if values else None) for each in asked]
    for reference, recipe in zip(asked, read_recipes, strict=True):
        if not recipe.corpus and sizes is None:
            raise UserError(f"recipe {reference}: names no corpus; give one with --corpus NAME")
    if plan:
        from crossthink.cli.plan import print_plans, print_weights

        if seeds is not None:
            raise UserError("--seeds: siblings have one plan; leave it out with --plan")
        if read_recipes:
            print_plans(read_recipes, place, sizes)
        else:
            print_weights(str(sizes))
        return
    from blends.build import build
    from crossthink.cli.plan import print_remarks
    from crossthink.cli.show import print_blend, print_siblings

    for recipe in read_recipes:
        family = [recipe] if seeds is None else recipe.siblings(seeds)
        siblings = []
        for each in family:
            plans: list[Plan] = []
            written = build(each, place, plans.append)
            siblings.append(written.stored)
            print_blend(written.stored)
            print_remarks(each, *plans)
            if not written.is_new:
                version = written.stored.manifest.version
                typer.echo(f"The same blend stood already as version {version}; nothing was written.")
        if seeds is not None:
            print_siblings(siblings)
