"""What tests of remediation are written with: instants, actions, and a ledger in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from exporter.config.expressions import Expression
from exporter.model.accounts import GateView
from exporter.model.action import Action, ActionKind, ActionState, AttemptOutcome, Mode, Parameters, TriggerSource
from exporter.model.asked import AlertDelivery, PersonRequest
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide, Limits
from exporter.model.words import Issue, Sent, SyncType
from exporter.remediation.gates import GATES, Gate
from exporter.remediation.ledger.claiming import Claim, Judged
from exporter.remediation.ledger.planning import Planned
from exporter.remediation.ledger.recording import Result
from exporter.remediation.ledger.work import Work
from exporter.remediation.policy import Decision, Do

NOON = 1_700_000_000.0 - 1_700_000_000.0 % 86_400 + 12 * 3600.0
"""Where these stories begin, noon UTC, seconds since 1970."""

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR

RETRY = Parameters((SyncType.CONTACTS,), record_ids=("uuid-1",))
RESYNC = Parameters((SyncType.CONTACTS,), since=NOON - DAY)
AUTO = Limits(mode=Mode.AUTO, include=(Expression(".*"),))
WELL = Fleetwide(incident=False, known=100, fresh=100, unhealthy=1, target_fresh=True)
ACCEPTED = Result(AttemptOutcome.ACCEPTED, sent=Sent.YES, http_status=202)
OLD_GATE = GateView(created_at=NOON - DAY)


def an_action(**fields: object) -> Action:
    """A retry that an alert asked for, planned at noon."""
    blank = Action(
        id=1,
        organization_id="org-1",
        kind=ActionKind.RETRY,
        state=ActionState.PLANNED,
        parameters=RETRY,
        source=TriggerSource.ALERT,
        issue=Issue.CONTACTS_FAILING,
        created_at=NOON,
        changed_at=NOON,
        look_at=NOON,
        expires_at=NOON + DAY,
    )
    return replace(blank, **fields)  # type: ignore[arg-type]


def alert(
    organization_id: str = "org-1", *, starts_at: str = "2023-11-14T12:00:00Z", **fields: object
) -> AlertDelivery:
    """An alert of failing contacts."""
    plain = AlertDelivery(organization_id, Issue.CONTACTS_FAILING, f"print-{organization_id}", starts_at)
    return replace(plain, **fields)  # type: ignore[arg-type]


def a_request(organization_id: str = "org-1", **fields: object) -> PersonRequest:
    """A person's retry."""
    return replace(PersonRequest(organization_id, ActionKind.RETRY, RETRY, "jo"), **fields)  # type: ignore[arg-type]


class Book:
    """A ledger in a file, its executor, and a clock that only the test moves."""

    def __init__(self, path: Path, limits: Limits = AUTO, gates: tuple[Gate, ...] = GATES) -> None:
        self.path = path
        self.limits = limits
        self.gates = gates
        self.now = NOON - DAY
        self.work = self.opened()
        assert self.work.begin(limits, self.now)
        self.now = NOON

    def opened(self) -> Work:
        """One more process at the same file."""
        return Work(f"sqlite:///{self.path}", now=lambda: self.now)

    def reopened(self) -> None:
        """The process ended, however, and another one began."""
        self.work.close()
        self.work = self.opened()
        assert self.work.begin(self.limits, self.now)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def deliver(self, *alerts: AlertDelivery, decide: Callable[[str], Decision] | None = None) -> None:
        """Alerts come in and are planned."""
        self.work.deliver(alerts, 0, self.now)
        self.plan(decide)

    def plan(self, decide: Callable[[str], Decision] | None = None) -> None:
        """Gives every waiting trigger its action."""
        waiting = self.work.waiting(20_000)
        planned = [
            Planned(one, decide(one.organization_id) if decide else Do(ActionKind.RETRY, RETRY)) for one in waiting
        ]
        self.work.plan(planned, self.limits, self.now)

    def claim(self, decision: Decision | None = None, *, fleet: Fleetwide = WELL) -> Claim | None:
        """One tick of the executor, up to the claim."""
        due = self.work.due(100, self.now)
        judged = [Judged(one, decision or Do(one.kind, one.parameters or RETRY), fleet) for one in due]
        return self.work.settle(judged, self.gates, self.limits, self.now)

    def close(self, claim: Claim | None, result: Result = ACCEPTED) -> Action:
        """The call ended so."""
        assert claim is not None
        action = self.work.close_attempt(claim, result, self.limits, self.now)
        assert action is not None
        return action

    def only(self) -> Action:
        """The one action that there is."""
        (action,) = self.work.actions(None, (), 100, None)
        return action

    def newest(self) -> Action:
        """The last action that was made."""
        return self.work.actions(None, (), 1, None)[0]

    def hold(self) -> Hold | None:
        """Why the newest action is not done."""
        return self.newest().hold
