"""What a scrape costs, side by side in one run: our page, plain and compressed, against prometheus_client and memcpy.

Run it from the folder of the project: ``python -m bench.scrape [--largest 100000] [--enter FILE]``. Exit code 1 when,
at 10,000 organisations, the plain page is less than 60 times cheaper than the Gauges, or the compressed one less than
8 times: far below the targets, so that a busy machine does not fail it, and far above anything that renders or
compresses the fleet at each scrape.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bench.entry import enter, verdict
from exporter.expose.catalogue import organization_families
from exporter.expose.exposition import Encoding, Exposition, Format
from exporter.model.facts import BLOCK_SIZE, Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.fleet import FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import WELL, ActiveIssue, Because, Connections, Diagnosis, ErrorCount
from exporter.model.moment import Moment
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)
from exporter.observe.tally import added, tally_of
from exporter.telemetry.metrics import SelfMetrics
from exporter.web.scrape import gathered

SIZES: Final = (1_000, 10_000, 100_000)
JUDGED: Final = 10_000
"""The size that the targets are for."""

UNWELL: Final = 0.05
"""The share of organisations with which something is wrong."""

GAUGES_UP_TO: Final = 10_000
"""The plain way is left out above: at 100,000 its 1.6 million Gauges take 1.1 GB, and writing them 10 s each time."""

TEXT: Final = "text scrape, nothing changed, against Gauges + generate_latest"
MEMCPY: Final = "text scrape, nothing changed, against memcpy of its body"
TEXT_DIRTY: Final = "text scrape and rendering, one block polled"
GZIP_ALL: Final = "gzip scrape, everything changed, against generate_latest + gzip level 9"
GZIP_ALL_AND_RENDERING: Final = "the same and rendering everything, against the same and setting all Gauges"
GZIP: Final = "gzip scrape, nothing changed, against generate_latest + gzip level 9"
GZIP_DIRTY: Final = "gzip scrape and rendering, one block polled, against the same"

TARGETS: Final = {TEXT: ("400x", "800x"), MEMCPY: ("<= 3x", "<= 1.5x"), GZIP_ALL: ("30x", "55x")}
"""Must and aim, of `JUDGED` organisations."""

LEAST: Final = {TEXT: 60.0, GZIP_ALL: 8.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; CPU milliseconds, medians.

    Attributes:
        what: is compared with what.
        organizations: how many.
        ours: what our way costs.
        other: what the other way costs; None when it was not measured.
    """

    what: str
    organizations: int
    ours: float
    other: float | None = None

    @property
    def ratio(self) -> float | None:
        """How often ours goes into the other; for memcpy how often that goes into ours."""
        if self.other is None:
            return None
        return self.ours / self.other if self.what == MEMCPY else self.other / self.ours

    @property
    def reached(self) -> bool | None:
        """Whether its must is reached; None when it has none."""
        if self.ratio is None or self.organizations != JUDGED or self.what not in TARGETS:
            return None
        must = float(TARGETS[self.what][0].strip("<=x "))
        return self.ratio <= must if self.what == MEMCPY else self.ratio >= must


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a fleet's pages weigh."""

    organizations: int
    series: int
    plain: int
    gzipped: int
    level_9: int | None


def cpu(run: Callable[[], object], times: int, before: Callable[[], object] = lambda: None) -> float:
    """CPU milliseconds (user and system) of one run, median; `before` is not counted."""
    measured = []
    for _ in range(times):
        before()
        began = time.process_time()
        run()
        measured.append(time.process_time() - began)
    return statistics.median(measured) * 1000


def fleet_of(size: int, seed: int = 0) -> Snapshot:
    """A fleet on a large page: last reading failed, data not yet withdrawn, Xero's own list known.

    That is 16 series an organisation, and a few more for the share in which something is wrong. Random UUIDs as ids,
    as hard to compress as ids come; instants of microseconds as real clocks give them.
    """
    draw = random.Random(f"{size} {seed}")  # noqa: S311 - made-up data, the same in each run
    now = 1_760_000_000.0

    def state() -> OrganizationState:
        read = Moment(wall=now + round(draw.uniform(0, 60), 6), monotonic=0.0)
        return OrganizationState(
            organization=Organization(uuid(draw), xero_tenant_id=uuid(draw)),
            first_seen=read,
            freshness=Freshness.FRESH,
            last_attempt=read,
            last_success=read,
            failure=Failure.TIMEOUT,
            status=Status(
                connected=True,
                token_expires_at=now + draw.randrange(1800),
                last_sync=now - draw.randrange(86_400),
                sync_status=SyncStatus.HEALTHY,
                pending_syncs=draw.randrange(5),
                failed_syncs=draw.randrange(3),
            ),
            listed=True,
            diagnosis=diagnosis(draw, now) if draw.random() < UNWELL else WELL,
        )

    states = [state() for _ in range(size)]
    chunks = [tuple(states[start : start + BLOCK_SIZE]) for start in range(0, size, BLOCK_SIZE)]
    at = Moment(wall=now, monotonic=0.0)
    blocks = tuple(Block(states=chunk, valid_until=float("inf"), tally=tally_of(chunk)) for chunk in chunks)
    return Snapshot(
        blocks=blocks,
        places={state.organization.id: divmod(index, BLOCK_SIZE) for index, state in enumerate(states)},
        at=at,
        counts={word: size if word is Freshness.FRESH else 0 for word in Freshness},
        tally=added([block.tally for block in blocks]),
        judgement=FleetJudgement(verdict=Verdict.CUSTOMERS, incidents=dict.fromkeys(IncidentKind, False)),
        connections=Connections(frozenset(), count=size, at=at, valid_until=float("inf")),
        surroundings=Surroundings(
            started=True,
            pages=tuple(
                PageSays(page, ServiceStatus.NONE) for page in ("status.xero.com", "status.developer.xero.com")
            ),
        ),
    )


