"""The brake: stops asking a platform that refuses our token, and finds out when it does not any more. Pure.

A refusal (401, 403) is first that organisation's own. When the last answers of `REFUSALS` different organisations
were refusals with no success between them, it is our token: hammering on with it for each of 10,000 organisations
tells nothing new and looks like an attack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from exporter.model.facts import Reading
from exporter.model.words import Failure

REFUSALS: Final = 5
"""Different organisations that must be refused, with no success between; all, if the fleet has fewer."""

PROBE_EVERY: Final = 30.0
"""Seconds between two probes while the brake is on."""


@dataclass(frozen=True, slots=True)
class Brake:
    """What is known of our token.

    Attributes:
        accepted: whether the platform took the token in force; None while it said neither.
        refused: organisations that were refused since the last success.
        on: whether the fleet stands still.
        probe_at: monotonic second of the next probe; means something only while on.
        credential: number of the token that all of this is about.
    """

    accepted: bool | None = None
    refused: frozenset[str] = frozenset()
    on: bool = False
    probe_at: float = 0.0
    credential: int = 0

    @property
    def auth_ok(self) -> bool | None:
        """False while on; True when the token was accepted; None when not known."""
        return False if self.on else self.accepted


def with_credential(brake: Brake, credential: int) -> Brake:
    """The brake after a look at the token's number: a changed token releases it and nothing is known of the new one."""
    return brake if credential == brake.credential else Brake(credential=credential)


def after_reading(brake: Brake, reading: Reading, fleet_size: int) -> Brake:
    """The brake after an answer; the same object when the answer changes nothing.

    Answers given to an older token are not evidence. Failures other than 401 and 403 neither count nor clear: a
    server error between two refusals does not make the token good.
    """
    if reading.credential != brake.credential:
        return brake
    if reading.failure is None:
        return brake if brake.accepted and not brake.refused else Brake(accepted=True, credential=brake.credential)
    if reading.failure is not Failure.AUTH:
        return brake
    if brake.on:
        return replace(brake, probe_at=max(brake.probe_at, reading.began.monotonic + PROBE_EVERY))
    refused = brake.refused | {reading.organization_id}
    if len(refused) < max(1, min(REFUSALS, fleet_size)):
        return replace(brake, refused=refused)
    return Brake(
        accepted=False,
        refused=refused,
        on=True,
        probe_at=reading.ended.monotonic + PROBE_EVERY,
        credential=brake.credential,
    )


def probe_due(brake: Brake, now: float) -> bool:
    """Whether one organisation is to be asked now to find out about the token."""
    return brake.on and now >= brake.probe_at


def probe_sent(brake: Brake, now: float) -> Brake:
    """The brake after a probe went out: the next one is not due before `PROBE_EVERY` has passed."""
    return replace(brake, probe_at=now + PROBE_EVERY)
