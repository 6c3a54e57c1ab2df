"""The programs that are measured, each as a process of its own, and what the kernel says about them (Linux's /proc)."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from bench.relay import certificate

TOKEN: Final = "bench-token"  # noqa: S105 - the simulated platform's, made up
INSTALLED: Final = (str(Path(sys.executable).parent / "xero-exporter"),)
"""The command as it is installed beside this Python."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_STARTED: Final = re.compile(r'"event": "started".*"address": "([^"]+)"')
LISTENING: Final = re.compile(r"listening on (\S+)")

Result = TypeVar("Result")


def machine() -> str:
    """What ratios do not depend on and times do."""
    now = datetime.now(UTC)
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{now:%Y-%m-%d}; {os.cpu_count()} cores, {platform.machine()}; Python {platform.python_version()}; {kernel}"


def cpu_seconds(pid: int) -> float:
    """User and system seconds that a process has used, to 10 ms."""
    # The name of the program, in parentheses, may hold spaces: what counts comes after the last one.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had resident, MB of 10^6 bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def resident_mb(pid: int) -> float:
    """Resident memory of a process, MB of 10^6 bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE / 1e6


def open_files(pid: int) -> int:
    """Open file descriptors of a process, sockets included."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def threads(pid: int) -> int:
    """Threads of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def eventually(probe: Callable[[], Result | None], *, within: float) -> Result:
    """What `probe` returns, once that is true.

    Raises:
        TimeoutError: it did not become true.
    """
    deadline = time.monotonic() + within
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"did not come to hold within {within:g} s: look into the logs of the bench")
        time.sleep(0.1)
    return found


@contextmanager
def running(*arguments: str | Path, log: Path, environment: dict[str, str] | None = None) -> Iterator[int]:
    """A program with its output in a file; gives its process id, and ends it with the block."""
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            # Without the first, an exporter would ask Xero's real status pages.
            env={"XERO_EXPORTER_XERO__STATUS_PAGES": "[]", **os.environ, **(environment or {})},
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def simulator(
    folder: Path, organizations: int, *, script: str | None = "healthy", module: str = "exporter.simulator"
) -> Iterator[str]:
    """The simulated platform in real time; writes `token` and `organizations.yml`, gives its URL.

    Args:
        folder: where the files go.
        organizations: how many.
        script: what all of them live through, each at its own point of it; None for the mixed fleet of a demo.
        module: what runs it: one that takes the same arguments may have another script.
    """
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    log = folder / "platform.log"
    fleet = ("--organizations", str(organizations), "--speed", "1", *(("--script", script) if script else ()))
    files = ("--token-file", folder / "token", "--organizations-file", folder / "organizations.yml")
    with running(sys.executable, "-m", module, *fleet, *files, log=log):
        yield said(log, LISTENING, within=60)


@contextmanager
def relay(folder: Path, url: str) -> Iterator[str]:
    """TLS in front of that URL, with a certificate that this process trusts from then on; gives its URL."""
    pem = certificate(folder / "relay.pem")
    # httpx and `ssl` both look here, and our transport with them.
    os.environ["SSL_CERT_FILE"] = str(pem.with_suffix(".crt"))
    log = folder / "relay.log"
    arguments = ("--to", url.rpartition(":")[2], "--certificate", pem)
    try:
        with running(sys.executable, "-m", "bench.relay", *arguments, log=log):
            yield said(log, LISTENING, within=30)
    finally:
        del os.environ["SSL_CERT_FILE"]


@contextmanager
def exporter(
    folder: Path,
    config: str,
    *,
    tls: str = "",
    tokens: str = "",
    within: float = 60,
    program: tuple[str, ...] = INSTALLED,
) -> Iterator[tuple[str, int]]:
    """`serve` of a program with this configuration on a free port; gives its URL and its process id.

    Args:
        folder: for the configuration and the log.
        config: without `web`.
        tls: the setting `web.tls`; nothing where it serves http.
        tokens: the setting `web.tokens`; nothing where nobody needs one.
        within: seconds in which it must begin to listen.
        program: how it is started, without `serve`.
    """
    settings = {"listen": "'127.0.0.1:0'", "tls": tls, "tokens": tokens}
    web = f"{{{', '.join(f'{name}: {value}' for name, value in settings.items() if value)}}}"
    (folder / "config.yml").write_text(f"{config}\nweb: {web}\n", encoding="utf-8")
    log = folder / "exporter.log"
    with running(*program, "serve", "--config", folder / "config.yml", log=log) as pid:
        yield said(log, _STARTED, within=within), pid


def said(log: Path, pattern: re.Pattern[str], *, within: float) -> str:
    """What the first group of a pattern finds in a log, once it does."""
    return eventually(lambda: pattern.search(log.read_text(encoding="utf-8")), within=within)[1]
