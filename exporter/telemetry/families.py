"""The exporter's own metric families, as data: `SelfMetrics` and the documentation are both made from these."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exporter.model.family import Family, Group, Kind, Stability
from exporter.model.words import Failure, RosterSource
from exporter.telemetry.remediation_families import REMEDIATION_FAMILIES, VERIFIED_BUCKETS

PREFIX: Final = "xero_exporter_"
"""What every family here begins with, and no other family does."""

UPSTREAMS: Final = ("memberpulse", "discovery", "xero_identity", "xero", "statuspage")
"""Whom the exporter asks: the values of the label ``upstream``."""

SCRAPE_FORMATS: Final = ("text", "openmetrics")
"""The exposition formats: the values of the label ``format``."""

SCRAPE_ENCODINGS: Final = ("identity", "gzip")
"""The encodings of the body: the values of the label ``encoding``."""

SPAN_LOSSES: Final = ("queue_full", "not_sent", "refused")
"""Why a span did not reach its receiver: the values of the label ``cause``."""

PLATFORM_TOKEN: Final = "platform"  # noqa: S105 - a label value, not a secret
DISCOVERY_TOKEN: Final = "discovery"  # noqa: S105 - a label value, not a secret
"""The value of the label ``token`` for the token of ``organizations.http``."""
REMEDIATION_TOKEN: Final = "remediation"  # noqa: S105 - a label value, not a secret
"""The value of the label ``token`` for the token of ``platform.remediation_token_file``."""
XERO_SECRET: Final = "xero"  # noqa: S105 - a label value, not a secret
"""The value of the label ``token`` for the secret of ``xero.app``."""

_UPSTREAM = ("upstream", ", ".join(f"`{upstream}`" for upstream in UPSTREAMS))
_SOURCE = ("source", ", ".join(f"`{source}`" for source in RosterSource))
_FAILURE = ("failure", ", ".join(f"`{failure}`" for failure in Failure))
_TOKEN = (
    "token",
    "`platform`, `remediation`, `discovery`, `xero` (the secret of `xero.app`), `web/NAME` (an entry of `web.tokens`)",
)
_CAUSE = (
    "cause",
    "`queue_full`: too many waited; `not_sent`: the receiver did not take them; `refused`: it kept some of them not",
)
_FORMAT = ("format", ", ".join(f"`{word}`" for word in SCRAPE_FORMATS))
_ENCODING = ("encoding", ", ".join(f"`{word}`" for word in SCRAPE_ENCODINGS))

BUCKETS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        # A few milliseconds is a fleet in order; 300 s is the default stale_after.
        "xero_exporter_poll_lag_seconds": (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300),
        # Around the default deadline of 10 s, and one beyond it for those who raise it.
        "xero_exporter_request_duration_seconds": (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        # A tick should end within its second; 1 ms is an idle one.
        "xero_exporter_tick_duration_seconds": (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
        # 1 ms is a page of 10,000 organisations that did not change; Prometheus gives up after 10 s.
        "xero_exporter_scrape_duration_seconds": (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 10),
        "xero_exporter_remediation_verified_seconds": VERIFIED_BUCKETS,
    }
)
"""Upper bounds of the buckets of each histogram, seconds; ``+Inf`` comes on top."""


def _series_of(name: str) -> int:
    """How many series one child of a histogram has: its buckets, ``+Inf``, the sum and the count."""
    return len(BUCKETS[name]) + 3


FAMILIES: Final = (
    Family(
        name="xero_exporter_build_info",
        kind=Kind.GAUGE,
        help="Always 1; the labels say which exporter this is.",
        group=Group.EXPORTER,
        labels=(("version", "of the exporter"), ("python", "version of Python")),
    ),
    Family(
        name="xero_exporter_poll_interval_seconds",
        kind=Kind.GAUGE,
        help="Configured seconds between two readings of one organisation.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_stale_after_seconds",
        kind=Kind.GAUGE,
        help="Configured seconds after the last success at which the data of an organisation is withdrawn.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_poll_lag_seconds",
        kind=Kind.HISTOGRAM,
        help="How late readings began against their due time.",
        group=Group.EXPORTER,
        series=str(_series_of("xero_exporter_poll_lag_seconds")),
    ),
    Family(
        name="xero_exporter_poll_overruns_total",
        kind=Kind.COUNTER,
        help="Turns of organisations that passed unused because their reading was still under way.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_readings_in_flight",
        kind=Kind.GAUGE,
        help="Readings that were started and have not ended, those that wait for a permit included.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_request_duration_seconds",
        kind=Kind.HISTOGRAM,
        help="How long requests took, body included, whatever their outcome.",
        group=Group.EXPORTER,
        labels=(_UPSTREAM,),
        series=f"{_series_of('xero_exporter_request_duration_seconds')} per upstream",
    ),
    Family(
        name="xero_exporter_requests_total",
        kind=Kind.COUNTER,
        help="Requests that ended, whatever their outcome.",
        group=Group.EXPORTER,
        labels=(_UPSTREAM,),
        series="1 per upstream",
    ),
    Family(
        name="xero_exporter_request_failures_total",
        kind=Kind.COUNTER,
        help="Requests that gave no usable answer, by failure class.",
        group=Group.EXPORTER,
        labels=(_UPSTREAM, _FAILURE),
        series=f"{len(Failure)} per upstream",
    ),
    Family(
        name="xero_exporter_status_errors_dropped_total",
        kind=Kind.COUNTER,
        help="Entries of the errors lists of the platform that were malformed or too many, and were left out.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_platform_auth_ok",
        kind=Kind.GAUGE,
        help="1 while the platform accepts our token, 0 while it refuses it for everybody and polling is held.",
        group=Group.EXPORTER,
        absent="until the platform accepted or refused the token, also after a change of the token",
    ),
    Family(
        name="xero_exporter_platform_clock_skew_seconds",
        kind=Kind.GAUGE,
        help="How far the clock of the platform, by its Date header, is ahead of ours; negative when behind.",
        group=Group.EXPORTER,
        absent="until the platform sent a Date header",
    ),
    Family(
        name="xero_exporter_platform_paused_until_timestamp_seconds",
        kind=Kind.GAUGE,
        help="Until when the platform asked everybody to wait (Retry-After), seconds since 1970 UTC.",
        group=Group.EXPORTER,
        absent="while it asks for no pause",
    ),
    Family(
        name="xero_exporter_roster_organizations",
        kind=Kind.GAUGE,
        help="Organisations that a source lists, before include and exclude.",
        group=Group.EXPORTER,
        labels=(_SOURCE,),
        absent="for a source that is not configured",
        series="1 per configured source",
    ),
    Family(
        name="xero_exporter_roster_last_success_timestamp_seconds",
        kind=Kind.GAUGE,
        help="When a source was last read whole and taken over, seconds since 1970 UTC.",
        group=Group.EXPORTER,
        labels=(_SOURCE,),
        absent="for a source that is not configured, and for `http` before its first answer",
        series="1 per configured source",
    ),
    Family(
        name="xero_exporter_roster_rejected_total",
        kind=Kind.COUNTER,
        help="Contents of a source that were refused whole; the last good list is kept.",
        group=Group.EXPORTER,
        labels=(_SOURCE,),
        series=str(len(RosterSource)),
    ),
    Family(
        name="xero_exporter_roster_readable",
        kind=Kind.GAUGE,
        help="1 while the newest content of a source could be read, 0 while it is refused whole and the last good list "
        "is kept.",
        group=Group.EXPORTER,
        labels=(_SOURCE,),
        absent="for a source that is not configured, and for `http` before its first answer",
        series="1 per configured source",
    ),
    Family(
        name="xero_exporter_discovery_held",
        kind=Kind.GAUGE,
        help="1 while answers of organizations.http are held because they drop too many at once, else 0.",
        group=Group.EXPORTER,
        absent="without `organizations.http`, and before its first answer",
    ),
    Family(
        name="xero_exporter_discovery_answers_held_total",
        kind=Kind.COUNTER,
        help="Answers of organizations.http that were held because they drop too many at once.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_discovery_missing_organizations",
        kind=Kind.GAUGE,
        help="Organisations that the newest answer of organizations.http misses and that are kept all the same.",
        group=Group.EXPORTER,
        absent="without `organizations.http`, and before its first answer",
    ),
    Family(
        name="xero_exporter_discovery_ids_rejected_total",
        kind=Kind.COUNTER,
        help="Targets in answers of organizations.http that are no organization_id and were left out.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_xero_connections_last_success_timestamp_seconds",
        kind=Kind.GAUGE,
        help="When Xero last listed the connections of the app whole, seconds since 1970 UTC.",
        group=Group.EXPORTER,
        absent="without `xero.app`, and before the first list",
    ),
    Family(
        name="xero_exporter_status_page_last_success_timestamp_seconds",
        kind=Kind.GAUGE,
        help="When a status page was last read, seconds since 1970 UTC.",
        group=Group.EXPORTER,
        labels=(("page", "the address of the page without its scheme, such as `status.xero.com`"),),
        absent="for a page that was not read yet",
        series="1 per status page",
    ),
    Family(
        name="xero_exporter_config_last_reload_successful",
        kind=Kind.GAUGE,
        help="1 when the configuration could be used when it was last read, else 0; the last good one stays in force.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_config_last_reload_success_timestamp_seconds",
        kind=Kind.GAUGE,
        help="When the configuration in force was read, seconds since 1970 UTC.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_token_file_readable",
        kind=Kind.GAUGE,
        help="1 when the token file could be read when it was last looked at, else 0; the last good token is kept.",
        group=Group.EXPORTER,
        labels=(_TOKEN,),
        absent="for a token that does not come from a file",
        series="1 per token file",
    ),
    Family(
        name="xero_exporter_tls_certificate_readable",
        kind=Kind.GAUGE,
        help="1 when the files of certificates could be used when they were last looked at, else 0; the last good ones "
        "are kept.",
        group=Group.EXPORTER,
        labels=(("certificate", "`web`: what https is served with; `platform`: `platform.ca_file`"),),
        absent="for what is not configured",
        series="1 per configured certificate",
    ),
    Family(
        name="xero_exporter_tls_certificate_not_after_timestamp_seconds",
        kind=Kind.GAUGE,
        help="Until when the certificate that https is served with is valid, seconds since 1970 UTC.",
        group=Group.EXPORTER,
        absent="while http is served",
    ),
    Family(
        name="xero_exporter_tick_duration_seconds",
        kind=Kind.HISTOGRAM,
        help="How long the work of one tick took: starting what is due, folding, rendering.",
        group=Group.EXPORTER,
        stability=Stability.EXPERIMENTAL,
        series=str(_series_of("xero_exporter_tick_duration_seconds")),
    ),
    Family(
        name="xero_exporter_ticks_missed_total",
        kind=Kind.COUNTER,
        help="Ticks, one a second, that did not happen because the process was busy or stopped.",
        group=Group.EXPORTER,
        stability=Stability.EXPERIMENTAL,
    ),
    Family(
        name="xero_exporter_blocks_rendered_total",
        kind=Kind.COUNTER,
        help="Blocks of up to 256 organisations that were rendered because something in them changed.",
        group=Group.EXPORTER,
        stability=Stability.EXPERIMENTAL,
    ),
    Family(
        name="xero_exporter_series",
        kind=Kind.GAUGE,
        help="Series of the organisations and the fleet on the page, without those of the exporter itself.",
        group=Group.EXPORTER,
    ),
    Family(
        name="xero_exporter_scrape_bytes",
        kind=Kind.GAUGE,
        help="Size of the body of the last scrape, as it was sent.",
        group=Group.EXPORTER,
        labels=(_FORMAT, _ENCODING),
        absent="until the first scrape in this format and encoding",
        series="1 per format and encoding",
    ),
    Family(
        name="xero_exporter_scrapes_total",
        kind=Kind.COUNTER,
        help="Scrapes that were answered.",
        group=Group.EXPORTER,
        labels=(_FORMAT,),
        series=str(len(SCRAPE_FORMATS)),
    ),
    Family(
        name="xero_exporter_scrape_duration_seconds",
        kind=Kind.HISTOGRAM,
        help="How long making the page for a scrape took, without sending it.",
        group=Group.EXPORTER,
        stability=Stability.EXPERIMENTAL,
        series=str(_series_of("xero_exporter_scrape_duration_seconds")),
    ),
    Family(
        name="xero_exporter_spans_exported_total",
        kind=Kind.COUNTER,
        help="Spans of traces that the receiver took.",
        group=Group.EXPORTER,
        stability=Stability.EXPERIMENTAL,
    ),
    Family(
        name="xero_exporter_spans_dropped_total",
        kind=Kind.COUNTER,
        help="Spans of traces that did not reach the receiver, by cause.",
        group=Group.EXPORTER,
        labels=(_CAUSE,),
        stability=Stability.EXPERIMENTAL,
        series=str(len(SPAN_LOSSES)),
    ),
    *REMEDIATION_FAMILIES,
)
"""Every family of the exporter itself, in the order of the page."""
