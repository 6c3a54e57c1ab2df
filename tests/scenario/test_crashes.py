"""kill -9 at every step: at most one call per attempt, and nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.model.action import Action, ActionState, AttemptOutcome
from exporter.remediation.ledger.work import Work
from exporter.simulator.answers import Misbehaviour
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from tests.scenario.acting_process import ALERTS
from tests.scenario.story import TOKEN

ROOT = Path(__file__).parents[2]
LATER = 120.0
"""Seconds: a call has had its time, and its organisation is still in the cooldown."""


@dataclass
class Machine:
    """A simulated platform, and the folder of an executor that is started, killed, and started again."""

    simulator: Simulator
    folder: Path

    async def started(self, *arguments: str) -> asyncio.subprocess.Process:
        """An executor process."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.scenario.acting_process",
            str(self.folder),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )

    async def ran(self, *arguments: str) -> int:
        """An executor process to its end; how it ended."""
        process = await self.started(*arguments)
        async with asyncio.timeout(60):
            await process.communicate()
        assert process.returncode is not None
        return process.returncode

    def ledger(self) -> Work:
        """What is on the disk."""
        return Work(f"sqlite:///{self.folder}/xero-exporter.db", now=lambda: 0.0, create=False)

    def action(self) -> Action:
        """The only action."""
        work = self.ledger()
        (action,) = work.actions(None, (), 10, None)
        work.close()
        return action

    def attempts(self) -> list[tuple[str, AttemptOutcome]]:
        """Key and outcome of every attempt."""
        work = self.ledger()
        record = work.action(self.action().id)
        work.close()
        assert record is not None
        return [(one.idempotency_key, one.outcome) for one in record.attempts]

    def held(self) -> None:
        """The invariants: each call is of an attempt that was committed, and no attempt has two calls."""
        keys = [call.idempotency_key for call in self.simulator.calls]
        assert len(keys) == len(set(keys))
        assert set(keys) <= {key for key, _ in self.attempts()}


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """Nothing runs yet."""
    world = World(uniform_fleet(1, "healthy"), admin_token=TOKEN)
    async with Simulator(world) as simulator:
        (tmp_path / "token").write_text(TOKEN)
        (tmp_path / "organizations.yml").write_text(organizations_yaml(world.organizations.values()))
        (tmp_path / "config.yml").write_text(
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 5s}}\n"
            "organizations: {file: organizations.yml}\n"
            "remediation: {mode: approve, verify_within: 1m}\n"
        )
        yield Machine(simulator, tmp_path)


@pytest.mark.parametrize(
    ("step", "calls", "after"),
    [
        ("asked", 0, ActionState.PLANNED),
        ("claimed", 0, ActionState.STARTED),
        ("read", 0, ActionState.STARTED),
        ("confirmed", 0, ActionState.STARTED),
        ("called", 1, ActionState.STARTED),
        ("recorded", 1, ActionState.ACCEPTED),
        ("turned", 1, ActionState.ACCEPTED),
    ],
)
async def test_killed_at_a_step_nothing_is_sent_twice(
    machine: Machine, step: str, calls: int, after: ActionState
) -> None:
    """What was started is unknown to whoever comes next: it looks, and does not send."""
    assert await machine.ran("--ask", "--die-at", step) == -signal.SIGKILL
    assert len(machine.simulator.calls) == calls
    assert machine.action().state is after
    assert await machine.ran() == 0
    machine.held()
    assert len(machine.simulator.calls) == (1 if step == "asked" else calls)
    if after is ActionState.STARTED:
        assert machine.action().state is ActionState.UNKNOWN
        assert await machine.ran("--ahead", str(LATER)) == 0
        assert machine.action().state is ActionState.INEFFECTIVE
        assert len(machine.simulator.calls) == calls
    machine.held()


async def test_killed_while_the_platform_works_nothing_is_sent_twice(machine: Machine) -> None:
    """The platform has the call, and nobody waits for its answer any more."""
    machine.simulator.world.override_remedies(Misbehaviour.HANG, takes_effect=True)
    process = await machine.started("--ask")
    async with asyncio.timeout(60):
        while not machine.simulator.calls:  # noqa: ASYNC110 - the call comes from outside
            await asyncio.sleep(0.01)
    process.kill()
    await process.communicate()
    assert await machine.ran() == 0
    assert machine.action().state is ActionState.UNKNOWN
    assert [outcome for _, outcome in machine.attempts()] == [AttemptOutcome.UNKNOWN]
    assert len(machine.simulator.calls) == 1
    machine.held()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.verify) for seed in range(1, 8))])
async def test_killed_at_any_moment_nothing_is_sent_twice(machine: Machine, seed: int) -> None:
    """Also in the middle of a transaction, again and again."""
    draw = random.Random(seed)  # noqa: S311 - moments must be the same each time, not unpredictable
    for _ in range(3):
        process = await machine.started("--ask", "--turns", "1000")
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(draw.uniform(0.0, 0.12))
        process.kill()
        await process.communicate()
        machine.held()
        assert len(machine.simulator.calls) <= 1  # then the action is watched, or its organisation cools down
    assert await machine.ran() == 0
    machine.held()


async def test_whatever_was_acknowledged_is_in_the_ledger(machine: Machine) -> None:
    """An Alertmanager that got its 202 does not come again."""
    process = await machine.started("--deliver")
    assert process.stdout is not None
    acknowledged = 0
    while acknowledged < 40:
        line = await process.stdout.readline()
        acknowledged = int(line.split()[1])
    process.kill()
    rest, _ = await process.communicate()
    acknowledged += rest.count(b"acknowledged")
    work = machine.ledger()
    waiting = {one.organization_id for one in work.waiting(1_000_000)}
    work.close()
    assert waiting >= {f"org-{number}-{one}" for number in range(1, acknowledged + 1) for one in range(ALERTS)}


async def test_two_processes_at_one_ledger_act_once(machine: Machine) -> None:
    """The second finds the lock taken, and does nothing but look."""
    processes = [await machine.started("--turns", "40") for _ in range(2)]
    await machine.ran("--ask", "--turns", "0")
    for process in processes:
        async with asyncio.timeout(60):
            await process.communicate()
    assert len(machine.simulator.calls) == 1
    machine.held()
