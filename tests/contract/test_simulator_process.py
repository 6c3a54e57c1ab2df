"""The simulated platform as its own process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from exporter.simulator.__main__ import main

COMMAND = [sys.executable, "-m", "exporter.simulator"]


@contextmanager
def running(*options: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process and the address that its one line of output names."""
    with subprocess.Popen([*COMMAND, *map(str, options)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            words = process.stdout.readline().split()
            assert words[:2] == ["listening", "on"]
            yield process, words[2]
        finally:
            process.kill()


def fails(*options: str | Path) -> tuple[int, str]:
    """Exit code and standard error of a process that cannot start."""
    done = subprocess.run([*COMMAND, *map(str, options)], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file with the admin token, ended by a newline as editors do."""
    path = tmp_path / "token"
    path.write_text("made-up-token\n")
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_the_fleet_that_it_writes_down_until_a_signal(
    number: signal.Signals, tmp_path: Path, token_file: Path
) -> None:
    """Every organisation of the file is known, and it ends with 0."""
    out = tmp_path / "organizations.yml"
    options = ("--listen", "127.0.0.1:0", "--organizations", "5", "--speed", "60", "--script", "healthy")
    with running(*options, "--token-file", token_file, "--organizations-file", out) as (process, url):
        organizations = yaml.safe_load(out.read_text())
        assert len(organizations) == 5
        for organization in organizations:
            address = f"{url}/api/admin/integrations/xero/{organization['id']}/status"
            request = urllib.request.Request(address, headers={"Authorization": "Bearer made-up-token"})  # noqa: S310 - loopback
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
                assert json.load(answer)["connected"] is True
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_without_options_it_is_the_demos_fleet_on_any_free_port(token_file: Path) -> None:
    """And asks for the token of the file."""
    with running("--token-file", token_file) as (_, url):
        assert url.startswith("http://127.0.0.1:")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/api/admin/integrations/xero/org-0024/status", timeout=10)  # noqa: S310 - loopback
        assert refused.value.code == 401
        refused.value.close()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--listen", "nowhere"], "--listen"),
        (["--listen", "127.0.0.1:99999"], "--listen"),
        (["--organizations", "0"], "--organizations"),
        (["--speed", "-1"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--script", "helthy"], "--script"),
        (["--unknown"], "--unknown"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_names_the_option(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str], token_file: Path
) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(["--token-file", str(token_file), *options])
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


def test_what_cannot_be_read_written_or_listened_on_is_one_line_that_says_how_to_mend(
    tmp_path: Path, token_file: Path
) -> None:
    """Exit code 1, and no traceback."""
    (tmp_path / "empty").write_text("\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        cases = [
            (("--token-file", tmp_path / "none"), "--token-file: cannot be read"),
            (("--token-file", tmp_path / "empty"), "--token-file: is empty"),
            (("--token-file", token_file, "--organizations-file", tmp_path / "no" / "file"), "--organizations-file: "),
            (("--token-file", token_file, "--listen", address), "--listen: "),
        ]
        for options, begins in cases:
            code, said = fails(*options)
            assert code == 1
            assert said.startswith(begins)
            assert said.count("\n") == 1
            assert "made-up-token" not in said
