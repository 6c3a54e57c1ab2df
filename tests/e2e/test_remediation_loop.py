"""The closed loop, all programs real: fault, rule, webhook, policy, one call, healed, verified, resolved."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from alerts.__main__ import write
from exporter.simulator.endpoints import Kind
from exporter.simulator.fleets import organizations_yaml
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization, World
from tests.e2e.alerting import Mailbox, alertmanager, everywhere_to
from tests.e2e.processes import COMMAND, eventually, free_port, get, in_thread, prometheus, running

TOKEN = "canary-admin-token"
ALERTS_TOKEN = "canary-alerts-token"
SCALE = 120
SICK = "org-0001"
TEAMS = {"customer-success", "support", "finance-support", "platform-tickets"}
"""Who gets tickets."""
ROOT = Path(__file__).parents[2]


@dataclass
class Loop:
    """Everything running together, in a fleet that is well."""

    folder: Path
    simulator: Simulator
    mailbox: Mailbox
    process: subprocess.Popen[str]
    query: Callable[[str], list[dict[str, Any]]]

    def jump(self) -> None:
        """The exporter's clock jumps ahead."""
        self.process.send_signal(signal.SIGUSR1)

    def actions(self) -> list[tuple[str, str, str | None, str | None]]:
        """Kind, state, hold and issue of each action in the ledger."""
        with closing(sqlite3.connect(f"file:{self.folder / 'xero-exporter.db'}?mode=ro", uri=True)) as ledger:
            return ledger.execute("SELECT kind, state, hold, issue FROM actions ORDER BY id").fetchall()

    def pages(self, *names: str) -> list[str]:
        """The alert of each notification that the pager got; of these alone, or of all."""
        got = [one["groupLabels"]["alertname"] for one in self.mailbox.notifications() if one["receiver"] == "pager"]
        return [one for one in got if one in names or not names]

    def comes(self, holds: Callable[[list[tuple[str, str, str | None, str | None]]], bool]) -> None:
        """Waits until that holds of the actions."""

        def probe() -> bool:
            assert self.process.poll() is None
            return holds(self.actions())

        try:
            eventually(probe, within=60)
        except AssertionError:
            raise AssertionError(f"the ledger has {self.actions()}; calls {self.simulator.calls}") from None


def remediate(folder: Path, word: str) -> None:
    """The real command, beside the exporter."""
    command = [str(COMMAND), "remediate", word, "--config", str(folder / "config.yml")]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)


@contextmanager
def loop(
    folder: Path,
    sick: str = "xero_outage",
    *,
    record_ids: bool,
    more: str = "",
    pair: bool = False,
    paused: bool = False,
) -> Iterator[Loop]:
    """Ten organisations, one of them of the script `sick`.

    Args:
        folder: for everything that runs.
        sick: what that one lives through.
        record_ids: whether the platform's errors name records.
        more: what is configured of remediation besides.
        pair: whether there are two Alertmanagers, which tell each other.
        paused: whether remediation is paused before the first alert; the outage then takes twice as long.
    """
    minute = 90 if sick == "xero_outage" else 60
    broken = SimulatedOrganization(SICK, "Club", "tenant-1", sick, minute)
    # Of an outage, the hour after it, when what failed waits for a retry.
    well = [SimulatedOrganization(f"org-{number:04}", "Club", f"tenant-{number}") for number in range(2, 11)]
    fleet = [broken, *well]
    speed = 20.0 if paused else 40.0
    world = World(fleet, admin_token=TOKEN, speed=speed, record_ids="record_ids" if record_ids else None)
    for name, text in (("token", TOKEN), ("alerts", ALERTS_TOKEN), ("organizations.yml", organizations_yaml(fleet))):
        (folder / name).write_text(text)
    write(folder / "scaled", SCALE)
    simulator = Simulator(world)
    with in_thread(simulator), Mailbox() as mailbox:
        (folder / "config.yml").write_text(
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 2s}}\n"
            "organizations: {file: organizations.yml}\npoll: {interval: 1s, stale_after: 1h}\n"
            f"remediation: {{mode: auto, include: ['org-.*']{more}}}\n"
            "web: {listen: '127.0.0.1:0', tokens: [{name: alertmanager, role: alerts, token_file: alerts}]}\n"
        )
        log = folder / "exporter.log"
        command = (sys.executable, "-m", "tests.e2e.hurried", "serve", "--config", folder / "config.yml")
        with running(*command, log=log, inside=ROOT) as process:
            found = eventually(lambda: re.search(r'"event": "started".*"address": "([^"]+)"', log.read_text()))
            assert found is not None
            url = found[1]
            eventually(lambda: 'xero_organizations{freshness="fresh"} 10' in get(f"{url}/metrics"))
            eventually(lambda: "xero_exporter_remediation_executing 1" in get(f"{url}/metrics"))
            if paused:
                remediate(folder, "pause")
            process.send_signal(signal.SIGUSR1)
            eventually(lambda: 'xero_incident{kind="sync"} 0' in get(f"{url}/metrics"))
            routes = delivering(everywhere_to(mailbox, (folder / "scaled/alertmanager.yml").read_text()), folder, url)
            with (
                alertmanagers(folder, routes, pair=pair) as told,
                prometheus(folder, url, rules=folder / "scaled/rules/xero.yml", alertmanager=told) as query,
            ):
                eventually(mailbox.notifications)
                yield Loop(folder, simulator, mailbox, process, query)


