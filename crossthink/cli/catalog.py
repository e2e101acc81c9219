"""The catalog of a workspace, with the views of every room."""

from crossthink.errors import UserError
from crossthink.workspace import Workspace
from curate.corpus import views as curation_views
from manifests.catalog import Catalog
from manifests.store import views as blend_views
from train_backend.runs import views as run_views


def open_catalog(workspace: Workspace) -> Catalog:
    """Open the catalog of a workspace.

    Raises:
        UserError: there is no workspace here.
    """
    if not workspace.root.is_dir():
        raise UserError(f"{workspace.root}: no workspace here; build a corpus with `crossthink curate CONFIG.yaml`")
    return Catalog([*curation_views(workspace), *blend_views(workspace.manifests), *run_views(workspace.runs)])
