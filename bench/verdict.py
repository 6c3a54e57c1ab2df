"""What was seen in a soak, and whether its end is as its beginning."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench import programs
from bench.mischief import SLOW_READERS, Told
from bench.upheaval import Changed

ORGANIZATIONS: Final = 1_000
INTERVAL: Final = 5.0
SCRAPE_EVERY: Final = 5.0
SCRAPE_TIMEOUT: Final = 10.0
"""Prometheus' own default."""

WARM_UP: Final = 1 / 6
"""Share of the run before the first window: 5 minutes of 30."""

WINDOW: Final = 1 / 6
"""Share of the run that each of the two compared windows has: 5 minutes of 30, more than one storm."""

MEMORY_GROWTH: Final = 0.05
LAG_GROWTH_SECONDS: Final = 0.05
"""Of the mean lag, which is a few milliseconds: what a busy machine may add, and a leak would pass."""

FILES_GROWTH: Final = 20
"""Connections come and go with the faults, and for seconds with each reload: 29 to 57 were seen in four minutes.

There are seven reloads a minute: what leaks one with each would leak 140 from one window to the other.
"""

IN_FLIGHT_GROWTH: Final = 10

THREADS_GROWTH: Final = 2
"""asyncio's pool, which reads the lists, makes threads as it needs them, up to cores + 4; a leak would pass that."""

ENDS_WITHIN: Final = 10.0
"""Seconds from being told to: what the exporter promises."""

END: Final = "\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the exporter.

    Attributes:
        minute: since the beginning.
        memory: resident, MB.
        files: open descriptors.
        threads: of the process.
        in_flight: readings under way.
        lag: mean lateness of the readings since the look before, seconds.
        missed: ticks that did not happen, in all.
        cpu: share of a core since the look before.
    """

    minute: float
    memory: float
    files: int
    threads: int
    in_flight: float
    lag: float
    missed: float
    cpu: float


@dataclass(slots=True)
class Scrapes:
    """How the ordinary scrapes went."""

    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    again: int = 0
    longest: float = 0.0


@dataclass(slots=True)
class Seen:
    """The whole run.

    Attributes:
        told: what was done.
        changed: what was changed of its configuration.
        samples: looks at the exporter, one each `SAMPLE_EVERY`.
        scrapes: how they went.
        last: the exporter's own metrics at the end.
        lost: organisations of the platform that were not on the page at the end.
        kept: organisations on the page at the end that the platform no longer had.
        events: what its log says, by event.
        ended_well: whether it ended in good order when it was told to.
    """

    told: Told
    changed: Changed
    samples: list[Sample] = field(default_factory=list)
    scrapes: Scrapes = field(default_factory=Scrapes)
    last: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    kept: int = 0
    events: Counter[str] = field(default_factory=Counter)
    ended_well: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict; `first` and `last` are medians of the two windows, or a count and what it should be."""

    what: str
    first: str
    last: str
    holds: bool


def judged(seen: Seen) -> list[Check]:
    """The verdict, line by line."""
    samples, scrapes = seen.samples, seen.scrapes
    minutes = samples[-1].minute
    first_window = [one for one in samples if WARM_UP <= one.minute / minutes <= WARM_UP + WINDOW]
    last_window = [one for one in samples if one.minute / minutes >= 1 - WINDOW]

    def medians(value: Callable[[Sample], float]) -> tuple[float, float]:
        return statistics.median(map(value, first_window)), statistics.median(map(value, last_window))

    memory, files = medians(lambda one: one.memory), medians(lambda one: one.files)
    lag, thread = medians(lambda one: one.lag), medians(lambda one: one.threads)
    flight = medians(lambda one: one.in_flight)
    errors = seen.last.get("xero_exporter_roster_rejected_total{file}", 0.0)
    return [
        Check(
            "resident memory, MB", f"{memory[0]:.1f}", f"{memory[1]:.1f}", memory[1] <= memory[0] * (1 + MEMORY_GROWTH)
        ),
        Check("open files", f"{files[0]:g}", f"{files[1]:g}", files[1] <= files[0] + FILES_GROWTH),
        Check("threads", f"{thread[0]:g}", f"{thread[1]:g}", thread[1] <= thread[0] + THREADS_GROWTH),
        Check("readings under way", f"{flight[0]:g}", f"{flight[1]:g}", flight[1] <= flight[0] + IN_FLIGHT_GROWTH),
        Check("mean lag, ms", f"{lag[0] * 1e3:.1f}", f"{lag[1] * 1e3:.1f}", lag[1] <= lag[0] + LAG_GROWTH_SECONDS),
        Check("scrapes answered", "", f"{scrapes.answered}", scrapes.answered > 0),
        Check("scrapes failed", "", spelled(scrapes.failed) or "0", not scrapes.failed),
        Check("longest scrape, s", "", f"{scrapes.longest:.2f}", scrapes.longest < SCRAPE_TIMEOUT),
        Check("broken lists refused", "", f"{errors:g}", errors > 0 or minutes < 2),
        *told_of(seen),
        Check(f"ends when told to, within {ENDS_WITHIN:g} s", "", "yes" if seen.ended_well else "no", seen.ended_well),
    ]


