"""What polling costs, side by side in one run over real sockets: our exporter, and the plain way to write one.

Run it from the folder of the project: ``python -m bench.poll [--seconds N] [--sizes N...] [--write FILE] [--enter
FILE]``. A quarter of an hour with the defaults. Exit code 1 when a "must" is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import clients, minute, plain, programs
from bench.entry import enter, verdict
from bench.minute import Minute

JUDGED: Final = 10_000
"""The size that the targets are for."""

SIZES: Final = (1_000, 10_000, 100_000)
LARGE_INTERVALS: Final = 5
"""Above `JUDGED` organisations, each is polled every so many minutes."""

MINUTE_MUST, MINUTE_AIM = 15, 25
MEMORY_MUST, MEMORY_AIM = 250, 150
LINEAR: Final = 1.25
"""What a reading and an organisation more may cost at the largest size, against `JUDGED`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison, as text, and whether its must holds; None when it has none."""

    what: str
    ours: str
    other: str
    result: str
    must: str = ""
    aim: str = ""
    holds: bool | None = None


def request_rows() -> list[Row]:
    """Requests per CPU-second over http and https."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as name:
        folder = Path(name)
        with programs.simulator(folder, clients.ORGANIZATIONS) as http, programs.relay(folder, http) as https:
            ids = [one["id"] for one in plain.listed(folder / "organizations.yml")]
            for url in (http, https):
                mine, stock = clients.compared(url, ids)
                scheme = url.partition(":")[0]
                what = f"requests per CPU-second, {scheme}, {plain.CONCURRENCY} at once, against stock httpx and Gauges"
                rows.append(Row(what, f"{mine:,.0f}", f"{stock:,.0f}", f"{mine / stock:.1f}x"))
    return rows


def measured(organizations: int, seconds: float) -> Minute:
    """Our exporter with that many organisations, after its first pass."""
    interval = seconds * (LARGE_INTERVALS if organizations > JUDGED else 1)
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as folder:
        return minute.ours(Path(folder), organizations, interval, seconds)


def measured_plain(seconds: float) -> Minute:
    """The plain exporter."""
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as folder:
        return minute.theirs(Path(folder), JUDGED, seconds)


def minute_rows(ours: Minute, other: Minute) -> list[Row]:
    """CPU and memory of a whole minute."""
    ratio = other.cpu / ours.cpu
    what = f"CPU seconds of {ours.seconds:.0f} s: {JUDGED:,} polled once, paced, and {minute.SCRAPES} scrapes"
    memory = f"resident memory at {JUDGED:,} organisations, MB"
    return [
        Row(
            f"{what} ({ours.encoding}; the plain exporter's: {other.encoding})",
            f"{ours.cpu:.2f}",
            f"{other.cpu:.2f}",
            f"{ratio:.1f}x",
            f"{MINUTE_MUST}x",
            f"{MINUTE_AIM}x",
            ratio >= MINUTE_MUST,
        ),
        Row(
            memory,
            f"{ours.resident:.0f}",
            f"{other.resident:.0f}",
            f"{ours.resident:.0f} MB",
            f"<= {MEMORY_MUST} MB",
            f"<= {MEMORY_AIM} MB",
            ours.resident <= MEMORY_MUST,
        ),
    ]


def growth_rows(sizes: list[Minute]) -> list[Row]:
    """Whether it holds at the largest size, and whether it got there linearly. `sizes` ascend."""
    largest = sizes[-1]
    judged = next(one for one in sizes if one.organizations == JUDGED)
    small = sizes[0]
    rows = [
        Row(
            f"{largest.organizations:,} organisations, each polled every {largest.interval:g} s",
            f"{largest.readings / largest.seconds:,.0f} a second",
            f"{largest.organizations / largest.interval:,.0f} asked",
            f"{largest.lag or 0:.3f} s late",
            "all, in 1 s",
            "",
            largest.holds,
        )
    ]
    if small.organizations < JUDGED < largest.organizations:
        memory = each(judged, largest) / each(small, judged)
        cpu = largest.cpu_of_a_thousand / judged.cpu_of_a_thousand
        what = f"from {JUDGED:,} to {largest.organizations:,}"
        rows += [
            Row(
                f"memory of an organisation more, {what}, against from {small.organizations:,} to {JUDGED:,}",
                f"{each(judged, largest) * 1000:.1f} kB",
                f"{each(small, judged) * 1000:.1f} kB",
                f"{memory:.2f}x",
                f"<= {LINEAR}x",
                "",
                memory <= LINEAR,
            ),
            Row(
                f"CPU of 1,000 readings, {what}",
                f"{largest.cpu_of_a_thousand:.0f} ms",
                f"{judged.cpu_of_a_thousand:.0f} ms",
                f"{cpu:.2f}x",
                f"<= {LINEAR}x",
                "",
                cpu <= LINEAR,
            ),
        ]
    return rows


