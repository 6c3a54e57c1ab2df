"""What pydantic found -> sentences for people, without the values that pydantic's own messages print."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from exporter.config.keys import section_at
from exporter.config.section import Section
from exporter.config.tree import MappingNode, Node, Place, SequenceNode, path_of, place_of, showable
from exporter.config.values import SpellingError
from exporter.errors import Fault

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SENTENCES: Final = {
    "missing": "is missing and has no default",
    "model_type": "must be a mapping of keys",
    "tuple_type": "must be a list; [] is the empty one",
}


def schema_faults(error: ValidationError, root: Node, file: str, model: type[Section]) -> Iterator[Fault]:
    """A fault for each error of pydantic, at the place where the key, or what should hold it, is written.

    Args:
        error: what pydantic said of `root`.
        root: the tree that was validated.
        file: the file it came from.
        model: the model of the root, or of its items if the root is a list.
    """
    for detail in error.errors(include_url=False, include_input=False):
        steps = detail["loc"]
        place = place_of(root, steps) or Place(file)
        if detail["type"] == "extra_forbidden":
            yield _unknown_key(steps, place, model)
        else:
            yield place.fault(path_of(steps), _sentence(detail))


def repeated(items: Node, key: str, where: str) -> Iterator[Fault]:
    """A fault for each item of a list of mappings that has the same text at `key` as an earlier one."""
    first: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, SequenceNode) else ()):
        value = item.get(key) if isinstance(item, MappingNode) else None
        if isinstance(item, MappingNode) and isinstance(value, str):
            earlier = first.setdefault(value, index)
            if earlier != index:
                yield item.places[key].fault(f"{where}[{index}].{key}", f"is the same as {where}[{earlier}].{key}")


def closest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """``; did you mean `interval`?`` when a known word is near, else nothing; `prefix` is shown before it."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{prefix}{near[0]}`?" if near else ""


def _sentence(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, SpellingError):
            return str(cause)
    return _SENTENCES.get(detail["type"], "is not valid here")


def _unknown_key(steps: tuple[str | int, ...], place: Place, model: type[Section]) -> Fault:
    key = str(steps[-1])
    if not showable(key):
        return place.fault(path_of(steps[:-1]), "holds an unknown key that is no plain word")
    section = section_at(model, steps[:-1])
    return place.fault(path_of(steps), f"unknown key{closest(key, list(section.model_fields) if section else [])}")
