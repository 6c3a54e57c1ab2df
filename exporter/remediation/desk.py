"""The async face of the ledger: one worker thread, and the only place where async meets the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from exporter.clock import Clock
from exporter.errors import LedgerError, RefusedError
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
from exporter.model.asked import MODE_OFF, AlertDelivery, PersonRequest, Receipt, Reconnect, RequestKey
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.remediation.webhook import Payload, parsed

if TYPE_CHECKING:
    from exporter.remediation.gates import Gate, Tallies
    from exporter.remediation.ledger.claiming import Claim, Judged
    from exporter.remediation.ledger.planning import Due, Planned
    from exporter.remediation.ledger.recording import Result
    from exporter.remediation.ledger.upkeep import Episode
    from exporter.remediation.ledger.work import Work

_T = TypeVar("_T")


class Desk:
    """Everything that is asked of the ledger, one thing at a time. Lives in one asyncio loop; to be closed at the end.

    Every method raises `LedgerError` while the ledger cannot be used: then nothing of what was asked is recorded, and
    the next one looks afresh. What returns is committed, on the disk. No method waits for the platform.
    """

    def __init__(self, url: str, *, clock: Clock, limits: Limits, create: bool = True) -> None:
        """Opens nothing yet.

        Args:
            url: of `ledger.url`, its path absolute.
            clock: tells the time that is written.
            limits: the rules in force; replaced by `become`.
            create: whether a ledger that is missing is made. False for commands: they must not leave an empty one.
        """
        self._url = url
        self._clock = clock
        self._limits = limits
        self._create = create
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._work: Work | None = None
        self._closed = False

    @property
    def limits(self) -> Limits:
        """The rules in force."""
        return self._limits

    def become(self, limits: Limits) -> None:
        """From now on goes by these rules."""
        self._limits = limits

    async def aclose(self) -> None:
        """Closes the ledger, after what was asked before. Repeatable; whatever is asked afterwards finds it closed."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    # What callers from outside do here: the webhook, the API, the command line.

    async def deliver(self, deliveries: Sequence[AlertDelivery], *, truncated: int = 0) -> Receipt:
        """Records what an Alertmanager delivered, whole or not at all. Repeating it is harmless.

        Args:
            deliveries: any number; 10,000 take less than 2 s.
            truncated: how many alerts Alertmanager left out (``truncatedAlerts``): any is evidence of a storm.
        """
        return await self._do(lambda work: work.deliver(deliveries, truncated, self._now()))

    async def receive(self, body: bytes | bytearray, traceparent: str = "") -> tuple[Payload, Receipt]:
        """Reads what an Alertmanager posted, here in the ledger's thread, and records it as `deliver` does.

        Args:
            body: as it came.
            traceparent: of the span in which it came; what asks is linked to it.

        Raises:
            PayloadError: it is no payload of version 4; nothing is recorded.
        """

        def work(work: Work) -> tuple[Payload, Receipt]:
            payload = parsed(body)
            if self._limits.mode is Mode.OFF:
                return payload.unrecorded(), Receipt(0, 0)
            return payload, work.deliver(payload.deliveries, payload.truncated, self._now(), traceparent)

        return await self._do(work)

    async def ask(self, request: PersonRequest, once: RequestKey | None = None) -> Action:
        """Records what a person asks for: an action, planned and approved.

        An action of the same organisation and kind that alerts wait for takes over what is asked now, and keeps its id.
        A request that comes again, by its key, is told how the action stands that it led to; so below.

        Raises:
            RefusedError: the mode is off, or one has started and is not finished yet, or waits with what was asked for
                before, or the request is not complete for its kind, or reaches further back than
                `model.asked.PERSON_LOOKBACK`.
        """
        if self._limits.mode is Mode.OFF:
            raise RefusedError(MODE_OFF)
        return await self._do(lambda work: work.ask(request, self._limits, self._now(), once))

    async def approve(
        self,
        action_id: int,
        *,
        actor: str,
        note: str = "",
        once: RequestKey | None = None,
        seen: int | None = None,
    ) -> Action:
        """Approves the call of an action that has not started, as it is known now; the gates judge it still.

        `seen` is the version that was shown: of any other nothing is approved.

        Raises:
            RefusedError: there is no such action, it has started or ended, or no call is known.
        """
        return await self._do(lambda work: work.approve(action_id, actor, note, self._limits, self._now(), once, seen))

    async def reject(self, action_id: int, *, actor: str, note: str = "", once: RequestKey | None = None) -> Action:
        """Cancels an action that has not started; its alert asks no more until it has ended, or for `limits.expires`.

        Raises:
            RefusedError: there is no such action, or it has started or ended.
        """
        return await self._do(lambda work: work.reject(action_id, actor, note, self._limits, self._now(), once))

    async def pause(self, *, actor: str, note: str = "", once: RequestKey | None = None) -> GateView:
        """Nothing is started any more, also what is being judged right now: the claim looks at this. Repeatable."""
        return await self._do(lambda work: work.pause(actor, note, self._now(), once))

    async def resume(self, *, actor: str, note: str = "", once: RequestKey | None = None) -> GateView:
        """Takes back a pause, and a hold for a refused credential. Repeatable."""
        return await self._do(lambda work: work.resume(actor, note, self._now(), once))

    async def weigh(self, action: Action) -> Tallies:
        """What the gates would go by for an action that need not be there."""
        rehearsal = self._limits.mode is Mode.DRY_RUN
        return await self._do(lambda work: work.weigh(action, self._now(), rehearsal=rehearsal))

    async def gate(self) -> GateView:
        """What holds everybody, and whether a running exporter obeys it (`GateView.obeyed`)."""
        return await self._do(lambda work: work.gate())

    async def actions(
        self,
        *,
        organization_id: str | None = None,
        states: Collection[ActionState] = (),
        limit: int = 100,
        before: int | None = None,
        kind: ActionKind | None = None,
        hold: Hold | None = None,
    ) -> Sequence[Action]:
        """Actions, the newest first.

        Args:
            organization_id: only of this one.
            states: only in one of these; empty: in any.
            limit: at most so many.
            before: only with an id less than this: the next page.
            kind: only of this kind.
            hold: only those that this holds, or held last.
        """
        return await self._do(lambda work: work.actions(organization_id, states, limit, before, kind=kind, hold=hold))

    async def action(self, action_id: int) -> ActionRecord | None:
        """All that is recorded of one action; None when there is none of that number."""
        return await self._do(lambda work: work.action(action_id))

    async def events(self, *, action_id: int | None, limit: int = 100) -> Sequence[Event]:
        """Events of one action, or (None) of what holds everybody; the newest first."""
        return await self._do(lambda work: work.events(action_id, limit))

    async def marks(self) -> Marks:
        """The end of the ledger now: what is counted from here on is new."""
        return await self._do(lambda work: work.marks())

    async def account(self, since: Marks) -> Account:
        """How the ledger stands, and what is new in it: a few milliseconds."""
        return await self._do(lambda work: work.account(since, self._limits, self._now()))

    # What the executor does here.

    async def begin(self) -> bool:
        """Becomes the executor of this ledger, and makes unknown what a crash left; False: another process is it."""
        return await self._do(lambda work: work.begin(self._limits, self._now()))

    async def end(self, pid: int) -> None:
        """Is the executor no more."""
        await self._do(lambda work: work.end(pid))

    async def beat(self, mode: Mode, pid: int, credential: str) -> GateView:
        """Says that an executor obeys the gate, lets go what time and a new token release, and tells how it stands."""
        return await self._do(lambda work: work.beat(mode, pid, credential, self._limits, self._now()))

    async def reconnected(self, reconnects: Sequence[Reconnect]) -> Receipt:
        """Records connections that are well again."""
        return await self._do(lambda work: work.reconnected(reconnects, self._now()))

    async def waiting(self, limit: int) -> Sequence[Trigger]:
        """Triggers that are not judged yet."""
        return await self._do(lambda work: work.waiting(limit))

    async def plan(self, planned: Sequence[Planned]) -> int:
        """Gives each trigger its action; returns how many are new."""
        return await self._do(lambda work: work.plan(planned, self._limits, self._now()))

    async def due(self, limit: int) -> Sequence[Due]:
        """Actions that have not started and are to be judged now, with what they are there for."""
        return await self._do(lambda work: work.due(limit, self._now()))

    async def settle(self, judged: Sequence[Judged], gates: Sequence[Gate]) -> Claim | None:
        """Writes down what becomes of each; claims the first that may be done. None also when somebody was faster."""
        return await self._do(lambda work: work.settle(judged, gates, self._limits, self._now()))

    async def confirm(self, claim: Claim, parameters: Parameters, failed_before: int | None) -> Claim | Hold:
        """The last look before the call: what it carries is on the record, and nobody paused meanwhile."""
        return await self._do(lambda work: work.confirm(claim, parameters, failed_before, self._now()))

    async def close_attempt(self, claim: Claim, result: Result) -> Action | None:
        """Records how an attempt ended; None when the ledger, replaced meanwhile, knows nothing of it."""
        return await self._do(lambda work: work.close_attempt(claim, result, self._limits, self._now()))

    async def watched(self) -> Sequence[Action]:
        """Actions of which readings have to tell."""
        return await self._do(lambda work: work.watched())

    async def judge_effect(self, action: Action, effect: Effect) -> Action:
        """Records that an action was verified, or did not help."""
        return await self._do(lambda work: work.judge_effect(action, effect, self._limits, self._now()))

    async def episodes(self) -> Sequence[Episode]:
        """Every episode that has not ended."""
        return await self._do(lambda work: work.episodes())

    async def seen(self, present: Mapping[int, bool]) -> None:
        """Notes of episodes whether their issue is there now."""
        await self._do(lambda work: work.seen(present, self._now()))

    async def forget(self, keep: float) -> int:
        """Removes what ended so many seconds ago."""
        return await self._do(lambda work: work.forget(self._now() - keep))

    def _now(self) -> float:
        return self._clock.now().wall

    async def _do(self, ask: Callable[[Work], _T]) -> _T:
        if self._closed:
            raise LedgerError("ledger.url: this process is stopping; ask again when it runs")
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: ask(self._opened()))

    def _opened(self) -> Work:
        # In the thread: SQLAlchemy takes 0.2 s to load, and the first scrape need not wait for it.
        if self._work is None:
            from exporter.remediation.ledger.work import Work  # noqa: PLC0415

            self._work = Work(self._url, now=self._now, create=self._create)
        return self._work

    def _close(self) -> None:
        if self._work is not None:
            self._work.close()
