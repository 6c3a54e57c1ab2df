"""What came of a claim, and what readings say of it afterwards: one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select, update

from exporter.model.action import (
    Action,
    ActionState,
    AttemptOutcome,
    Effect,
    TriggerSource,
    TriggerState,
)
from exporter.model.holds import Hold
from exporter.model.limits import BREAKER_LONGEST, Limits
from exporter.model.words import Sent
from exporter.remediation.gates import LOOK_AGAIN
from exporter.remediation.ledger.changing import change, record
from exporter.remediation.ledger.claiming import Claim
from exporter.remediation.ledger.counting import episode_calls, gate_locked
from exporter.remediation.ledger.rows import CALL, action_of
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, GATE, TRIGGERS

BACK_OFF: Final = 60.0
"""Seconds after the first call that did not get through; doubled each time."""

BACK_OFF_LONGEST: Final = 1800.0
"""Seconds at most, unless the platform asks for more."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended.

    Attributes:
        outcome: in one word.
        sent: whether the platform can have received it; None when no call was made.
        http_status: of the answer; None when there was none.
        retry_after: seconds that the platform asked to wait.
        hold: why it was not called, or what it runs into: the credential.
        over: why it is not needed any more, when that is why it was not called.
        credential: which token was refused, as `gate.credential_mark` keeps it.
    """

    outcome: AttemptOutcome
    sent: Sent | None = None
    http_status: int | None = None
    retry_after: float | None = None
    hold: Hold | None = None
    over: str | None = None
    credential: str = ""


def close(connection: Connection, claim: Claim, result: Result, limits: Limits, now: float) -> Action | None:
    """Records how an attempt ended, and where its action stands by that. Of an attempt that has ended: nothing.

    None when the ledger knows nothing of the attempt: its file was removed or replaced during the call.
    """
    gate_locked(connection)
    mine = select(ACTIONS).join(ATTEMPTS, ATTEMPTS.c.action_id == ACTIONS.c.id)
    row = connection.execute(mine.where(ATTEMPTS.c.idempotency_key == claim.idempotency_key)).mappings().first()
    if row is None:
        return None
    action = action_of(row)
    ended = connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.id == claim.attempt_id, ATTEMPTS.c.outcome == AttemptOutcome.STARTED)
        .values(
            outcome=result.outcome,
            ended_at=now,
            sent=result.sent,
            http_status=result.http_status,
            hold=result.hold,
        )
    )
    if not ended.rowcount:
        return action
    if result.outcome is AttemptOutcome.REFUSED:
        return _refused(connection, action, result, limits, now)
    fields: dict[str, Any]
    if result.outcome in (AttemptOutcome.ACCEPTED, AttemptOutcome.UNKNOWN):
        state = ActionState.ACCEPTED if result.outcome is AttemptOutcome.ACCEPTED else ActionState.UNKNOWN
        fields = {"state": state, "verify_by": now + limits.verify_within}
    elif result.outcome is AttemptOutcome.REHEARSED:
        fields = _held(Hold.DRY_RUN, now + LOOK_AGAIN) | {"would": CALL}
    elif result.over is not None:
        fields = {"state": ActionState.CANCELLED}
    elif result.outcome is AttemptOutcome.NOT_CALLED:
        fields = _held(result.hold or Hold.UNREADABLE, now + LOOK_AGAIN)
    else:
        until = now + _back_off(connection, action, result)
        fields = _held(Hold.BACK_OFF, until) | {"back_off_until": until}
    return change(connection, action, now, note=result.over or "", **fields)


def judge_effect(connection: Connection, action: Action, effect: Effect, limits: Limits, now: float) -> Action:
    """Records that an action was verified, or did not help."""
    gate_locked(connection)
    if effect is Effect.VERIFIED:
        closed = connection.execute(
            update(GATE).where(GATE.c.breaker_opened_at.is_not(None)).values(breaker_opened_at=None, breaker_pause=None)
        )
        connection.execute(update(GATE).values(bad_in_row=0, breaker_trial=None))
        if closed.rowcount:
            record(connection, now, "breaker_closed", action_id=action.id)
        return change(connection, action, now, state=ActionState.VERIFIED)
    return _bad(connection, action, ActionState.INEFFECTIVE, limits, now)


def cut_off(connection: Connection, limits: Limits, now: float) -> int:
    """What a crash left: attempts that were started become unknown, and are never sent again. Returns how many.

    A rehearsal was never sent: its action is held again.
    """
    rows = connection.execute(
        select(ATTEMPTS.c.id, ATTEMPTS.c.action_id, ATTEMPTS.c.rehearsal, ATTEMPTS.c.idempotency_key).where(
            ATTEMPTS.c.outcome == AttemptOutcome.STARTED
        )
    ).all()
    for attempt_id, action_id, rehearsal, key in rows:
        action = action_of(connection.execute(select(ACTIONS).where(ACTIONS.c.id == action_id)).mappings().one())
        claim = Claim(action, attempt_id, key, rehearsal)
        if rehearsal:
            close(connection, claim, Result(AttemptOutcome.NOT_CALLED, hold=Hold.DRY_RUN), limits, now)
        else:
            close(connection, claim, Result(AttemptOutcome.UNKNOWN, sent=Sent.MAYBE), limits, now)
        record(connection, now, "recovered", action_id=action_id)
    return len(rows)


def _refused(connection: Connection, action: Action, result: Result, limits: Limits, now: float) -> Action:
    if result.hold is not Hold.CREDENTIAL:
        return _bad(connection, action, ActionState.FAILED, limits, now)
    connection.execute(update(GATE).values(credential_refused_at=now, credential_mark=result.credential))
    record(connection, now, "credential_refused", action_id=action.id)
    return change(connection, action, now, **_held(Hold.CREDENTIAL, now + LOOK_AGAIN))


def _bad(connection: Connection, action: Action, state: ActionState, limits: Limits, now: float) -> Action:
    """Did not help: counts for the breaker; the last attempt of an episode is exhausted, else its alerts ask again."""
    _count_for_breaker(connection, action, limits, now)
    automatic = action.source is not TriggerSource.PERSON
    if automatic and episode_calls(connection, action, rehearsal=False) >= limits.attempts:
        return change(connection, action, now, note=state, state=ActionState.EXHAUSTED)
    if state is ActionState.INEFFECTIVE:
        connection.execute(
            update(TRIGGERS)
            .where(
                TRIGGERS.c.action_id == action.id,
                TRIGGERS.c.source == TriggerSource.ALERT,
                TRIGGERS.c.state == TriggerState.PLANNED,
                TRIGGERS.c.resolved.is_(False),
            )
            .values(state=TriggerState.TRIGGERED)
        )
    return change(connection, action, now, state=state)


def _count_for_breaker(connection: Connection, action: Action, limits: Limits, now: float) -> None:
    row = connection.execute(select(GATE)).mappings().one()
    bad = row["bad_in_row"] + 1
    values: dict[str, Any] = {"bad_in_row": bad}
    if row["breaker_opened_at"] is None:
        if bad >= limits.breaker_after:
            values |= {"breaker_opened_at": now, "breaker_pause": limits.breaker_pause, "breaker_trial": None}
    elif row["breaker_trial"] == action.id:
        pause = min(2 * row["breaker_pause"], BREAKER_LONGEST)
        values |= {"breaker_opened_at": now, "breaker_pause": pause, "breaker_trial": None}
    connection.execute(update(GATE).values(values))
    if "breaker_opened_at" in values:
        record(connection, now, "breaker_opened", action_id=action.id)


def _held(hold: Hold, until: float) -> dict[str, Any]:
    return {"state": ActionState.HELD, "hold": hold, "look_at": until}


def _back_off(connection: Connection, action: Action, result: Result) -> float:
    """Seconds to wait: longer each time, at least as long as the platform asks."""
    before: int = connection.execute(select(ACTIONS.c.back_offs).where(ACTIONS.c.id == action.id)).scalar_one()
    connection.execute(update(ACTIONS).where(ACTIONS.c.id == action.id).values(back_offs=before + 1))
    return max(result.retry_after or 0.0, min(BACK_OFF * 2.0 ** min(before, 10), BACK_OFF_LONGEST))
