"""From what users write to what it says."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct, convert
from pydantic import ValidationError

from t4t_core.config.checks import SqlTestConfig
from t4t_core.config.function import FunctionConfig
from t4t_core.config.mistakes import MistakesError
from t4t_core.config.model import ModelConfig
from t4t_core.config.project import ProjectConfig
from t4t_core.config.seed import SeedConfig
from t4t_core.written.base import Written
from t4t_core.written.function import WrittenFunction
from t4t_core.written.mistakes import problems
from t4t_core.written.model import WrittenModel
from t4t_core.written.project import WrittenProject
from t4t_core.written.seed import WrittenSeed
from t4t_core.written.tests import WrittenSqlTest
from t4t_core.written.whole_model import refuse_contradictions

Said = TypeVar("Said", bound=Struct)

_SHAPES: dict[type[Struct], type[Written]] = {
    FunctionConfig: WrittenFunction,
    ModelConfig: WrittenModel,
    ProjectConfig: WrittenProject,
    SeedConfig: WrittenSeed,
    SqlTestConfig: WrittenSqlTest,
}


def read(what: type[Said], written: object) -> Said:
    """What is written, checked.

    Args:
        what: What it is about.
        written: Values as a user wrote them.

    Raises:
        MistakesError: Everything that is wrong in it.
    """
    said = read_as(_SHAPES[what], what, written)
    if isinstance(said, ModelConfig):
        try:
            refuse_contradictions(said)
        except ValueError as error:
            raise MistakesError([((), str(error))]) from error
    return said


def read_as(
    shape: type[Written], what: type[Said], written: object, context: object = None
) -> Said:
    """The same for any shape; `context` is for its validators.

    Raises:
        MistakesError: Everything that is wrong in it.
    """
    try:
        checked = shape.model_validate(written, context=context)
    except ValidationError as error:
        raise MistakesError(problems(error, shape)) from error
    return convert(checked, what, from_attributes=True)
