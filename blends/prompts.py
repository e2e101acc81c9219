"""From a variant to what a model sees and what it must answer.

Prompts are rendered once, here, and stored in the blend: training reads them and never builds its own.
"""

import re
from collections.abc import Iterable

from blends.recipe import Prompt
from crossthink.files import digest
from curate.filters import LETTERS

Message = dict[str, str]
_MARK = re.compile(r"\{(question|options)\}")


def render(
    prompt: Prompt, template: str, question: str, context: str | None, options: Iterable[str] | None
) -> list[Message]:
    """Return the messages of one row.

    Args:
        prompt: the recipe's prompt.
        template: "mcq" or "open".
        question: the item's question; a context goes before it.
        options: the item's options; shown only under "mcq".
    """
    shown = {
        "question": f"{context}\n\n{question}" if context else question,
        "options": "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, options or (), strict=False)),
    }
    pattern = prompt.mcq if template == "mcq" else prompt.open
    content = _MARK.sub(lambda mark: shown[mark[1]], pattern)
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": content}]


def prompt_digest(prompt: Prompt) -> str:
    """Return the digest of the prompt's wording."""
    return digest(prompt.model_dump())