@contextmanager
def alertmanagers(folder: Path, routes: str, *, pair: bool) -> Iterator[str]:
    """One, or two that tell each other; gives their URLs."""
    if not pair:
        with alertmanager(folder, routes) as one:
            yield one
        return
    ours, theirs = (f"127.0.0.1:{free_port()}" for _ in range(2))
    for name in ("one", "other"):
        (folder / name).mkdir()
    with (
        alertmanager(folder / "one", routes, ours, theirs) as one,
        alertmanager(folder / "other", routes, theirs, ours) as other,
    ):
        eventually(lambda: len(json.loads(get(f"{other}/api/v2/status"))["cluster"]["peers"]) == 2)
        yield f"{one} {other}"


def delivering(routes: str, folder: Path, url: str) -> str:
    """The routes with the receiver for remedies leading to the exporter, as shipped."""
    head, name, tail = routes.partition("- name: remediation")
    assert name
    address = f"url: {url}/hooks/alertmanager"
    token = f"http_config: {{authorization: {{credentials_file: {folder / 'alerts'}}}}}"
    tail = re.sub(r"url: \S+", f"{address}\n        {token}", tail, count=1)
    return head + name + tail


@pytest.mark.parametrize("record_ids", [True, False], ids=["ids and retry", "as documented, with fallback resync"])
def test_a_fault_is_healed_by_one_call_verified_and_resolved(tmp_path: Path, *, record_ids: bool) -> None:
    """Xero's outage is over and records wait: the alert asks, one POST goes out, and the alert is resolved."""
    more = "" if record_ids else ", fallback: resync"
    with loop(tmp_path, record_ids=record_ids, more=more) as its:
        its.comes(lambda actions: any(state == "verified" for _, state, _, _ in actions))
        (call,) = its.simulator.calls
        assert (call.organization_id, call.kind) == (SICK, Kind.RETRY if record_ids else Kind.RESYNC)
        assert call.idempotency_key
        (issue,) = {issue for _, state, _, issue in its.actions() if state == "verified"}
        alert = {"invoices_failing": "XeroInvoicesFailing", "contacts_failing": "XeroContactsNotSyncing"}[str(issue)]
        its.jump()

        def resolved() -> bool:
            return alert in {name for _, name, _ in its.mailbox.told("resolved")}

        eventually(resolved, within=30)
        assert len(its.simulator.calls) == 1
        assert json.loads(call.body)


def test_what_no_retry_cures_is_held_and_nothing_is_sent(tmp_path: Path) -> None:
    """A wrong account code: the alert asks, and policy says no."""
    with loop(tmp_path, "bad_account_code", record_ids=True) as its:
        its.comes(lambda actions: any(hold == "retry_cannot_help" for _, _, hold, _ in actions))
        ticket = ("XeroInvoicesFailing", SICK)
        eventually(lambda: ticket in {(name, who) for receiver, name, who in its.mailbox.told() if receiver in TEAMS})
        assert its.simulator.calls == []


@pytest.mark.verify
def test_an_outage_of_many_is_one_page_and_no_call(tmp_path: Path) -> None:
    """One ticket came before it, while remedies were paused; amid the outage somebody resumes: the storm holds it."""
    with loop(tmp_path, record_ids=True, paused=True) as its:
        world = its.simulator.world
        its.comes(lambda actions: {hold for _, _, hold, _ in actions} == {"paused"})
        for number in range(2, 9):
            name = f"org-{number:04}"
            now = replace(world.organizations[name], script="xero_outage", offset=90 - world.minute())
            world.organizations[name] = now
        eventually(lambda: its.pages("XeroOutage"), within=60)
        remediate(tmp_path, "resume")
        its.comes(lambda actions: {hold for _, _, hold, _ in actions} == {"storm"})
        time.sleep(5)  # a second page would come within its group's interval, 2.5 s
        assert {hold for _, _, hold, _ in its.actions()} == {"storm"}
        assert its.pages() == ["XeroOutage"]
        assert its.simulator.calls == []


@pytest.mark.verify
def test_a_pair_of_alertmanagers_is_one_call(tmp_path: Path) -> None:
    """Both are told of the alert by Prometheus, and of each other's notifications by gossip."""
    with loop(tmp_path, record_ids=True, pair=True) as its:
        its.comes(lambda actions: any(state == "verified" for _, state, _, _ in actions))
        its.jump()
        eventually(lambda: its.mailbox.told("resolved"), within=30)
        (call,) = its.simulator.calls
        assert (call.organization_id, call.kind) == (SICK, Kind.RETRY)
