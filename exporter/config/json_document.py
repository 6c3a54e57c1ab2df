"""JSON text -> the same tree as YAML: numbers stay the text that was written, a key written twice is a fault."""

from __future__ import annotations

import json

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


def read_json(text: str, place: Place, where: str) -> Document:
    """Read a JSON text all of which stands at `place`; `where` is the key path of its root.

    Raises:
        ConfigError: one fault, when it is no JSON or nests deeper than `MAX_DEPTH`.
    """
    repeated: list[Fault] = []
    try:
        # Numbers stay the text that was written, as in YAML: `{"id": 0}` is the text 0, and no number is too large.
        value = json.loads(text, object_pairs_hook=_Pairs, parse_int=Plain, parse_float=Plain, parse_constant=Plain)
        return Document(_from_json(value, place, where, 0, repeated), tuple(repeated))
    except RecursionError:
        raise ConfigError([too_deep(place, where)]) from None
    except ValueError:
        raise ConfigError([place.fault(where, "is not valid JSON")]) from None


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it was written, its keys not yet looked at."""


def _from_json(value: object, place: Place, where: str, depth: int, repeated: list[Fault]) -> Node:
    if value is None or isinstance(value, str | bool):
        return value
    if depth == MAX_DEPTH:
        raise RecursionError
    if isinstance(value, _Pairs):
        mapping = MappingNode()
        for key, inner in value:
            path = joined(where, key) if showable(key) else where
            if key in mapping:
                repeated.append(place.fault(path, "is written twice; keep one"))
            else:
                mapping.put(key, _from_json(inner, place, path, depth + 1, repeated), place)
        return mapping
    assert isinstance(value, list)  # all that json.loads gives besides
    items = SequenceNode()
    for index, inner in enumerate(value):
        items.places.append(place)
        items.append(_from_json(inner, place, f"{where}[{index}]", depth + 1, repeated))
    return items
