"""A manifest as text: one canonical form, sealed.

The three digests pin what a blend *means* and not, say, its statistics. So a manifest ends with a seal, the digest of
everything else in it, and is read only if its bytes are exactly those that what it says is written as: a changed byte is
found wherever it is. The seal is no signature. It finds damage and edits; who can write the file can also seal it anew, and
then it is the content digest, kept elsewhere, that tells.
"""

import json

from pydantic import ValidationError

from crossthink.errors import UserError, record_fault
from crossthink.files import digest
from manifests.manifest import Manifest


def to_text(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest's file."""
    stated = manifest.model_dump(mode="json")
    sealed = stated | {"seal": digest(stated)}
    return json.dumps(sealed, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def from_text(text: bytes, where: str) -> Manifest:
    """Return the manifest that a file's bytes are.

    Args:
        text: the bytes.
        where: the file, for messages.

    Raises:
        UserError: they are none, or were changed.
    """
    try:
        stated = json.loads(text)
        seal = stated.pop("seal")
        manifest = Manifest.model_validate(stated)
        canonical = to_text(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{where}: {_first_fault(error)}") from None
    if text != canonical:
        found = digest(manifest.model_dump(mode="json"))
        raise UserError(f"{where}  seal: the text was changed; what it says has seal {found}, expected {seal}")
    return manifest


_REMEDY = "A manifest is never edited: restore it, or blend again"


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return record_fault(error.errors()[0], _REMEDY)
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: not valid JSON ({error.msg}); the file is cut or changed. {_REMEDY}"
    if isinstance(error, UnicodeError):
        return f"a text is not valid Unicode. {_REMEDY}"
    return f"not a manifest, or a number in it is none. {_REMEDY}"
