"""Ask TRL whether it would take a stage's arguments, without a GPU: its own data classes, and their own checks.

A plan's `overrides` may set any field that the plan and the manifest have not decided, in that field's type.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from crossthink.errors import UserError, nearest
from train_backend.plan import Override
from train_backend.trl.dialect import CONFIGS, SERIES, Arguments, Kind

WITHOUT_A_GPU = {"use_cpu": True, "bf16": False, "fp16": False, "tf32": None}
"""The fields whose check asks the machine; `crossthink train --dry-run` needs none."""


def check_arguments(kind: Kind, own: Arguments, overrides: Mapping[str, Override]) -> None:
    """Hold a stage's arguments to TRL's configuration of its kind.

    Raises:
        UserError: an override names an unknown or an already decided argument, is of another type, or TRL refuses the whole.
    """
    config = _config(kind)
    known = {field.name for field in fields(config) if field.init}
    for key, value in overrides.items():
        if key in own:
            raise UserError(f"overrides: {key} is already decided by the plan or the manifest, and cannot be set here")
        if key not in known:
            raise UserError(f"overrides: {key} is no argument of {CONFIGS[kind]} in trl {SERIES}.{nearest(key, known)}")
        _check_type(config, key, value)
    try:
        config(**{**own, **overrides, **WITHOUT_A_GPU})
    except (ValueError, TypeError, ImportError) as error:
        raise UserError(f"trl {SERIES} refuses the arguments of a {kind} stage: {error}") from None


def _config(kind: Kind) -> Any:
    import trl

    return getattr(trl, CONFIGS[kind])


def _check_type(config: Any, key: str, value: Override) -> None:
    expected = get_type_hints(config)[key]
    try:
        TypeAdapter(expected, config=ConfigDict(arbitrary_types_allowed=True, strict=True)).validate_python(value)
    except ValidationError:
        said = getattr(expected, "__name__", str(expected)) if isinstance(expected, type) else str(expected)
        raise UserError(f"overrides: {key} is {value!r}, expected {said}") from None
