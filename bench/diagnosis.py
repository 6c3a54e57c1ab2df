"""What diagnosis adds to the CPU of polling: 10,000 organisations with twenty errors each, over real sockets.

Run it from the folder of the project: ``python -m bench.diagnosis [--seconds N] [--turns N] [--enter FILE]``. 20
minutes with the defaults. Exit code 1 when it adds more than it may.

Two turns gave anything from +8 % to +24 % on one machine within an hour, while a reading cost the same in each: what
surrounds it drifts. So each turn is a pair of its own, every other one the other way round, and their median counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench import plain, programs
from bench.entry import enter, verdict
from bench.minute import scraped
from bench.own import own_metrics
from exporter.model.facts import Organization, OrganizationState, Reading, Status, SyncError
from exporter.model.judgement import Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Reason, SyncStatus, SyncType
from exporter.observe.fold import absorb

ORGANIZATIONS: Final = 10_000
MAY_ADD: Final = 0.2
"""Of the CPU of polling without it."""

WALL: Final = 1_700_000_000.0
ROUNDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Polled:
    """What one process used for polling, after its first pass."""

    readings: float
    cpu: float

    @property
    def of_a_thousand(self) -> float:
        """CPU milliseconds of a thousand readings, all else that the process does included."""
        return self.cpu / self.readings * 1e6


def polled(program: tuple[str, ...], seconds: float) -> Polled:
    """That program's `serve` for so long, each organisation read once in it, no scrape meanwhile."""
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as name:
        folder = Path(name)
        with troubled(folder) as platform:
            (folder / "organizations.json").write_text(
                json.dumps(plain.listed(folder / "organizations.yml")), encoding="utf-8"
            )
            rate = max(200, round(1.5 * ORGANIZATIONS / seconds))
            config = (
                f"platform: {{url: '{platform}', token_file: token, timeout: 5s, max_requests_per_second: {rate}}}\n"
                f"organizations: {{file: organizations.json}}\npoll: {{interval: {seconds:g}s}}"
            )
            with programs.exporter(folder, config, program=program) as (url, pid):
                time.sleep(seconds * 1.05 + 1)
                before = own_metrics(scraped(url, "identity")[0])
                cpu = programs.cpu_seconds(pid)
                time.sleep(seconds)
                cpu = programs.cpu_seconds(pid) - cpu
                after = own_metrics(scraped(url, "identity")[0])
    requests = "xero_exporter_requests_total{memberpulse}"
    return Polled(after[requests] - before[requests], cpu)


def troubled(folder: Path) -> AbstractContextManager[str]:
    """The simulated platform, twenty errors for each organisation."""
    return programs.simulator(folder, ORGANIZATIONS, module="bench.troubled")


def status(errors: int, pending: int = 0) -> Status:
    """What the platform says of an organisation with so many errors, of five kinds."""
    kinds = [(reason, list(SyncType)[number % 3]) for number, reason in enumerate(list(Reason)[:5])]
    return Status(
        connected=True,
        token_expires_at=WALL + 3600,
        last_sync=WALL - 60,
        sync_status=SyncStatus.DEGRADED if errors else SyncStatus.HEALTHY,
        pending_syncs=pending,
        failed_syncs=errors,
        errors=tuple(
            SyncError(at=WALL - 150 * number, reason=kinds[number % 5][0], sync_type=kinds[number % 5][1])
            for number in range(errors)
        ),
    )


