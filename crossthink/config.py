"""YAML files read into pydantic models, with errors that name the line.

Every configuration file (curation, recipe, plan) comes through `load_config`: unknown keys are refused with the nearest
valid spelling, repeated keys are refused, and each fault is one line `FILE:LINE  KEY: what was found, what was expected`.

It is a part of YAML: plain keys, at most `DEEPEST` levels, and no anchors or aliases, with which a few lines can stand for
a billion values or contain themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from crossthink.errors import UserError, listing, nearest
from crossthink.workspace import checked_name


class Settings(BaseModel):
    """Base of every model that a person writes: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _switches_are_no_numbers(cls, values: Any) -> Any:
        """Have `true` and `yes` refused where numbers go; Python takes them for 1."""
        if not isinstance(values, dict):
            return values
        numbers = {key for key, field in cls.model_fields.items() if _is_of_numbers(field.annotation)}
        return {key: _without_switches(value) if key in numbers else value for key, value in values.items()}

    @field_validator("*")
    @classmethod
    def _fits_64_bits(cls, value: Any) -> Any:
        """Refuse what no engine, and no column of a manifest, could hold."""
        if isinstance(value, int) and not _is_64_bit(value):
            raise ValueError(f"expected a number of at most 64 bits, found {value}")
        return value


S = TypeVar("S", bound=BaseModel)


def _safe_name(name: str) -> str:
    try:
        return checked_name(name, "name")
    except UserError as error:
        expected = str(error).partition(": ")[2]
        raise ValueError(f"{expected}, found {name!r}") from None


Name = Annotated[str, AfterValidator(_safe_name)]
"""A name that is safe as a folder's name."""


DEEPEST = 50
"""Levels of nesting; a recipe of groups within groups has about ten."""


def load_config(path: Path, model: type[S], options: Mapping[str, object] | None = None) -> S:
    """Read a YAML file into `model`.

    Args:
        path: the file.
        model: what it must fit.
        options: values given on the command line, by key; they take the place of the file's before anything is checked.

    Raises:
        UserError: the file is missing, empty, not YAML, or does not fit the model; one line per fault.
    """
    text, options = _read(path), options or {}
    try:
        _refuse_odd_structure(path, text)
        node = yaml.compose(text, Loader=_Loader)
        _refuse_repeated_keys(path, node)
        value = None if node is None else _Loader("").construct_document(node)
    except yaml.YAMLError as error:
        raise UserError(_yaml_fault(path, text, error)) from None
    if not isinstance(value, dict):
        found = "an empty file" if value is None else f"a {type(value).__name__}"
        raise UserError(f"{path}: expected keys and values, found {found}")
    try:
        return model.model_validate({**value, **options})
    except ValidationError as error:
        raise UserError("\n".join(_faults(path, node, model, error, options))) from None


def with_options(model: type[S], stated: Mapping[str, object], options: Mapping[str, object]) -> S:
    """Return a model of values that hold already and of options of the command line that take the place of some.

    Raises:
        UserError: an option does not fit; one line per fault.
    """
    try:
        return model.model_validate({**stated, **options})
    except ValidationError as error:
        raise UserError("\n".join(_faults(Path(), None, model, error, options))) from None


class _Loader(yaml.SafeLoader):
    """YAML's plain values, each of which every part of this program can hold; dates are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make the value of a node.

        Raises:
            ConstructorError: it is none, or none that can be used; with its line.
        """
        try:
            value = super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):
            value = None
            problem = f"cannot be read as {node.tag.rpartition(':')[2]}"
        else:
            problem = _unusable(value)
        if problem:
            found = str(node.value) if len(node.value) <= 40 else f"{node.value[:40]}..."
            raise yaml.constructor.ConstructorError(None, None, f"{problem}: {found!r}", node.start_mark)
        return value


def find_config(reference: str, shipped: Path, what: str, names: str = "*.yaml") -> Path:
    """Return the file that a person means: a path that ends in .yaml or .yml, or the name of a shipped file.

    Args:
        reference: what was typed.
        shipped: folder of the YAML files that ship.
        what: "curation", "recipe" or "plan".
        names: pattern of the files that are one, where others lie beside them.

    Raises:
        UserError: no shipped file has this name.
    """
    if reference.lower().endswith((".yaml", ".yml")):
        return Path(reference)
    known = {path.stem: path for path in shipped.glob(names)}
    if reference not in known:
        raise UserError(
            f"{what} {reference!r}: no shipped {what} of this name.{nearest(reference, known)}"
            f" There are: {listing(known)}. Your own is named by a path that ends in .yaml"
        )
    return known[reference]


def _unusable(value: object) -> str:
    """Return why a value of YAML cannot be used, or ""."""
    if isinstance(value, int) and not _is_64_bit(value):
        return "a number of more than 64 bits"
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        return "a text with a NUL or half a surrogate pair, which no file can hold"
    return ""


@dataclass(frozen=True)
class _Switch:
    """A true or false that is read as no number."""

    on: bool

    def __repr__(self) -> str:
        return str(self.on).lower()


