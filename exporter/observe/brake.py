"""The brake: stops asking a platform that refuses our token, and finds out when it does not any more. Pure.

A refusal (401, 403) is first that organisation's own. When the last answers, of `REFUSALS` different organisations,
were all refusals, it is our token: hammering on with it for each of 10,000 organisations
tells nothing new and looks like an attack.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from exporter.model.facts import Reading, UpstreamFailure
from exporter.model.words import Failure

REFUSALS: Final = 5
"""Different organisations that must be refused, with no other answer between; all, if the fleet has fewer."""

_SUCCESS: Final = range(200, 300)

PROBE_EVERY: Final = 30.0
"""Seconds between two probes while the brake is on."""


@dataclass(frozen=True, slots=True)
class Brake:
    """What is known of our token.

    Attributes:
        accepted: whether the platform took the token in force; None while it said neither.
        refused: organisations that were refused since the last other answer.
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

    Answers given to an older token are not evidence. An answer that is neither a refusal nor a success (404, 429, 5xx)
    ends a run of refusals: in an outage, the few who are always refused are not "everybody". Where nobody answered
    (timeouts, resets), nothing is learned. Once the brake is on, only a success or another token releases it.
    """
    if reading.credential != brake.credential:
        return brake
    if _succeeded(reading):
        return brake if brake.accepted and not brake.refused else Brake(accepted=True, credential=brake.credential)
    if reading.failure is not Failure.AUTH:
        ends_the_run = _answered(reading) and brake.refused and not brake.on
        return replace(brake, refused=frozenset()) if ends_the_run else brake
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


def with_roster(brake: Brake, organization_ids: AbstractSet[str]) -> Brake:
    """The brake after a change of the roster: those who are not ours any more do not count."""
    return replace(brake, refused=brake.refused & organization_ids)


def _succeeded(reading: Reading) -> bool:
    """Whether the platform let us in, even if what it said then made no sense."""
    outcome = reading.outcome
    return not isinstance(outcome, UpstreamFailure) or outcome.http_status in _SUCCESS


def _answered(reading: Reading) -> bool:
    return isinstance(reading.outcome, UpstreamFailure) and reading.outcome.http_status is not None


def probe_due(brake: Brake, now: float) -> bool:
    """Whether one organisation is to be asked now to find out about the token."""
    return brake.on and now >= brake.probe_at


def probe_sent(brake: Brake, now: float) -> Brake:
    """The brake after a probe went out: the next one is not due before `PROBE_EVERY` has passed."""
    return replace(brake, probe_at=now + PROBE_EVERY)
