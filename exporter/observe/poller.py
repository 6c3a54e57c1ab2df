"""A tick plans the turns of its second, and the poller owns what it started until it ends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, Protocol

import structlog

from exporter.clock import Clock
from exporter.model.facts import Reading, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure
from exporter.observe.brake import Brake, after_reading, probe_due, probe_sent, with_credential, with_roster
from exporter.observe.cadence import Why, next_turn, pause_asked
from exporter.observe.fleet import Fleet
from exporter.observe.phase import Grid, phase_of
from exporter.observe.reader import Credential, Reader
from exporter.observe.schedule import Schedule
from exporter.telemetry.metrics import SelfMetrics

TICK: Final = 1.0
"""Seconds between ticks: how far ahead a tick plans."""

GRAIN: Final = 0.1
"""Seconds to which starts are rounded up, so that neighbours in phase go together.

At 167 a second that is 17 at a time: the process, and the platform, wake up ten times a second and not 167 times.
"""

_log = structlog.get_logger("poller")


class Draw(Protocol):
    """Randomness, handed in: a number from 0 up to but not including 1."""

    def __call__(self) -> float:
        """The next number."""
        ...


class Later(Protocol):
    """A timer, handed in: that of the event loop."""

    def __call__(self, delay: float, call: Callable[[], None], /) -> object:
        """Calls `call` after `delay` seconds."""
        ...


class Poller:
    """Asks each organisation at its turn. At most one reading of an organisation is under way at a time."""

    def __init__(
        self,
        *,
        reader: Reader,
        fleet: Fleet,
        credential: Credential,
        clock: Clock,
        draw: Draw,
        metrics: SelfMetrics,
        interval: float,
        later: Later,
    ) -> None:
        self._reader = reader
        self._fleet = fleet
        self._credential = credential
        self._clock = clock
        self._draw = draw
        self._metrics = metrics
        self._later = later
        self._grid = Grid.aligned(clock.now(), interval)
        self._schedule = Schedule()
        self._phases: dict[str, float] = {}
        self._order: list[str] = []
        self._brake = Brake(credential=credential.number)
        self._probed = -1
        self._paused_until = float("-inf")
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopped = False

    @property
    def auth_ok(self) -> bool | None:
        """False while the brake is on, True when the platform accepted our token, None when not known."""
        return self._brake.auth_ok

    @property
    def paused_until(self) -> float | None:
        """Monotonic second until which the platform asked everybody to wait; None when there is no pause."""
        return self._paused_until if self._paused_until > self._clock.now().monotonic else None

    @property
    def under_way(self) -> int:
        """Readings that were started and have not ended, those that wait for a permit included."""
        return len(self._tasks)

    def next_attempt(self, organization_id: str) -> float | None:
        """When this organisation is asked next, monotonic seconds.

        None when that is not known: it is being read, it is not ours, or nobody is asked because of the token.
        """
        at = self._schedule.at(organization_id)
        if at is None or self._held:
            return None
        return at if at > self._paused_until else self._grid.after(self._phases[organization_id], self._paused_until)

    @property
    def _held(self) -> bool:
        """Whether nobody is asked: the platform refuses our token, or there never was one."""
        return self._brake.on or not self._brake.credential

    def readings(self) -> Sequence[asyncio.Task[None]]:
        """The readings under way."""
        return tuple(self._tasks.values())

    def reconfigure(self, reader: Reader, credential: Credential, interval: float, now: Moment) -> None:
        """From now on asks with these, at this pace. Readings that were sent end as they began.

        Everybody keeps the phase; at another interval, everybody gets the next turn of it.
        """
        self._reader, self._credential = reader, credential
        if interval == self._grid.interval:
            return
        self._grid = Grid.aligned(now, interval)
        for name, phase in self._phases.items():
            if self._schedule.at(name) is not None:
                self._schedule.put(name, self._grid.after(phase, now.monotonic))

    def replace_roster(self, organization_ids: Iterable[str], now: Moment) -> None:
        """From now on exactly these are asked; those who stay keep their turn, new ones get their next."""
        before = self._phases
        self._phases = {name: before[name] if name in before else phase_of(name) for name in organization_ids}
        self._order = sorted(self._phases, key=self._phases.__getitem__)
        self._schedule.keep_only(self._phases)
        self._weigh_in(with_roster(self._brake, self._phases.keys()))
        for name in self._phases.keys() - before.keys():
            self._schedule.put(name, self._grid.after(self._phases[name], now.monotonic))

    def tick(self, now: Moment) -> None:
        """Plans the readings that are due until the next tick, each to begin at its own instant. Returns at once.

        So the platform sees an even stream, not a burst at the top of each second; readings are at most `GRAIN` late.
        """
        if self._stopped:
            return
        self._look_at_credential(now)
        together: dict[int, list[tuple[float, str]]] = {}
        for due, name in self._schedule.take_due(now.monotonic + TICK):
            grains = math.ceil(max(0.0, due - now.monotonic) / GRAIN)
            together.setdefault(grains, []).append((due, name))
        for grains, turns in together.items():
            self._later(grains * GRAIN, partial(self._start_together, turns))
        if probe_due(self._brake, now.monotonic):
            self._probe(now)
        self._metrics.readings_in_flight(len(self._tasks))
        remaining = self._paused_until - now.monotonic
        self._metrics.paused_until(now.wall + remaining if remaining > 0 else None)

    def stop(self) -> None:
        """Starts nothing any more; what waits for a permit will not be sent."""
        self._stopped = True

    async def drain(self, grace: float) -> None:
        """Stops, gives readings under way `grace` seconds to end, and cancels the rest."""
        self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace)
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look_at_credential(self, now: Moment) -> None:
        brake = with_credential(self._brake, self._credential.number)
        if brake is self._brake:
            return
        was_on = self._brake.on
        _log.info("platform_token_changed")
        self._weigh_in(brake)
        self._release(now)
        if was_on:
            self._probe(now)

    def _probe(self, now: Moment) -> None:
        """Asks one organisation about the token, a different one each time: the next in order of phase that is free."""
        self._brake = probe_sent(self._brake, now.monotonic)
        for _ in self._order:
            self._probed = (self._probed + 1) % len(self._order)
            name = self._order[self._probed]
            if name not in self._tasks:
                self._schedule.remove(name)
                self._start(name, now.monotonic, probe=True)
                return

    def _start_together(self, turns: Sequence[tuple[float, str]]) -> None:
        for due, name in turns:
            self._start_or_postpone(name, due)

    def _start_or_postpone(self, name: str, due: float) -> None:
        if self._stopped or name not in self._phases or self._schedule.at(name) is not None:
            # Removed meanwhile; or removed and put back, which gave it a turn of its own.
            return
        if self._held:
            self._postpone(name, due)
        elif self._paused_until > due:
            self._postpone(name, self._paused_until)
        else:
            self._start(name, due, probe=False)

    def _postpone(self, name: str, until: float) -> None:
        phase = self._phases.get(name)
        if phase is not None:
            self._schedule.put(name, self._grid.after(phase, until))

    def _start(self, name: str, due: float, *, probe: bool) -> None:
        if name in self._tasks:
            # Removed and put back while it was being read: the end of that reading gives it its next turn.
            return
        self._tasks[name] = task = asyncio.get_running_loop().create_task(self._read(name, due, probe=probe))
        task.add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("reading_not_taken", organization_id=name, exc_info=error)

    async def _read(self, name: str, due: float, *, probe: bool) -> None:
        try:
            reading = await self._reader.read(
                name,
                suspect=self._fleet.is_suspect(name),
                wanted=self._wanted(name, probe=probe),
            )
            if reading is not None:
                self._take(reading, due)
        finally:
            # Whatever happened, the organisation must have a turn again.
            if self._schedule.at(name) is None:
                self._postpone(name, max(due, self._clock.now().monotonic, self._paused_until))

    def _wanted(self, name: str, *, probe: bool) -> Callable[[], bool]:
        def wanted() -> bool:
            now = self._clock.now().monotonic
            if self._stopped or name not in self._phases or self._paused_until > now:
                return False
            return probe or not self._held

        return wanted

    def _take(self, reading: Reading, due: float) -> None:
        name = reading.organization_id
        phase = self._phases.get(name)
        if phase is None:
            return
        ended = reading.ended
        self._weigh(reading)
        turn = next_turn(
            self._grid,
            phase,
            reading,
            due=due,
            failures_in_row=self._fleet.failures_in_row(reading),
            paused_until=self._paused_until,
            credential=self._credential.number,
            draw=self._draw(),
        )
        self._fleet.receive(reading)
        self._metrics.reading_began(max(0.0, reading.began.monotonic - due))
        if missed := self._grid.missed(phase, due, ended.monotonic):
            self._metrics.overran(missed)
        if not isinstance(reading.outcome, UpstreamFailure) and reading.outcome.errors_dropped:
            self._metrics.errors_dropped(reading.outcome.errors_dropped)
        self._schedule.put(name, turn.at)
        if turn.why is not Why.PHASE:
            wait = round(turn.at - reading.ended.monotonic, 1)
            _log.debug("organization_held_back", organization_id=name, why=turn.why, seconds=wait)

    def _weigh(self, reading: Reading) -> None:
        """What one answer means for everybody: the pause and the brake."""
        asked = pause_asked(reading)
        if asked is not None and asked > self._paused_until:
            self._paused_until = asked
            _log.warning("platform_asked_to_wait", seconds=round(asked - reading.ended.monotonic, 1))
        before = self._brake
        self._weigh_in(after_reading(before, reading, len(self._phases)))
        if self._brake.on and not before.on:
            _log.error("platform_refuses_token", organizations_refused=len(self._brake.refused))
        elif before.on and not self._brake.on:
            _log.info("platform_accepts_token")
            self._release(reading.ended)

    def _weigh_in(self, brake: Brake) -> None:
        """Puts a new state of the brake in force, and tells it at once: healing must show within 2 s."""
        self._brake = brake
        self._metrics.auth_ok(brake.auth_ok)

    def _release(self, now: Moment) -> None:
        """Gives those whom the brake or a refusal held back their ordinary turn again."""
        for name, phase in self._phases.items():
            at = self._schedule.at(name)
            ordinary = self._grid.after(phase, now.monotonic)
            state = self._fleet.state(name)
            if at is not None and at > ordinary and state is not None and state.failure is Failure.AUTH:
                self._schedule.put(name, ordinary)
