"""YAML or JSON text -> tree.

Only the part of YAML that cannot surprise is read. A scalar stays the text that was written: ``no``, ``0123``,
``1e5``, ``12:30`` and dates mean what the key they stand under says, not what YAML 1.1 guesses. Aliases, anchors, tags
and merge keys are refused: an alias bomb must not blow up, a tag must not build objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from exporter.config.json_document import read_json
from exporter.config.tree import (
    MAX_DEPTH,
    Document,
    MappingNode,
    Node,
    Place,
    Plain,
    SequenceNode,
    joined,
    showable,
    too_deep,
)
from exporter.errors import ConfigError, Fault

_NULLS: Final = frozenset({"", "~", "null"})

# libyaml's parser in C: 80,006 events (10,000 organisations of three keys) in 0.04 s, against 0.8 s in Python.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What libyaml and PyYAML say -> what a person can do. Their own texts quote the file, so only these are ever shown.
_SYNTAX: Final = {
    "mapping values are not allowed in this context": "a colon is not expected here; put a text with a colon in quotes",
    "mapping values are not allowed here": "a colon is not expected here; put a text with a colon in quotes",
    "found character that cannot start any token": "no tabs; a value that starts with % @ or ` goes in quotes",
    "found unexpected end of stream": "a quote is never closed",
    "did not find expected ',' or ']'": "a [ is never closed, or a comma is missing",
    "did not find expected ',' or '}'": "a { is never closed, or a comma is missing",
    "could not find expected ':'": "a key without its colon",
    "did not find expected key": "check the indentation: every key of a mapping begins in the same column",
    "did not find expected '-' indicator": "check the indentation: every item of a list begins in the same column",
}


def read_document(text: str, file: str) -> Document:
    r"""Read one YAML document, or a JSON document; `file` is its name for error messages.

    Nearly all JSON is YAML. What is not (``\ud83d\ude00``, json.dumps' emoji) is read as JSON, without places.

    Raises:
        ConfigError: one fault, the first place that is no YAML or is outside the part of YAML read here.
    """
    reader = _YamlReader(text, file)
    try:
        return Document(reader.document(), tuple(reader.repeated))
    except yaml.YAMLError as error:
        if text.lstrip()[:1] in {"[", "{"}:
            try:
                return read_json(text, Place(file), "")
            except ConfigError:
                pass  # not JSON either: YAML's complaint has a line
        raise ConfigError([_syntax_fault(error, file)]) from None


class _YamlReader:
    """One pass over the events of one document."""

    def __init__(self, text: str, file: str) -> None:
        self.repeated: list[Fault] = []
        self._file = file
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node:
        """The root of the document; None when there is none."""
        root: Node = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ConfigError([self._place(event).fault("", "holds a second document; keep one")])
                root = self._node(next(self._events), "", 0)
        return root

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        assert mark is not None  # both parsers mark every event
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _node(self, event: yaml.Event, where: str, depth: int) -> Node:
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:  # an alias has one too
            raise ConfigError([self._place(event).fault(where, "anchors and aliases are not supported; write it out")])
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise ConfigError([self._place(event).fault(where, "tags are not supported; leave the ! word out")])
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if depth == MAX_DEPTH:
            raise ConfigError([too_deep(self._place(event), where)])
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(where, depth)
        return self._mapping(where, depth)

    def _sequence(self, where: str, depth: int) -> SequenceNode:
        items = SequenceNode()
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.places.append(self._place(event))
            items.append(self._node(event, f"{where}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, where: str, depth: int) -> MappingNode:
        mapping = MappingNode()
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self._place(event)
            key = self._key(event, place, where)
            inner = joined(where, key) if showable(key) else where
            value = self._node(next(self._events), inner, depth + 1)
            if key in mapping:
                first = mapping.places[key].line
                self.repeated.append(place.fault(inner, f"is written twice, first on line {first}; keep one"))
            else:
                mapping.put(key, value, place)
        return mapping

    def _key(self, event: yaml.Event, place: Place, where: str) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
            raise ConfigError([place.fault(where, "a key must be a word")])
        if event.value == "<<" and not event.style:
            raise ConfigError([place.fault(where, "merge keys are not supported; write the keys out")])
        return event.value


def _scalar(event: yaml.ScalarEvent) -> Node:
    if event.style:  # the quote or block sign; libyaml says '' and PyYAML None for a plain scalar
        return event.value
    return None if event.value in _NULLS else Plain(event.value)


def _syntax_fault(error: yaml.YAMLError, file: str) -> Fault:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    place = Place(file) if mark is None else Place(file, mark.line + 1, mark.column + 1)
    if isinstance(error, yaml.reader.ReaderError):
        return place.fault("", "is not valid YAML: it holds a control character; take it out")
    return place.fault("", f"is not valid YAML: {_SYNTAX.get(problem or '', 'check indentation, quotes and colons')}")
