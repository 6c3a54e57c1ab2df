"""Hours of a simulated platform as Prometheus would have scraped them, for pictures of the dashboards.

The simulator's organisations live through their scripts; the exporter's own reading of answers, judgement and page make
of them what a scrape would have seen. Only time is made up, and what only a running process has: durations, memory.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import CollectorRegistry

from dashboards.remedying import Remedying
from exporter.expose.exposition import Exposition, Format
from exporter.model.facts import Organization, Reading, Status, UpstreamFailure
from exporter.model.fleet import PageSays, Surroundings
from exporter.model.judgement import Connections, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, RosterSource, Sent, ServiceStatus
from exporter.observe.fleet import Fleet
from exporter.observe.interpret import interpreted
from exporter.observe.phase import phase_of
from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.fleets import demo_fleet, uniform_fleet
from exporter.simulator.scripts import XERO_INCIDENT
from exporter.simulator.world import SimulatedOrganization, World
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.failures import classify_answer
from exporter.upstream.wire import parse_status

STEP: Final = 60.0
"""Seconds between two scrapes, and between two readings of an organisation."""

OF_ITS_OWN: Final = 4
"""Which of 32 has an outage of its own: none of those that have one together."""

STALE_AFTER: Final = 300.0
TIMEOUT: Final = 10.0
TARGET: Final = 'job="xero",instance="xero-exporter:9869"'
PAGES: Final = ("status.xero.com", "status.developer.xero.com")

_TIMED_OUT: Final = UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE)
_REFUSED: Final = UpstreamFailure(Failure.AUTH, Sent.YES, http_status=401)
_NOT_HTTP: Final = UpstreamFailure(Failure.INVALID_RESPONSE, Sent.MAYBE)
_OUR_OWN: Final = ("process_", "python_")
"""Families of this process, which is not the one that is shown."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong beside the scripts, in minutes of the history.

    Attributes:
        token_refused: from and until when the platform refuses our token.
        platform_silent: from and until when it does not answer.
        away: from and until when the exporter itself is away.
    """

    token_refused: tuple[float, float] = (0, 0)
    platform_silent: tuple[float, float] = (0, 0)
    away: tuple[float, float] = (0, 0)


class History:
    """A fleet that is watched, minute by minute."""

    def __init__(self, fleet: tuple[SimulatedOrganization, ...], start: float, trouble: Trouble) -> None:
        self._now = self._start = start
        self._trouble = trouble
        self._draw = random.Random(5)  # noqa: S311 - the same history each time
        self._world = World(fleet, admin_token="", clock=lambda: self._now, record_ids="record_ids")
        self._order = sorted(fleet, key=lambda one: phase_of(one.id))
        self._registry = CollectorRegistry()
        self._metrics = SelfMetrics(self._registry)
        self._page = Exposition(organization_names=False, registry=self._registry, metrics=self._metrics)
        self._watched = Fleet(Thresholds())
        listed = [Organization(one.id, one.name, one.xero_tenant_id) for one in fleet]
        self._watched.replace_roster(listed, self._moment(start))
        self._metrics.set_limits(STEP, STALE_AFTER)
        self._metrics.config_reloaded(start)
        self._metrics.token_files_stand({"platform": False, "xero": False, "web/prometheus": False})
        self._metrics.discovery_stands(held=False, missing=3)
        self._cpu = 0.0

    def scrapes(self, minutes: int) -> Iterator[str]:
        """Each scrape as lines of OpenMetrics with labels of the target and a timestamp."""
        remedying = Remedying(
            world=self._world,
            fleet=self._watched,
            metrics=self._metrics.remediation,
            moment=self._moment,
            answer=self._answer,
        )
        with remedying:
            for minute in range(minutes):
                begin = self._start + minute * STEP
                if _lasts(self._trouble.away, minute):
                    self._now = begin + STEP
                    yield f"up{{{TARGET}}} 0 {self._now:.0f}\n"
                    continue
                self._read(begin, minute)
                remedying.minute(minute, self._now)
                yield self._scrape()

    def _read(self, begin: float, minute: float) -> None:
        refused = _lasts(self._trouble.token_refused, minute)
        asked = self._order[:2] if refused else self._order
        for one in asked:
            self._now = begin + phase_of(one.id) * STEP
            outcome = self._answer(one.id)
            failure = outcome.failure if isinstance(outcome, UpstreamFailure) else None
            took = TIMEOUT if failure is Failure.TIMEOUT else min(8.0, self._draw.lognormvariate(-2.6, 0.5))
            self._metrics.reading_began(self._draw.expovariate(40))
            self._metrics.request_ended("memberpulse", took, failure)
            if failure is Failure.TIMEOUT and self._draw.random() < 0.2:  # noqa: PLR2004 - some hang on
                self._metrics.overran()
            moment = self._moment(self._now)
            self._watched.receive(Reading(one.id, moment, moment, outcome, skew=0.2))
        self._now = begin + STEP
        self._tell(refused=refused, minute=minute)

    def _tell(self, *, refused: bool, minute: float) -> None:
        """Folds, and says what the running parts of an exporter would say of themselves."""
        broken = XERO_INCIDENT.lasts_at(self._world.minute()) and self._world.together("xero_outage")
        page = ServiceStatus.MAJOR if broken else ServiceStatus.NONE
        surroundings = Surroundings(
            started=minute > 0,
            credential_refused=refused,
            pages=(PageSays(PAGES[0], page), PageSays(PAGES[1], ServiceStatus.NONE)),
        )
        self._watched.fold(self._moment(self._now), self._connections(), surroundings)
        self._metrics.auth_ok(not refused)
        self._metrics.clock_skew(0.2 + self._draw.uniform(-0.05, 0.05))
        self._metrics.readings_in_flight(self._draw.randrange(4))
        self._metrics.tick_ended(self._draw.uniform(0.0005, 0.003))
        self._metrics.status_pages_read(dict.fromkeys(PAGES, self._now))
        self._metrics.connections_listed(self._now)
        self._metrics.roster_stands(
            {RosterSource.FILE: 12, RosterSource.HTTP: len(self._order) - 12},
            {RosterSource.FILE: self._start, RosterSource.HTTP: self._now - 100},
        )
        for page_of in ("statuspage", "statuspage", "xero"):
            self._metrics.request_ended(page_of, self._draw.uniform(0.1, 0.4), None)

    def _connections(self) -> Connections:
        held = [one for one in self._world.organizations.values() if self._world.in_xero(one)]
        tenants = frozenset(one.xero_tenant_id.replace("-", "").lower() for one in held)
        moment = self._moment(self._now)
        return Connections(tenants, len(tenants), moment, moment.monotonic + 1800)

    def _answer(self, organization_id: str) -> Status | UpstreamFailure:
        """What comes of asking about an organisation now."""
        minute = math.ceil((self._now - self._start) / STEP) - 1
        if _lasts(self._trouble.token_refused, minute):
            return _REFUSED
        if _lasts(self._trouble.platform_silent, minute):
            return _TIMED_OUT
        shown = self._world.shows(organization_id)
        if isinstance(shown, dict):
            return interpreted(parse_status(json.dumps(shown).encode()))
        if isinstance(shown, Answer):
            headers = {name.lower(): value for name, value in shown.headers.items()}
            return classify_answer(shown.status, headers, self._now) or _NOT_HTTP
        return _TIMED_OUT if shown in {Misbehaviour.HANG, Misbehaviour.DRIP} else _NOT_HTTP

    def _scrape(self) -> str:
        snapshot = self._watched.snapshot
        assert snapshot is not None
        self._page.render(snapshot)
        text = bytes(self._page.page(Format.OPENMETRICS)).decode()
        size = len(text) // 5
        self._metrics.scraped("openmetrics", "gzip", size, self._draw.uniform(0.001, 0.004))
        self._cpu += self._draw.uniform(0.4, 0.9)
        memory = 71e6 + 3e6 * self._draw.random()
        own = (
            f"up{{}} 1\nscrape_duration_seconds{{}} {self._draw.uniform(0.004, 0.012):.4f}\n"
            f"process_resident_memory_bytes{{}} {memory:.0f}\nprocess_cpu_seconds_total{{}} {self._cpu:.2f}\n"
            f"process_start_time_seconds{{}} {self._start - 3600:.0f}\n"
        )
        page = [one for one in text.splitlines() if not one.startswith(("#", *_OUR_OWN))]
        return "".join(self._stamped(one) for one in (*own.splitlines(), *page))

    def _stamped(self, line: str) -> str:
        """A sample with the labels that Prometheus adds, and its time."""
        series, _, value = line.rpartition(" ")
        name, _, labels = series.rstrip("}").partition("{")
        return f"{name}{{{TARGET}{',' if labels else ''}{labels}}} {value} {self._now:.0f}\n"

    def _moment(self, wall: float) -> Moment:
        return Moment(wall, wall - self._start + 1000)


def mostly_well(size: int) -> tuple[SimulatedOrganization, ...]:
    """A fleet as a platform would like to have it: one of each trouble, one in eight in an outage, the rest well.

    One in 32 has an outage of its own, each at another time: what failed waits for a retry, and is no incident.
    """
    begin = demo_fleet(min(size, 28), seed=1)
    rest = uniform_fleet(size, "healthy", seed=2)[len(begin) :]
    return begin + tuple(_troubled(one, place) for place, one in enumerate(rest))


def _troubled(one: SimulatedOrganization, place: int) -> SimulatedOrganization:
    if place % 8 == 0:
        return replace(one, script="xero_outage", offset=0.0)
    return replace(one, script="xero_outage", offset=place * 7.0 % 240) if place % 32 == OF_ITS_OWN else one


def _lasts(span: tuple[float, float], minute: float) -> bool:
    begins, ends = span
    return begins <= minute < ends
