"""The installed `health` beside the installed exporter, as a container's engine runs it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.e2e.processes import COMMAND, eventually, exporter, free_port
from tests.needs import program

CONFIG = "platform: {url: 'http://127.0.0.1:1', token: canary}\norganizations: {static: [{id: org-1}]}"
PROJECT = Path(__file__).parents[2]


def health(url: str) -> subprocess.CompletedProcess[str]:
    """Runs the check to its end."""
    command = [str(COMMAND), "health", "--url", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_follows_the_life_of_an_exporter(tmp_path: Path) -> None:
    """Healthy while the platform cannot even be reached; no answer when it is gone."""
    with exporter(tmp_path, CONFIG) as (url, process):
        answer = health(url)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{url}/-/healthy is healthy\n", "")
        process.terminate()
        process.wait(timeout=20)
        answer = health(url)
    assert (answer.returncode, answer.stdout) == (3, "")
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"xero-exporter: {url}/-/healthy cannot be asked: nobody listens there")


def test_an_exporter_that_stands_still_does_not_answer_in_time(tmp_path: Path) -> None:
    """Its socket still takes connections: the kernel does that for a stopped process."""
    with exporter(tmp_path, CONFIG) as (url, process):
        process.send_signal(signal.SIGSTOP)
        try:
            answer = health(url)
        finally:
            process.send_signal(signal.SIGCONT)
        assert answer.returncode == 3
        assert "no answer within 5 s" in answer.stderr
        eventually(lambda: health(url).returncode == 0)


def test_wrong_usage_is_exit_code_2() -> None:
    """A URL that is none, told without a traceback."""
    answer = health(f"127.0.0.1:{free_port()}")
    assert answer.returncode == 2
    [line] = answer.stderr.splitlines()
    assert "--url must be a URL" in line


def test_the_prometheus_of_compose_understands_its_configuration() -> None:
    """By Prometheus' own checker; the rules that it names are mounted there only in the container."""
    config = str(PROJECT / "deploy/compose/prometheus.yml")
    command = [program("promtool", "prometheus"), "check", "config", "--syntax-only", config]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
