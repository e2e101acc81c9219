"""The recipes that ship with CrossThink, and how one is found by name or by path."""

from pathlib import Path

from blends.recipe import Recipe
from crossthink.config import load_config
from crossthink.errors import UserError, listing, nearest

FOLDER = Path(__file__).parent / "recipes"


def shipped() -> dict[str, Path]:
    """Return the shipped recipes by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def find(reference: str) -> Path:
    """Return the file of a recipe: a path that ends in .yaml or .yml, or the name of a shipped recipe.

    Raises:
        UserError: there is no such recipe.
    """
    if reference.endswith((".yaml", ".yml")):
        return Path(reference)
    known = shipped()
    if reference not in known:
        raise UserError(
            f"recipe {reference!r}: no shipped recipe of this name.{nearest(reference, known)}"
            f" There are: {listing(known)}. A recipe of your own is a path that ends in .yaml"
        )
    return known[reference]


def read(reference: str, **changes: object) -> Recipe:
    """Read a recipe; the changes that are not None take the place of what the file says.

    Raises:
        UserError: the file, or a change, is not valid.
    """
    asked = {key: value for key, value in changes.items() if value is not None}
    return load_config(find(reference), Recipe, asked)
