"""Why an action would be done now, or would not: for people, before anything is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.model.action import ActionKind, Parameters
from exporter.model.holds import Hold
from exporter.model.words import Issue


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One hold that would stand in the way.

    Attributes:
        hold: which.
        until: when it would be judged again at the latest, seconds since 1970 UTC.
    """

    hold: Hold
    until: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would come of asking now.

    Attributes:
        issue: what it would mend; None for a request of a person.
        kind: what it would be.
        parameters: what the call would carry; None while no call could help.
        obstacles: every hold that stands in the way, in the order of the gates; none: it would be called.
        over: why nothing is needed; None when something is.
    """

    issue: Issue | None
    kind: ActionKind = ActionKind.RETRY
    parameters: Parameters | None = None
    obstacles: tuple[Obstacle, ...] = ()
    over: str | None = None
