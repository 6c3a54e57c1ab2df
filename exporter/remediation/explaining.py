"""What would be done for an organisation if somebody asked now, and every hold that stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from exporter.model.action import UNSTARTED, Action, ActionKind, ActionState, Mode, TriggerSource
from exporter.model.explanation import Explanation, Obstacle
from exporter.model.facts import OrganizationState
from exporter.model.holds import Hold
from exporter.model.judgement import CONNECTION_ISSUES
from exporter.model.limits import Fleetwide
from exporter.remediation.desk import Desk
from exporter.remediation.gates import FLEET_WIDE, GATES, LOOK_AGAIN, Case, Gate
from exporter.remediation.policy import Do, Over, Wait, Wanted, decide


def asked_by_alerts(state: OrganizationState) -> list[Wanted]:
    """What an alert about each of its issues asks for; a broken connection hides all others."""
    issues = [one.issue for one in state.diagnosis.issues]
    broken = [issue for issue in issues if issue in CONNECTION_ISSUES]
    return [Wanted(TriggerSource.ALERT, issue=issue) for issue in broken[:1] or issues]


async def explained(
    desk: Desk, wanted: Iterable[Wanted], state: OrganizationState, fleet: Fleetwide, now: float
) -> list[Explanation]:
    """What would come of each, by what the ledger counts now. Nothing is written.

    Args:
        desk: of the ledger.
        wanted: what is asked for.
        state: what is known of the organisation.
        fleet: how the fleet stands.
        now: seconds since 1970 UTC.

    Raises:
        LedgerError: it cannot be read.
    """
    found = []
    waiting = await desk.actions(organization_id=state.organization.id, states=UNSTARTED, limit=len(ActionKind))
    for one in wanted:
        decision = decide(one, state, desk.limits, now)
        if isinstance(decision, Over):
            found.append(Explanation(one.issue, over=decision.why))
            continue
        joined = _joined(waiting, one, decision) if isinstance(decision, Do) else None
        action = joined or _imagined(state.organization.id, one, decision, now)
        case = Case(action, desk.limits, fleet, await desk.weigh(action), now)
        found.append(weighed(case) if isinstance(decision, Do) else helpless(case, decision.hold))
    return found


def weighed(case: Case) -> Explanation:
    """A call that could help, before every gate: all that refuse are named, not only the first."""
    return Explanation(case.action.issue, case.action.kind, case.action.parameters, tuple(_obstacles(case, GATES)))


def helpless(case: Case, hold: Hold) -> Explanation:
    """No call could help, so that no gate judges one; what holds everybody is named all the same."""
    everybody = [gate for gate in GATES if gate.hold in FLEET_WIDE]
    obstacles = (Obstacle(hold, case.now + LOOK_AGAIN), *_obstacles(case, everybody))
    return Explanation(case.action.issue, case.action.kind, obstacles=obstacles)


def _obstacles(case: Case, gates: Iterable[Gate]) -> Iterator[Obstacle]:
    for gate in gates:
        if (until := gate.until(case)) is not None:
            yield Obstacle(gate.hold, until)
    if case.limits.mode is Mode.DRY_RUN:
        yield Obstacle(Hold.DRY_RUN, case.now + LOOK_AGAIN)


def _joined(waiting: Iterable[Action], wanted: Wanted, decision: Do) -> Action | None:
    """The action that is there already, as who asks would have it, with all that holds it; None: there is none.

    What a person asked for stays what it is.
    """
    there = next((one for one in waiting if one.kind is decision.kind), None)
    if there is None or there.source is TriggerSource.PERSON:
        return there
    return replace(there, parameters=decision.parameters, source=wanted.source, issue=wanted.issue, since=wanted.since)


def _imagined(organization_id: str, wanted: Wanted, decision: Do | Wait, now: float) -> Action:
    return Action(
        id=0,
        organization_id=organization_id,
        kind=decision.kind,
        state=ActionState.PLANNED,
        parameters=decision.parameters if isinstance(decision, Do) else None,
        source=wanted.source,
        issue=wanted.issue,
        created_at=now,
        changed_at=now,
        look_at=now,
        expires_at=now,
    )
