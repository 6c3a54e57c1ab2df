"""Which organisations are ours: sources merged, filtered, and replaced whole. The last good list is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.clock import Clock
from exporter.config.expressions import Expression
from exporter.config.files import FileSignature, signature
from exporter.config.load import load_organizations
from exporter.errors import ConfigError, Fault
from exporter.model.conditions import SourceState
from exporter.model.facts import Organization
from exporter.model.words import RosterSource


def merge(lists: Iterable[Sequence[Organization]]) -> tuple[Organization, ...]:
    """All organisations of all lists; of one that stands in several, the first list's attributes win."""
    merged: dict[str, Organization] = {}
    for organizations in lists:
        for organization in organizations:
            merged.setdefault(organization.id, organization)
    return tuple(merged.values())


@dataclass(frozen=True, slots=True)
class Filter:
    """Which ids are watched. Patterns match whole ids; exclude wins.

    Attributes:
        include: an id must match one of these; empty means all.
        exclude: an id must match none of these.
    """

    include: tuple[Expression, ...] = ()
    exclude: tuple[Expression, ...] = ()

    def admits(self, organization_id: str) -> bool:
        """Whether this id is watched."""
        if any(pattern.matches(organization_id) for pattern in self.exclude):
            return False
        return not self.include or any(pattern.matches(organization_id) for pattern in self.include)


class Roster:
    """The sources and what they listed last.

    `organizations` is the merged and filtered list in force. It is replaced whole, so a reader of it never sees
    half of a change.
    """

    def __init__(
        self,
        *,
        static: tuple[Organization, ...],
        file: Path | None,
        admitted: Filter,
        clock: Clock,
        discovered: bool = False,
    ) -> None:
        """Reads nothing yet.

        Args:
            static: who is listed in the configuration.
            file: where more are listed; None for nowhere.
            admitted: who of them is watched.
            clock: says when a source was read.
            discovered: whether somebody will `take` what a server lists.
        """
        self.organizations: tuple[Organization, ...] = ()
        self._static = static
        self._file = file
        self._admitted = admitted
        self._clock = clock
        self._discovered = discovered
        self._sources: dict[RosterSource, SourceState] = {}
        self._lists: dict[RosterSource, tuple[Organization, ...]] = {}
        self._seen: FileSignature | None = None

    def load(self) -> None:
        """Reads every source for the first time, but for the server that lists organisations: that is to `take`.

        Raises:
            ConfigError: the organisations file cannot be used; at start there is no last good list to keep.
        """
        if self._static or not (self._file or self._discovered):
            self._accept(RosterSource.STATIC, self._static)
        if self._file is not None:
            self._seen = signature(self._file)
            self._accept(RosterSource.FILE, load_organizations(self._file))
        if self._discovered:
            self._sources[RosterSource.HTTP] = SourceState(
                RosterSource.HTTP, organizations=0, last_success=None, rejected=False, why="it has not answered yet"
            )
        self._merge()

    def changed(self) -> bool:
        """Whether the file is not the one that was looked at last. One stat; so cheap that each tick asks."""
        return self._file is not None and signature(self._file) != self._seen

    def reload(self, read: Callable[[Path], tuple[Organization, ...]] = load_organizations) -> tuple[Fault, ...]:
        """Reads the file again; takes a second for 10,000 organisations, so run it in a thread.

        Returns:
            Why the new content was refused, the last good list being kept; empty when it was taken.
        """
        if self._file is None:
            return ()
        # Taken before the read: a change during it is seen as one more change afterwards.
        self._seen = signature(self._file)
        try:
            organizations = read(self._file)
        except ConfigError as error:
            self._sources[RosterSource.FILE] = replace(self._sources[RosterSource.FILE], rejected=True)
            return error.faults
        self._accept(RosterSource.FILE, organizations)
        self._merge()
        return ()

    def become(self, other: Roster) -> None:
        """Takes over what `other`, a loaded roster, was configured with and has read; what the server listed stays."""
        kept_state, kept_list = self._sources.get(RosterSource.HTTP), self._lists.get(RosterSource.HTTP)
        before = self.organizations
        self._static, self._file, self._admitted = other._static, other._file, other._admitted
        self._discovered, self._seen = other._discovered, other._seen
        self._sources, self._lists = other._sources, other._lists
        if self._discovered and kept_state is not None:
            self._sources[RosterSource.HTTP] = kept_state
            if kept_list is not None:
                self._lists[RosterSource.HTTP] = kept_list
        self._merge()
        if self.organizations == before:
            self.organizations = before

    def take(self, organizations: tuple[Organization, ...]) -> None:
        """From now on these are what the server lists."""
        self._accept(RosterSource.HTTP, organizations)
        self._merge()

    def confirm(self) -> None:
        """The server lists whom it listed before."""
        self._accept(RosterSource.HTTP, self._lists[RosterSource.HTTP])

    def awaits_another_server(self) -> None:
        """Another server is asked from now on; whom the one before listed stay meanwhile."""
        self.keep(rejected=False, held=False, why="the server that is configured now has not answered yet")

    def keep(self, *, rejected: bool, held: bool, why: str) -> None:
        """What the server listed before stays in force, as it gave nothing, nothing usable, or too little.

        Args:
            rejected: whether its newest content was refused.
            held: whether its newest content is held.
            why: a clause for people, without foreign text.
        """
        before = self._sources[RosterSource.HTTP]
        self._sources[RosterSource.HTTP] = replace(before, rejected=rejected, held=held, why=why)

    @property
    def waits_for(self) -> str:
        """Which source was never read, and why, for people; empty when each was."""
        never = (one for one in self._sources.values() if one.last_success is None)
        return next((f"organizations.{one.source}: {one.why}" for one in never), "")

    @property
    def sources(self) -> tuple[SourceState, ...]:
        """How each source stands, in order of precedence."""
        return tuple(self._sources.values())

    def _accept(self, source: RosterSource, organizations: tuple[Organization, ...]) -> None:
        self._lists[source] = organizations
        self._sources[source] = SourceState(
            source=source,
            organizations=len(organizations),
            last_success=self._clock.now().wall,
            rejected=False,
        )

    def _merge(self) -> None:
        merged = merge(self._lists[source] for source in RosterSource if source in self._lists)
        self.organizations = tuple(one for one in merged if self._admitted.admits(one.id))


def difference(before: Iterable[Organization], after: Iterable[Organization]) -> Mapping[str, int]:
    """How many organisations came, went, or got other attributes, for the log."""
    old = {one.id: one for one in before}
    new = {one.id: one for one in after}
    return {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[name] != new[name] for name in old.keys() & new.keys()),
    }