def _without_switches(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_switches(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_switches(part) for part in value]
    return _Switch(value) if isinstance(value, bool) else value


def _is_of_numbers(annotation: Any) -> bool:
    """Whether all that a field may hold is made of numbers, perhaps with nothing beside them, or by names."""
    leaves = _leaves(annotation)
    return bool(leaves & {int, float}) and leaves <= {int, float, str, type(None)}


def _leaves(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, list, dict, tuple):
        return {leaf for part in get_args(annotation) for leaf in _leaves(part)} - {Ellipsis}
    return {annotation}


def _is_64_bit(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder, expected a YAML file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8, expected a UTF-8 YAML file") from None


def _yaml_fault(path: Path, text: str, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        line_number = text.count("\n", 0, error.position) + 1
        return f"{path}:{line_number}  not valid YAML: the character U+{error.character:04X} is not allowed"
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    return f"{path}{line}  not valid YAML: {getattr(error, 'problem', None) or error}"


def _refuse_odd_structure(path: Path, text: str) -> None:
    """Refuse, before anything follows them, aliases and a nesting without end."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if name := getattr(event, "anchor", None):
            mark = "*" if isinstance(event, yaml.AliasEvent) else "&"
            raise UserError(f"{path}:{line}  {mark}{name}: anchors and aliases are not read here; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise UserError(f"{path}:{line}  nested more than {DEEPEST} levels deep")


def _refuse_repeated_keys(path: Path, node: yaml.Node | None) -> None:
    """YAML lets a later key win silently; here that is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{path}:{key.start_mark.line + 1}  expected a word as a key, found a {key.id}")
            if key.value in seen:
                raise UserError(f"{path}:{key.start_mark.line + 1}  {key.value}: the key stands twice")
            seen.add(key.value)
            _refuse_repeated_keys(path, child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(path, child)


def _faults(
    path: Path, node: yaml.Node | None, model: type[BaseModel], error: ValidationError, options: Mapping[str, object]
) -> list[str]:
    """Return one line per fault; a fault of an option names the option, any other the line of the file."""
    given = {key: f"--{key.replace('_', '-')}" for key in options}
    lines = []
    for steps, fault in _readable(node, error, set(options)):
        if steps and steps[0] in given:
            place = given[str(steps[0])]
        else:
            with_options = f"(with {', '.join(given.values())})" if given else "(whole file)"
            place = f"{path}:{_line(node, steps)}  {_dotted(steps) or with_options}"
        lines.append(f"{place}: {_say(model, steps, fault)}")
    return list(dict.fromkeys(lines))


def _readable(
    node: yaml.Node | None, error: ValidationError, options: set[str]
) -> list[tuple[tuple[int | str, ...], Any]]:
    """Return the faults with the steps to them that stand in the file.

    Where a value can be of several kinds, pydantic tries each and puts the kind among the steps. Of these the kind that
    fits best is heard: not one that the value as a whole is not, then the one with the fewest faults in what is there. When the value is of
    no kind, all are named in one fault.
    """
    places: dict[tuple[int | str, ...], dict[str, list[tuple[tuple[int | str, ...], Any]]]] = {}
    for fault in error.errors():
        steps = tuple(fault["loc"])
        kind = None if steps and steps[0] in options else _kind_among(node, steps, fault["type"])
        at, name = (steps, "") if kind is None else (steps[:kind], str(steps[kind]))
        rest = steps if kind is None else _without_kinds(node, steps, fault["type"])
        places.setdefault(at, {}).setdefault(name, []).append((rest, fault))
    heard = []
    for at, kinds in places.items():
        inside = [faults for faults in kinds.values() if all(steps != at for steps, _ in faults)]
        if inside or "" in kinds:
            heard += kinds.get("") or min(inside, key=_weight)
        else:
            found = [fault for faults in kinds.values() for _, fault in faults]
            messages = list(dict.fromkeys(fault["msg"].partition(" or instance of")[0] for fault in found))
            joined = " or ".join([messages[0], *(each.removeprefix("Input should be ") for each in messages[1:])])
            heard.append((at, {**found[0], "msg": joined}))
    return heard


def _weight(faults: list[tuple[tuple[int | str, ...], Any]]) -> int:
    return sum(fault["type"] != "missing" for _, fault in faults)


def _kind_among(node: yaml.Node | None, steps: tuple[int | str, ...], fault: str) -> int | None:
    """Return the place of the first step that is no key of the file but a kind that pydantic tried."""
    for place, step in enumerate(steps):
        if isinstance(node, yaml.MappingNode):
            child = next((child for key, child in node.value if key.value == str(step)), None)
        else:
            items = node.value if isinstance(node, yaml.SequenceNode) else []
            child = items[step] if isinstance(step, int) and step < len(items) else None
        if child is None:
            is_said = isinstance(step, int) or step == "[key]" or (fault == "missing" and place == len(steps) - 1)
            return None if is_said else place
        node = child
    return None


def _without_kinds(node: yaml.Node | None, steps: tuple[int | str, ...], fault: str) -> tuple[int | str, ...]:
    while (kind := _kind_among(node, steps, fault)) is not None:
        steps = steps[:kind] + steps[kind + 1 :]
    return steps


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
