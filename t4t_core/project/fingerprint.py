"""What a Python model's function is, as a hash that changes when its rows may change."""

from __future__ import annotations

import hashlib
import inspect
import io
import textwrap
import tokenize
import types
from collections.abc import Collection
from pathlib import Path

_SKIPPED_TOKENS = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def code_fingerprint(
    function: types.FunctionType, folder: Path, ignored: Collection[str] = ()
) -> str:
    """SHA-256 over a function's code and all of the project's own that it uses.

    Comments, layout and decorators do not count. Values that it closes over, its defaults,
    constants and functions of the project that it names do, and what those name in turn; what other
    packages define counts by its name alone.

    Args:
        function: The function.
        folder: The project's folder.
        ignored: Names whose values do not count: the run's variables.
    """
    digest = hashlib.sha256()
    for part in _function_parts(function, folder, ignored, set()):
        digest.update(f"{len(part)}:{part};".encode())
    return digest.hexdigest()


def _function_parts(
    function: types.FunctionType, folder: Path, ignored: Collection[str], seen: set[int]
) -> list[str]:
    if id(function.__code__) in seen:
        return ["again"]
    seen.add(id(function.__code__))
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(_source(function)).readline)
        if token.type not in _SKIPPED_TOKENS
    ]
    parts = [f"{token.type}:{token.string.strip()}" for token in _without_decorators(tokens)]
    used = inspect.getclosurevars(function)
    values = {**used.globals, **used.nonlocals}
    for name in sorted(set(values) - set(ignored)):
        parts += [name, *_value_parts(values[name], folder, ignored, seen)]
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        parts += _value_parts(default, folder, ignored, seen)
    return parts


def _without_decorators(tokens: list[tokenize.TokenInfo]) -> list[tokenize.TokenInfo]:
    """The tokens from the line with `def` on.

    A model's metadata stands in a decorator, and most of it says nothing of the rows. What another
    decorator makes of the function is in the function that it gives.
    """
    while tokens and tokens[0].string == "@":
        ends = next(at for at, token in enumerate(tokens) if token.type == tokenize.NEWLINE)
        tokens = tokens[ends + 1 :]
    return tokens


def _value_parts(
    value: object, folder: Path, ignored: Collection[str], seen: set[int]
) -> list[str]:
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return [repr(value)]
        case list() | tuple():
            return (
                ["["] + [p for v in value for p in _value_parts(v, folder, ignored, seen)] + ["]"]
            )
        case set() | frozenset():
            return ["{", *sorted("".join(_value_parts(v, folder, ignored, seen)) for v in value)]
        case dict():
            items = [
                "".join(_value_parts(key, folder, ignored, seen))
                + "="
                + "".join(_value_parts(held, folder, ignored, seen))
                for key, held in value.items()
            ]
            return ["{", *sorted(items)]
        case types.FunctionType() if _is_within(value.__code__.co_filename, folder):
            return _function_parts(value, folder, ignored, seen)
        case types.FunctionType() | types.BuiltinFunctionType() | type():
            return [f"{value.__module__}.{value.__qualname__}"]
        case types.ModuleType():
            return [value.__name__]
        case _:
            return [f"{type(value).__module__}.{type(value).__qualname__}"]


def _is_within(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)


def _source(function: types.FunctionType) -> str:
    lines, start = inspect.findsource(function)
    return textwrap.dedent("".join(inspect.getblock(lines[start:])))
