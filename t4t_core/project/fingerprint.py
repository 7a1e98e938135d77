"""What a Python model's function is, as a hash that changes when its rows may change."""

from __future__ import annotations

import datetime
import decimal
import functools
import hashlib
import inspect
import io
import pathlib
import sys
import textwrap
import tokenize
import types
import uuid
from collections.abc import Collection, Hashable, Iterator
from pathlib import Path

from msgspec import Struct

from t4t_core.project.python_files import MODULE_OF_FILE

_SKIPPED_TOKENS = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)
# Where packages lie, also where the project's folder holds its environment.
_PACKAGES = {"site-packages", "dist-packages"}


def code_fingerprint(
    function: types.FunctionType, folder: Path, ignored: Collection[str] = ()
) -> str:
    """SHA-256 over a function's code and all of the project's own that it uses.

    Comments, layout and decorators do not count. Values that it closes over, its defaults, and the
    constants, functions and classes of the project that it names do, and what those name in turn;
    what other packages define counts by its name alone.

    Args:
        function: The function.
        folder: The project's folder.
        ignored: Names whose values do not count: the run's variables.
    """
    digest = hashlib.sha256()
    for part in _Search(folder, frozenset(ignored), set()).function(function):
        digest.update(f"{len(part)}:{part};".encode())
    return digest.hexdigest()


class _Search(Struct, frozen=True):
    """What a function uses, as texts.

    Attributes:
        folder: The project's.
        ignored: Names whose values do not count.
        seen: What was looked at, which may use itself.
    """

    folder: Path
    ignored: frozenset[str]
    seen: set[Hashable]

    def function(self, function: types.FunctionType) -> list[str]:
        if id(function.__code__) in self.seen:
            return ["again"]
        self.seen.add(id(function.__code__))
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(_source(function)).readline)
            if token.type not in _SKIPPED_TOKENS
        ]
        parts = [f"{token.type}:{token.string.strip()}" for token in _without_decorators(tokens)]
        names = frozenset(name for code in _codes(function.__code__) for name in code.co_names)
        values = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
        values |= inspect.getclosurevars(function).nonlocals
        for name in sorted(values.keys() - self.ignored):
            parts += [name, *self.value(values[name], names)]
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            parts += self.value(default, names)
        return parts

    def value(self, value: object, names: frozenset[str]) -> list[str]:
        """The parts of a value that a function uses which names these names."""
        match value:
            case None | bool() | int() | float() | str() | bytes():
                return [repr(value)]
            case datetime.date() | datetime.time() | datetime.timedelta() | decimal.Decimal():
                return [repr(value)]
            case uuid.UUID() | pathlib.PurePath():
                return [repr(value)]
            case list() | tuple():
                return ["[", *(part for item in value for part in self.value(item, names)), "]"]
            case set() | frozenset():
                return ["{", *sorted("".join(self.value(item, names)) for item in value)]
            case dict():
                items = (
                    "".join(self.value(key, names)) + "=" + "".join(self.value(held, names))
                    for key, held in value.items()
                )
                return ["{", *sorted(items)]
            case types.ModuleType() if self._is_within(_file_of(value)):
                return self._members(value, names & vars(value).keys(), names)
            case types.ModuleType():
                return [value.__name__]
            case type() if self._is_own(value):
                return self._members(value, self._written(value), names)
            case _:
                return self._callable(value, names)

    def _callable(self, value: object, names: frozenset[str]) -> list[str]:
        """The same of what can be called; of what cannot, the parts of its class."""
        match value:
            case types.FunctionType() if self._is_of_file(value):
                return self.function(value)
            case types.FunctionType() | types.BuiltinFunctionType() | type():
                return [f"{value.__module__}.{value.__qualname__}"]
            case staticmethod() | classmethod() | types.MethodType():
                return self.value(value.__func__, names)
            case property():
                return self.value((value.fget, value.fset), names)
            case functools.partial():
                return self.value([value.func, value.args, value.keywords], names)
            case _:
                pass
        held = getattr(value, "__dict__", None)
        wrapped = held.get("__wrapped__") if isinstance(held, dict) else None
        # As `functools.cache` keeps the function that it calls.
        return self.value(type(value) if wrapped is None else wrapped, names)

    def _members(
        self, owner: type | types.ModuleType, wanted: Collection[str], names: frozenset[str]
    ) -> list[str]:
        """The parts of what a module or class of the project defines by these names."""
        parts = [owner.__name__]
        if (id(owner), names) in self.seen:
            return parts
        self.seen.add((id(owner), names))
        for name in sorted(wanted):
            parts += [name, *self.value(vars(owner)[name], names)]
        for origin in owner.__bases__ if isinstance(owner, type) else ():
            parts += self.value(origin, names)
        return parts

    def _written(self, class_: type) -> list[str]:
        """The names in a class that its text defines, and no decorator or base class."""
        return [
            name
            for name, value in vars(class_).items()
            if not name.startswith("__")
            or (isinstance(value, types.FunctionType) and self._is_of_file(value))
        ]

    def _is_own(self, class_: type) -> bool:
        """Whether a class is the project's: a module of it, or a model's file, made it."""
        module = sys.modules.get(class_.__module__)
        if module is None:
            return class_.__module__.startswith(MODULE_OF_FILE)
        return self._is_within(_file_of(module))

    def _is_of_file(self, function: types.FunctionType) -> bool:
        return self._is_within(function.__code__.co_filename)

    def _is_within(self, file: str | None) -> bool:
        if file is None or not Path(file).is_relative_to(self.folder):
            return False
        return _PACKAGES.isdisjoint(Path(file).relative_to(self.folder).parts)


def _file_of(module: types.ModuleType) -> str | None:
    """The file of a module, or the folder of one that is a folder and no more."""
    return module.__dict__.get("__file__") or next(iter(module.__dict__.get("__path__", ())), None)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of the lambdas, comprehensions and functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _without_decorators(tokens: list[tokenize.TokenInfo]) -> list[tokenize.TokenInfo]:
    """The tokens from the line with `def` on.

    A model's metadata stands in a decorator, and most of it says nothing of the rows. What another
    decorator makes of the function is in the function that it gives.
    """
    while tokens and tokens[0].string == "@":
        ends = next(at for at, token in enumerate(tokens) if token.type == tokenize.NEWLINE)
        tokens = tokens[ends + 1 :]
    return tokens


def _source(function: types.FunctionType) -> str:
    lines, start = inspect.findsource(function)
    return textwrap.dedent("".join(inspect.getblock(lines[start:])))
