"""The catalog of a workspace, with the views of every room."""

import sys

from crossthink.errors import printable
from crossthink.workspace import Workspace
from curate.ask.views import views as answer_views
from curate.corpus import views as curation_views
from curate.difficulty.store import views as difficulty_views
from curate.evaluation.store import views as evaluation_views
from curate.judging.store import views as judging_views
from curate.synthesis.source import views as synthesis_views
from manifests.catalog import Catalog
from manifests.views import views as blend_views
from train_backend.runs import views as run_views


def open_catalog(workspace: Workspace) -> Catalog:
    """Open the catalog of a workspace; what a view has to leave out is said on standard error, in one line.

    Raises:
        UserError: there is no workspace here.
    """
    workspace.check()
    views = [
        *curation_views(workspace),
        *answer_views(workspace),
        *synthesis_views(workspace),
        *difficulty_views(workspace),
        *evaluation_views(workspace),
        *judging_views(workspace),
        *blend_views(workspace.manifests),
        *run_views(workspace.runs),
    ]
    return Catalog(views, _say)


def _say(line: str) -> None:
    print(f"crossthink: {printable(' '.join(line.split()))}", file=sys.stderr)