def diagnosis(draw: random.Random, now: float) -> Diagnosis:
    """One connection that is gone in five; else errors of one to three kinds, each of which is an issue."""
    if draw.random() < 0.2:
        issue = draw.choice([Issue.DISCONNECTED, Issue.TOKEN_EXPIRED])
        return Diagnosis(issues=(ActiveIssue(issue, now - draw.randrange(86_400), Because.TOKEN_CLOCK),))
    failing = {
        SyncType.CONTACTS: (Issue.CONTACTS_FAILING, Reason.DUPLICATE_CONTACT),
        SyncType.INVOICES: (Issue.INVOICES_FAILING, Reason.ACCOUNT_CODE),
        SyncType.RECONCILIATION: (Issue.RECONCILIATION_FAILING, Reason.AMOUNT_MISMATCH),
    }
    kinds = draw.sample(sorted(failing), draw.randint(1, len(failing)))
    return Diagnosis(
        issues=tuple(
            ActiveIssue(failing[kind][0], now - draw.random() * 86_400, Because.ERROR, (failing[kind][1],))
            for kind in kinds
        ),
        errors=tuple(ErrorCount(kind, failing[kind][1], draw.randint(1, 9), now) for kind in kinds),
    )


def uuid(draw: random.Random) -> str:
    """A random UUID."""
    return str(UUID(int=draw.getrandbits(128)))


def polled(snapshot: Snapshot, turn: int) -> Snapshot:
    """The snapshot after the organisations of its first block were read again, with the same outcome."""
    first, *others = snapshot.blocks
    states = tuple(
        replace(state, last_attempt=replace(state.last_attempt, wall=state.last_attempt.wall + turn))
        for state in first.states
        if state.last_attempt is not None
    )
    return replace(snapshot, blocks=(replace(first, states=states), *others))


class Plain:
    """The same samples as prometheus_client's Gauges."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._gauges = [
            (Gauge(entry.family.name, entry.family.help, entry.family.label_names, registry=self.registry), entry)
            for entry in organization_families(names=False)
        ]
        self._snapshot = snapshot
        self.set()

    def set(self) -> None:
        """Sets every sample."""
        for gauge, entry in self._gauges:
            for block in self._snapshot.blocks:
                for state in block.states:
                    for values, value in entry.samples(state):
                        gauge.labels(state.organization.id, *values).set(value)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self.registry)


class Ours:
    """Our exposition, with the exporter's own metrics."""

    def __init__(self) -> None:
        registry = CollectorRegistry(auto_describe=False)
        self.exposition = Exposition(organization_names=False, registry=registry, metrics=SelfMetrics(registry))
        self._registry = registry
        self._turn = 0
        self._next: Snapshot | None = None

    @property
    def series(self) -> int:
        """How many the fleet has."""
        return round(self._registry.get_sample_value("xero_exporter_series") or 0)

    def scrape(self, encoding: Encoding) -> None:
        """Makes the page, and its pieces as they are written to the socket."""
        for _ in gathered(self.exposition.page(Format.TEXT, encoding).chunks):
            pass

    def poll(self, snapshot: Snapshot) -> None:
        """Reads the organisations of one block again."""
        self._turn += 1
        self._next = polled(snapshot, self._turn)

    def scrape_after_polls(self, encoding: Encoding) -> None:
        """Renders what was read, and scrapes."""
        assert self._next is not None
        self.exposition.render(self._next)
        self.scrape(encoding)


