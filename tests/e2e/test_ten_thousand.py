"""Ten thousand organisations for minutes: even load, few dirty blocks, no lag, little memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.processes import eventually, exporter, get, running

ORGANIZATIONS = 10_000
INTERVAL = 60.0


def own_metrics(url: str) -> dict[str, float]:
    """The exporter's own samples without labels, of the page's last part only: the fleet's part is 13 MB."""
    page = get(f"{url}/metrics")
    own = page[page.index("# HELP xero_exporter_build_info") :]
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(own)
        for sample in family.samples
    }


@contextmanager
def simulated_process(folder: Path) -> Iterator[str]:
    """The simulated platform as a process of its own, so that its CPU is not ours."""
    (folder / "token").write_text("verify-token")
    log = folder / "platform.log"
    files = ("--token-file", folder / "token", "--organizations-file", folder / "organizations.yml")
    with running(sys.executable, "-m", "exporter.simulator", "--organizations", str(ORGANIZATIONS), *files, log=log):
        line = eventually(lambda: next((one for one in log.read_text().splitlines() if "listening on" in one), ""))
        yield line.rpartition(" ")[2]


@pytest.mark.verify
def test_ten_thousand_organisations_at_a_minute_are_polled_evenly_and_cheaply(tmp_path: Path) -> None:
    """Two whole intervals, looked at every second through its own metrics."""
    with simulated_process(tmp_path) as platform_url:
        config = (
            f"platform: {{url: '{platform_url}', token_file: token, timeout: 5s}}\n"
            "organizations: {file: organizations.yml}\npoll: {interval: 60s}\n"
        )
        with exporter(tmp_path, config) as (url, _):
            # Two intervals: one organisation is always 429, and who had a turn in its pause has the next.
            eventually(lambda: get(f"{url}/-/ready"), within=150)
            begin = own_metrics(url)
            counts: list[tuple[float, float]] = []
            ends = time.monotonic() + 2 * INTERVAL
            while time.monotonic() < ends:
                counts.append((time.monotonic(), own_metrics(url)["xero_exporter_requests_total{memberpulse}"]))
                time.sleep(1.0 - time.monotonic() % 1.0)
            end = own_metrics(url)
    seconds = counts[-1][0] - counts[0][0]
    mean = (counts[-1][1] - counts[0][1]) / seconds
    rates = [(b - a) / (later - earlier) for (earlier, a), (later, b) in pairwise(counts)]
    ticks = end["xero_exporter_tick_duration_seconds_count"] - begin["xero_exporter_tick_duration_seconds_count"]
    blocks = (end["xero_exporter_blocks_rendered_total"] - begin["xero_exporter_blocks_rendered_total"]) / ticks
    lag_sum = end["xero_exporter_poll_lag_seconds_sum"] - begin["xero_exporter_poll_lag_seconds_sum"]
    lag = lag_sum / (end["xero_exporter_poll_lag_seconds_count"] - begin["xero_exporter_poll_lag_seconds_count"])
    cpu = (end["process_cpu_seconds_total"] - begin["process_cpu_seconds_total"]) / seconds
    memory = end["process_resident_memory_bytes"] / 2**20
    print(  # noqa: T201 - the figures are the point
        f"\nrequests/s: mean {mean:.0f}, busiest second {max(rates):.0f}; blocks a tick {blocks:.1f} of 40; "
        f"mean lag {lag:.2f} s; CPU {cpu:.1%} of a core with a scrape each second; resident {memory:.0f} MiB"
    )
    assert mean == pytest.approx(ORGANIZATIONS / INTERVAL, rel=0.1)
    assert max(rates) <= 3 * mean
    assert blocks <= 6
    assert lag < 2.0
    assert end["xero_exporter_ticks_missed_total"] == begin["xero_exporter_ticks_missed_total"]
    assert memory < 250
