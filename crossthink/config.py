"""YAML files read into pydantic models, with errors that name the line.

Every configuration file (curation, recipe, plan) comes through `load_config`: unknown keys are refused with the nearest
valid spelling, repeated keys are refused, and each fault is one line `FILE:LINE  KEY: what was found, what was expected`.
"""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from crossthink.errors import UserError, nearest
from crossthink.workspace import checked_name


class Settings(BaseModel):
    """Base of every model that a person writes: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


S = TypeVar("S", bound=BaseModel)


def _safe_name(name: str) -> str:
    try:
        return checked_name(name, "name")
    except UserError as error:
        raise ValueError(str(error)) from None


Name = Annotated[str, AfterValidator(_safe_name)]
"""A name that is safe as a folder's name."""


def load_config(path: Path, model: type[S]) -> S:
    """Read a YAML file into `model`.

    Raises:
        UserError: the file is missing, empty, not YAML, or does not fit the model; one line per fault.
    """
    text = _read(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(path, node)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(_yaml_fault(path, error)) from None
    if not isinstance(value, dict):
        found = "an empty file" if value is None else f"a {type(value).__name__}"
        raise UserError(f"{path}: expected keys and values, found {found}")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError("\n".join(_faults(path, node, model, error))) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder, expected a YAML file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8, expected a UTF-8 YAML file") from None


def _yaml_fault(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    return f"{path}{line}  not valid YAML: {getattr(error, 'problem', None) or error}"


def _refuse_repeated_keys(path: Path, node: yaml.Node | None) -> None:
    """YAML lets a later key win silently; here that is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if key.value in seen:
                raise UserError(f"{path}:{key.start_mark.line + 1}  {key.value}: the key stands twice")
            seen.add(key.value)
            _refuse_repeated_keys(path, child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(path, child)


def _faults(path: Path, node: yaml.Node | None, model: type[BaseModel], error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        steps = tuple(fault["loc"])
        line = _line(node, steps)
        lines.append(f"{path}:{line}  {_dotted(steps) or '(whole file)'}: {_say(model, steps, fault)}")
    return list(dict.fromkeys(lines))


def _say(model: type[BaseModel], steps: tuple[int | str, ...], fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        known = _fields_at(model, steps[:-1])
        return f"unknown key.{nearest(str(steps[-1]), known)} Known keys: {', '.join(known)}"
    if fault["type"] == "missing":
        return "the key is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return message if fault["type"] == "value_error" else f"{message}, found {fault['input']!r}"


def _fields_at(model: type[BaseModel], steps: tuple[int | str, ...]) -> list[str]:
    """Return the keys that a place in the file may have, by walking the model's annotations."""
    found = [model]
    for step in steps:
        if isinstance(step, str):
            annotations = [m.model_fields[step].annotation for m in found if step in m.model_fields]
            found = [m for annotation in annotations for m in _models(annotation)] or found
    return list(dict.fromkeys(name for m in found for name in m.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if get_origin(annotation) in (Union, UnionType, list, dict, tuple) or get_args(annotation):
        return [m for part in get_args(annotation) for m in _models(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _dotted(steps: tuple[int | str, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _line(node: yaml.Node | None, steps: tuple[int | str, ...]) -> int:
    """Return the 1-based line of the deepest place that the file really has on this path."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, child) for key, child in node.value if key.value == step), None)
            if pair is None:
                continue  # a tag that pydantic adds for a union, or a missing key
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