def measure(size: int) -> tuple[Sizes, list[Row]]:
    """What a fleet of this size costs."""
    ours = Ours()
    fleet, other_fleet = fleet_of(size), fleet_of(size, seed=1)
    turns = iter([fleet, other_fleet] * 100)
    few, many = (3, 11) if size > JUDGED else (11, 51)

    def render_others() -> None:
        ours.exposition.render(next(turns))

    def render_others_and_scrape() -> None:
        render_others()
        ours.scrape(Encoding.GZIP)

    everything = cpu(lambda: ours.scrape(Encoding.GZIP), few, before=render_others)
    everything_and_rendering = cpu(render_others_and_scrape, few)
    ours.exposition.render(fleet)
    body = bytes(ours.exposition.page(Format.TEXT))
    compressed = ours.exposition.page(Format.TEXT, Encoding.GZIP).size
    text = cpu(lambda: ours.scrape(Encoding.IDENTITY), many)
    copy = cpu(lambda: bytearray(body), many)
    unchanged = cpu(lambda: ours.scrape(Encoding.GZIP), many)
    text_dirty = cpu(lambda: ours.scrape_after_polls(Encoding.IDENTITY), many, before=lambda: ours.poll(fleet))
    gzip_dirty = cpu(lambda: ours.scrape_after_polls(Encoding.GZIP), many, before=lambda: ours.poll(fleet))

    generate = level_9 = setting = size_9 = None
    if size <= GAUGES_UP_TO:
        plain_way = Plain(fleet)
        page = plain_way.text()
        size_9 = len(gzip.compress(page))
        generate = cpu(plain_way.text, 5)
        level_9 = generate + cpu(lambda: gzip.compress(page), 3)
        setting = level_9 + cpu(plain_way.set, 3)
    return Sizes(size, ours.series, len(body), compressed, size_9), [
        Row(TEXT, size, text, generate),
        Row(MEMCPY, size, text, copy),
        Row(TEXT_DIRTY, size, text_dirty),
        Row(GZIP_ALL, size, everything, level_9),
        Row(GZIP_ALL_AND_RENDERING, size, everything_and_rendering, setting),
        Row(GZIP, size, unchanged, level_9),
        Row(GZIP_DIRTY, size, gzip_dirty, level_9),
    ]


def table(sizes: list[Sizes], rows: list[Row]) -> str:
    """The rows as Markdown."""
    now, python = datetime.now(UTC), f"Python {platform.python_version()}"
    lines = [
        "## What a scrape costs",
        "",
        f"{now:%Y-%m-%d}; {os.cpu_count()} cores, {platform.machine()}; {python}; `make bench`.",
        "",
        "CPU milliseconds (user and system), medians, of making the page in the pieces that are written to the socket.",
        "Times vary from machine to machine, ratios hold.",
        "",
        f"Must and aim are for {JUDGED:,} organisations. Of 100,000 the Gauges are left out: they take 1.1 GB.",
        "",
        f"Each organisation has 16 series, that of Xero's own list included. {UNWELL:.0%} of them have something wrong",
        "and 2 to 9 series more: issues, since when, and errors by kind.",
        "",
        "| what | organisations | ours | other | ratio | must | aim |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *map(line, sorted(rows, key=lambda row: list(dict.fromkeys(one.what for one in rows)).index(row.what))),
        "",
        "| organisations | series | plain, MB | gzip, MB | gzip level 9, MB |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in sizes:
        level_9 = "" if one.level_9 is None else f"{one.level_9 / 1e6:.2f}"
        lines.append(
            f"| {one.organizations:,} | {one.series:,} | {one.plain / 1e6:.1f} | {one.gzipped / 1e6:.2f} | {level_9} |"
        )
    return "\n".join(lines) + "\n"


def line(row: Row) -> str:
    """One row as Markdown."""
    return f"| {' | '.join((row.what, f'{row.organizations:,}', *cells(row)))} |"


def entries(rows: list[Row]) -> list[tuple[str, ...]]:
    """The rows of `JUDGED` organisations, for the table of the page to begin with."""
    return [(f"{row.what}; CPU ms", *cells(row), verdict(row.reached)) for row in rows if row.organizations == JUDGED]


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Ours, other, ratio, must and aim as text."""
    must, aim = TARGETS.get(row.what, ("", "")) if row.organizations == JUDGED else ("", "")
    other = "" if row.other is None else f"{row.other:.2f}"
    ratio = "" if row.ratio is None else f"{row.ratio:,.1f}x" if row.ratio < 20 else f"{row.ratio:,.0f}x"
    return f"{row.ours:.2f}", other, ratio, must, aim


def main() -> int:
    """Measures, prints, and says by its exit code whether the page is cheap at all."""
    parser = argparse.ArgumentParser(description="What a scrape costs")
    parser.add_argument("--largest", type=int, default=JUDGED, help="organisations of the largest fleet")
    parser.add_argument("--enter", type=Path, help="also put rows and tables into this page, beside other benches'")
    arguments = parser.parse_args()
    sizes, rows = [], []
    for size in (size for size in SIZES if size <= arguments.largest):
        weights, found = measure(size)
        sizes.append(weights)
        rows += found
    text = table(sizes, rows)
    print(text, end="")
    if arguments.enter is not None:
        enter(arguments.enter, "scrape", entries(rows), text)
    judged = [row for row in rows if row.organizations == JUDGED]
    return 0 if all((row.ratio or 0.0) >= LEAST.get(row.what, 0.0) for row in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
