"""Running a project's Python files.

They are code of the user's own and are trusted. The names of the public t4t that such files import
(`tee.typing`, `tee.parser.processing`, ...) are ours while they run, and only then.
"""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from t4t_core.errors import Place, T4tError, UsageError
from t4t_core.plugins import let_plugins_in

if TYPE_CHECKING:
    from t4t_core.declared import Declaration

MODULE_OF_FILE: Final = "_t4t_"
"""How the name begins of the module that a project's file is run as."""


def public_names_for(files: Iterable[Path], folder: Path) -> AbstractContextManager[None]:
    """The same as `public_names` where one of the files is Python; else it does nothing."""
    has_python = any(file.suffix == ".py" for file in files)
    return public_names(folder) if has_python else nullcontext()


@contextmanager
def public_names(folder: Path) -> Iterator[None]:
    """While this is open, `tee` and `t4t` import as ours and `folder` is on the path."""
    # Imported here and below: a run of SQL alone needs none of it.
    from t4t_core.project.public_modules import public_modules

    let_plugins_in()
    modules = public_modules()
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
    from t4t_core.declared import collecting
    from t4t_core.project.public_modules import given_names

    namespace = types.ModuleType(f"{MODULE_OF_FILE}{file.stem}")
    namespace.__dict__.update(given_names(), __file__=str(file), __tee_file_path__=str(file))
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
