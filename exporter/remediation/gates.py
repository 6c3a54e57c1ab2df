"""Whether an action may be done now: limits in a fixed order, the first that refuses says why. Pure.

Judged inside the claim, in the transaction that writes the attempt: what is counted there cannot change meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from exporter.model.accounts import GateView
from exporter.model.action import Action, ActionKind, Mode, TriggerSource
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide, Limits

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

LOOK_AGAIN: Final = 60.0
"""Seconds after which a hold is judged again whose end nobody can foretell."""

MEMORY: Final = 1800.0
"""Seconds for which a new ledger counts as one that remembers nothing: as long as the longest default cooldown."""


@dataclass(frozen=True, slots=True)
class Window:
    """Calls in a span of time.

    Attributes:
        calls: how many.
        oldest: when the oldest was, seconds since 1970 UTC; None when there is none.
    """

    calls: int = 0
    oldest: float | None = None


@dataclass(frozen=True, slots=True)
class Tallies:
    """What the ledger counts at the claim. In a rehearsal, rehearsed calls count as calls.

    Attributes:
        gate: what holds everybody.
        trial_under_way: whether the one action that a half-open breaker lets through is not finished.
        call_under_way: whether an attempt is open.
        last_claim: when the last attempt was committed.
        sibling: whether another action of this organisation is started or watched.
        tried: when something was last tried for this organisation, but for calls that did not get through.
        episode: calls in the episode of this organisation and issue.
        organization_day: calls for this organisation in the last 24 h.
        hour: calls for all in the last hour.
        day: calls for all in the last 24 h.
    """

    gate: GateView
    trial_under_way: bool = False
    call_under_way: bool = False
    last_claim: float | None = None
    sibling: bool = False
    tried: float | None = None
    episode: int = 0
    organization_day: Window = Window()
    hour: Window = Window()
    day: Window = Window()


@dataclass(frozen=True, slots=True)
class Case:
    """One action before the gates.

    Attributes:
        action: which, with what it would do.
        limits: the rules in force.
        fleet: how the fleet stands.
        tallies: what the ledger counts.
        now: seconds since 1970 UTC.
    """

    action: Action
    limits: Limits
    fleet: Fleetwide
    tallies: Tallies
    now: float

    @property
    def personal(self) -> bool:
        """Whether a person asked for it, or approved it."""
        return self.action.source is TriggerSource.PERSON or self.action.approved_by is not None

    @property
    def rehearsal(self) -> bool:
        """Whether nothing is sent whatever the gates say."""
        return self.limits.mode is Mode.DRY_RUN


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not now.

    Attributes:
        hold: why.
        until: when to judge again at the latest, seconds since 1970 UTC.
    """

    hold: Hold
    until: float


class Gate(NamedTuple):
    """One limit.

    Attributes:
        hold: the word when it refuses.
        until: None when it lets the case pass, else when to judge again.
    """

    hold: Hold
    until: Callable[[Case], float | None]


def judge(case: Case, gates: Sequence[Gate]) -> Refusal | None:
    """The first refusal, None when every gate lets it pass."""
    for gate in gates:
        until = gate.until(case)
        if until is not None:
            return Refusal(gate.hold, until)
    return None


def _when(refused: bool, case: Case, after: float = LOOK_AGAIN) -> float | None:  # noqa: FBT001 - the one thing it asks
    return case.now + after if refused else None


def _paused(case: Case) -> float | None:
    return _when(case.tallies.gate.paused_at is not None, case)


def _mode_off(case: Case) -> float | None:
    return _when(case.limits.mode is Mode.OFF, case)


def _credential(case: Case) -> float | None:
    return _when(case.tallies.gate.credential_refused_at is not None, case)


def is_blind(fleet: Fleetwide, limits: Limits) -> bool:
    """Whether too many are stale to tell one customer's trouble from an outage."""
    stale = fleet.known - fleet.fresh
    return stale >= limits.blind_least and stale > limits.blind_share * fleet.known


def _blind(case: Case) -> float | None:
    return _when(is_blind(case.fleet, case.limits) or not case.fleet.target_fresh, case)


def _warming_up(case: Case) -> float | None:
    young = case.now - min(case.tallies.gate.created_at, case.now) < MEMORY
    return _when(not case.personal and (case.fleet.incident is None or young), case)


def is_storm(fleet: Fleetwide, limits: Limits) -> bool:
    """Whether so much is wrong now that it is an incident."""
    many = fleet.unhealthy >= limits.storm_least and fleet.unhealthy > limits.storm_share * fleet.fresh
    return fleet.incident is True or many


def _storm(case: Case) -> float | None:
    if is_storm(case.fleet, case.limits):
        return case.now + LOOK_AGAIN
    seen = case.tallies.gate.storm_seen_at
    # What lies in the future was written before the clock was set back: it begins now, here, below and above; each
    # beat of the executor writes that down (`ledger.set_back`), so that it ends.
    calm_at = None if seen is None else min(seen, case.now) + case.limits.storm_calm
    return calm_at if calm_at is not None and case.now < calm_at else None


