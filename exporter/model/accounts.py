"""How the ledger stands, for metrics and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporter.model.action import ActionState, AttemptOutcome, GateView, Totals, TriggerSource


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