def told_of(seen: Seen) -> list[Check]:
    """Whether the exporter did with each change what it should; second is what was done, third what it says."""
    changed, last, events = seen.changed, seen.last, seen.events
    name = "xero_exporter_"
    held = last[f"{name}discovery_answers_held_total"]
    rejected = last.get(f"{name}roster_rejected_total{{http}}", 0.0)
    ids = last[f"{name}discovery_ids_rejected_total"]
    away = last.get(f"{name}request_failures_total{{network}}{{discovery}}", 0.0)
    taken, refused = events["reloaded"], events["reload_refused"]
    certificates = events["certificates_taken_over"]
    broke = sum(count for event, count in events.items() if event.endswith(("_broke", "not_taken")))

    def seen_of(what: str, done: int, says: float) -> Check:
        return Check(what, f"{done}", f"{says:g}", says >= done or done == 0)

    return [
        seen_of("discovery away, failed requests", changed.restarts, away),
        seen_of("empty or half lists, held", changed.empty + changed.halves, held),
        seen_of("no lists, refused", changed.garbage, rejected),
        seen_of("bad ids, left out", changed.bad_ids, ids),
        seen_of("good configurations, taken", changed.reloads, taken),
        seen_of("bad configurations, refused", changed.refusals, refused),
        # Renewals while the other pair is in force are not looked at.
        Check("certificates renewed, taken", f"{changed.certificates}", f"{certificates}", certificates > 0),
        Check("organisations lost", "", f"{seen.lost}", seen.lost == 0),
        Check("organisations that are gone, and kept", "", f"{seen.kept}", seen.kept == 0),
        Check("faults of ours in the log", "", f"{broke}", broke == 0),
    ]


def shown(one: Sample) -> str:
    """One look, as a row."""
    return (
        f"| {one.minute:.1f} | {one.memory:.1f} | {one.files} | {one.threads} | {one.in_flight:g} | "
        f"{one.lag * 1000:.1f} | {one.missed:g} | {one.cpu:.1%} |"
    )


def report(minutes: float, seen: Seen, checks: Sequence[Check]) -> str:
    """The whole result as Markdown: the verdict, what was done, and one look in each minute or so."""
    samples, scrapes, told, changed, last = seen.samples, seen.scrapes, seen.told, seen.changed, seen.last
    each = max(1, len(samples) // 30)
    swapped = told.organizations - ORGANIZATIONS
    return f"""\
# A soak of everything at once

{programs.machine()}; `python -m bench.soak --minutes {minutes:g}`.

{ORGANIZATIONS:,} organisations each {INTERVAL:g} s, an ordinary scrape each {SCRAPE_EVERY:g} s, and around it:

- {told.ailments:,} faults of single organisations: resets, hangs, drips, garbage, 10 MB, 403, 404, 429, 500;
- {told.storms} of all at once: every connection reset, or 503;
- {told.edits} edits of the list: {swapped:,} organisations never seen before, {told.spoilt_edits} broken lists;
- {told.tokens} new tokens, the one before revoked;
- {changed.restarts} restarts of the discovery server, {changed.empty} empty lists of it, {changed.halves} halves, \
{changed.garbage} that are no list, {changed.bad_ids} with a bad id; half of the organisations are listed by it alone;
- https, with {changed.certificates} renewed certificates;
- {changed.reloads} reloads (limits, pace, another discovery server, another pair), and {changed.refusals} of what \
cannot be used;
- {told.slow_readers} clients that take one byte a second, {SLOW_READERS} at a time: {told.slow_bytes:,} bytes.

{last["xero_exporter_requests_total{memberpulse}"]:,.0f} requests. Failed: {spelled(failed(last))}.
Turns that passed unused: {last["xero_exporter_poll_overruns_total"]:,.0f}.
Scrapes that met a kept connection just being closed, and asked again: {scrapes.again}.

{table(minutes, checks)}
| minute | resident, MB | open files | threads | under way | mean lag, ms | ticks missed | CPU |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{"".join(f"{shown(one)}{END}" for one in samples[each - 1 :: each])}"""


def section(minutes: float, checks: Sequence[Check]) -> str:
    """The verdict, for the page to begin with."""
    return f"""\
## A soak of everything at once

{programs.machine()}; `python -m bench.soak --minutes {minutes:g}`. What was done, and each minute: [soak.md](soak.md).

{table(minutes, checks)}"""


def table(minutes: float, checks: Sequence[Check]) -> str:
    """The verdict as a table."""
    first = f"of minute {minutes * WARM_UP:.3g} to {minutes * (WARM_UP + WINDOW):.3g}"
    return f"""\
First and last are medians, {first} and of the last {minutes * WINDOW:.3g}; or what was done, and what of it was seen.

| what | first | last | holds |
| --- | ---: | ---: | --- |
{"".join(f"| {one.what} | {one.first} | {one.last} | {'yes' if one.holds else 'NO'} |{END}" for one in checks)}"""


def spelled(counts: Mapping[str, int]) -> str:
    """Counts by name."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def failed(last: dict[str, float]) -> dict[str, int]:
    """How many requests failed, by failure class."""
    family, whose = "xero_exporter_request_failures_total", "{memberpulse}"
    return {
        name.removeprefix(family).removesuffix(whose).strip("{}"): round(value)
        for name, value in last.items()
        if name.startswith(family) and name.endswith(whose) and value
    }
