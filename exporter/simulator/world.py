"""The platform as it is now: its organisations, the tokens it accepts, and what it would answer for each."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from exporter.simulator.answers import Answer, Misbehaviour, Override, Slow
from exporter.simulator.scripts import ADMIN_TOKEN_REVOKED, SCRIPTS
from exporter.simulator.timeline import Remedy, Report, place_of, status_document

REMEDIES_KEPT: Final = 64
"""Retries and resyncs remembered for each organisation: older ones have long had their effect."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


RecordIds = Literal["record_id", "record_ids"]
"""Where the platform gives the ids of the records that failed: one in a field, or a list."""


@dataclass(frozen=True, slots=True)
class _RemedyOverride:
    """What comes back for a retry or resync, and whether it takes effect all the same."""

    answer: Answer | Misbehaviour | Slow
    takes_effect: bool


@dataclass(frozen=True, slots=True)
class SimulatedOrganization:
    """A customer of the simulated platform.

    Attributes:
        id: the platform's own id.
        name: made up.
        xero_tenant_id: shaped like a UUID.
        script: what it lives through, a name in `scripts.SCRIPTS`.
        offset: script minutes that it is ahead of the world, so that organisations are not in step.
    """

    id: str
    name: str
    xero_tenant_id: str
    script: str = "healthy"
    offset: float = 0.0


def discovery_list(organizations: Iterable[SimulatedOrganization]) -> bytes:
    """These organisations as a JSON array in the shape of Prometheus' HTTP service discovery."""
    groups = [
        {"targets": [one.id], "labels": {"name": one.name, "__meta_xero_tenant_id": one.xero_tenant_id}}
        for one in organizations
    ]
    return json.dumps(groups).encode()


