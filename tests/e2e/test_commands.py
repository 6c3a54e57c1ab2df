"""The installed command, typed as people type it: answers, errors, exit codes, and how it ends."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.fleets import uniform_fleet
from tests.e2e.processes import COMMAND, NO_STATUS_PAGES, eventually, exporter, free_port, get, platform, running

TOKEN = "canary-admin-token"
SAMPLE = {
    "connected": True,
    "token_expires_at": "2025-01-20T15:00:00Z",
    "last_sync": "2025-01-15T10:30:00Z",
    "sync_status": "healthy",
    "pending_syncs": 0,
    "failed_syncs": 2,
    "errors": [
        {"type": "contact_sync", "message": "Duplicate contact: john@example.com", "timestamp": "2025-01-15T09:15:00Z"}
    ],
}


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    command = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**(env or os.environ), **NO_STATUS_PAGES}
    )


@pytest.fixture(scope="module")
def documented_platform() -> Iterator[str]:
    """Somebody else's server, that answers the status endpoint as documented and nothing else."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = re.fullmatch(r"/api/admin/integrations/xero/(org-\d+)/status", self.path)
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.send_response(401 if not allowed else 200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(SAMPLE if known and allowed else {}).encode())

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(tmp_path: Path, documented_platform: str) -> Path:
    """A configuration with nothing but platform and organizations."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    path = tmp_path / "config.yml"
    path.write_text(
        f"platform: {{url: '{documented_platform}', token_file: token}}\n"
        "organizations: {static: [{id: org-1, name: Harbour Rowing Club}, {id: org-2}]}\n"
    )
    return path


def test_version_answers_at_once_and_in_one_line() -> None:
    """For bug reports."""
    answer = run("version")
    assert re.fullmatch(r"xero-exporter \d+\.\d+\.\d+\n", answer.stdout)
    assert answer.returncode == 0
    option = run("--version")
    assert (option.returncode, option.stdout, option.stderr) == (0, answer.stdout, "")
    assert run("serve", "--version").returncode == 2


@pytest.mark.parametrize("arguments", [["serve"], ["nonsense"], ["once", "--config"], ["demo", "--organizations", "x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """And says what is wrong, without a traceback."""
    answer = run(*arguments)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert answer.stderr


def test_check_config_says_valid_and_asks_the_platform_when_told_to(config: Path) -> None:
    """Exit 0."""
    answer = run("check-config", "--config", config, "--online")
    assert answer.returncode == 0, answer.stderr
    assert "is valid: 2 organisations" in answer.stdout
    assert "the platform answered for org-1" in answer.stdout
    assert "xero.app is not configured" in answer.stdout
    assert "xero.status_pages is empty" in answer.stdout


def test_check_config_tells_every_fault_with_its_place_and_no_value(tmp_path: Path) -> None:
    """Exit 1, one line a fault."""
    path = tmp_path / "config.yml"
    path.write_text(
        "platform:\n  url: ftp://canary-host\n  token: canary-secret\n  tokken: x\n"
        "organizations: {static: [{id: ../canary-id}]}\npoll:\n  interval: canary\n"
    )
    answer = run("check-config", "--config", path)
    assert answer.returncode == 1
    assert "canary" not in answer.stderr
    for place in (":2:", "platform.url", "platform.tokken", "organizations.static[0].id", "poll.interval"):
        assert place in answer.stderr
    assert all(line.startswith("xero-exporter: ") for line in answer.stderr.splitlines())


def test_check_config_names_a_token_file_that_is_not_there(config: Path) -> None:
    """`serve` would wait for it; a check says so."""
    (config.parent / "token").unlink()
    answer = run("check-config", "--config", config)
    assert answer.returncode == 1
    assert "platform.token_file" in answer.stderr


@pytest.mark.parametrize(("token", "code", "says"), [("wrong", 1, "refuses the token"), (TOKEN, 3, "no connection")])
def test_check_config_online_tells_refused_from_unreachable(config: Path, token: str, code: int, says: str) -> None:
    """1: the answer is bad. 3: there is nobody."""
    (config.parent / "token").write_text(token)
    environment = {"XERO_EXPORTER_PLATFORM__URL": f"http://127.0.0.1:{free_port()}"} if code == 3 else {}
    answer = run("check-config", "--config", config, "--online", env={"PATH": "/usr/bin", **environment})
    assert answer.returncode == code
    assert says in answer.stderr
    assert token not in answer.stderr


def test_once_prints_an_exposition_and_nothing_else(config: Path) -> None:
    """Standard output is for machines; no progress bar where there is no terminal."""
    answer = run("once", "--config", config)
    assert answer.returncode == 0, answer.stderr
    samples = {
        (sample.name, sample.labels.get("organization_id")): sample.value
        for family in text_string_to_metric_families(answer.stdout)
        for sample in family.samples
    }
    assert samples["xero_failed_syncs", "org-1"] == 2
    assert samples["xero_poll_success", "org-2"] == 1
    assert answer.stderr == ""


def test_once_is_exit_code_3_when_nobody_answers(config: Path) -> None:
    """And still prints what is known: who failed, and how."""
    environment = {"PATH": "/usr/bin", "XERO_EXPORTER_PLATFORM__URL": f"http://127.0.0.1:{free_port()}"}
    answer = run("once", "--config", config, env=environment)
    assert answer.returncode == 3
    assert 'xero_poll_failure{organization_id="org-1",failure="network"} 1' in answer.stdout


def test_serve_needs_only_platform_and_organizations_and_any_server_that_answers_as_documented(config: Path) -> None:
    """The sample answer of the documentation comes out value by value."""
    with exporter(config.parent, config.read_text()) as (url, _):
        wanted = [f'xero_failed_syncs{{organization_id="org-{number}"}} 2' for number in (1, 2)]
        eventually(lambda: all(line in text_of(url) for line in wanted), within=75)


def text_of(url: str) -> str:
    """The page of metrics."""
    return get(f"{url}/metrics")


def test_a_taken_port_is_told_with_the_way_to_mend_it(config: Path) -> None:
    """Exit 3, one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = run("serve", "--config", config, env={"PATH": "/usr/bin", "XERO_EXPORTER_WEB__LISTEN": listen})
    assert answer.returncode == 3
    [line] = [line for line in answer.stderr.splitlines() if line.startswith("xero-exporter: ")]
    assert listen in line
    assert "web.listen" in line
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_cleanly_when_told_to_even_while_the_platform_hangs(tmp_path: Path, number: signal.Signals) -> None:
    """Exit 0 within seconds, with readings under way and a client that reads nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        config = (
            f"platform: {{url: 'http://127.0.0.1:{silent.getsockname()[1]}', token: {TOKEN}}}\n"
            "organizations: {static: [{id: org-1}, {id: org-2}]}\npoll: {interval: 1s}\n"
        )
        with exporter(tmp_path, config) as (url, process):
            eventually(lambda: "xero_exporter_readings_in_flight 2.0" in text_of(url))
            port = int(url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)) as idle:
                idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
                began = time.monotonic()
                process.send_signal(number)
                assert process.wait(timeout=20) == 0
                assert time.monotonic() - began < 15
    log = (tmp_path / "exporter.log").read_text()
    assert '"stopped"' in log
    assert "Traceback" not in log
    assert TOKEN not in log


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """For somebody in a hurry."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        config = (
            f"platform: {{url: 'http://127.0.0.1:{silent.getsockname()[1]}', token: {TOKEN}}}\n"
            "organizations: {static: [{id: org-1}]}\npoll: {interval: 1s}\n"
        )
        # The reading that hangs has 2 s to end: time enough for the second signal.
        with exporter(tmp_path, config) as (url, process):
            eventually(lambda: "xero_exporter_readings_in_flight 1.0" in text_of(url))
            process.send_signal(signal.SIGTERM)
            eventually(lambda: '"stopping"' in (tmp_path / "exporter.log").read_text())
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == -signal.SIGTERM


