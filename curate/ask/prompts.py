"""Prompts: versioned files with a digest.

`prompts/NAME.vN.md` is one version of a prompt, and never changes once answers were asked with it: another wording is the next
version. A file is a Jinja2 template of one user message; lines `[system]` and `[user]` begin messages of these roles where it
has several. Values that it does not name are errors, and so are values that it names and does not get.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from crossthink.errors import UserError, listing, nearest
from curate.ask.request import Message

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
_FILE = re.compile(r"(?P<name>[a-z0-9_]+)\.v(?P<version>[1-9][0-9]*)\.md")
_ROLE = re.compile(r"^\[(system|user)\]\n", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt.

    Attributes:
        name, version: of its file.
        digest: SHA-256 of the file's bytes.
        text: of the file.
    """

    name: str
    version: int
    digest: str
    text: str

    def render(self, **values: object) -> tuple[Message, ...]:
        """Put values in; what they hold is text and never a template.

        Raises:
            jinja2.UndefinedError: a value is missing.
        """
        return tuple(
            Message(role=role, content=template.render(**values).strip()) for role, template in _templates(self.text)
        )


def read_prompt(name: str, version: int | None = None, folder: Path = FOLDER) -> Prompt:
    """Read a prompt.

    Args:
        name: without version and ending.
        version: None: the newest.
        folder: of the files.

    Raises:
        UserError: there is none.
    """
    found = {
        (match["name"], int(match["version"])): path
        for path in folder.glob("*.md")
        if (match := _FILE.fullmatch(path.name))
    }
    versions = [number for known, number in found if known == name]
    if not versions or (version is not None and version not in versions):
        names = sorted({known for known, _ in found})
        wanted = name if version is None else f"{name}.v{version}"
        raise UserError(
            f"prompt {wanted!r}: no such file in {folder}.{nearest(name, names)} There are: {listing(names)}"
        )
    number = max(versions) if version is None else version
    content = found[name, number].read_bytes()
    return Prompt(name, number, hashlib.sha256(content).hexdigest(), content.decode())


def _sections(text: str) -> list[tuple[Literal["system", "user"], str]]:
    first, *rest = _ROLE.split(text)
    if not rest:
        return [("user", text)]
    if first.strip():
        raise ValueError("a prompt with [system] or [user] has text before the first of them")
    roles = cast("list[Literal['system', 'user']]", rest[::2])
    return list(zip(roles, rest[1::2], strict=True))


@cache
def _templates(text: str) -> "list[tuple[Literal['system', 'user'], Template]]":
    """Compile the messages of a prompt once: it costs a hundred times what filling one in does."""
    return [(role, _environment().from_string(content)) for role, content in _sections(text)]


@cache
def _environment() -> "SandboxedEnvironment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
