"""What the shipped rules cost: Prometheus' own figure for each group, 10,000 organisations.

Run it from the folder of the project: ``python -m bench.rules [--seconds N] [--enter FILE]``. It needs `prometheus`,
as `make programs` gives it. Six minutes with the defaults. Exit code 1 when a group takes longer than it may.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import programs
from bench.entry import enter, verdict

ORGANIZATIONS: Final = 10_000
MUST: Final = 2.0
"""Seconds that the evaluation of one group may take."""

RULES: Final = Path(__file__).parents[1] / "alerts" / "rules"
_LAST: Final = re.compile(
    r'^prometheus_rule_group_last_duration_seconds\{rule_group="[^"]*;([^";]+)"\} (\S+)$', re.MULTILINE
)
_ITERATIONS: Final = re.compile(r"^prometheus_rule_group_iterations(_missed)?_total\{.*\} (\S+)$", re.MULTILINE)


def measured(seconds: float) -> dict[str, list[float]]:
    """Group -> how long its evaluations took, as Prometheus says, of those within so many seconds of full work."""
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as name:
        folder = Path(name)
        with programs.simulator(folder, ORGANIZATIONS, script=None) as platform:
            config = (
                f"platform: {{url: '{platform}', token_file: token, timeout: 5s, max_requests_per_second: 300}}\n"
                "organizations: {file: organizations.yml}\npoll: {interval: 60s}"
            )
            with programs.exporter(folder, config) as (url, _), _prometheus(folder, url) as prometheus:
                programs.eventually(lambda: _page(f"{url}/-/ready"), within=180)
                # One evaluation of what is there now comes within 30 s of the scrape.
                time.sleep(60)
                took: dict[str, list[float]] = {}
                ends = time.monotonic() + seconds
                while time.monotonic() < ends:
                    for group, last in _last(prometheus).items():
                        durations = took.setdefault(group, [])
                        if last not in durations[-1:]:  # asked more often than it is evaluated
                            durations.append(last)
                    time.sleep(5)
                page = _page(f"{prometheus}/metrics") or ""
                missed = sum(float(found[2]) for found in _ITERATIONS.finditer(page) if found[1])
    if missed:
        raise RuntimeError(f"Prometheus missed {missed:.0f} evaluations: the figures are of too busy a machine")
    return took


def _last(prometheus: str) -> dict[str, float]:
    page = _page(f"{prometheus}/metrics") or ""
    return {group: float(value) for group, value in _LAST.findall(page)}


@contextmanager
def _prometheus(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus with the shipped rules, as they are; gives its URL."""
    found = shutil.which("prometheus")
    if found is None:
        raise FileNotFoundError("prometheus is not on this machine: run `make programs`")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 30s, scrape_timeout: 10s}\n"
        f"rule_files: ['{RULES}/*.yml']\n"
        "scrape_configs:\n"
        f"  - {{job_name: xero, static_configs: [{{targets: ['{target.removeprefix('http://')}']}}]}}\n",
        encoding="utf-8",
    )
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
    )
    with programs.running(found, *arguments, log=folder / "prometheus.log"):
        programs.eventually(lambda: _page(f"{url}/-/ready"), within=60)
        yield url


def _page(url: str) -> str | None:
    """The body of an answer; None while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own URLs
            return str(answer.read().decode())
    except (urllib.error.URLError, TimeoutError):
        return None


def longest(took: Mapping[str, list[float]]) -> float:
    """Seconds of the slowest group: its median, as one evaluation may have waited for something else on the machine."""
    return max(statistics.median(durations) for durations in took.values())


def entry(took: Mapping[str, list[float]]) -> tuple[str, ...]:
    """The row for the page of all benches."""
    slowest = longest(took)
    what = "seconds of an evaluation of the slowest group of rules, by Prometheus' own metric; the median"
    return (what, f"{slowest:.2f}", "", f"{slowest:.2f} s", f"< {MUST:g} s", "", verdict(slowest < MUST))


def report(command: str, took: Mapping[str, list[float]]) -> str:
    """Everything as Markdown."""
    lines = [
        "## What the alert rules cost",
        "",
        f"{programs.machine()}; `{command}`.",
        "",
        f"The shipped rules, the optional ones included, every 30 s over {ORGANIZATIONS:,} organisations: a mixed",
        "fleet, a twentieth of it with an issue and a tenth never connected. Exporter, simulated platform and",
        "Prometheus on one machine.",
        "`prometheus_rule_group_last_duration_seconds`, in seconds.",
        "",
        "| group | evaluations | least | median | longest |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {group} | {len(of)} | {min(of):.3f} | {statistics.median(of):.3f} | {max(of):.3f} |"
            for group, of in sorted(took.items())
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measures, prints, and says by its exit code whether no group takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.rules", description="What the alert rules cost")
    parser.add_argument("--seconds", type=float, default=180.0, help="of evaluations (default 180)")
    parser.add_argument(
        "--enter", type=Path, help="also put the row and the table into this page, beside other benches'"
    )
    options = parser.parse_args()
    took = measured(options.seconds)
    text = report(f"python -m bench.rules --seconds {options.seconds:g}", took)
    print(text, end="")
    if options.enter is not None:
        enter(options.enter, "rules", [entry(took)], text)
    return 0 if longest(took) < MUST else 1


if __name__ == "__main__":
    sys.exit(main())
