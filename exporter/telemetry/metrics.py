"""Builds the exporter's own metrics from their families, and counts."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from exporter import __version__
from exporter.model.family import Family
from exporter.model.words import Failure, RosterSource
from exporter.telemetry.families import FAMILIES, SCRAPE_FORMATS, SPAN_LOSSES, UPSTREAMS
from exporter.telemetry.gauges import WholeGauge
from exporter.telemetry.instruments import Instruments
from exporter.telemetry.remediation import RemediationMetrics

_FAMILIES: Final[Mapping[str, Family]] = MappingProxyType({family.name: family for family in FAMILIES})


class SelfMetrics:
    """The exporter's own metrics on a registry of their own; every known counter starts at 0.

    To be used from one thread, that of the event loop, but for what says otherwise.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        # A switch of the whole process. Without it each counter and histogram has a _created sample more, in the
        # text format too, where it is a series of its own.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one untyped
        make = Instruments(_FAMILIES, registry)
        make.gauge("xero_exporter_build_info").labels(__version__, platform.python_version()).set(1)
        self._poll_interval = make.gauge("xero_exporter_poll_interval_seconds")
        self._stale_after = make.gauge("xero_exporter_stale_after_seconds")
        self._poll_lag = make.histogram("xero_exporter_poll_lag_seconds")
        self._overruns = make.counter("xero_exporter_poll_overruns_total")
        self._in_flight = make.gauge("xero_exporter_readings_in_flight")
        request_duration = make.histogram("xero_exporter_request_duration_seconds")
        requests = make.counter("xero_exporter_requests_total")
        failures = make.counter("xero_exporter_request_failures_total")
        self._request_duration = {upstream: request_duration.labels(upstream) for upstream in UPSTREAMS}
        self._requests = {upstream: requests.labels(upstream) for upstream in UPSTREAMS}
        self._failures = {
            (upstream, failure): failures.labels(upstream, failure) for upstream in UPSTREAMS for failure in Failure
        }
        self._errors_dropped = make.counter("xero_exporter_status_errors_dropped_total")
        self._auth_ok = make.optional("xero_exporter_platform_auth_ok")
        self._clock_skew = make.optional("xero_exporter_platform_clock_skew_seconds")
        self._paused_until = make.optional("xero_exporter_platform_paused_until_timestamp_seconds")
        self._roster_organizations = WholeGauge(make.gauge("xero_exporter_roster_organizations"))
        self._roster_last_success = WholeGauge(make.gauge("xero_exporter_roster_last_success_timestamp_seconds"))
        rejected = make.counter("xero_exporter_roster_rejected_total")
        self._roster_rejected = {source: rejected.labels(source) for source in RosterSource}
        self._roster_readable = WholeGauge(make.gauge("xero_exporter_roster_readable"))
        self._discovery_held = make.optional("xero_exporter_discovery_held")
        self._discovery_answers_held = make.counter("xero_exporter_discovery_answers_held_total")
        self._discovery_missing = make.optional("xero_exporter_discovery_missing_organizations")
        self._discovery_ids_rejected = make.counter("xero_exporter_discovery_ids_rejected_total")
        self._connections_at = make.optional("xero_exporter_xero_connections_last_success_timestamp_seconds")
        self._pages_at = WholeGauge(make.gauge("xero_exporter_status_page_last_success_timestamp_seconds"))
        self._config_successful = make.gauge("xero_exporter_config_last_reload_successful")
        self._config_at = make.gauge("xero_exporter_config_last_reload_success_timestamp_seconds")
        self._token_file_readable = WholeGauge(make.gauge("xero_exporter_token_file_readable"))
        self._certificate_readable = WholeGauge(make.gauge("xero_exporter_tls_certificate_readable"))
        self._certificate_ends = make.optional("xero_exporter_tls_certificate_not_after_timestamp_seconds")
        self._tick_duration = make.histogram("xero_exporter_tick_duration_seconds")
        self._ticks_missed = make.counter("xero_exporter_ticks_missed_total")
        self._blocks_rendered = make.counter("xero_exporter_blocks_rendered_total")
        self._series = make.gauge("xero_exporter_series")
        self._scrape_bytes = make.gauge("xero_exporter_scrape_bytes")
        scrapes = make.counter("xero_exporter_scrapes_total")
        self._scrapes = {word: scrapes.labels(word) for word in SCRAPE_FORMATS}
        self._scrape_duration = make.histogram("xero_exporter_scrape_duration_seconds")
        self._spans_exported = make.counter("xero_exporter_spans_exported_total")
        dropped = make.counter("xero_exporter_spans_dropped_total")
        self._spans_dropped = {cause: dropped.labels(cause) for cause in SPAN_LOSSES}
        self.remediation = RemediationMetrics(registry)
        """What remediation does."""
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def set_limits(self, poll_interval: float, stale_after: float) -> None:
        """Says what is configured, in seconds."""
        self._poll_interval.set(poll_interval)
        self._stale_after.set(stale_after)

    def request_ended(
        self, upstream: str, seconds: float, failure: Failure | None, exemplar: dict[str, str] | None = None
    ) -> None:
        """Counts one request.

        Args:
            upstream: who was asked, one of `families.UPSTREAMS`.
            seconds: how long it took, body included.
            failure: why there is no usable answer; None when there is one.
            exemplar: ``trace_id`` and ``span_id`` under which it is told; None when it is in no trace.
        """
        self._requests[upstream].inc()
        self._request_duration[upstream].observe(seconds, exemplar)
        if failure is not None:
            self._failures[upstream, failure].inc()

    def clock_skew(self, seconds: float) -> None:
        """Says how far the platform's clock is ahead of ours; negative when behind."""
        self._clock_skew.set(seconds)

    def errors_dropped(self, entries: int) -> None:
        """Counts entries of a status' errors list that were left out."""
        self._errors_dropped.inc(entries)

    def reading_began(self, lag_seconds: float) -> None:
        """Counts a reading that began this late."""
        self._poll_lag.observe(lag_seconds)

    def readings_in_flight(self, readings: int) -> None:
        """Says how many readings are under way."""
        self._in_flight.set(readings)

    def overran(self, turns: int = 1) -> None:
        """Counts turns that passed while the reading before was still under way."""
        self._overruns.inc(turns)

    def tick_ended(self, seconds: float) -> None:
        """Counts a tick that took this long."""
        self._tick_duration.observe(seconds)

    def tick_late(self, missed: int) -> None:
        """Counts ticks that did not happen."""
        self._ticks_missed.inc(missed)

    def auth_ok(self, ok: bool | None) -> None:  # noqa: FBT001 - the answer itself, not a switch
        """Says whether the platform accepts our token; None takes the sample away: not known."""
        self._auth_ok.set(None if ok is None else int(ok))

    def paused_until(self, wall: float | None) -> None:
        """Says until when (seconds since 1970 UTC) the platform asked to wait; None takes the sample away."""
        self._paused_until.set(wall)

    def roster_stands(self, organizations: Mapping[RosterSource, int], read: Mapping[RosterSource, float]) -> None:
        """Says how many organisations each source lists; of other sources nothing is told any more.

        Args:
            organizations: by source.
            read: when each source was last read whole, seconds since 1970 UTC.
        """
        self._roster_organizations.set({str(source): count for source, count in organizations.items()})
        self._roster_last_success.set({str(source): at for source, at in read.items()})

    def roster_readable(self, readable: Mapping[RosterSource, bool]) -> None:
        """Says of which sources the newest content was not refused; of other sources nothing is told any more."""
        self._roster_readable.set({str(source): int(good) for source, good in readable.items()})

    def roster_rejected(self, source: RosterSource) -> None:
        """Counts a source whose new content was refused."""
        self._roster_rejected[source].inc()

    def discovery_answered(self, *, held: bool, missing: int, ids_rejected: int) -> None:
        """Counts an answer of discovery that could be read.

        Args:
            held: whether it is held because it drops too many at once.
            missing: organisations that it misses and that are kept all the same.
            ids_rejected: targets in it that are no organization_id.
        """
        self._discovery_answers_held.inc(held)
        self._discovery_ids_rejected.inc(ids_rejected)
        self.discovery_stands(held=held, missing=missing)

    def discovery_stands(self, *, held: bool, missing: int) -> None:
        """Says whether answers are held, and how many organisations are kept though the newest answer misses them."""
        self._discovery_held.set(held)
        self._discovery_missing.set(missing)

    def connections_listed(self, at: float | None) -> None:
        """Says when (seconds since 1970 UTC) Xero last listed the app's connections; None takes the sample away."""
        self._connections_at.set(at)

    def status_pages_read(self, at: Mapping[str, float]) -> None:
        """Says when (seconds since 1970 UTC) each status page was last read; of others nothing is told any more."""
        self._pages_at.set(at)

    def discovery_unknown(self) -> None:
        """Takes back what `discovery_stands` said: there is no server that lists organisations, or another one."""
        self._discovery_held.set(None)
        self._discovery_missing.set(None)

    def config_reloaded(self, at: float | None) -> None:
        """Says that the configuration was read: when, seconds since 1970 UTC, or None when it was refused."""
        self._config_successful.set(int(at is not None))
        if at is not None:
            self._config_at.set(at)

    def token_files_stand(self, problems: Mapping[str, bool]) -> None:
        """Says which token files could be read; of other tokens nothing is told any more.

        Args:
            problems: ``platform``, ``discovery``, or ``web/NAME`` for an entry of ``web.tokens`` -> True when its file
                could not be read.
        """
        self._token_file_readable.set({owner: int(not problem) for owner, problem in problems.items()})

    def certificates_stand(self, problems: Mapping[str, bool], web_ends: float | None) -> None:
        """Says which files of certificates could be used; of others nothing is told any more.

        Args:
            problems: `web` or `platform` -> True when they could not.
            web_ends: until when our own certificate is valid, seconds since 1970 UTC; None when there is none.
        """
        self._certificate_readable.set({name: int(not problem) for name, problem in problems.items()})
        self._certificate_ends.set(web_ends)

    def rendered(self, blocks: int) -> None:
        """Counts blocks rendered anew."""
        self._blocks_rendered.inc(blocks)

    def page_made(self, series: int) -> None:
        """Says how many series the fleet has on the page now."""
        self._series.set(series)

    def scraped(self, format: str, encoding: str, size: int, seconds: float) -> None:  # noqa: A002 - the name of the label
        """Counts one scrape.

        Args:
            format: one of `families.SCRAPE_FORMATS`.
            encoding: one of `families.SCRAPE_ENCODINGS`.
            size: bytes of the body as it is sent.
            seconds: how long making the page took.
        """
        self._scrapes[format].inc()
        self._scrape_bytes.labels(format, encoding).set(size)
        self._scrape_duration.observe(seconds)

    def spans_exported(self, spans: int) -> None:
        """Counts spans that the receiver took. From any thread."""
        self._spans_exported.inc(spans)

    def spans_dropped(self, cause: str, spans: int) -> None:
        """Counts spans that did not reach the receiver. From any thread.

        Args:
            cause: one of `families.SPAN_LOSSES`.
            spans: how many.
        """
        self._spans_dropped[cause].inc(spans)
