"""`remediate`, the real command on a real ledger, beside a running exporter and without one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from exporter.simulator.fleets import uniform_fleet
from tests.e2e.processes import COMMAND, NO_STATUS_PAGES, eventually, exporter, platform

FLEET = uniform_fleet(3, minute=5, seed=3)
ORG = FLEET[0].id
OBEYED = "A running exporter obeys"


def remediate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command with the configuration of that folder, without a terminal."""
    return subprocess.run(
        [str(COMMAND), "remediate", arguments[0], "--config", str(folder / "config.yml"), *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **NO_STATUS_PAGES, "SUDO_USER": "jo"},
        stdin=subprocess.DEVNULL,
    )


def told(folder: Path, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    """The document of a command."""
    return json.loads(remediate(folder, *arguments, "--json").stdout)


def test_what_a_person_asks_for_is_shown_first_and_the_running_exporter_obeys(tmp_path: Path) -> None:
    """Plan, yes, action; what ended cannot be approved; a pause is obeyed; nothing was sent in a dry run."""
    with platform(tmp_path, FLEET, token="canary-admin") as simulator:
        config = (
            f"platform: {{url: '{simulator.url}', token_file: token}}\norganizations: {{file: organizations.yml}}\n"
            "poll: {interval: 2s, stale_after: 10s}\n"
        )
        with exporter(tmp_path, config) as (url, _):
            eventually(lambda: OBEYED in remediate(tmp_path, "resume").stdout)
            asked = ("retry", ORG, "--type", "contacts", "--record-id", "uuid-1", "--note", "mended")
            shown = remediate(tmp_path, *asked)
            assert (shown.returncode, "add --yes" in shown.stderr) == (2, True), shown.stderr
            assert f"POST {simulator.url}/api/admin/integrations/xero/{ORG}/retry" in shown.stdout
            assert '{"sync_type": "contacts", "record_ids": ["uuid-1"]}' in shown.stdout
            assert "dry_run: it is recorded, and nothing is sent" in shown.stdout
            assert told(tmp_path, "list")["actions"] == []

            done = remediate(tmp_path, *asked, "--yes")
            assert (done.returncode, OBEYED in done.stdout) == (0, True), done.stderr
            assert "action 1 is planned" in done.stdout
            assert "action 1, which waited before, is planned" in remediate(tmp_path, *asked, "--yes").stdout
            (action,) = told(tmp_path, "list")["actions"]
            assert (action["organization_id"], action["actor"], action["note"]) == (ORG, "jo", "mended")
            number = str(action["id"])
            eventually(lambda: told(tmp_path, "show", number)["would"])
            assert remediate(tmp_path, "reject", number, "--yes").returncode == 0
            assert remediate(tmp_path, "approve", number, "--yes").returncode == 1
            assert remediate(tmp_path, "show", "99").returncode == 1
            (tmp_path / "config.yml").write_text(f"{config}remediation: {{mode: auto}}\n")
            stopped = remediate(tmp_path, "pause", "--note", "look first")
            assert (stopped.returncode, OBEYED in stopped.stdout) == (0, True), (
                "beside faults a stop works all the same"
            )
            assert "check-config" in stopped.stderr
            (tmp_path / "config.yml").write_text(config)
            assert "look first" in remediate(tmp_path, "list").stdout
            explained = remediate(tmp_path, "explain", ORG, "--from", url)
            assert (explained.returncode, "Nothing is wrong" in explained.stdout) == (0, True), explained.stderr
            assert simulator.calls == []
        late = remediate(tmp_path, "pause")
        assert (late.returncode, "No running exporter obeys" in late.stdout) == (0, True)
        assert remediate(tmp_path, "explain", ORG, "--from", url).returncode == 3


def test_what_cannot_be_is_refused_with_its_exit_code_and_leaves_no_ledger(tmp_path: Path) -> None:
    """No ledger: 3, and none is made; an organisation that is not ours: 1; a way to ask that is none: 2."""
    (tmp_path / "token").write_text("secret")
    (tmp_path / "config.yml").write_text(
        "platform: {url: 'http://127.0.0.1:1', token_file: token}\norganizations: {static: [{id: org-1}]}\n"
    )
    for command in (("list",), ("pause",), ("approve", "1", "--yes")):
        answer = remediate(tmp_path, *command)
        assert (answer.returncode, "ledger.url" in answer.stderr) == (3, True), answer.stderr
    ids = ("--type", "contacts", "--record-id", "uuid-1", "--yes")
    assert remediate(tmp_path, "retry", "org-2", *ids).returncode == 1
    assert remediate(tmp_path, "retry", "org-1", *ids).returncode == 3
    assert remediate(tmp_path, "retry", "org-1", "--type", "contacts", "--yes").returncode == 2
    assert remediate(tmp_path, "retry", "org-1", "--type", "other", "--record-id", "a", "--yes").returncode == 2
    assert remediate(tmp_path, "resync", "org-1", "--type", "contacts", "--since", "yesterday").returncode == 2
    for bad in (("--record-id", "jane@example.org"), ("--record-id", "")):
        refused = remediate(tmp_path, "retry", "org-1", "--type", "contacts", *bad, "--yes")
        assert (refused.returncode, "would send" in refused.stdout, "jane" in refused.stderr) == (1, False, False)
    assert not list(tmp_path.glob("*.db*"))
