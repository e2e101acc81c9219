"""Which TRL this backend speaks to; another is refused by its name."""

from importlib.metadata import PackageNotFoundError, version

from crossthink.errors import UserError
from train_backend.trl.dialect import SERIES


def refuse_another_release() -> None:
    """Refuse a TRL of another minor version than `dialect.py` was written for.

    Raises:
        UserError: there is none, or of another version.
    """
    try:
        found = version("trl")
    except PackageNotFoundError:
        raise UserError("trl is not installed. Install it with: pip install 'crossthink[trl]'") from None
    if ".".join(found.split(".")[:2]) != SERIES:
        raise UserError(
            f"trl {found} is installed, and this backend speaks trl {SERIES}: install trl=={SERIES}.*, or hold"
            f" train_backend/trl/dialect.py to the configurations and trainers of {found}"
        )
