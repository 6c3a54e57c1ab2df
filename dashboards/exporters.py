"""The Exporter dashboard: is it us? The exporters, the way to the platform, its list of organisations, its costs."""

from __future__ import annotations

from typing import Final

from alerts.queries import FRESH
from dashboards.boards import Row, board
from dashboards.exporters_cost import cost, roster
from dashboards.panels import Look, at_the_end, counted, graph, number, over_time
from dashboards.queries import JOB, RATE, SHIPPED, Spans
from dashboards.words import ATTENTION, BAD, FAILURES, GOOD, Said, yes_no

UID: Final = "xero-exporter"


def exporters(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard, with these durations."""
    return board(
        UID,
        "Xero / Exporter",
        "Is it us? Whether the exporter runs and is configured, how it reaches the platform, whom it watches, and what "
        "it costs.",
        (_stands(), _polling(), _way(), roster(spans), cost()),
        alerts='scope=~"fleet|exporter"',
        spans=spans,
    )


_SKEW: Final = f"xero_exporter_platform_clock_skew_seconds{{{JOB}}}"


def _stands() -> Row:
    return Row(
        "",
        (
            number(
                Look(
                    title="Exporters",
                    do="Exporters that Prometheus can scrape, and those that it should. One that does not answer: "
                    "nothing is known of its organisations.",
                    width=5,
                    height=4,
                    steps=((None, BAD), (1, GOOD)),
                ),
                at_the_end(f"count(up{{{JOB}}} == 1) or vector(0)", "answering"),
                at_the_end(f"count(up{{{JOB}}})", "expected", "B"),
            ).override_by_name("expected", counted()),
            number(
                Look(
                    title="Token accepted?",
                    do="Whether the platform accepts our token. No: put a valid one into platform.token_file; it is "
                    "taken up within seconds, without a "
                    "restart. Until then one probe goes out every 30 s.",
                    width=5,
                    height=4,
                    said=yes_no("yes", "no"),
                    empty="not known yet",
                ),
                at_the_end(f"min(xero_exporter_platform_auth_ok{{{JOB}}})", "token"),
                filled=True,
            ),
            number(
                Look(
                    title="Configuration usable?",
                    do="No: it was changed and cannot be used, and the last good one is in force. xero-exporter "
                    "check-config says what is wrong.",
                    width=5,
                    height=4,
                    said=yes_no("yes", "no"),
                ),
                at_the_end(f"min(xero_exporter_config_last_reload_successful{{{JOB}}})", "configuration"),
            ),
            number(
                Look(
                    title="Clocks apart",
                    do="The platform's clock against ours. Beyond 2 minutes nothing is concluded from instants: mend "
                    "the clock that is off.",
                    width=5,
                    height=4,
                    unit="s",
                    decimals=1,
                    steps=((None, BAD), (-120, GOOD), (120, BAD)),
                    empty="not known yet",
                ),
                at_the_end(
                    # The one that is furthest off, whichever way: of two that differ both ways the sum would be 0.
                    f"max({_SKEW}) >= -min({_SKEW}) or min({_SKEW})",
                    "ahead",
                ),
            ),
            number(
                Look(
                    title="Asked to wait",
                    do="The platform answered 429 with Retry-After: nobody is asked until then. Often: lower "
                    "platform.max_requests_per_second or lengthen poll.interval.",
                    width=4,
                    height=4,
                    unit="s",
                    steps=((None, GOOD), (0.001, ATTENTION)),
                    said={0: Said("no", GOOD)},
                ),
                at_the_end(
                    f"max(xero_exporter_platform_paused_until_timestamp_seconds{{{JOB}}} - time()) > 0 or vector(0)",
                    "for another",
                ),
            ),
        ),
    )


def _polling() -> Row:
    lag = f"sum by (le) (rate(xero_exporter_poll_lag_seconds_bucket{{{JOB}}}{RATE}))"
    return Row(
        "Does polling keep up?",
        (
            graph(
                Look(
                    title="How late do readings begin?",
                    do="Against their due time, of half and of 99 in 100. There is no cycle: each organisation has its "
                    "own second. Near the interval: raise max_concurrency or the interval.",
                    width=12,
                    unit="s",
                    least=0,
                    colors={"interval": BAD, "half": GOOD, "99 in 100": ATTENTION},
                ),
                over_time(f"histogram_quantile(0.5, {lag})", "half"),
                over_time(f"histogram_quantile(0.99, {lag})", "99 in 100", "B"),
                over_time(f"max(xero_exporter_poll_interval_seconds{{{JOB}}})", "interval", "C"),
            ),
            graph(
                Look(
                    title="How old is the oldest fresh reading?",
                    do="Near stale_after: some organisations are not answered for, and are withdrawn next. The Fleet "
                    "dashboard lists them.",
                    width=12,
                    unit="s",
                    least=0,
                    colors={"oldest": "blue", "half": GOOD, "stale_after": BAD},
                ),
                over_time(f"max({FRESH}{{{JOB}}})", "oldest"),
                over_time(f"quantile(0.5, {FRESH}{{{JOB}}})", "half", "B"),
                over_time(f"max(xero_exporter_stale_after_seconds{{{JOB}}})", "stale_after", "C"),
            ),
            graph(
                Look(
                    title="Turns that passed unused",
                    do="Per minute: an organisation was due and its last reading was still under way. Those that hang "
                    "have few connections of their own; many: the platform is slow.",
                    width=8,
                    height=7,
                    least=0,
                    colors={"unused": ATTENTION},
                ),
                over_time(f"60 * sum(rate(xero_exporter_poll_overruns_total{{{JOB}}}{RATE}))", "unused"),
            ),
            graph(
                Look(
                    title="Readings under way",
                    do="Those that wait for a permit included. Near platform.max_concurrency for long: the platform "
                    "is slower than the pace.",
                    width=8,
                    height=7,
                    least=0,
                ),
                over_time(f"sum by (instance) (xero_exporter_readings_in_flight{{{JOB}}})", "{{instance}}"),
            ),
            graph(
                Look(
                    title="Does the process keep its own pace?",
                    do="Ticks, one a second, that did not happen, per minute. More than a few: it has too little "
                    "CPU, or the machine sleeps.",
                    width=8,
                    height=7,
                    least=0,
                ),
                over_time(
                    f"60 * sum by (instance) (rate(xero_exporter_ticks_missed_total{{{JOB}}}{RATE}))", "{{instance}}"
                ),
            ),
        ),
    )


def _way() -> Row:
    asked = f"sum by (upstream) (rate(xero_exporter_requests_total{{{JOB}}}{RATE}))"
    took = f"sum by (le, upstream) (rate(xero_exporter_request_duration_seconds_bucket{{{JOB}}}{RATE}))"
    return Row(
        "How do requests fare?",
        (
            graph(
                Look(
                    title="Requests",
                    do="Per second, by whom is asked. memberpulse is the number of organisations through the interval: "
                    "less is back-off, or the brake.",
                    width=8,
                    unit="reqps",
                    least=0,
                ),
                over_time(f"{asked} > 0", "{{upstream}}"),
            ),
            graph(
                Look(
                    title="Failures of requests",
                    do="Per second, by class. server_error and timeout: the platform. network: the way to it. auth: "
                    "the token. invalid_response: a proxy answers in its place.",
                    width=8,
                    unit="reqps",
                    least=0,
                    empty="no failure is known in this time",
                ),
                over_time(
                    f"sum by (upstream, failure) (rate(xero_exporter_request_failures_total{{{JOB}}}{RATE})) > 0",
                    "{{upstream}}: {{failure}}",
                ),
                bars=True,
            ),
            graph(
                Look(
                    title="How long do requests take?",
                    do="99 in 100 took less, whatever their outcome. At platform.timeout: they hang, and count as "
                    "timeout.",
                    width=8,
                    unit="s",
                    least=0,
                ),
                over_time(f"histogram_quantile(0.99, {took}) and on (upstream) {asked} > 0", "{{upstream}}"),
            ),
            graph(
                Look(
                    title="How does asking about organisations fail?",
                    do="Organisations whose last reading failed, by class. A few: theirs. Many of one class: the "
                    "platform, the token or the network.",
                    width=12,
                    least=0,
                    colors={failure.value: color for failure, color in FAILURES.items()},
                    empty="of nobody a failed last reading is known",
                ),
                over_time(f"count by (failure) (xero_poll_failure{{{JOB}}})", "{{failure}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="Errors lists that were cut",
                    do="Entries per minute of the platform's errors lists that were malformed or too many. Steady: "
                    "tell whoever builds the platform.",
                    width=12,
                    least=0,
                    colors={"left out": ATTENTION},
                ),
                over_time(f"60 * sum(rate(xero_exporter_status_errors_dropped_total{{{JOB}}}{RATE}))", "left out"),
            ),
        ),
    )
