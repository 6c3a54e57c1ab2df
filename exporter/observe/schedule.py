"""Who is due: a heap of turns, one for each organisation."""

from __future__ import annotations

import heapq
from collections.abc import Iterable


class Schedule:
    """Turns by organisation, handed out in order of time. Not thread-safe: lives on the loop."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._at)

    def at(self, organization_id: str) -> float | None:
        """When the organisation has its next turn, monotonic seconds; None when it has none (it is being read)."""
        return self._at.get(organization_id)

    def put(self, organization_id: str, at: float) -> None:
        """Gives the organisation a turn, in place of the one it had."""
        self._at[organization_id] = at
        heapq.heappush(self._heap, (at, organization_id))
        # Turns that were replaced stay in the heap until their time. Every organisation replaced at each of many
        # roster changes must not grow it without bound.
        if len(self._heap) > 64 + 4 * len(self._at):
            self._heap = [(turn, name) for name, turn in self._at.items()]
            heapq.heapify(self._heap)

    def remove(self, organization_id: str) -> None:
        """Takes the organisation's turn away, if it has one."""
        self._at.pop(organization_id, None)

    def take_due(self, now: float) -> list[tuple[float, str]]:
        """Removes and returns the turns that have come, earliest first, as (monotonic second, organization_id)."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            at, organization_id = heapq.heappop(self._heap)
            if self._at.get(organization_id) == at:
                del self._at[organization_id]
                due.append((at, organization_id))
        return due

    def keep_only(self, organization_ids: Iterable[str]) -> None:
        """Forgets the turns of everybody else."""
        kept = set(organization_ids)
        self._at = {name: at for name, at in self._at.items() if name in kept}