def microseconds(of: Callable[[int], Status]) -> float:
    """What taking in a reading of it costs, judgement and the new state; the best of five times."""
    rules, best = Thresholds(), float("inf")
    for _ in range(5):
        state = OrganizationState(Organization("a"), first_seen=Moment(WALL, 0.0))
        readings = []
        for number in range(ROUNDS // 5):
            moment = Moment(WALL + number / 100, number / 100)
            readings.append(Reading("a", moment, moment, of(number), skew=0.1))
        began = time.perf_counter()
        for reading in readings:
            state = absorb(state, reading, rules)
        best = min(best, (time.perf_counter() - began) / len(readings) * 1e6)
    return best


def micro_rows() -> list[tuple[str, float]]:
    """Microseconds of a reading, by what it says."""
    healthy, twenty = status(0), status(20)
    others = [replace(status(20, pending), errors=status(20).errors) for pending in range(64)]
    return [
        ("healthy, the same answer as before", microseconds(lambda _: healthy)),
        ("healthy, another answer each time", microseconds(lambda number: status(0, number))),
        ("20 errors, the same answer as before", microseconds(lambda _: twenty)),
        ("20 errors, another answer each time", microseconds(lambda number: others[number % 64])),
    ]


def report(command: str, judged: list[Polled], unjudged: list[Polled], rows: list[tuple[str, float]]) -> str:
    """Everything as Markdown."""
    adds = added(judged, unjudged)
    lines = [
        "## What diagnosis costs",
        "",
        f"{programs.machine()}; `{command}`.",
        "",
        f"`serve` with {ORGANIZATIONS:,} organisations, twenty young errors each, over sockets on loopback; the",
        "platform is a process of its own. New errors, and so new bytes, come every quarter of an hour. Without",
        "diagnosis is the same process with `bench/unjudged.py`: no text recognised, nothing concluded, nobody",
        "counted. CPU is user and system, milliseconds of 1,000 readings, all else that the process does included.",
        "",
        "| turn | with diagnosis | without | adds | readings with | without |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
        *(turn_row(turn, one, other) for turn, (one, other) in enumerate(zip(judged, unjudged, strict=True), 1)),
        "",
        f"Diagnosis adds {adds:.1%} (the median of the turns); it may add {MAY_ADD:.0%}: {verdict(adds < MAY_ADD)}.",
        "",
        "Taking in one reading, microseconds: the new state of the organisation, its memory and its diagnosis. The",
        "same answer as before is not judged again until time changes something.",
        "",
        "| reading | us |",
        "| --- | ---: |",
        *(f"| {what} | {cost:.1f} |" for what, cost in rows),
        "",
    ]
    return "\n".join(lines)


def turn_row(turn: int, one: Polled, other: Polled) -> str:
    """One turn, with and without."""
    cells = (
        f"{one.of_a_thousand:.0f}",
        f"{other.of_a_thousand:.0f}",
        f"{added([one], [other]):+.1%}",
        f"{one.readings:,.0f}",
        f"{other.readings:,.0f}",
    )
    return f"| {turn} | {' | '.join(cells)} |"


def added(judged: list[Polled], unjudged: list[Polled]) -> float:
    """How much more it is with diagnosis, against without: the median of what each turn says by itself."""
    pairs = zip(judged, unjudged, strict=True)
    return statistics.median(one.of_a_thousand / other.of_a_thousand for one, other in pairs) - 1


def middle(turns: list[Polled]) -> float:
    """The median of all turns, CPU milliseconds of a thousand readings."""
    return statistics.median(one.of_a_thousand for one in turns)


def entry(judged: list[Polled], unjudged: list[Polled]) -> tuple[str, ...]:
    """The row for the page of all benches."""
    what = "CPU ms of 1,000 readings with diagnosis, against without it; twenty errors each"
    adds = added(judged, unjudged)
    return (
        what,
        f"{middle(judged):.0f}",
        f"{middle(unjudged):.0f}",
        f"{adds:+.1%}",
        f"< +{MAY_ADD:.0%}",
        "",
        verdict(adds < MAY_ADD),
    )


def main() -> int:
    """Measures, prints, and says by its exit code whether it adds no more than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.diagnosis", description="What diagnosis costs")
    parser.add_argument("--seconds", type=float, default=60.0, help="in which each is read once (default 60)")
    parser.add_argument("--turns", type=int, default=4, help="of each, in alternation (default 4)")
    parser.add_argument("--enter", type=Path, help="also put rows and tables into this page, beside other benches'")
    options = parser.parse_args()
    rows = micro_rows()
    judged: list[Polled] = []
    unjudged: list[Polled] = []
    both = ((judged, programs.INSTALLED), (unjudged, (sys.executable, "-m", "bench.unjudged")))
    for turn in range(options.turns):  # side by side, as a machine is not as fast all the time
        for into, program in both if turn % 2 == 0 else reversed(both):
            into.append(polled(program, options.seconds))
    command = f"python -m bench.diagnosis --seconds {options.seconds:g} --turns {options.turns}"
    text = report(command, judged, unjudged, rows)
    print(text, end="")
    if options.enter is not None:
        enter(options.enter, "diagnosis", [entry(judged, unjudged)], text)
    return 1 if added(judged, unjudged) >= MAY_ADD else 0


if __name__ == "__main__":
    sys.exit(main())
