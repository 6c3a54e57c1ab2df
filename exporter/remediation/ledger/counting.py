"""What the gates go by, counted in the transaction of the claim."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, or_, select

from exporter.model.accounts import GateView
from exporter.model.action import WATCHED, Action, ActionState, AttemptOutcome
from exporter.remediation.gates import DAY, HOUR, Tallies, Window
from exporter.remediation.ledger.rows import gate_of
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EPISODES, GATE

CALLS: Final = (
    AttemptOutcome.STARTED,
    AttemptOutcome.ACCEPTED,
    AttemptOutcome.REFUSED,
    AttemptOutcome.RATE_LIMITED,
    AttemptOutcome.UNKNOWN,
    AttemptOutcome.REHEARSED,
)
"""Outcomes that count as a call: the platform received it, or may have."""

TRIED: Final = (
    AttemptOutcome.ACCEPTED,
    AttemptOutcome.REFUSED,
    AttemptOutcome.UNKNOWN,
    AttemptOutcome.NOT_CALLED,
    AttemptOutcome.REHEARSED,
)
"""Outcomes after which the organisation is left alone for the cooldown; others have their own back-off."""

_IN_HAND: Final = (ActionState.STARTED, *WATCHED)


def gate_locked(connection: Connection) -> GateView:
    """What holds everybody. PostgreSQL locks the row: claims queue here, so that what they count holds."""
    return gate_of(connection.execute(select(GATE).with_for_update()).mappings().one())


def fleet_tallies(connection: Connection, gate: GateView) -> Tallies:
    """What the gates of everybody go by; the rest is not counted yet."""
    trial = connection.execute(
        select(ACTIONS.c.id).join(GATE, GATE.c.breaker_trial == ACTIONS.c.id).where(ACTIONS.c.state.in_(_IN_HAND))
    ).scalar()
    return Tallies(gate, trial_under_way=trial is not None)


def tallies_of(connection: Connection, action: Action, gate: GateView, now: float, *, rehearsal: bool) -> Tallies:
    """What all gates go by, for one action. Calls and rehearsals of calls are counted apart."""
    attempts = ATTEMPTS.c
    mine = attempts.rehearsal.is_(rehearsal)
    theirs = attempts.organization_id == action.organization_id
    call_under_way = connection.execute(
        select(attempts.id).where(attempts.outcome == AttemptOutcome.STARTED, mine)
    ).scalar()
    last_claim = connection.execute(select(func.max(attempts.claimed_at)).where(mine)).scalar()
    sibling = connection.execute(
        select(ACTIONS.c.id).where(
            ACTIONS.c.organization_id == action.organization_id,
            ACTIONS.c.id != action.id,
            ACTIONS.c.state.in_(_IN_HAND),
        )
    ).scalar()
    tried = connection.execute(
        select(func.max(func.coalesce(attempts.ended_at, attempts.claimed_at))).where(
            theirs, mine, attempts.outcome.in_(TRIED)
        )
    ).scalar()

    def window(seconds: float, of: str | None = None) -> Window:
        return calls_within(connection, seconds, now, rehearsal=rehearsal, organization_id=of)

    return Tallies(
        gate=gate,
        trial_under_way=fleet_tallies(connection, gate).trial_under_way,
        call_under_way=call_under_way is not None,
        last_claim=last_claim,
        sibling=sibling is not None,
        tried=tried,
        episode=episode_calls(connection, action, rehearsal=rehearsal),
        organization_day=window(DAY, action.organization_id),
        hour=window(HOUR),
        day=window(DAY),
    )


def calls_within(
    connection: Connection, seconds: float, now: float, *, rehearsal: bool, organization_id: str | None = None
) -> Window:
    """The calls, or rehearsed calls, of one organisation or of all in the last `seconds`.

    Those of the future count too, for the clock may have been set back; but not those of more than a day ahead: that
    clock was wrong, and nobody waits until it is right.
    """
    after, before = now - seconds, now + DAY
    attempts = ATTEMPTS.c
    # By both ends: of a process that slept between its claim and its call, the call is as late as its end.
    counted = [
        attempts.rehearsal.is_(rehearsal),
        attempts.outcome.in_(CALLS),
        or_(attempts.claimed_at > after, attempts.ended_at > after),
        attempts.claimed_at < before,
    ]
    if organization_id is not None:
        counted.append(attempts.organization_id == organization_id)
    oldest = func.min(func.coalesce(attempts.ended_at, attempts.claimed_at))
    calls, begin = connection.execute(select(func.count(), oldest).where(*counted)).one()
    return Window(calls, begin)


def episode_of(connection: Connection, action: Action) -> int | None:
    """The episode that attempts of this action count in; None before the first, and for a request without an issue."""
    return connection.execute(
        select(EPISODES.c.id).where(
            EPISODES.c.organization_id == action.organization_id,
            EPISODES.c.issue == action.issue,
            EPISODES.c.ended_at.is_(None),
        )
    ).scalar()


def episode_calls(connection: Connection, action: Action, *, rehearsal: bool) -> int:
    """Calls in the action's episode."""
    episode = episode_of(connection, action)
    if episode is None:
        return 0
    return connection.execute(
        select(func.count()).where(
            ATTEMPTS.c.episode_id == episode,
            ATTEMPTS.c.rehearsal.is_(rehearsal),
            ATTEMPTS.c.outcome.in_(CALLS),
        )
    ).scalar_one()
