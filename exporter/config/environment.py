"""The environment, laid over the file: XERO_EXPORTER_PLATFORM__URL is platform.url."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from exporter.config.faults import closest
from exporter.config.json_document import read_json
from exporter.config.keys import VARIABLE_PREFIX, Key, Shape, keys_of
from exporter.config.schema import Config
from exporter.config.tree import MappingNode, Node, Place, Plain
from exporter.errors import ConfigError, Fault

_VARIABLE: Final = re.compile(r"[A-Z0-9_]{1,100}", re.ASCII)

# Kubernetes puts the address of every Service of the namespace into every container: one that is called xero-exporter
# gives XERO_EXPORTER_SERVICE_HOST, XERO_EXPORTER_PORT=tcp://10.0.0.1:9869, XERO_EXPORTER_PORT_9869_TCP_ADDR and so on.
# They are nobody's mistake. Two underscores are ours, so XERO_EXPORTER_WEB__PORT stays one.
_SERVICE_LINK: Final = re.compile(
    r"(?!.*__)XERO_EXPORTER_(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_SERVICE_URL: Final = re.compile(r"(?!.*__)XERO_EXPORTER_(?:[A-Z0-9_]+_)?PORT=(?:tcp|udp|sctp)://.*")


def overlay(root: MappingNode, environ: Mapping[str, str], file: str) -> Iterator[Fault]:
    """Lay the environment over the tree of `file`, in place; gives the faults of the environment itself.

    A list, and an object key by key, are given as JSON; any other value is the text, ``null`` alone means null. An
    object is laid over the file's, a list replaces it. Deeper variables are laid over shallower ones.
    """
    known = {key.variable: key for key in keys_of(Config) if key.variable}
    given = sorted(name for name in environ if name.startswith(VARIABLE_PREFIX))
    for name in sorted(given, key=lambda name: name.count("__")):
        if name in known:
            yield from _lay(root, known[name], environ[name], Place("environment", variable=name), Place(file))
        elif not _is_service_link(name, environ[name]):
            yield _unknown(name, [variable.removeprefix(VARIABLE_PREFIX) for variable in known])


def _unknown(name: str, known: list[str]) -> Fault:
    if not _VARIABLE.fullmatch(name):
        return Fault("", f"a variable that begins with {VARIABLE_PREFIX} is no key of the configuration", "environment")
    near = closest(name.removeprefix(VARIABLE_PREFIX), known, VARIABLE_PREFIX)
    return Fault("", f"{name} is no key of the configuration{near}", "environment")


def _is_service_link(name: str, value: str) -> bool:
    # XERO_EXPORTER_PORT=9869 is a person's guess at web.listen, and a fault.
    return bool(_SERVICE_LINK.fullmatch(name) or _SERVICE_URL.fullmatch(f"{name}={value}"))


def _lay(root: MappingNode, key: Key, text: str, place: Place, file: Place) -> Iterator[Fault]:
    section = _section(root, key.path[:-1], file)
    value: Node = None if text == "null" else Plain(text)
    if key.shape is not Shape.SCALAR:
        try:
            value, repeats = read_json(text, place, key.where)
        except ConfigError as error:
            yield from error.faults
            return
        yield from repeats
    if section is not None:
        _merge(section, key.path[-1], value, place)


def _section(root: MappingNode, path: tuple[str, ...], file: Place) -> MappingNode | None:
    """The mapping at a key path, made where nothing is written; None where something else is, a fault of its own."""
    section = root
    for name in path:
        if section.get(name) is None:
            section.put(name, MappingNode(), section.places.get(name, file))
        inner = section[name]
        if not isinstance(inner, MappingNode):
            return None
        section = inner
    return section


def _merge(section: MappingNode, name: str, value: Node, place: Place) -> None:
    """Lay a value over what stands at a key: mappings key by key, anything else as a whole."""
    there = section.get(name)
    if isinstance(there, MappingNode) and isinstance(value, MappingNode):
        for inner, laid in value.items():
            _merge(there, inner, laid, place)
    else:
        section.put(name, value, place)
