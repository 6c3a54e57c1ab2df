"""How far remediation may go: the rules that policy and gates go by, with the defaults that are safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from exporter.model.action import Mode

EPISODE_ENDS: Final = 24 * 3600.0
"""Seconds that an issue must be absent before attempts are counted from 0 again."""

BREAKER_LONGEST: Final = 24 * 3600.0
"""The longest pause of the breaker, seconds: it doubles up to here."""


class Matcher(Protocol):
    """A regular expression on ids."""

    def matches(self, whole: str) -> bool:
        """Whether it matches this text from its first character to its last."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules. All times in seconds.

    Attributes:
        mode: what may be done without a person.
        include: ids that match one of these may be acted upon automatically; none in mode auto: nobody may.
        exclude: ids that match one of these never are.
        fallback_resync: whether a resync of one type may stand in for a retry without record ids.
        catch_up_resync: whether a resync may follow a reconnect.
        lookback: how far back an automatic resync may reach.
        cooldown: between two attempts for one organisation.
        attempts: calls in one episode.
        per_organization_day: calls for one organisation in a day.
        per_hour: calls for all in an hour.
        per_day: calls for all in a day.
        pace: between two calls.
        verify_within: how long a call has to take effect.
        approval_expires: how long an action waits for a person.
        expires: how long an action may wait altogether.
        storm_share: part of the fresh organisations that may be unhealthy.
        storm_least: fewer unhealthy ones are no storm.
        storm_calm: how long there must have been none.
        blind_share: part of the known organisations that may be stale.
        blind_least: fewer stale ones do not blind.
        breaker_after: bad outcomes in a row that open the breaker.
        breaker_pause: how long it stays open at first.
        quiet_hours: (begin, end), seconds of the UTC day; an end before its begin is on the next day.
    """

    mode: Mode = Mode.DRY_RUN
    include: tuple[Matcher, ...] = ()
    exclude: tuple[Matcher, ...] = ()
    fallback_resync: bool = False
    catch_up_resync: bool = False
    lookback: float = 7 * 86_400.0
    cooldown: float = 1_800.0
    attempts: int = 3
    per_organization_day: int = 5
    per_hour: int = 20
    per_day: int = 100
    pace: float = 2.0
    verify_within: float = 900.0
    approval_expires: float = 4 * 3600.0
    expires: float = 86_400.0
    storm_share: float = 0.2
    storm_least: int = 5
    storm_calm: float = 900.0
    blind_share: float = 0.1
    blind_least: int = 3
    breaker_after: int = 5
    breaker_pause: float = 3600.0
    quiet_hours: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Fleetwide:
    """What a claim must know of the fleet, taken from the snapshot at that moment.

    Attributes:
        incident: whether many turn bad together; None while that is not known.
        known: organisations that count (without not found and never connected).
        fresh: those of them with data that is not too old and says enough to judge by.
        unhealthy: those of these that have an issue.
        target_fresh: whether the organisation that the action is for is fresh itself.
    """

    incident: bool | None
    known: int
    fresh: int
    unhealthy: int
    target_fresh: bool
