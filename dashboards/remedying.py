"""Remediation in the simulated history: the real executor, policy, gates and ledger, in its time.

Alertmanager is not there: an alert that asks for a remedy is posted when its issue has lasted for as long as the rule
waits, outside of incidents, and again while it lasts. Calls go to the simulated platform, which heals as it says.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from alerts.table import all_alerts
from exporter.config.expressions import Expression
from exporter.model.accounts import Marks
from exporter.model.action import ActionKind, ActionState, Mode, Parameters
from exporter.model.facts import Reading, Snapshot, Status, UpstreamFailure
from exporter.model.judgement import Thresholds
from exporter.model.limits import Limits
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.fleet import Fleet
from exporter.remediation.attempting import Attempting
from exporter.remediation.desk import Desk
from exporter.remediation.evidence import fleetwide
from exporter.remediation.executor import Executor
from exporter.remediation.gates import is_blind
from exporter.simulator.answers import Answer, Request
from exporter.simulator.endpoints import respond, route
from exporter.simulator.world import World
from exporter.telemetry.remediation import RemediationMetrics
from exporter.upstream.failures import classify_answer
from exporter.upstream.remedies import body_of

PACE: Final = 3.0
"""Seconds between two turns of the executor."""

TURNS: Final = 10
"""Turns in a minute, at most: it has one a second, and most find nothing to do."""

AGAIN: Final = 30
"""Minutes after which an alert that still fires is posted again."""

AUTO_FROM: Final = 300
"""The minute from which nobody has to approve."""

APPROVED_EVERY: Final = 25
"""Minutes between two looks of a person at what waits for approval."""

PAUSED: Final = (372, 384)
"""From and until when a person has paused."""

_ASKING: Final[Mapping[str, tuple[str, float]]] = {
    alert.labels["issue"]: (alert.name, alert.hold)
    for alert in all_alerts()
    if alert.labels.get("remediation") == "request"
}
"""Issue -> the alert that asks for a remedy, and for how many seconds it must hold."""


LIMITS: Final = Limits(mode=Mode.APPROVE, include=(Expression(".*"),), verify_within=1200.0)
"""The rules at first. Its platform syncs every 15 minutes, so the default of 15 would often be too short."""


class Remedying:
    """One exporter that acts; to be used in a ``with``, which ends it and removes its ledger."""

    def __init__(
        self,
        *,
        world: World,
        fleet: Fleet,
        metrics: RemediationMetrics,
        moment: Callable[[float], Moment],
        answer: Callable[[str], Status | UpstreamFailure],
    ) -> None:
        """Opens nothing yet.

        Args:
            world: the platform.
            fleet: what is known of it.
            metrics: told how the ledger stands.
            moment: both clocks at an instant.
            answer: what the platform answers when it is asked for a status now.
        """
        self._world = world
        self._fleet = fleet
        self._metrics = metrics
        self._moment = moment
        self._answer = answer
        self._at = 0.0
        self._marks = Marks()
        self._posted: dict[tuple[str, str], tuple[int, float]] = {}
        self._claimed = False

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        url = f"sqlite:///{Path(self._folder.name) / 'ledger.db'}"
        self._desk = Desk(url, clock=self, limits=LIMITS)
        attempting = Attempting(
            desk=self._desk,
            knowledge=self._fleet,
            reader=self,
            remedies=self,
            rules=Thresholds(),
            clock=self,
            credential=lambda: "one",
        )
        self._executor = Executor(
            desk=self._desk,
            knowledge=self._fleet,
            attempting=attempting,
            clock=self,
            credential=lambda: "one",
            keep=90 * 86_400.0,
            told=self._hear,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._end())
        self._runner.close()
        self._folder.cleanup()

    def minute(self, minute: int, at: float) -> None:
        """What is done after the fold of a minute, in the seconds from `at` on; then tells how the ledger stands."""
        self._at = at
        self._runner.run(self._minute(minute))

    def now(self) -> Moment:
        """The present of the history."""
        return self._moment(self._at)

    async def read(self, organization_id: str) -> Reading:
        """Asks the simulated platform afresh."""
        now = self.now()
        return Reading(organization_id, now, now, self._answer(organization_id), skew=0.2)

    async def call(
        self, organization_id: str, kind: ActionKind, parameters: Parameters, _idempotency_key: str
    ) -> int | UpstreamFailure:
        """Posts to the simulated platform."""
        target = f"/api/admin/integrations/xero/{organization_id}/{kind}"
        headers = {"authorization": "Bearer ", "content-type": "application/json"}
        answer = respond(self._world, Request("POST", target, headers, body_of(kind, parameters)), route(target))
        if not isinstance(answer, Answer):
            return UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer.status
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return classify_answer(answer.status, headers, self._at) or answer.status

    async def _minute(self, minute: int) -> None:
        snapshot = self._fleet.snapshot
        assert snapshot is not None
        if minute == AUTO_FROM:
            self._desk.become(replace(LIMITS, mode=Mode.AUTO))
        await self._people(minute)
        await self._post(minute, snapshot)
        for _ in range(TURNS):
            self._claimed = False
            await self._executor.turn()
            self._at += PACE
            if not self._claimed:
                break
        account = await self._desk.account(self._marks)
        self._marks = account.marks
        self._metrics.rules(self._desk.limits)
        self._metrics.stands(account, self._at)
        self._metrics.blind(is_blind(fleetwide(snapshot, ""), self._desk.limits))

    async def _people(self, minute: int) -> None:
        begins, ends = PAUSED
        if minute == begins:
            await self._desk.pause(actor="on-call", note="the platform is being updated")
        elif minute == ends:
            await self._desk.resume(actor="on-call")
        if minute < AUTO_FROM and minute % APPROVED_EVERY == 0:
            for one in await self._desk.actions(states=(ActionState.AWAITING_APPROVAL,)):
                await self._desk.approve(one.id, actor="on-call")

    async def _post(self, minute: int, snapshot: Snapshot) -> None:
        alerts = [*self._firing(minute, snapshot)] if True not in snapshot.judgement.incidents.values() else []
        if alerts:
            payload, receipt = await self._desk.receive(json.dumps({"version": "4", "alerts": alerts}).encode())
            self._metrics.posted(202)
            self._metrics.delivered(receipt, payload.left)

    def _firing(self, minute: int, snapshot: Snapshot) -> Iterator[dict[str, object]]:
        """The alerts that a post of this minute would have: new ones, those that still fire, those that are over."""
        there = set()
        for block in snapshot.blocks:
            for state in block.states:
                for one in state.diagnosis.issues:
                    alert = _ASKING.get(one.issue)
                    if alert is None or self._at - one.since < alert[1]:
                        continue
                    key = state.organization.id, str(one.issue)
                    there.add(key)
                    last, since = self._posted.get(key, (-AGAIN, one.since))
                    if minute - last >= AGAIN:
                        self._posted[key] = minute, since
                        yield _alert(*key, since, "firing")
        for key in self._posted.keys() - there:
            _, since = self._posted.pop(key)
            yield _alert(*key, since, "resolved")

    async def _end(self) -> None:
        await self._executor.end()
        await self._desk.aclose()

    def _hear(self, step: str) -> None:
        self._claimed = self._claimed or step == "claimed"


def _alert(organization_id: str, issue: str, since: float, status: str) -> dict[str, object]:
    begins = datetime.fromtimestamp(since, UTC).isoformat()
    labels = {"organization_id": organization_id, "issue": issue, "remediation": "request"}
    return {
        "status": status,
        "labels": {"alertname": _ASKING[issue][0], **labels},
        "startsAt": begins,
        "fingerprint": f"{zlib.crc32(f'{organization_id} {issue} {begins}'.encode()):016x}",
    }
