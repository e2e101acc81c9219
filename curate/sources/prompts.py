r"""What trainers' prompt columns hold: a chat, and around the question an instruction on how to answer.

The question is the last user message. A few published instructions are taken off and kept beside it: they say nothing of
the question, would contradict the blend's own prompt, and would hide that two sources hold the same question.
"""

from typing import Any, NamedTuple

from curate.sources.base import BadRecord, Record, text_of

_INSTRUCTIONS = (
    # (before, after) the question
    ("", "Let's think step by step and output the final answer within \\boxed{}."),
    ("", "Please reason step by step, and put your final answer within \\boxed{}."),
    ("", 'Let\'s think step by step and output the final answer after "####".'),
    (
        "Solve the following math problem step by step. The last line of your response should be of the form "
        "Answer: $Answer (without quotes) where $Answer is the answer to the problem.",
        'Remember to put your answer on its own line after "Answer:".',
    ),
)


class Prompt(NamedTuple):
    question: str
    instruction: str | None
    chat: list[Any] | None
    """The messages, when there is more than the question's: a system prompt or earlier turns."""


def read_prompt(record: Record, key: str = "prompt") -> Prompt:
    """Return the question of a chat (a list of {role, content}) or of a plain text.

    Raises:
        BadRecord: the key is missing, or the chat has no user message.
    """
    messages = record.get(key)
    if not isinstance(messages, list):
        return Prompt(*_without_instruction(text_of(record, key)), None)
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            chat = messages if len(messages) > 1 else None
            return Prompt(*_without_instruction(text_of(message, "content")), chat)
    raise BadRecord(f"{key}: expected a message with the role 'user', found {len(messages)} without one")


def gold_of(record: Record) -> str | None:
    """Return `reward_model.ground_truth`; None when it is null.

    Raises:
        BadRecord: it is missing, or is neither text nor number.
    """
    reward_model = record.get("reward_model")
    if not isinstance(reward_model, dict) or "ground_truth" not in reward_model:
        raise BadRecord("reward_model: expected an object with ground_truth")
    return None if reward_model["ground_truth"] is None else text_of(reward_model, "ground_truth")


def _without_instruction(text: str) -> tuple[str, str | None]:
    stripped = text.strip()
    for before, after in _INSTRUCTIONS:
        if stripped.endswith(after) and stripped.startswith(before):
            question = stripped[len(before) : len(stripped) - len(after)].strip()
            return question, f"{before}\n\n{after}".strip()
    return text, None
