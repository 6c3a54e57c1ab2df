"""How the ledger stands, for metrics and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.model.action import ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.holds import Hold

HEARTBEAT_LATE: Final = 30.0
"""Seconds after which an executor that says nothing is taken for gone; it says so every 10 s."""


@dataclass(frozen=True, slots=True)
class GateView:
    """What holds everybody, and whether anybody obeys. All instants are seconds since 1970 UTC; None: not so.

    Attributes:
        paused_at: since when it is paused.
        paused_by: by whom.
        paused_note: in whose words.
        credential_refused_at: when the platform refused the token.
        storm_seen_at: when a storm was last seen.
        bad_in_row: actions in a row that did not help.
        breaker_opened_at: since when the breaker is open.
        breaker_pause: seconds until it lets one through.
        created_at: when this ledger was made.
        heartbeat_at: when an executor last said that it obeys this gate; None when none ever did.
        heartbeat_mode: in which mode that one runs.
        heartbeat_pid: which process that one is.
    """

    created_at: float = 0.0
    paused_at: float | None = None
    paused_by: str = ""
    paused_note: str = ""
    credential_refused_at: float | None = None
    storm_seen_at: float | None = None
    bad_in_row: int = 0
    breaker_opened_at: float | None = None
    breaker_pause: float | None = None
    heartbeat_at: float | None = None
    heartbeat_mode: Mode | None = None
    heartbeat_pid: int | None = None

    def obeyed(self, now: float) -> bool:
        """Whether a running exporter looks at this gate: its heartbeat is not older than `HEARTBEAT_LATE`."""
        return self.heartbeat_at is not None and abs(now - self.heartbeat_at) <= HEARTBEAT_LATE

    def mode_in_force(self, ours: Mode, now: float) -> Mode:
        """The mode of the exporter that obeys; `ours` while none does. Environments and files may differ."""
        obeyed = self.heartbeat_mode if self.obeyed(now) else None
        return ours if obeyed is None else obeyed


@dataclass(frozen=True, slots=True)
class Totals:
    """What the ledger counts, for metrics; every word present, from 0.

    Attributes:
        actions: by state; those that ended as long as the ledger keeps them.
        held: unfinished actions by hold.
        waiting: triggers that are not judged yet.
    """

    actions: dict[ActionState, int] = field(default_factory=dict)
    held: dict[Hold, int] = field(default_factory=dict)
    waiting: int = 0


class Marks(NamedTuple):
    """Up to where the ledger was counted: the last row of each kind. Rows behind these are new."""

    triggers: int = 0
    events: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """How the ledger stands, and what is new in it since some marks.

    Attributes:
        gate: what holds everybody.
        totals: counts of what there is.
        hour: calls for all in the last hour; in a dry run, rehearsed ones.
        day: calls for all in the last 24 h, likewise.
        triggers: new triggers, by what they are.
        entered: actions that came into a state, by that state.
        attempts: attempts that ended, by their outcome.
        verified: of each action that was verified, seconds from its call until then.
        marks: up to where that was counted.
    """

    gate: GateView
    totals: Totals
    hour: int
    day: int
    triggers: Mapping[TriggerSource, int]
    entered: Mapping[ActionState, int]
    attempts: Mapping[AttemptOutcome, int]
    verified: tuple[float, ...]
    marks: Marks
