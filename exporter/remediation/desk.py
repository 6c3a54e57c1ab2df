"""The async face of the ledger: one worker thread, and the only place where async meets the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from exporter.model.action import (
    Action,
    ActionRecord,
    ActionState,
    AlertDelivery,
    GateView,
    PersonRequest,
    Receipt,
    Totals,
)


class Counter(Protocol):
    """What callers from outside do at the desk: the webhook, the API, the command line.

    Every method raises `LedgerError` while the ledger cannot be used: then nothing of what was asked is recorded. What
    returns is committed. No method waits for the platform: the executor acts later, on its own.
    """

    async def deliver(self, deliveries: Sequence[AlertDelivery], *, truncated: int = 0) -> Receipt:
        """Records what an Alertmanager delivered, whole or not at all. Repeating it is harmless.

        Args:
            deliveries: any number; 10,000 take less than 2 s.
            truncated: how many alerts Alertmanager left out (``truncatedAlerts``): any is evidence of a storm.
        """
        ...

    async def ask(self, request: PersonRequest) -> Action:
        """Records what a person asks for: an action, planned and approved.

        An action of the same organisation and kind that has not started takes over what is asked now, and keeps its id.

        Raises:
            RefusedError: one has started and is not finished yet, or the request is not complete for its kind, or
                reaches further back than `ledger.asking.PERSON_LOOKBACK`.
        """
        ...

    async def approve(self, action_id: int, *, actor: str, note: str = "") -> Action:
        """Approves an action that has not started; the gates judge it still.

        Raises:
            RefusedError: there is no such action, or it has started or ended.
        """
        ...

    async def reject(self, action_id: int, *, actor: str, note: str = "") -> Action:
        """Cancels an action that has not started.

        Raises:
            RefusedError: there is no such action, or it has started or ended.
        """
        ...

    async def pause(self, *, actor: str, note: str = "") -> GateView:
        """Nothing is started any more, also what is being judged right now: the claim looks at this. Repeatable."""
        ...

    async def resume(self, *, actor: str, note: str = "") -> GateView:
        """Takes back a pause, and a hold for a refused credential. Repeatable."""
        ...

    async def gate(self) -> GateView:
        """What holds everybody, and whether a running exporter obeys it (`GateView.obeyed`)."""
        ...

    async def actions(
        self,
        *,
        organization_id: str | None = None,
        states: Collection[ActionState] = (),
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Action]:
        """Actions, the newest first.

        Args:
            organization_id: only of this one.
            states: only in one of these; empty: in any.
            limit: at most so many.
            before: only with an id less than this: the next page.
        """
        ...

    async def action(self, action_id: int) -> ActionRecord | None:
        """All that is recorded of one action; None when there is none of that number."""
        ...

    async def totals(self) -> Totals:
        """Counts for metrics: a few milliseconds."""
        ...