def each(few: Minute, many: Minute) -> float:
    """MB that an organisation more takes, between two sizes."""
    return (many.resident - few.resident) / (many.organizations - few.organizations)


def report(command: str, rows: list[Row], sizes: list[Minute], other: Minute) -> str:
    """Everything as Markdown."""
    judged = next(one for one in sizes if one.organizations == JUDGED)
    lines = [
        "# What polling costs",
        "",
        f"{programs.machine()}; `{command}`.",
        "",
        "Over sockets on loopback, the simulated platform a process of its own; CPU is user and system of the measured",
        "process alone. Times vary from machine to machine, ratios hold. The plain exporter is `bench/plain.py`: stock",
        "httpx with 50 at once in one burst, a Gauge a sample, prometheus_client's own server and gzip.",
        "",
        "| what | ours | other | result | must | aim | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {one.what} | {one.ours} | {one.other} | {one.result} | {one.must} | {one.aim} | {verdict(one.holds)} |"
            for one in rows
        ),
        "",
        f"Samples about organisations on the page: {judged.samples:,}; the plain one's: {other.samples:,}.",
        "",
        f"`serve` after its first pass, over {sizes[0].seconds:.0f} s with {minute.SCRAPES} scrapes. CPU milliseconds",
        "are of 1,000 readings and all that goes with them; unused turns passed while a reading was still under way.",
        "",
        "| organisations | each | CPU of a core | ms of 1,000 | MB | peak MB | mean lag, ms | ticks missed | unused |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *map(shown, sizes),
        "",
    ]
    return "\n".join(lines)


def section(command: str) -> str:
    """What stands in the page to begin with, beside the rows."""
    return f"""\
## What polling costs

{programs.machine()}; `{command}`.

Over sockets on loopback, against `bench/plain.py`; the size of the fleets, and what else was measured, is in
[polling.md](polling.md), where the time goes in [polling-notes.md](polling-notes.md).
"""


def shown(one: Minute) -> str:
    """One size, as a row."""
    return (
        f"| {one.organizations:,} | {one.interval:g} s | {one.cpu / one.seconds:.1%} | {one.cpu_of_a_thousand:.0f} | "
        f"{one.resident:.0f} | {one.peak:.0f} | {(one.lag or 0) * 1000:.1f} | {one.missed:g} | {one.overruns:g} |"
    )


def main() -> int:
    """Measures, prints, and says by its exit code whether every must is reached."""
    parser = argparse.ArgumentParser(prog="python -m bench.poll", description="What polling costs")
    parser.add_argument("--seconds", type=float, default=60.0, help="what stands for a minute (default 60)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help=f"organisations; {JUDGED} is always there")
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    parser.add_argument("--enter", type=Path, help="also put the rows into this page, beside those of other benches")
    options = parser.parse_args()
    rows = request_rows()
    # One right after the other, as a machine is not as fast all the time.
    ours, other = measured(JUDGED, options.seconds), measured_plain(options.seconds)
    others = [measured(size, options.seconds) for size in options.sizes if size != JUDGED]
    sizes = sorted([ours, *others], key=lambda one: one.organizations)
    rows += [*minute_rows(ours, other), *growth_rows(sizes)]
    command = f"python -m bench.poll --seconds {options.seconds:g}"
    text = report(command, rows, sizes, other)
    print(text, end="")
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
    if options.enter is not None:
        entries = [(one.what, one.ours, one.other, one.result, one.must, one.aim, verdict(one.holds)) for one in rows]
        enter(options.enter, "poll", entries, section(command))
    return 1 if any(one.holds is False for one in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
