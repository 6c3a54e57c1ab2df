"""How the exporter itself stands: what it polls with, what holds it back, whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.model.words import RosterSource


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of the roster.

    Attributes:
        source: which.
        organizations: how many it lists (before include and exclude).
        last_success: when it was last read whole, seconds since 1970 UTC; None when never.
        rejected: True when its newest content was refused and the last good list is kept.
        held: True while its newest content is held because it drops too many at once; the list before it is kept.
        why: why its newest content is not in force, or none came; a clause for people, empty when there is no reason.
    """

    source: RosterSource
    organizations: int
    last_success: float | None
    rejected: bool
    held: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReloadRefused:
    """A configuration that was not taken over; the one before stays in force.

    Attributes:
        at: seconds since 1970 UTC.
        why: its first fault, with the place; a sentence for operators, never a value of the configuration.
    """

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Conditions:
    """How polling stands.

    Attributes:
        poll_interval: seconds between readings of an organisation.
        stale_after: seconds after which data is withdrawn.
        platform_auth_ok: False while the brake is on, True when the platform accepted our token since, None before
            the platform said either.
        paused_until: seconds since 1970 UTC until which the platform asked everybody to wait; None when it did not.
        sources: the roster's sources, in order of precedence.
        reload_refused: when the last reload was refused and why, where no later one was taken over; else None.
    """

    poll_interval: float
    stale_after: float
    platform_auth_ok: bool | None
    paused_until: float | None
    sources: tuple[SourceState, ...]
    reload_refused: ReloadRefused | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this exporter does its work, never whether the platform works.

    Attributes:
        ready: the answer.
        why: one sentence for people, without a final stop.
    """

    ready: bool
    why: str
