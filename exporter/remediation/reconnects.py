"""Which connections were broken and are well again, told from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from exporter.model.asked import Reconnect
from exporter.model.facts import Block, OrganizationState, Snapshot
from exporter.model.judgement import CONNECTION_ISSUES, Diagnosis
from exporter.model.words import Freshness, Issue

_BREAKS: Final = (Issue.DISCONNECTED, Issue.TOKEN_EXPIRED)


class Reconnects:
    """Remembers whose connection is broken since when; what it knew is gone when the process ends."""

    def __init__(self) -> None:
        self._broken: dict[str, float] = {}
        self._mended: dict[str, float] = {}
        self._seen: frozenset[Block] = frozenset()

    def look(self, snapshot: Snapshot) -> list[Reconnect]:
        """Those that are well again and not `recorded` yet. Blocks that did not change are not looked at."""
        for block in snapshot.blocks:
            if block not in self._seen:
                for state in block.states:
                    self._see(state)
        self._seen = frozenset(snapshot.blocks)
        return [Reconnect(name, since) for name, since in self._mended.items()]

    def recorded(self, found: Iterable[Reconnect]) -> None:
        """These are on the disk: before that, none is forgotten."""
        for one in found:
            self._mended.pop(one.organization_id, None)

    def _see(self, state: OrganizationState) -> None:
        name = state.organization.id
        if state.freshness is not Freshness.FRESH or state.status is None:
            return
        breaks = [one.since for one in state.diagnosis.issues if one.issue in _BREAKS]
        if breaks:
            self._broken.setdefault(name, self._mended.pop(name, min(breaks)))
        elif state.status.connected and not _may_be_broken(state.diagnosis):
            since = self._broken.pop(name, None)
            if since is not None:
                self._mended[name] = since


def _may_be_broken(diagnosis: Diagnosis) -> bool:
    """Whether the connection has an issue, or nobody can say that it has none."""
    has = any(one.issue in CONNECTION_ISSUES for one in diagnosis.issues)
    return has or diagnosis.leaves_connection_open
