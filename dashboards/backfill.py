"""A history as blocks of Prometheus, with what the rules would have made of it: `python -m dashboards.backfill`.

A real Prometheus cannot be hurried. So the samples become blocks, and the rules are asked over the whole history,
each after those that it is made of; alerts get their ``for`` here. What an alert remembers of itself is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import promql_parser

from alerts.entries import Alert, Record
from alerts.table import rule_files
from dashboards.history import STEP, History, Trouble, mostly_well
from dashboards.reading import nodes
from exporter import logs

STARTS: Final = 1_768_435_200.0
"""2026-01-15T00:00:00Z: the same pictures each time."""

PORT: Final = 19_190


class Series(NamedTuple):
    """One series of an answer: its labels, and its values by time."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, str]]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.backfill", description="Write a simulated history.")
    parser.add_argument("--output", type=Path, required=True, help="folder for the blocks")
    parser.add_argument("--organizations", type=int, default=500)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--calm", action="store_true", help="without an outage of platform and token")
    given = parser.parse_args()
    logs.configure("error", "json")
    minutes = round(given.hours * 60)
    trouble = Trouble() if given.calm else Trouble(token_refused=(415, 430), platform_silent=(460, 485))
    history = History(mostly_well(given.organizations), STARTS, trouble)
    data = given.output / "data"
    data.mkdir(parents=True, exist_ok=True)
    blocks(data, given.output / "scraped.txt", history.scrapes(minutes))
    end = STARTS + minutes * STEP
    for level, rules in enumerate(levels(), start=1):
        with asked(data, given.output):
            made = [line for rule in rules for line in evaluated(rule, STARTS, end)]
        blocks(data, given.output / f"rules-{level}.txt", made)
    sys.stdout.write(f"{command_line(data, given.output)}\nit ends at {end:.0f}\n")


def blocks(data: Path, file: Path, samples: Iterable[str]) -> None:
    """Adds samples to the database, by a file of OpenMetrics."""
    with file.open("w", encoding="utf-8") as text:
        text.writelines(samples)
        text.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    file.unlink()


def levels() -> Iterator[list[Record | Alert]]:
    """The shipped rules, those of each level made only of series of the levels before."""
    rules = [rule for file in rule_files() for group in file.groups for rule in group.rules]
    depth: dict[str, int] = {}
    names = {rule.name for rule in rules if isinstance(rule, Record)}
    while len(depth) < len(rules):
        for rule in rules:
            needs = (names_in(rule.expr) & names) - {rule.name}
            if rule.name not in depth and needs <= depth.keys():
                depth[rule.name] = max((depth[need] for need in needs), default=0) + 1
    ordered = sorted(rules, key=lambda rule: depth[rule.name])
    for _, level in groupby(ordered, key=lambda rule: depth[rule.name]):
        yield list(level)


def names_in(expr: str) -> set[str]:
    """The metrics that an expression names."""
    found = nodes(promql_parser.parse(expr))
    return {str(node.name) for node in found if isinstance(node, promql_parser.VectorSelector)}


def command_line(data: Path, folder: Path) -> str:
    """The command that starts a Prometheus on the blocks."""
    # A sample a minute, and no marks where series end: without the last option they would seem to last longer.
    return (
        f"prometheus --config.file={folder / 'prometheus.yml'} --storage.tsdb.path={data} "
        f"--storage.tsdb.retention.time=100y --web.listen-address=127.0.0.1:{PORT} --query.lookback-delta=59s"
    )


@contextmanager
def asked(data: Path, folder: Path) -> Iterator[None]:
    """A Prometheus on the blocks, for as long as it is asked."""
    (folder / "prometheus.yml").write_text("{}\n", encoding="utf-8")
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command_line(data, folder).split(" "), stdout=log, stderr=log)
        try:
            _until_ready()
            yield
        finally:
            process.terminate()
            process.wait()


def evaluated(rule: Record | Alert, start: float, end: float) -> Iterator[str]:
    """What a rule gives over the history, as lines of OpenMetrics."""
    for series in ranged(rule.expr, start, end):
        if isinstance(rule, Record):
            for at, value in series.values:
                yield line(rule.name, series.labels, value, at)
            continue
        labels = {**series.labels, **rule.labels, "alertname": rule.name}
        for since, at in ages(series.values):
            state = "firing" if at - since >= rule.hold else "pending"
            yield line("ALERTS", {**labels, "alertstate": state}, "1", at)
            yield line("ALERTS_FOR_STATE", labels, f"{since:.0f}", at)


def ages(values: Sequence[tuple[float, str]]) -> Iterator[tuple[float, float]]:
    """When the present run of samples began, and the time, for each sample."""
    since = last = float("-inf")
    for at, _ in values:
        if at - last > STEP:
            since = at
        last = at
        yield since, at


def ranged(expr: str, start: float, end: float) -> list[Series]:
    """The answer of Prometheus over the history."""
    query = urllib.parse.urlencode({"query": expr, "start": start, "end": end, "step": STEP})
    url = f"http://127.0.0.1:{PORT}/api/v1/query_range"
    with urllib.request.urlopen(url, query.encode(), timeout=120) as answer:
        result = json.load(answer)["data"]["result"]
    return [
        Series({name: value for name, value in one["metric"].items() if name != "__name__"}, one["values"])
        for one in result
    ]


def line(name: str, labels: Mapping[str, str], value: str, at: float) -> str:
    """A sample as OpenMetrics writes it."""
    pairs = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
    return f"{name}{{{pairs}}} {value} {at:.0f}\n"


def _until_ready() -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/-/ready", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("Prometheus does not come up: see prometheus.log")


if __name__ == "__main__":
    main()