class World:
    """The simulated platform, without sockets.

    Script time runs `speed` times as fast as real time: durations shrink, but each timestamp in an answer is the real
    instant at which it happened, so that it agrees with the clock of whoever asks.

    Attributes:
        organizations: by id; organisations may be added and removed at any time.
        speed: script minutes that pass in a real minute.
        started: when script time 0 was, seconds since 1970 UTC.
    """

    def __init__(
        self,
        organizations: Iterable[SimulatedOrganization],
        *,
        admin_token: str | None,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        admin_token_outages: bool = False,
        record_ids: RecordIds | None = None,
    ) -> None:
        """A world that begins now.

        Args:
            organizations: the customers.
            admin_token: accepted from the start; None when none is.
            speed: script minutes that pass in a real minute.
            clock: tells seconds since 1970 UTC.
            admin_token_outages: whether the platform now and then accepts no token for a while
                (`scripts.ADMIN_TOKEN_REVOKED`).
            record_ids: the field in which an error names its records; None: it names none, as on the platform's page.

        Raises:
            ValueError: `speed` is not a positive number, or two organisations have one id, or a script is unknown.
        """
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError("speed must be a positive number")
        self.organizations: dict[str, SimulatedOrganization] = {}
        for organization in organizations:
            if organization.id in self.organizations:
                raise ValueError("two organisations have the same id")
            if organization.script not in SCRIPTS:
                raise ValueError(f"no such script; there are {', '.join(SCRIPTS)}")
            self.organizations[organization.id] = organization
        self.speed = speed
        self._clock = clock
        self.started = clock()
        self._token_outages = admin_token_outages
        self._tokens = [admin_token] if admin_token is not None else []
        self._overrides: dict[str, Override] = {}
        self._everybody: Override | None = None
        self._remedy_overrides: dict[str | None, _RemedyOverride] = {}
        self._record_ids = record_ids
        self._list: bytes | Answer | Misbehaviour | Slow | None = None
        self._remedies: defaultdict[str, deque[Remedy]] = defaultdict(lambda: deque(maxlen=REMEDIES_KEPT))

    def now(self) -> float:
        """The platform's clock, seconds since 1970 UTC."""
        return self._clock()

    def minute(self, organization: SimulatedOrganization | None = None) -> float:
        """The script minute that the world has reached, or an organisation, which is ahead by its offset."""
        return (self.now() - self.started) / 60 * self.speed + (organization.offset if organization else 0.0)

    @property
    def admin_token(self) -> str | None:
        """The newest token that is accepted; None when every one is revoked."""
        return self._tokens[-1] if self._tokens else None

    def accept_token(self, token: str) -> None:
        """Accepts `token` from now on, besides those that are accepted already."""
        self._tokens.append(token)

    def revoke_token(self, token: str | None = None) -> None:
        """Refuses `token` from now on; without one, every token."""
        self._tokens = [] if token is None else [accepted for accepted in self._tokens if accepted != token]

    def accepts(self, token: str) -> bool:
        """Whether `token` opens the platform now."""
        return token in self._tokens and not (self._token_outages and ADMIN_TOKEN_REVOKED.lasts_at(self.minute()))

    def override(self, organization_id: str, answer: Override) -> None:
        """Puts `answer` in place of what that organisation would answer, until `clear`; it need not exist."""
        self._overrides[organization_id] = answer

    def override_all(self, answer: Override | None) -> None:
        """Puts `answer` in place of every answer about any organisation; None takes it back.

        An organisation's own override comes before it.
        """
        self._everybody = answer

    def override_remedies(
        self,
        answer: Answer | Misbehaviour | Slow | None,
        organization_id: str | None = None,
        *,
        takes_effect: bool = False,
    ) -> None:
        """Puts `answer` in place of what a retry or resync gets; statuses go on as they are. None takes it back.

        Args:
            answer: what comes back.
            organization_id: for whom; None: for everybody that has none of its own.
            takes_effect: whether the retry or resync happens all the same, as when only the answer is lost. One that
                comes back as accepted and does not happen is an answer of 202 without this.
        """
        if answer is None:
            self._remedy_overrides.pop(organization_id, None)
        else:
            self._remedy_overrides[organization_id] = _RemedyOverride(answer, takes_effect)

    def remedy_override(self, organization_id: str) -> tuple[Answer | Misbehaviour | Slow, bool] | None:
        """What stands in the place of the answer to a retry or resync, and whether that takes effect; None: nothing."""
        found = self._remedy_overrides.get(organization_id, self._remedy_overrides.get(None))
        return None if found is None else (found.answer, found.takes_effect)

    def override_list(self, answer: bytes | Answer | Misbehaviour | Slow | None) -> None:
        """Puts `answer` in place of the list of all organisations; None takes it back. Bytes are its body."""
        self._list = answer

    def lists(self, *, overridden: bool = True) -> bytes | Answer | Misbehaviour | Slow:
        """The list of all organisations as Prometheus' HTTP service discovery has it, or what stands in its place."""
        if overridden and self._list is not None:
            return self._list
        return discovery_list(self.organizations.values())

    def clear(self, organization_id: str | None = None) -> None:
        """Takes back the override of one organisation; without one, all overrides."""
        if organization_id is not None:
            self._overrides.pop(organization_id, None)
            self._remedy_overrides.pop(organization_id, None)
            return
        self._overrides.clear()
        self._remedy_overrides.clear()
        self._list = None
        self._everybody = None

    @property
    def resets_everybody(self) -> bool:
        """Whether every connection is reset as soon as it is made."""
        return self._everybody is Misbehaviour.RESET

    def shows(self, organization_id: str, *, overridden: bool = True) -> Override | None:
        """What the platform has for that organisation now: a status, or how it misbehaves; None when unknown.

        Args:
            organization_id: of whom.
            overridden: False for what its own script says.
        """
        if overridden:
            override = self._overrides.get(organization_id, self._everybody)
            if override is not None:
                return override
        organization = self.organizations.get(organization_id)
        return None if organization is None else self._by_script(organization)

    def _by_script(self, organization: SimulatedOrganization) -> dict[str, object] | Answer | Misbehaviour:
        place = place_of(SCRIPTS[organization.script], self.minute(organization))
        shown = place.stage.shows
        if not isinstance(shown, Report):
            return shown
        remedies = self._remedies.get(organization.id, ())
        return status_document(
            shown,
            place,
            tuple(remedies),
            lambda minute: self._timestamp(minute, organization),
            record_ids=self._record_ids,
        )

    def in_xero(self, organization: SimulatedOrganization) -> bool:
        """Whether Xero has that organisation's connection now, by its script."""
        return place_of(SCRIPTS[organization.script], self.minute(organization)).stage.connected_in_xero

    def together(self, script: str) -> bool:
        """Whether somebody lives through that script."""
        return any(one.script == script for one in self.organizations.values())

    def _timestamp(self, minute: float, organization: SimulatedOrganization) -> str:
        """The real instant of an organisation's minute, as the platform writes timestamps.

        Whole seconds, as in the platform's sample; in accelerated time milliseconds, or what is minutes apart in the
        script would fall into one second. Both are cut, not rounded: what has happened is never in the future.
        """
        at = _EPOCH + timedelta(seconds=self.started + (minute - organization.offset) * 60 / self.speed)
        timespec = "seconds" if self.speed <= 1 else "milliseconds"
        return at.isoformat(timespec=timespec).replace("+00:00", "Z")

    def remedy(self, organization_id: str, sync_types: Iterable[str]) -> None:
        """Begins a retry or resync of an organisation; it has its effect after `timeline.REMEDY_TAKES`.

        Failures whose cause is over are gone then; the others are back as failed.
        """
        organization = self.organizations.get(organization_id)
        if organization is not None:
            self._remedies[organization_id].append(Remedy(self.minute(organization), frozenset(sync_types)))