def _breaker(case: Case) -> float | None:
    gate = case.tallies.gate
    if gate.breaker_opened_at is None or gate.breaker_pause is None:
        return None
    half_open_at = min(gate.breaker_opened_at, case.now) + gate.breaker_pause
    if case.now < half_open_at:
        return half_open_at
    return _when(case.tallies.trial_under_way, case)


def _quiet_hours(case: Case) -> float | None:
    if case.personal:
        return None
    into = case.now % DAY
    for begin, end in case.limits.quiet_hours:
        inside = begin <= into < end if begin < end else into >= begin or into < end
        if inside:
            return case.now + (end - into) % DAY
    return None


def _organization_not_allowed(case: Case) -> float | None:
    if case.personal or case.limits.mode is Mode.APPROVE:
        return None
    name, limits = case.action.organization_id, case.limits
    included = any(one.matches(name) for one in limits.include) or (case.rehearsal and not limits.include)
    return _when(not included or any(one.matches(name) for one in limits.exclude), case)


def _kind_not_allowed(case: Case) -> float | None:
    if case.personal or case.action.kind is not ActionKind.RESYNC:
        return None
    reconnect = case.action.source is TriggerSource.RECONNECT
    return _when(not (case.limits.catch_up_resync if reconnect else case.limits.fallback_resync), case)


def _busy(case: Case) -> float | None:
    tallies, pace = case.tallies, case.limits.pace
    if tallies.call_under_way:
        return case.now + pace
    # Bounded from below too: after the clock was set back, the last claim lies in the future.
    if tallies.last_claim is not None and abs(case.now - tallies.last_claim) < pace:
        return min(tallies.last_claim, case.now) + pace
    return _when(tallies.sibling, case)


def _back_off(case: Case) -> float | None:
    until = case.action.back_off_until
    return until if until is not None and case.now < until else None


def _cooldown(case: Case) -> float | None:
    tried, cooldown = case.tallies.tried, case.limits.cooldown
    # From both ends: after the clock was set back, what was tried lies in the future, and may lie far in it.
    if tried is None or abs(case.now - tried) >= cooldown:
        return None
    return min(tried, case.now) + cooldown


def _attempts(case: Case) -> float | None:
    return _when(not case.personal and case.tallies.episode >= case.limits.attempts, case, HOUR)


def _window(window: Window, most: int, span: float, now: float) -> float | None:
    if window.calls < most:
        return None
    return max(now + 1.0, (now if window.oldest is None else window.oldest) + span)


def _organization_budget(case: Case) -> float | None:
    return _window(case.tallies.organization_day, case.limits.per_organization_day, DAY, case.now)


def _hour_budget(case: Case) -> float | None:
    return _window(case.tallies.hour, case.limits.per_hour, HOUR, case.now)


def _day_budget(case: Case) -> float | None:
    return _window(case.tallies.day, case.limits.per_day, DAY, case.now)


def _approval(case: Case) -> float | None:
    return _when(case.limits.mode is Mode.APPROVE and not case.personal, case)


GATES: Final[tuple[Gate, ...]] = (
    Gate(Hold.PAUSED, _paused),
    Gate(Hold.MODE_OFF, _mode_off),
    Gate(Hold.CREDENTIAL, _credential),
    Gate(Hold.BLIND, _blind),
    Gate(Hold.WARMING_UP, _warming_up),
    Gate(Hold.STORM, _storm),
    Gate(Hold.BREAKER, _breaker),
    Gate(Hold.QUIET_HOURS, _quiet_hours),
    Gate(Hold.ORGANIZATION_NOT_ALLOWED, _organization_not_allowed),
    Gate(Hold.KIND_NOT_ALLOWED, _kind_not_allowed),
    Gate(Hold.BUSY, _busy),
    Gate(Hold.BACK_OFF, _back_off),
    Gate(Hold.COOLDOWN, _cooldown),
    Gate(Hold.ATTEMPTS, _attempts),
    Gate(Hold.ORGANIZATION_BUDGET, _organization_budget),
    Gate(Hold.HOUR_BUDGET, _hour_budget),
    Gate(Hold.DAY_BUDGET, _day_budget),
    Gate(Hold.APPROVAL, _approval),
)
"""Every gate but the dry run, which is no limit: it goes through all of these, and then does not send."""

FLEET_WIDE: Final = frozenset(
    {Hold.PAUSED, Hold.MODE_OFF, Hold.CREDENTIAL, Hold.BLIND, Hold.WARMING_UP, Hold.STORM, Hold.BREAKER}
)
"""Holds of everybody: judged first, so that ten thousand held actions cost no counting."""


def without(*holds: Hold, gates: Iterable[Gate] = GATES) -> tuple[Gate, ...]:
    """The gates but these: what a rehearsal of the removal of one goes through."""
    return tuple(gate for gate in gates if gate.hold not in holds)
