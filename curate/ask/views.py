"""The catalog's view of what models answered."""

from crossthink.workspace import Workspace
from curate.ask.cache import ANSWERS_SCHEMA, Cache
from manifests.catalog import Contents, View


def views(workspace: Workspace) -> list[View]:
    """Return the view `answers`; the file is read when a query names it."""

    def find() -> Contents:
        with Cache(workspace.answers) as cache:
            return Contents(table=cache.table())

    return [
        View("answers", "one row per sample that a model answered, with what it was asked", ANSWERS_SCHEMA, find=find)
    ]
