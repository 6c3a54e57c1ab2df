"""A status page of Atlassian's Statuspage, by its public API, version 2: ``/api/v2/summary.json``.

The documented indicators are none, minor, major and critical. Pages also say ``maintenance`` while a planned one is
under way and nothing worse (seen at https://github.com/cloudsmith-io/cloudsmith-api/issues/25): something may not work,
by intention, so it is minor here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from exporter.clock import Clock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent, ServiceStatus
from exporter.upstream.conditional import Validators
from exporter.upstream.dates import timestamp
from exporter.upstream.identity import Telemetry
from exporter.upstream.occasional import OccasionalTransport
from exporter.upstream.transport import Answer
from exporter.upstream.wire import WireError, decoded

UPSTREAM: Final = "statuspage"
"""What telemetry calls this upstream."""

PATH: Final = "/api/v2/summary.json"
"""Below the address of a page."""

MAX_INCIDENTS: Final = 20
"""Unresolved incidents that are kept, the first of the page's list."""

MAX_NAME: Final = 200
"""Characters of an incident's name that are kept."""

_MAX_ID: Final = 64
_INDICATORS: Final = {
    **{word.value: word for word in ServiceStatus if word is not ServiceStatus.UNKNOWN},
    "maintenance": ServiceStatus.MINOR,
}
_RESOLVED: Final = frozenset({"resolved", "postmortem", "completed"})


@dataclass(frozen=True, slots=True)
class PageIncident:
    """An incident that the page does not call resolved.

    Attributes:
        id: the page's own, printable.
        impact: how bad the page says that it is.
        started: seconds since 1970 UTC; None when the page does not say.
        name: foreign text, printable and bounded: for people who look, never a label, a log line or an alert.
    """

    id: str
    impact: ServiceStatus
    started: float | None = None
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PageReport:
    """What a page says.

    Attributes:
        status: its indicator; `unknown` for a word not known here.
        incidents: those that are not resolved, at most `MAX_INCIDENTS`.
    """

    status: ServiceStatus
    incidents: tuple[PageIncident, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """The last good answer: what it said, and how to tell that the next one says the same."""

    digest: bytes
    validators: Validators
    report: PageReport


class StatusPage:
    """One page. Keeps its last good answer, so that an unchanged page costs nothing."""

    def __init__(self, *, url: str, transport: OccasionalTransport, telemetry: Telemetry, clock: Clock) -> None:
        """Opens nothing.

        Args:
            url: of the page, without a slash at its end.
            transport: asks for it; several pages may share one.
            telemetry: told of every request.
            clock: for durations.
        """
        self._url = httpx.URL(url + PATH)
        self._transport = transport
        self._telemetry = telemetry
        self._clock = clock
        self._known: _Known | None = None

    async def report(self) -> PageReport | UpstreamFailure:
        """What the page says now. The same object while it says the same."""
        headers = {} if self._known is None else self._known.validators.headers
        async with self._transport.permit(suspect=False):
            began = self._clock.now().monotonic
            answer = await self._transport.get(self._url, headers)
            took = self._clock.now().monotonic - began
        outcome = self._read(answer) if isinstance(answer, Answer) else self._unchanged(answer)
        self._telemetry.request_ended(UPSTREAM, took, outcome.failure if isinstance(outcome, UpstreamFailure) else None)
        return outcome

    def _unchanged(self, answer: UpstreamFailure) -> PageReport | UpstreamFailure:
        return self._known.report if self._known is not None and self._known.validators.confirmed_by(answer) else answer

    def _read(self, answer: Answer) -> PageReport | UpstreamFailure:
        digest, validators = hashlib.blake2b(answer.body).digest(), Validators.of(answer)
        if self._known is not None and digest == self._known.digest:
            self._known = replace(self._known, validators=validators)
            return self._known.report
        try:
            report = parse_summary(answer.body)
        except WireError as error:
            return UpstreamFailure(
                Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail=f"the page cannot be used: {error}"
            )
        if self._known is not None and report == self._known.report:
            report = self._known.report
        self._known = _Known(digest, validators, report)
        return report


def parse_summary(body: bytes) -> PageReport:
    """What a summary says. Incidents are read tolerantly: nothing is concluded from one that is missing.

    Raises:
        WireError: it is not a JSON object that holds a text in ``status.indicator``.
    """
    document = decoded(body)
    if not isinstance(document, dict):
        raise WireError("", "not a JSON object")
    status = document.get("status")
    if not isinstance(status, dict):
        raise WireError("status", "not an object")
    indicator = status.get("indicator")
    if not isinstance(indicator, str):
        raise WireError("status.indicator", "not a text")
    incidents = document.get("incidents")
    found = _incidents(incidents[:MAX_INCIDENTS]) if isinstance(incidents, list) else ()
    return PageReport(_status(indicator), tuple(found))


def _incidents(entries: list[object]) -> Iterator[PageIncident]:
    for entry in entries:
        if isinstance(entry, dict) and not _is_resolved(entry.get("status")):
            yield PageIncident(
                id=_printable(entry.get("id"), _MAX_ID),
                impact=_status(entry.get("impact")),
                started=_time(entry.get("started_at")) or _time(entry.get("created_at")),
                name=_printable(entry.get("name"), MAX_NAME),
            )


def _is_resolved(word: object) -> bool:
    return isinstance(word, str) and word in _RESOLVED


def _status(word: object) -> ServiceStatus:
    found = _INDICATORS.get(word.lower()) if isinstance(word, str) else None
    return ServiceStatus.UNKNOWN if found is None else found


def _time(value: object) -> float | None:
    try:
        return timestamp(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _printable(value: object, limit: int) -> str:
    """Foreign text that cannot move a cursor, break a line or turn the direction of what stands beside it."""
    if not isinstance(value, str):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in value[:limit]).strip()
