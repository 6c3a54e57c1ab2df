"""The schema as a table of keys: for the environment's variables, the reference, and the words near an unknown key."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from exporter.config.section import Section
from exporter.config.values import Spelling

VARIABLE_PREFIX: Final = "XERO_EXPORTER_"
_LEVEL: Final = "__"


class Shape(Enum):
    """What a key holds."""

    SCALAR = "one value"
    LIST = "list"
    SECTION = "mapping"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration.

    Attributes:
        path: names from the root; a list's items are one step ``[]``.
        shape: whether it holds one value, a list or further keys.
        words: what it holds, for people.
        nullable: whether null is a value of it.
        default: how its default is written; None when it must be given.
        description: what it means.
    """

    path: tuple[str, ...]
    shape: Shape
    words: str
    nullable: bool
    default: str | None
    description: str

    @property
    def where(self) -> str:
        """The key path as people write it: ``organizations.static[].id``."""
        return ".".join(self.path).replace(".[]", "[]")

    @property
    def variable(self) -> str | None:
        """The environment variable that sets it; None within the items of a list, which are set as a whole."""
        return None if "[]" in self.path else VARIABLE_PREFIX + _LEVEL.join(self.path).upper()


def keys_of(model: type[Section], above: tuple[str, ...] = ()) -> Iterator[Key]:
    """Every key of a model and of the models in it, each section before its keys, what must be given first."""
    for name, field in sorted(model.model_fields.items(), key=lambda item: not item[1].is_required()):
        path = (*above, name)
        inner, shape, words, nullable = _content(field)
        yield Key(path, shape, words, nullable, _default(field, shape), field.description or "")
        if inner is not None:
            yield from keys_of(inner, (*path, "[]") if shape is Shape.LIST else path)


def section_at(model: type[Section], steps: Iterable[str | int]) -> type[Section] | None:
    """The model whose keys stand at a key path, None when there is none."""
    found: type[Section] | None = model
    for step in steps:
        if isinstance(step, str):
            field = found.model_fields.get(step) if found else None
            found = _content(field)[0] if field else None
    return found


def _content(field: FieldInfo) -> tuple[type[Section] | None, Shape, str, bool]:
    """The model below a field, and its shape, words and nullability."""
    annotation = field.annotation
    spelling = _spelling(field.metadata)
    nullable = get_origin(annotation) in {Union, types.UnionType}
    if nullable:
        annotation = next(member for member in get_args(annotation) if member is not types.NoneType)
    if get_origin(annotation) is Annotated:
        spelling = _spelling(get_args(annotation)[1:])
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        if get_origin(item) is Annotated:
            return None, Shape.LIST, f"list of {_spelling(get_args(item)[1:]).words}s", nullable
        return item, Shape.LIST, "list", nullable
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, Shape.SECTION, "mapping", nullable
    return None, Shape.SCALAR, spelling.words, nullable


def _spelling(metadata: Iterable[object]) -> Spelling:
    """The parser a field is annotated with; every scalar of the schema has one."""
    return next((entry for entry in metadata if isinstance(entry, Spelling)), Spelling("", str))


def _default(field: FieldInfo, shape: Shape) -> str | None:
    if field.is_required():
        return None
    if field.default is None:
        return "null"
    if shape is not Shape.SCALAR:
        return _list(field.default) if shape is Shape.LIST else "{}"
    return _spelling(field.metadata).show(field.default)


def _list(items: Iterable[object]) -> str:
    return f"[{', '.join(map(str, items))}]"
