"""What is wrong in what a user wrote, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from t4t_core.config.nearest import nearest
from t4t_core.written.strategies import WrittenMerge, WrittenWindow


def problems(error: ValidationError, shape: type[BaseModel]) -> list[tuple[tuple[str, ...], str]]:
    """Each thing that is wrong: the path of keys to it, and a sentence.

    Args:
        error: What pydantic found.
        shape: The class whose keys were written.
    """
    return [_problem(details, shape) for details in error.errors(include_url=False)]


def _problem(details: Mapping[str, Any], shape: type[BaseModel]) -> tuple[tuple[str, ...], str]:
    at = _written_path(details["loc"], shape)
    match details["type"]:
        case "union_tag_not_found":
            return (*at, "strategy"), "'strategy' is missing"
        case "union_tag_invalid":
            context = details["ctx"]
            expected = " or ".join(context["expected_tags"].rsplit(", ", 1))
            return (
                *at,
                "strategy",
            ), f"'strategy' is {context['tag']!r}, which is none of {expected}"
        case "extra_forbidden":
            return at, f"unknown key {at[-1]!r}{_meant(at, shape)}"
        case "model_type":
            written = _shortened(details["input"])
            return at, f"{repr(at[-1]) if at else 'this'} is {written}, which is no dict"
        case "missing":
            return at, f"{at[-1]!r} is missing"
        case "value_error":
            return at, str(details["ctx"]["error"])
        case "literal_error":
            written = _shortened(details["input"])
            return at, f"{at[-1]!r} is {written}, which is none of {details['ctx']['expected']}"
        case _:
            message = str(details["msg"])
            what = f"{message[0].lower()}{message[1:]}, not {_shortened(details['input'])}"
            return at, f"{at[-1]!r}: {what}" if at else what


def _written_path(path: Sequence[object], shape: type[BaseModel]) -> tuple[str, ...]:
    """The keys to a mistake, without pydantic's name for the member of a union it chose."""
    if len(path) > 1 and str(path[0]) in shape.model_fields:
        field = shape.model_fields[str(path[0])]
        if field.discriminator is not None:
            path = (path[0], *path[2:])
    return tuple(str(part) for part in path)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _meant(at: tuple[str, ...], shape: type[BaseModel]) -> str:
    """What somebody meant who wrote an unknown key: one higher or deeper, or one like it."""
    key, above = at[-1], at[:-2]
    if len(at) > 1 and not at[-2].isdigit() and key in _keys_at(shape, above):
        return f" (it stands beside {at[-2]!r})"
    deeper = _paths_to(key, shape, at[:-1])
    if deeper:
        return f" (it stands in {' or '.join(deeper)})"
    beside = _keys_at(shape, at[:-1])
    if "params" in beside and not nearest(key, beside):
        return " (what a test needs stands in 'params')"
    return nearest(key, beside)


def _paths_to(key: str, shape: type[BaseModel], above: tuple[str, ...]) -> list[str]:
    """Where a key may stand, a level or two deeper than at a path: `['incremental']['append']`."""
    first = [((*above, part), f"[{part!r}]") for part in _parts_at(shape, above)]
    second = [
        ((*path, part), f"{text}[{part!r}]")
        for path, text in first
        for part in _parts_at(shape, path)
    ]
    return [text for path, text in [*first, *second] if key in _keys_at(shape, path)]


def _parts_at(shape: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    """The keys at a path that hold keys of their own, but lists."""
    return [
        field.alias or name
        for one in _shapes_at(shape, path)
        for name, field in one.model_fields.items()
        if _models_in(field.annotation) and get_origin(field.annotation) is not tuple
    ]


def _keys_at(shape: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    """The keys that may stand at a path, by the names that users write."""
    shapes = _shapes_at(shape, path)
    keys = [field.alias or name for s in shapes for name, field in s.model_fields.items()]
    if any(issubclass(s, WrittenWindow) for s in shapes):
        keys += ["filter_column", "start_value", "destination_filter_column"]
    if any(issubclass(s, WrittenMerge) for s in shapes):
        keys += WrittenMerge.OTHER_NAMES
    return keys


def _shapes_at(shape: type[BaseModel], path: tuple[str, ...]) -> list[type[BaseModel]]:
    shapes = [shape]
    for part in path:
        if part.isdigit():  # an item of a list
            continue
        fields = [
            f for s in shapes for name, f in s.model_fields.items() if part in (name, f.alias)
        ]
        shapes = [model for field in fields for model in _models_in(field.annotation)]
    return shapes


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
