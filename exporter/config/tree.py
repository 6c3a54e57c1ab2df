"""A document as a plain tree that still knows where each key stands and how each scalar was written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from exporter.errors import Fault

MAX_DEPTH: Final = 20
"""Levels of nesting read; the deepest key of the schema stands on the fourth."""

_SHOWABLE: Final = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)


class Place(NamedTuple):
    """Where something is written.

    Attributes:
        file: the file, or ``environment``.
        line: from 1; None when unknown.
        column: from 1; None when unknown.
        variable: name of the environment variable; empty for a file.
    """

    file: str
    line: int | None = None
    column: int | None = None
    variable: str = ""

    def fault(self, where: str, what: str) -> Fault:
        """A fault that stands here."""
        what = f"{what} (in {self.variable})" if self.variable else what
        return Fault(where, what, self.file, self.line, self.column)


class Plain(str):
    """A scalar without quotes: the key it stands under says whether it is a number, a truth or a text."""

    __slots__ = ()


class MappingNode(dict[str, "Node"]):
    """Keys and values, with the place of each key in `places`."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Node, place: Place) -> None:
        """Set a key and say where it is written."""
        self[key] = value
        self.places[key] = place


class SequenceNode(list["Node"]):
    """SequenceNode, with the place of each in `places`."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


Node: TypeAlias = str | bool | MappingNode | SequenceNode | None
"""`Plain` and quoted text, null, and containers; true and false only from JSON (in YAML they are `Plain`)."""


class Document(NamedTuple):
    """What was read: the tree, and the keys that stand in it twice (the first one is kept)."""

    root: Node
    repeated_keys: tuple[Fault, ...]


def showable(key: str) -> bool:
    """Whether an unknown key may be repeated in a message: a plain word, not something pasted in the wrong place."""
    return _SHOWABLE.fullmatch(key) is not None


def joined(where: str, step: str | int) -> str:
    """The key path one step further: ``organizations.static``, 3 -> ``organizations.static[3]``."""
    if isinstance(step, int):
        return f"{where}[{step}]"
    return f"{where}.{step}" if where else step


def place_of(root: Node, steps: Iterable[str | int]) -> Place | None:
    """The place of the deepest written step of a key path, None when not even its first is written."""
    place, node = None, root
    for step in steps:
        if isinstance(node, MappingNode) and isinstance(step, str) and step in node:
            place, node = node.places[step], node[step]
        if isinstance(node, SequenceNode) and isinstance(step, int):
            place, node = node.places[step], node[step]
    return place


def path_of(steps: Iterable[str | int]) -> str:
    """The key path in words: ``("organizations", "static", 3, "id")`` -> ``organizations.static[3].id``."""
    where = ""
    for step in steps:
        where = joined(where, step)
    return where


def too_deep(place: Place, where: str) -> Fault:
    """The fault of a document that nests deeper than `MAX_DEPTH`."""
    return place.fault(where, f"is nested deeper than {MAX_DEPTH} levels")
