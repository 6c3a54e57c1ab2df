"""The rows of Exporter about its lists of organisations, and about what it costs."""

from __future__ import annotations

from dashboards.boards import Row
from dashboards.panels import (
    COUNT,
    Look,
    at_the_end,
    counted,
    graph,
    number,
    over_time,
    states,
)
from dashboards.queries import JOB, RATE, Spans, lines
from dashboards.tables import Column, as_rows, rows
from dashboards.words import ATTENTION, yes_no


def roster(spans: Spans) -> Row:
    """Where the lists of organisations come from, and whether they can be used."""
    usable = lines(
        "min by (what) (",
        f'  label_replace(xero_exporter_config_last_reload_successful{{{JOB}}}, "what", "configuration", "", "")',
        f'  or label_replace(xero_exporter_token_file_readable{{{JOB}}}, "what", "token: $1", "token", "(.+)")',
        f"  or label_replace(xero_exporter_tls_certificate_readable{{{JOB}}}, "
        '"what", "certificate: $1", "certificate", "(.+)")',
        ")",
    )
    return Row(
        "Whom does it watch, and with what settings?",
        (
            graph(
                Look(
                    title="Organisations listed, by source",
                    do="Before include and exclude. A sudden drop: somebody edited a list, or the server that lists "
                    "them misses some.",
                    width=8,
                    least=0,
                ),
                over_time(f"sum by (source) (xero_exporter_roster_organizations{{{JOB}}})", "{{source}}"),
            ),
            rows(
                Look(
                    title="Lists of organisations",
                    do="How long ago each was last taken over, and how often one was refused in a day: then the last "
                    "good one is kept, and the log says why.",
                    width=8,
                ),
                (
                    Column(of="source", title="Source", width=90),
                    Column(of="Value #A", title="Read ago", unit="s"),
                    Column(of="Value #B", title="Refused in a day", unit=COUNT, width=140),
                ),
                as_rows(
                    f"time() - min by (source) (xero_exporter_roster_last_success_timestamp_seconds{{{JOB}}})", "A"
                ),
                as_rows(
                    f"sum by (source) (increase(xero_exporter_roster_rejected_total{{{JOB}}}[{spans.day}])) "
                    f"and on (source) xero_exporter_roster_organizations{{{JOB}}}",
                    "B",
                ),
            ),
            number(
                Look(
                    title="Is the server's list believed?",
                    do="Held: its answer dropped more than half at once. Those that it misses are watched on for an "
                    "hour; a reload accepts the answer at once.",
                    width=8,
                    said=yes_no("held back", "believed", good=False),
                    empty="not known, or organizations.http is not used",
                ),
                at_the_end(f"max(xero_exporter_discovery_held{{{JOB}}})", "list"),
                at_the_end(f"sum(xero_exporter_discovery_missing_organizations{{{JOB}}})", "missed, kept", "B"),
                below=True,
            ).override_by_name("missed, kept", counted()),
            states(
                Look(
                    title="Can settings, tokens and certificates be used?",
                    do="No: the file was changed and cannot be used, and the last good one is kept until a restart. "
                    "Mend the file; the log says what is wrong with it.",
                    width=12,
                    height=7,
                    said=yes_no("yes", "no"),
                ),
                over_time(usable, "{{what}}"),
            ),
            rows(
                Look(
                    title="Which exporters?",
                    do="Each exporter of the job. Two that tell of the same organisations count everything twice.",
                    width=12,
                    height=7,
                ),
                (
                    Column(of="instance", title="Instance"),
                    Column(of="version", title="Version", width=110),
                    Column(of="Value #B", title="Organisations", unit=COUNT, width=120),
                    Column(of="Value #C", title="Up for", unit="s", width=110),
                ),
                as_rows(f"max by (instance, version) (xero_exporter_build_info{{{JOB}}})", "A"),
                as_rows(f"sum by (instance) (xero_organizations{{{JOB}}})", "B"),
                as_rows(
                    "time() - max by (instance) (process_start_time_seconds"
                    f"{{{JOB}}} and on (job, instance) xero_exporter_build_info{{{JOB}}})",
                    "C",
                ),
            ),
        ),
    )


def cost() -> Row:
    """Memory, CPU, series, and what a scrape takes."""
    return Row(
        "What does it cost?",
        (
            graph(
                Look(
                    title="Memory",
                    do="About 130 MiB for 10,000 organisations. One that only rises over days is a fault: report it.",
                    width=6,
                    height=7,
                    unit="bytes",
                    least=0,
                ),
                over_time(f"sum by (instance) (process_resident_memory_bytes{{{JOB}}})", "{{instance}}"),
            ),
            graph(
                Look(
                    title="CPU",
                    do="Share of one core: a few percent for 10,000 organisations a minute. Near 1: split the list "
                    "over several exporters.",
                    width=6,
                    height=7,
                    unit="percentunit",
                    least=0,
                ),
                over_time(f"sum by (instance) (rate(process_cpu_seconds_total{{{JOB}}}{RATE}))", "{{instance}}"),
            ),
            graph(
                Look(
                    title="Size of a scrape",
                    do="As it was sent. Without gzip it is five times as large: look at what scrapes so.",
                    width=6,
                    height=7,
                    unit="bytes",
                    least=0,
                ),
                over_time(
                    f"max by (format, encoding) (xero_exporter_scrape_bytes{{{JOB}}})", "{{format}}, {{encoding}}"
                ),
            ),
            graph(
                Look(
                    title="Duration of a scrape",
                    do="As Prometheus sees it, and making the page alone. Near scrape_timeout: scrape less often.",
                    width=6,
                    height=7,
                    unit="s",
                    least=0,
                    colors={"scrape": "blue", "page, 99 in 100": ATTENTION},
                ),
                over_time(f"max(scrape_duration_seconds{{{JOB}}})", "scrape"),
                over_time(
                    "histogram_quantile(0.99, sum by (le) "
                    f"(rate(xero_exporter_scrape_duration_seconds_bucket{{{JOB}}}{RATE})))",
                    "page, 99 in 100",
                    "B",
                ),
            ),
            graph(
                Look(
                    title="Series",
                    do="Of organisations and the fleet; Prometheus pays for each. About 16 an organisation, and two "
                    "more for each issue.",
                    width=12,
                    height=7,
                    least=0,
                ),
                over_time(f"sum by (instance) (xero_exporter_series{{{JOB}}})", "{{instance}}"),
            ),
            graph(
                Look(
                    title="Blocks rendered",
                    do="Per minute: a block of 256 organisations is rendered again when something in it changed. Far "
                    "above two for each block and interval: something changes all the time.",
                    width=12,
                    height=7,
                    least=0,
                ),
                over_time(
                    f"60 * sum by (instance) (rate(xero_exporter_blocks_rendered_total{{{JOB}}}{RATE}))", "{{instance}}"
                ),
            ),
        ),
    )
