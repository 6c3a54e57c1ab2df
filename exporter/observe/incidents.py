"""What is concluded of all organisations together: whether many turned bad at once, and one word for it. Pure.

An incident is a rise, not a level: a fleet in which one in ten customers has had a wrong tax rate for a year has no
incident. What the level was can be known only by having watched, so after a start most of it is unknown for a while,
and unknown is told as such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from exporter.model.fleet import FleetJudgement, Shares, Surroundings, Tally
from exporter.model.words import IncidentKind, ServiceStatus, Verdict

RISE: Final = 0.05
"""By how much the share of affected organisations must lie above its least."""

RISE_ORGANIZATIONS: Final = 5
"""How many organisations that must be at least: one of ten customers is no incident."""

WARM_UP: Final = 1 / 12
"""Part of the window, half an hour of six, after the first share in which nothing is concluded: fleets that are read
for the first time look like anything."""

SETTLES: Final = 1 / 24
"""Part of the window, a quarter of an hour of six, after a start whose shares are not remembered; the rules of the
alerts leave out as much."""

GRAIN: Final = 1 / 360
"""Part of the window, a minute of six hours, that is remembered as one: the least of each."""

ENOUGH_FRESH: Final = 0.8
"""Share of the known organisations that must be fresh for shares to mean anything."""

ENOUGH_SEEN: Final = 0.8
"""Of the fresh whose syncs were seen at most, the part that must still be seen for shares to be compared."""

APP_REFUSALS: Final = 3
"""Organisations whose errors must say that Xero refuses the platform's app; all, if fewer are known."""

MANY_LOST: Final = 5
"""Organisations that the platform must have forgotten to be thought at fault: customers leave, but one by one."""

BROKEN: Final = frozenset({ServiceStatus.MAJOR, ServiceStatus.CRITICAL})
"""What a status page says while Xero itself is the cause of an incident."""

_EPSILON: Final = 1e-9  # 0.15 - 0.10 is more than 0.05 in floats, and is not here


def judge_fleet(
    before: FleetJudgement, tally: Tally, surroundings: Surroundings, now: float, window: float
) -> FleetJudgement:
    """The judgement at `now`, monotonic seconds.

    Args:
        before: the last judgement.
        tally: the organisations, counted.
        surroundings: what else is known.
        now: the present.
        window: seconds for which the least share is remembered.
    """
    shares = {kind: _with_share(before.shares[kind], tally, kind, now, window) for kind in IncidentKind}
    incidents = {kind: _incident(shares[kind], tally, kind, now, window) for kind in IncidentKind}
    undecided = {
        kind: _decided_by(shares[kind], now, window)
        for kind, stands in incidents.items()
        if stands is None and _seen(tally, kind) and _risen(tally, kind, 0.0)
    }
    return FleetJudgement(
        verdict=_verdict(tally, incidents, surroundings, undecided),
        incidents=incidents,
        app_refused=surroundings.app_refused or organizations_say_app_refused(tally),
        undecided_until=max(undecided.values(), default=None),
        shares=shares,
    )


def _seen(tally: Tally, kind: IncidentKind) -> int:
    """Of how many it would be seen if they were affected; a connection issue hides those of syncs."""
    if tally.fresh < ENOUGH_FRESH * tally.known:
        return 0
    return tally.fresh - (tally.affected[IncidentKind.CONNECTION] if kind is IncidentKind.SYNC else 0)


def _with_share(shares: Shares, tally: Tally, kind: IncidentKind, now: float, window: float) -> Shares:
    """The memory with the share of now, the very same while too few are seen for it to mean anything.

    Of each grain the least is kept, and only those that can still become the least. What was remembered of far fewer
    than are seen now is forgotten: of those who are left in an outage of connections next to none may have had
    trouble with their syncs, and when the others are back theirs is as old as it was.
    """
    seen = _seen(tally, kind)
    if not seen:
        return shares
    part = seen / tally.fresh
    fewest, most = min(part, shares.seen[0]), max(part, shares.seen[1])
    forgotten = shares.began is None or now - shares.last >= window
    if not forgotten and fewest < ENOUGH_SEEN * most:
        if part < ENOUGH_SEEN * shares.seen[1]:
            return shares
        forgotten = True
    missed = forgotten or now - shares.last > WARM_UP * window
    # Errors that matter only as they come back show minutes after a start, and those who are asked last are not there
    # yet: a share of that time is less than it was, and as the least it would make an incident of what always was.
    settling = forgotten or shares.began is None or now - shares.began < SETTLES * window
    return Shares(
        began=now if forgotten else shares.began,
        unbroken=now if missed else shares.unbroken,
        last=now,
        least=_pushed(() if settling else shares.least, now, _at_most(tally, kind) / seen, window),
        seen=(part, part) if forgotten else (fewest, most),
    )


def _pushed(
    least: tuple[tuple[float, float], ...], now: float, share: float, window: float
) -> tuple[tuple[float, float], ...]:
    if least and least[-1][1] <= share and now - least[-1][0] < GRAIN * window and least[0][0] > now - window:
        return least
    kept = tuple(one for one in least if one[0] > now - window and one[1] < share)
    return (*kept, (now, share))