def test_demo_prints_what_to_open_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    """What it prints is true: the page opens, the token works."""
    log = tmp_path / "demo.log"
    listen = f"127.0.0.1:{free_port()}"
    with running(COMMAND, "demo", "--listen", listen, "--organizations", "16", log=log) as process:
        text = eventually(lambda: log.read_text() if "Ctrl-C" in log.read_text() else "")
        assert f"http://{listen}/metrics" in text
        eventually(lambda: 'xero_connected{organization_id="org-0001"}' in get(f"http://{listen}/metrics"))
        lines = [shlex.split(line) for line in text.splitlines() if line.startswith(("  /", "  curl", "  xero-exp"))]
        assert len(lines) == 8
        for line in lines:
            answer = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
            assert answer.returncode == 0, answer.stderr
            assert answer.stdout
            assert '"title"' not in answer.stdout, "a problem document"
        bundle = f"http://{listen}/api/v1/organizations/org-0001/escalation"
        for credentials in ([], ["-H", "Authorization: Bearer wrong"]):
            status = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *credentials, bundle]
            assert subprocess.run(status, capture_output=True, text=True, timeout=60, check=False).stdout == "401"
        folder = Path(lines[0][3]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert not folder.exists()
    assert "Traceback" not in log.read_text()


def test_a_demo_on_a_port_that_is_taken_says_how_to_choose_another() -> None:
    """Exit 3, and in the words of its own option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = run("demo", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert answer.returncode == 3
    last = answer.stderr.splitlines()[-1]
    assert "the port is taken" in last
    assert "choose another with --listen 127.0.0.1:PORT" in last
    assert "web.listen" not in last


@pytest.mark.parametrize("arguments", [("version",), ("docs", "metrics"), ("--help",), ("--version",)], ids=" ".join)
def test_a_reader_who_left_is_no_bad_answer(arguments: tuple[str, ...]) -> None:
    """As `| head` does: 1 would say of `diagnose --exit-code` that something is wrong."""
    ended = unread(*arguments)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_reader_who_left_a_diagnosis_or_an_exposition_is_no_bad_answer(tmp_path: Path) -> None:
    """Pages for people, JSON, and the bytes of the exposition, whoever notices first that nobody reads."""
    with platform(tmp_path, uniform_fleet(1), token=TOKEN) as simulator:
        file = tmp_path / "config.yml"
        file.write_text(
            f"platform: {{url: '{simulator.url}', token_file: token}}\norganizations: {{file: organizations.yml}}\n"
            "xero: {status_pages: []}\n"
        )
        (known,) = uniform_fleet(1)
        diagnosis = ("diagnose", "--config", str(file), known.id, "--exit-code")
        for arguments in (diagnosis, (*diagnosis, "--json"), ("once", "--config", str(file))):
            assert unread(*arguments).returncode == 141


def unread(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the command to its end, while nobody reads what it writes."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [str(COMMAND), *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize("wait", [0.02, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_ctrl_c_while_it_starts_leaves_no_traceback(wait: float) -> None:
    """Whatever it is importing at that moment."""
    process = subprocess.Popen([str(COMMAND), "docs", "metrics"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # The interpreter itself comes first, and is not ours: from our first line on it is told apart by the handler.
    eventually(lambda: process.poll() is not None or _catches_nothing(process.pid))
    time.sleep(wait)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    # On a busy machine the signal may come before the script's first line of ours: that one is Python's own.
    assert b"Traceback" not in told or b"/exporter/" not in told
    assert process.returncode in {0, 130, -signal.SIGINT}


def _catches_nothing(number: int) -> bool:
    """Whether a process has SIGINT at its default: it neither catches nor ignores it."""
    try:
        status = Path(f"/proc/{number}/status").read_text()
    except OSError:
        return True
    caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)  # type: ignore[index]
    return "xero-exporter" in Path(f"/proc/{number}/cmdline").read_text() and not caught & 1 << (signal.SIGINT - 1)


def test_once_on_a_terminal_shows_a_progress_bar(tmp_path: Path) -> None:
    """On standard error, so that the exposition can still go into a file."""
    with platform(tmp_path, uniform_fleet(12), token=TOKEN) as simulator:
        (tmp_path / "config.yml").write_text(
            f"platform: {{url: '{simulator.url}', token_file: token}}\norganizations: {{file: organizations.yml}}\n"
        )
        page = tmp_path / "page"
        shown = subprocess.run(
            ["script", "-qec", f"{COMMAND} once --config {tmp_path / 'config.yml'} > {page}", "/dev/null"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert shown.returncode == 0, shown.stdout
    assert "reading organisations" in shown.stdout
    assert "12/12" in shown.stdout
    assert "xero_poll_success" in page.read_text()


def test_every_fault_of_every_file_is_told_at_once(config: Path) -> None:
    """With the key that names the file, in one run."""
    (config.parent / "token").unlink()
    with config.open("a") as more:
        more.write("web: {tokens: [{name: a, role: viewer, token_file: nowhere}]}\n")
    config.write_text(config.read_text().replace("organizations: {", "organizations: {file: missing.yml, "))
    answer = run("check-config", "--config", config)
    assert answer.returncode == 1
    for key in ("organizations.file", "platform.token_file", "web.tokens[0].token_file"):
        assert key in answer.stderr
    assert len(answer.stderr.splitlines()) == 3


def test_a_file_name_cannot_drive_a_terminal(config: Path) -> None:
    """Whatever somebody wrote into the configuration."""
    config.write_text(config.read_text().replace("organizations: {", r'organizations: {file: "a\e[31mb\nc", '))
    answer = run("check-config", "--config", config)
    assert answer.returncode == 1
    assert "\x1b" not in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["docs", "config"], ["version"]])
def test_a_full_disk_is_told_in_one_line(arguments: list[str]) -> None:
    """No traceback."""
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            [str(COMMAND), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert answer.returncode == 1
    assert "standard output cannot be written" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_bad_address_of_the_demo_is_wrong_usage() -> None:
    """And names the option, not a key of a configuration that nobody wrote."""
    answer = run("demo", "--listen", "nonsense")
    assert answer.returncode == 2
    assert "--listen" in answer.stderr


def test_once_without_anybody_to_ask_says_so(config: Path) -> None:
    """Exit 1."""
    config.write_text(config.read_text().replace("organizations: {", "organizations: {exclude: ['.*'], "))
    answer = run("once", "--config", config)
    assert answer.returncode == 1
    assert "no organisation to ask about" in answer.stderr
