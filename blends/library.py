"""The recipes that ship with CrossThink, and how one is read by name or by path."""

from pathlib import Path

from blends.recipe import Recipe
from crossthink.config import find_config, load_config

SHIPPED = Path(__file__).parent / "recipes"


def read(reference: str, **changes: object) -> Recipe:
    """Read a recipe; the changes that are not None take the place of what the file says.

    Raises:
        UserError: the file, or a change, is not valid.
    """
    asked = {key: value for key, value in changes.items() if value is not None}
    return load_config(find_config(reference, SHIPPED, "recipe"), Recipe, asked)