def _incident(shares: Shares, tally: Tally, kind: IncidentKind, now: float, window: float) -> bool | None:
    """Whether the share rose from its least; None when there is no share of now.

    True is concluded from the least that was seen: a longer memory could only hold a lesser one. False needs the
    whole `window`, or a share that is no rise even from nothing: after a start, or a long outage of the platform,
    in the middle of an incident, the least that was seen is the incident itself.
    """
    is_of_now = bool(_seen(tally, kind)) and shares.last == now
    if not is_of_now or shares.began is None or now - shares.began < WARM_UP * window:
        return None
    least = shares.least[0][1]
    if _risen(tally, kind, least):
        return True
    whole = now - shares.unbroken >= window
    affected = _at_most(tally, kind)
    return False if not _risen(tally, kind, least if whole else 0.0, affected) else None


def _at_most(tally: Tally, kind: IncidentKind) -> int:
    """How many may be affected: of those in doubt nobody knows, and neither their going nor their return is a rise."""
    return min(tally.affected[kind] + tally.doubtful, _seen(tally, kind))


def _risen(tally: Tally, kind: IncidentKind, least: float, affected: int | None = None) -> bool:
    seen = _seen(tally, kind)
    rise = (tally.affected[kind] if affected is None else affected) / seen - least
    return rise > RISE + _EPSILON and rise * seen >= RISE_ORGANIZATIONS - _EPSILON


def _decided_by(shares: Shares, now: float, window: float) -> float:
    """When it is known whether a share that stays is an incident, at the latest; infinite without a share of now."""
    return shares.unbroken + window if shares.last == now else float("inf")


def organizations_say_app_refused(tally: Tally) -> bool:
    """Whether as many errors of organisations as it takes say that Xero refuses the platform's app."""
    return tally.app_refused >= max(1, min(APP_REFUSALS, tally.known))


def _verdict(
    tally: Tally,
    incidents: Mapping[IncidentKind, bool | None],
    surroundings: Surroundings,
    undecided: Collection[IncidentKind],
) -> Verdict:
    """The first that holds, in the order of `Verdict`; what nobody can say yet stands where it would be decided.

    Args:
        tally: the organisations, counted.
        incidents: by kind.
        surroundings: what else is known.
        undecided: kinds of which as many are affected as an incident needs, and may have been so for years.
    """
    standing = [kind for kind, stands in incidents.items() if stands]
    many = [*standing, *undecided]
    holds = (
        (Verdict.STARTING, not surroundings.started),
        (Verdict.PLATFORM_CREDENTIAL, surroundings.credential_refused),
        (Verdict.PLATFORM_API, _customers_are_lost(tally)),
        (Verdict.STARTING, _nobody_to_judge(tally) or _waits_for_first_answers(tally)),
        (Verdict.PLATFORM_API, tally.fresh < ENOUGH_FRESH * tally.known),
        (Verdict.XERO_APP, surroundings.app_refused or organizations_say_app_refused(tally)),
        (Verdict.XERO, bool(many) and (_pages_say_broken(surroundings) or _unavailable(tally, many))),
        (Verdict.XERO, _pages_say_broken(surroundings) and _goes_on(tally)),
        (Verdict.INCIDENT, bool(standing)),
        (Verdict.STARTING, bool(undecided) or too_many_in_doubt(tally)),
        (Verdict.CUSTOMERS, tally.with_issue > 0),
    )
    return next((verdict for verdict, does in holds if does), Verdict.ALL_WELL)


def _nobody_to_judge(tally: Tally) -> bool:
    """Whether nobody is on the roster: a list that was emptied by mistake is not a fleet that is well."""
    return not (tally.known or tally.never_connected or tally.not_found)


def too_many_in_doubt(tally: Tally) -> bool:
    """Whether of so many nobody knows if anything is wrong that of the others nothing can be concluded for all."""
    return bool(tally.doubtful) and tally.fresh - tally.doubtful < ENOUGH_FRESH * tally.known


def many_fail_now(tally: Tally) -> bool:
    """Whether of so many that were asked the last reading failed that the platform is at fault if that goes on."""
    asked = tally.known - tally.unasked
    return tally.failing > 0 and asked - tally.failing < ENOUGH_FRESH * asked


def _waits_for_first_answers(tally: Tally) -> bool:
    """Whether too few are fresh only because some, being new, were not asked yet: that says nothing of the platform."""
    return tally.fresh < ENOUGH_FRESH * tally.known <= tally.fresh + tally.unasked


def _customers_are_lost(tally: Tally) -> bool:
    """Whether the platform knows not one organisation, or not half of those any more that it knew.

    One that it does not know may be gone, and is left out of shares; where so many are, we ask at the wrong place or
    the platform lost them, and nobody can say that all is well.
    """
    nobody = tally.not_found > 0 and not tally.known and not tally.never_connected
    return nobody or tally.lost >= max(MANY_LOST, tally.known + tally.never_connected)


def _goes_on(tally: Tally) -> bool:
    """Whether as many as an incident needs are affected, however long already, and half of them as Xero was away.

    An outage that is longer than the window is no rise any more, and the customers are at fault as little as before.
    """
    many = [kind for kind in IncidentKind if _seen(tally, kind) and _risen(tally, kind, 0.0)]
    return _unavailable(tally, many)


def _pages_say_broken(surroundings: Surroundings) -> bool:
    return any(one.status in BROKEN for one in surroundings.pages)


def _unavailable(tally: Tally, kinds: Iterable[IncidentKind]) -> bool:
    """Whether half of those that are affected, in one of these kinds, have an error by which Xero was unavailable."""
    return any(2 * tally.unavailable[kind] >= tally.affected[kind] for kind in kinds)
