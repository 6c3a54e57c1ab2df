"""Reading the configuration whole: the file, the environment over it, and every fault at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from exporter.config.environment import overlay
from exporter.config.faults import repeated, schema_faults
from exporter.config.files import FileProblemError, read_text
from exporter.config.remediation import Ledger
from exporter.config.schema import Config, OrganizationEntry
from exporter.config.tree import Document, MappingNode, Node, SequenceNode
from exporter.config.unsafe import unsafe
from exporter.config.yaml_document import read_document
from exporter.errors import ConfigError, Fault
from exporter.model.facts import Organization

MAX_CONFIG_SIZE: Final = 5 * 1024 * 1024
"""Bytes; 10,000 organisations in `static` take 1 MiB."""

MAX_ORGANIZATIONS_SIZE: Final = 50 * 1024 * 1024
"""Bytes of an organisations file; 100,000 organisations take 10 MiB."""

_ENTRIES: Final = TypeAdapter(tuple[OrganizationEntry, ...])


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration comes from, to read it again.

    Attributes:
        path: the file.
        environ: the environment variables over it, as they were at the start.
    """

    path: Path
    environ: Mapping[str, str]

    def load(self) -> Config:
        """The configuration as it is now.

        Raises:
            ConfigError: as `load`.
        """
        return load(self.path, self.environ)


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file at `path` with the XERO_EXPORTER_ variables of `environ` over it.

    Relative paths in it are taken from the folder of the file and come out absolute.

    Raises:
        ConfigError: every fault of the schema, of the variables, every repeated key and every combination that is not
            safe, in the order of the file; or the one reason why the file cannot be read at all.
    """
    file = str(path)
    document = _read(path, MAX_CONFIG_SIZE)
    root = MappingNode() if document.root is None else document.root
    if not isinstance(root, MappingNode):
        raise ConfigError([Fault("", "must be a mapping of keys such as platform and organizations", file)])
    faults = [*document.repeated_keys, *overlay(root, environ, file), *_repeats(root)]
    config: Config | None = None
    try:
        config = Config.model_validate(root, context={"folder": path.parent.absolute()})
    except ValidationError as error:
        faults += schema_faults(error, root, file, Config)
    if config is not None:
        faults += (replace(fault, file=file) for fault in unsafe(config))
    if faults or config is None:
        raise ConfigError(_in_order(faults, file))
    return config


def load_ledger(path: Path, environ: Mapping[str, str]) -> Ledger:
    """Where the ledger is, whatever else is wrong with the configuration: a stop must work beside any fault.

    Raises:
        ConfigError: the file cannot be read, or `ledger` itself has a fault.
    """
    file = str(path)
    root = _read(path, MAX_CONFIG_SIZE).root
    if not isinstance(root, MappingNode):
        raise ConfigError([Fault("", "must be a mapping of keys such as platform and organizations", file)])
    # The environment's own faults are of no account here.
    list(overlay(root, environ, file))
    section = root.get("ledger")
    try:
        return Ledger.model_validate({} if section is None else section, context={"folder": path.parent.absolute()})
    except ValidationError as error:
        raise ConfigError(tuple(schema_faults(error, MappingNode(), file, Ledger))) from None


def load_organizations(path: Path) -> tuple[Organization, ...]:
    """The organisations listed in the file at `path`, in its order.

    10,000 entries of three keys take 0.16 s of CPU with PyYAML's C parser (1.1 s without it).

    Raises:
        ConfigError: every fault; a list with one fault is refused whole. An empty file is a fault and not an empty
            list: it is what a half-done write looks like.
    """
    file = str(path)
    document = _read(path, MAX_ORGANIZATIONS_SIZE)
    root = document.root
    if not isinstance(root, SequenceNode):
        what = "is empty; write [] for no organisations" if root is None else "must be a list of organisations"
        raise ConfigError([Fault("", what, file)])
    faults = [*document.repeated_keys, *repeated(root, "id", "")]
    entries: tuple[OrganizationEntry, ...] = ()
    try:
        entries = _ENTRIES.validate_python(root)
    except ValidationError as error:
        faults += schema_faults(error, root, file, OrganizationEntry)
    if faults:
        raise ConfigError(_in_order(faults, file))
    return tuple(entry.organization for entry in entries)


def _read(path: Path, limit: int) -> Document:
    try:
        text = read_text(path, limit)
    except FileProblemError as problem:
        raise ConfigError([Fault("", str(problem), str(path))]) from None
    return read_document(text, str(path))


def _repeats(root: MappingNode) -> Iterable[Fault]:
    yield from repeated(_at(root, "organizations", "static"), "id", "organizations.static")
    yield from repeated(_at(root, "web", "tokens"), "name", "web.tokens")


def _at(root: MappingNode, section: str, key: str) -> Node:
    inner = root.get(section)
    return inner.get(key) if isinstance(inner, MappingNode) else None


def _in_order(faults: Iterable[Fault], file: str) -> list[Fault]:
    """By place in the file; what has no line after that, and the environment last."""
    endless = float("inf")
    return sorted(faults, key=lambda fault: (fault.file != file, fault.line or endless, fault.column or endless))
