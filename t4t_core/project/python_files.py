"""Running a project's Python files.

They are code of the user's own and are trusted. The names of the public t4t that such files import
(`tee.typing`, `tee.parser.processing`, ...) are ours while they run, and only then.
"""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import t4t_core.typing
from t4t_core.declared import Declaration, collecting, create_model, model
from t4t_core.errors import Place, T4tError, UsageError
from t4t_core.sql_functions.declared import functions


@contextmanager
def public_names(folder: Path) -> Iterator[None]:
    """While this is open, `tee` and `t4t` import as ours and `folder` is on the path."""
    modules = _public_modules()
    before = {name: sys.modules.get(name) for name in modules}
    known = set(sys.modules)
    sys.modules.update(modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _forget_modules_of(folder, known)
        for name, old in before.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old


def _public_modules() -> dict[str, types.ModuleType]:
    """The public t4t's modules that projects import, under its two names, with what is ours."""
    typing = {name: getattr(t4t_core.typing, name) for name in t4t_core.typing.__all__}
    models = {"model": model, "create_model": create_model, "SqlModelMetadata": _companion}
    decorators = {"functions": functions, "sql": functions.sql, "python": functions.python}
    holds: dict[str, Mapping[str, object]] = {
        "": {},
        ".typing": typing,
        ".typing.metadata": typing,
        ".parser": {},
        ".parser.model": models,
        ".parser.processing": models,
        ".parser.processing.model": models,
        ".parser.processing.model_builder": models,
        ".parser.processing.function_builder": {"SQLFunctionMetadata": _companion},
        ".parser.processing.function_decorator": decorators,
    }
    modules: dict[str, types.ModuleType] = {}
    for root in ("tee", "t4t"):
        for path, names in holds.items():
            made = types.ModuleType(f"{root}{path}")
            vars(made).update(names)
            made.__path__ = []
            modules[made.__name__] = made
            parent, _, child = made.__name__.rpartition(".")
            if parent and child not in vars(modules[parent]):
                setattr(modules[parent], child, made)
    return modules


def _companion(metadata: object) -> object:
    """The metadata: t4t reads it from the file by itself."""
    return metadata


def _forget_modules_of(folder: Path, known: set[str]) -> None:
    """Another project may have a helper module of the same name."""
    for name in set(sys.modules) - known:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).is_relative_to(folder):
            del sys.modules[name]


def run_file(
    file: Path, variables: Mapping[str, object]
) -> tuple[dict[str, Any], list[Declaration]]:
    """The names that a file defines, and the models it declares.

    Args:
        file: A Python file; it runs within `public_names`.
        variables: Set as the module's globals after it ran, so that a model's function may read
            them, as the public t4t lets it.

    Raises:
        UsageError: The file does not compile, or raises.
    """
    namespace = types.ModuleType(f"_t4t_{file.stem}")
    namespace.__dict__.update(
        __file__=str(file),
        __tee_file_path__=str(file),
        model=model,
        create_model=create_model,
        functions=functions,
        ModelMetadata=t4t_core.typing.ModelMetadata,
    )
    try:
        # Without our own `from __future__ import annotations`, which would turn theirs into text.
        code = compile(file.read_text("utf-8-sig"), str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise UsageError(
            f"this is not Python: {error.msg}", place=Place(file, error.lineno, error.offset)
        ) from error
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"cannot be read: {error}", place=Place(file)) from error
    with collecting() as declared:
        # Annotations and pickles look a class's module up in sys.modules.
        sys.modules[namespace.__name__] = namespace
        try:
            exec(code, namespace.__dict__)
        except T4tError as error:
            raise error.located(place=Place(file)) from error
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"the file raised {type(error).__name__}: {error}",
                place=Place(file, raised_at(error, file)),
                hint="it runs when the project is loaded; -v shows the traceback",
            ) from error
        finally:
            sys.modules.pop(namespace.__name__, None)
    if declared:
        for name, value in variables.items():
            namespace.__dict__.setdefault(name, value)
    return namespace.__dict__, declared


def raised_at(error: BaseException, file: Path) -> int | None:
    """The line of a file that an exception came through last, or None."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(file)
    ]
    return lines[-1] if lines else None
