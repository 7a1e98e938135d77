"""What can go wrong, in words a user can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

Noun = Literal["model", "seed", "function"]


class Place(Struct, frozen=True):
    """Where an error stands: a file, with 1-based line and column when they are known."""

    file: Path
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [str(self.file)]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class T4tError(Exception):
    """Any error that t4t raises on purpose.

    Args:
        what: What is wrong, as a sentence.
        place: The file, line and column at fault.
        model: The name of the model, seed or function: `schema.name`.
        noun: Which of them it is.
        hint: What to try.

    `is_transient` says whether the same call may succeed later with nothing changed.
    """

    exit_status = 1
    is_transient = False

    def __init__(
        self,
        what: str,
        *,
        place: Place | None = None,
        model: str | None = None,
        noun: Noun = "model",
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.model = model
        self.noun = noun
        self.hint = hint

    def __str__(self) -> str:
        lines = []
        if self.place is not None:
            lines.append(f"{self.place}: ")
        if self.model is not None:
            lines.append(f"{self.noun} {self.model}: ")
        text = "".join(lines) + self.what
        return f"{text}\n  try: {self.hint}" if self.hint else text

    def located(
        self, *, place: Place | None = None, model: str | None = None, noun: Noun = "model"
    ) -> T4tError:
        """This error with the place, and the model or seed, filled in where they were unknown."""
        self.place = self.place or place
        if self.model is None:
            self.model, self.noun = model, noun
        return self


class UsageError(T4tError):
    """The project, its configuration or the command line is wrong; nothing was run."""

    exit_status = 2


class ProjectError(UsageError):
    """Every mistake found in a project, together.

    Attributes:
        problems: At least one error, in the order of the files.
    """

    def __init__(self, problems: tuple[T4tError, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    def __str__(self) -> str:
        return self.what


class VariableError(UsageError):
    """A placeholder that nothing sets, or a value that cannot become a SQL literal."""


class SqlError(UsageError):
    """A model's text is not one query."""


class SelectionError(UsageError):
    """A selector that matches nothing."""


class StateError(UsageError):
    """The ledger or `tee_state.db` cannot be used."""


class OtherSettingsError(UsageError):
    """A connection of this process has the file open with other settings."""


class BrokenFileError(UsageError):
    """A DuckDB file that was cut off or overwritten in part."""


class RunError(T4tError):
    """A model failed; its table, watermark and state are as they were."""


class DatabaseError(RunError):
    """The database refused a statement.

    Attributes:
        sql: The statement.
        offset: Where in the statement the database saw it, from 0, or None where it does not say.
        is_transient: Another connection got in between.
    """

    def __init__(
        self,
        what: str,
        *,
        sql: str,
        offset: int | None = None,
        hint: str | None = None,
        is_transient: bool = False,
    ) -> None:
        super().__init__(what, hint=hint)
        self.sql = sql
        self.offset = offset
        self.is_transient = is_transient


class GateError(RunError):
    """Staged rows broke a rule, so none of them were written.

    Attributes:
        count: How many rows broke it.
    """

    def __init__(self, what: str, *, count: int, hint: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.count = count


class FailedChecksError(RunError):
    """Data tests of severity error failed on the finished table, so it was not published."""


class LockedError(T4tError):
    """Another process holds a database file.

    Attributes:
        file: The database file.
        holder: The process as the operating system names it, or None when it is unknown.
        waited_s: Seconds waited before giving up.
    """

    is_transient = True

    def __init__(self, file: Path, holder: str | None, waited_s: float) -> None:
        who = holder or "another process"
        super().__init__(
            f"{file} is locked by {who}; waited {waited_s:.0f} s for it",
            hint="close that process or wait for it, then run again; "
            "`lock_timeout_s` under [connection] sets how long to wait",
        )
        self.file = file
        self.holder = holder
        self.waited_s = waited_s
