"""Everything that can be done with the ledger, each in one transaction. Synchronous: `desk` calls it in its thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from exporter.errors import LedgerError
from exporter.model.accounts import Account, GateView, Marks
from exporter.model.action import (
    Action,
    ActionKind,
    ActionRecord,
    ActionState,
    Effect,
    Event,
    Mode,
    Parameters,
    Trigger,
)
from exporter.model.asked import AlertDelivery, PersonRequest, Receipt, Reconnect, RequestKey
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.remediation.gates import Gate, Tallies
from exporter.remediation.ledger import (
    accounting,
    asking,
    claiming,
    counting,
    planning,
    reading,
    receiving,
    recording,
    requests,
    set_back,
    upkeep,
)
from exporter.remediation.ledger.changing import ChangedError
from exporter.remediation.ledger.claiming import Claim, Judged
from exporter.remediation.ledger.engine import Store
from exporter.remediation.ledger.lock import ExecutorLock
from exporter.remediation.ledger.planning import Due, Planned
from exporter.remediation.ledger.recording import Result
from exporter.remediation.ledger.upkeep import Episode

_T = TypeVar("_T")


class Work:
    """One ledger; the methods are those of `desk.Desk`, which says what they promise. Used by one thread at a time."""

    def __init__(self, url: str, *, now: Callable[[], float], create: bool = True) -> None:
        """Opens nothing yet; arguments as `engine.Store` has them."""
        self._store = Store(url, now=now, create=create)
        self._lock = ExecutorLock(self._store.path)

    def close(self) -> None:
        """Closes the file, and is the executor no more."""
        self._store.close()
        self._lock.release()

    def deliver(
        self, deliveries: Sequence[AlertDelivery], truncated: int, now: float, traceparent: str = ""
    ) -> Receipt:
        """See `desk.Desk`."""
        return self._store.write(
            lambda connection: receiving.deliver(connection, deliveries, truncated, now, traceparent)
        )

    def reconnected(self, reconnects: Sequence[Reconnect], now: float) -> Receipt:
        """See `desk.Desk`."""
        return self._store.write(lambda connection: receiving.reconnected(connection, reconnects, now))

    def ask(self, request: PersonRequest, limits: Limits, now: float, once: RequestKey | None = None) -> Action:
        """See `desk.Desk`."""

        def work(connection: Connection) -> Action:
            return requests.action_once(connection, once, now, lambda: asking.ask(connection, request, limits, now))

        return self._store.write(work)

    def approve(  # noqa: PLR0917 - what the desk knows
        self,
        action_id: int,
        actor: str,
        note: str,
        limits: Limits,
        now: float,
        once: RequestKey | None = None,
        seen: int | None = None,
    ) -> Action:
        """See `desk.Desk`."""

        def work(connection: Connection) -> Action:
            def approve() -> Action:
                return asking.approve(connection, action_id, actor, note, limits=limits, now=now, seen=seen)

            return requests.action_once(connection, once, now, approve)

        return self._store.write(work)

    def reject(  # noqa: PLR0917 - what the desk knows
        self, action_id: int, actor: str, note: str, limits: Limits, now: float, once: RequestKey | None = None
    ) -> Action:
        """See `desk.Desk`."""

        def work(connection: Connection) -> Action:
            def reject() -> Action:
                return asking.reject(connection, action_id, actor, note, limits=limits, now=now)

            return requests.action_once(connection, once, now, reject)

        return self._store.write(work)

    def pause(self, actor: str, note: str, now: float, once: RequestKey | None = None) -> GateView:
        """See `desk.Desk`."""

        def work(connection: Connection) -> GateView:
            def pause() -> GateView:
                return asking.pause(connection, actor, note, now)

            return requests.gate_once(connection, once, now, pause)

        return self._store.write(work)

    def resume(self, actor: str, note: str, now: float, once: RequestKey | None = None) -> GateView:
        """See `desk.Desk`."""

        def work(connection: Connection) -> GateView:
            def resume() -> GateView:
                return asking.resume(connection, actor, note, now)

            return requests.gate_once(connection, once, now, resume)

        return self._store.write(work)

    def weigh(self, action: Action, now: float, *, rehearsal: bool) -> Tallies:
        """See `desk.Desk`."""
        return self._store.read(
            lambda connection: counting.tallies_of(
                connection, action, reading.gate(connection), now, rehearsal=rehearsal
            )
        )

    def gate(self) -> GateView:
        """See `desk.Desk`."""
        return self._store.read(reading.gate)

    def actions(
        self,
        organization_id: str | None,
        states: Collection[ActionState],
        limit: int,
        before: int | None,
        *,
        kind: ActionKind | None = None,
        hold: Hold | None = None,
    ) -> Sequence[Action]:
        """See `desk.Desk`."""
        return self._store.read(
            lambda connection: reading.actions(
                connection,
                organization_id=organization_id,
                states=states,
                limit=limit,
                before=before,
                kind=kind,
                hold=hold,
            )
        )

    def action(self, action_id: int) -> ActionRecord | None:
        """See `desk.Desk`."""
        return self._store.read(lambda connection: reading.whole_action(connection, action_id))

    def events(self, action_id: int | None, limit: int) -> Sequence[Event]:
        """See `desk.Desk`."""
        return self._store.read(lambda connection: reading.events(connection, action_id, limit))

    def marks(self) -> Marks:
        """See `desk.Desk`."""
        return self._store.read(accounting.marks)

    def account(self, since: Marks, limits: Limits, now: float) -> Account:
        """See `desk.Desk`."""
        rehearsal = limits.mode is Mode.DRY_RUN
        return self._store.read(lambda connection: accounting.account(connection, since, now, rehearsal=rehearsal))

    def begin(self, limits: Limits, now: float) -> bool:
        """See `desk.Desk`."""
        if not self._lock.take():
            return False

        def work(connection: Connection) -> None:
            set_back.bring_back(connection, limits.expires, now)
            recording.cut_off(connection, limits, now)

        self._store.write(work)
        return True

    def end(self, pid: int) -> None:
        """See `desk.Desk`."""
        if self._lock.held:
            self._store.write(lambda connection: upkeep.silence(connection, pid))
            self._lock.release()

    def beat(self, mode: Mode, pid: int, credential: str, limits: Limits, now: float) -> GateView:
        """See `desk.Desk`."""

        def work(connection: Connection) -> GateView:
            if set_back.noticed(connection, now):
                set_back.bring_back(connection, limits.expires, now)
            upkeep.beat(connection, mode, pid, now)
            upkeep.release_credential(connection, credential, now)
            upkeep.calm(connection, limits.storm_calm, now)
            return reading.gate(connection)

        return self._store.write(work)

    def waiting(self, limit: int) -> Sequence[Trigger]:
        """See `desk.Desk`."""
        return self._store.read(lambda connection: planning.waiting_triggers(connection, limit))

    def plan(self, planned: Sequence[Planned], limits: Limits, now: float) -> int:
        """See `desk.Desk`."""
        return self._store.write(lambda connection: planning.plan(connection, planned, limits, now))

    def due(self, limit: int, now: float) -> Sequence[Due]:
        """See `desk.Desk`."""
        return self._store.read(lambda connection: planning.due_actions(connection, limit, now))

    def settle(self, judged: Sequence[Judged], gates: Sequence[Gate], limits: Limits, now: float) -> Claim | None:
        """See `desk.Desk`. Only the executor of the ledger claims anything."""
        if not self._lock.held:
            return None
        try:
            return self._store.write(lambda connection: claiming.settle(connection, judged, limits, now, gates))
        except ChangedError:
            return None  # a person was faster: the next tick reads what that one wrote

    def confirm(self, claim: Claim, parameters: Parameters, failed_before: int | None, now: float) -> Claim | Hold:
        """See `desk.Desk`."""
        return self._write(lambda connection: claiming.confirm(connection, claim, parameters, failed_before, now))

    def close_attempt(self, claim: Claim, result: Result, limits: Limits, now: float) -> Action | None:
        """See `desk.Desk`."""
        return self._store.write(lambda connection: recording.close(connection, claim, result, limits, now))

    def watched(self) -> Sequence[Action]:
        """See `desk.Desk`."""
        return self._store.read(planning.watched_actions)

    def judge_effect(self, action: Action, effect: Effect, limits: Limits, now: float) -> Action:
        """See `desk.Desk`."""
        return self._write(lambda connection: recording.judge_effect(connection, action, effect, limits, now))

    def episodes(self) -> Sequence[Episode]:
        """See `desk.Desk`."""
        return self._store.read(upkeep.open_episodes)

    def seen(self, present: Mapping[int, bool], now: float) -> None:
        """See `desk.Desk`."""
        self._store.write(lambda connection: upkeep.seen(connection, present, now))

    def forget(self, before: float) -> int:
        """See `desk.Desk`."""
        return self._store.write(lambda connection: upkeep.forget(connection, before))

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        # Of what is started or watched, this process is the only one that writes; unless the file is another one.
        try:
            return self._store.write(work)
        except ChangedError:
            raise LedgerError("ledger.url: it is another one than before: the action in hand is not in it") from None
