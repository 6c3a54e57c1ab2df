"""The installed command with organisations that a server lists."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator.fleets import uniform_fleet
from tests.e2e.processes import COMMAND, NO_STATUS_PAGES, free_port, platform

TOKEN = "canary-e2e-discovery"


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command's answer."""
    command = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**(env or os.environ), **NO_STATUS_PAGES}
    )


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose only source is the list of a simulated platform of four organisations."""
    with platform(tmp_path, uniform_fleet(4), token=TOKEN) as simulator:
        url = simulator.url
        path = tmp_path / "config.yml"
        path.write_text(
            f"platform: {{url: '{url}', token_file: token}}\n"
            f"organizations: {{http: {{url: '{url}/xero/organizations.sd.json', token_file: token}}}}\n"
        )
        yield path


def elsewhere() -> dict[str, str]:
    """An environment in which nobody lists anything."""
    url = f"http://127.0.0.1:{free_port()}/canary-path"
    return {"PATH": "/usr/bin", "XERO_EXPORTER_ORGANIZATIONS__HTTP__URL": url}


def test_check_config_alone_asks_nobody(config: Path) -> None:
    """It says that there are more."""
    answer = run("check-config", "--config", config, env=elsewhere())
    assert answer.returncode == 0, answer.stderr
    assert "is valid: 0 organisations and those that organizations.http lists" in answer.stdout


def test_check_config_online_reads_the_list_and_asks_about_the_first_of_it(config: Path) -> None:
    """Exit 0."""
    answer = run("check-config", "--config", config, "--online")
    assert answer.returncode == 0, answer.stderr
    assert "organizations.http lists 4 organisations, and 0 targets that are no ids" in answer.stdout
    assert "the platform answered for org-0001" in answer.stdout


def test_once_reads_everybody_on_the_list(config: Path) -> None:
    """And tells how many the source has."""
    answer = run("once", "--config", config)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("xero_poll_success{") == 4
    assert 'xero_exporter_requests_total{upstream="discovery"} 1.0' in answer.stdout


@pytest.mark.parametrize("command", [("once",), ("check-config", "--online")])
def test_a_server_that_does_not_answer_is_exit_code_3(config: Path, command: tuple[str, ...]) -> None:
    """One line that says where and why, without the address."""
    answer = run(*command, "--config", config, env=elsewhere())
    assert answer.returncode == 3
    [line] = [line for line in answer.stderr.splitlines() if line.startswith("xero-exporter: ")]
    assert "organizations.http gives no list (network: no connection could be made)" in line
    assert "canary" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_token_file_of_the_list_is_named(config: Path) -> None:
    """By its key path, before anybody is asked."""
    config.write_text(config.read_text().replace("token_file: token}}", "token_file: missing}}"))
    answer = run("check-config", "--config", config)
    assert answer.returncode == 1
    assert "organizations.http.token_file: does not exist" in answer.stderr
