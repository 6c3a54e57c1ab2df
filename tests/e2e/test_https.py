"""The installed command over https: served, renewed, asked for, and checked before it starts."""

from __future__ import annotations

import http.server
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.certificates import Authority
from tests.e2e.processes import COMMAND, NO_STATUS_PAGES, eventually, exporter, running
from tests.e2e.test_commands import SAMPLE

CONFIG = "platform: {url: 'http://127.0.0.1:1', token: canary}\norganizations: {static: [{id: org-1}]}\n"
TLS = "web: {listen: '127.0.0.1:0', tls: {cert_file: tls.crt, key_file: tls.key}}\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority, and a certificate of it in the folder of the configuration."""
    made = Authority(tmp_path)
    made.issue(tmp_path / "tls.crt", tmp_path / "tls.key")
    (tmp_path / "tls.key").chmod(0o600)
    return made


@contextmanager
def serving(folder: Path, config: str = CONFIG + TLS) -> Iterator[str]:
    """`serve` over https; gives its URL."""
    (folder / "config.yml").write_text(config)
    log = folder / "exporter.log"
    with running(COMMAND, "serve", "--config", folder / "config.yml", log=log):
        started = eventually(lambda: [line for line in log.read_text().splitlines() if '"started"' in line])
        yield str(json.loads(started[0])["address"])


@contextmanager
def https_platform(folder: Path, authority: Authority) -> Iterator[str]:
    """Somebody else's https server, that answers the status endpoint as documented."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(SAMPLE).encode())

        def log_message(self, *_: object) -> None:
            """Silence."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Silence: a client that does not trust us leaves in the middle."""

    authority.issue(folder / "platform.crt", folder / "platform.key")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "platform.crt", folder / "platform.key")
    server = Server(("127.0.0.1", 0), Answers)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(folder: Path, config: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs check-config to its end."""
    (folder / "config.yml").write_text(config)
    command = [str(COMMAND), "check-config", "--config", str(folder / "config.yml"), *arguments]
    environment = {**os.environ, **NO_STATUS_PAGES}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_a_renewed_certificate_is_served_within_seconds(tmp_path: Path, authority: Authority) -> None:
    """No restart; the files are looked at each second."""
    with serving(tmp_path) as url:
        page = httpx.get(f"{url}/metrics", verify=authority.trusting).text
        assert 'xero_exporter_tls_certificate_readable{certificate="web"} 1.0' in page

        def presented() -> str:
            return ssl.get_server_certificate(("127.0.0.1", int(url.rpartition(":")[2])), ca_certs=str(authority.file))

        before = presented()
        authority.issue(tmp_path / "tls.crt", tmp_path / "tls.key")
        renewed = time.monotonic()
        eventually(lambda: presented() != before)
        print(f"\nserved after {time.monotonic() - renewed:.1f} s")  # noqa: T201 - the figure is the point
        assert presented() in (tmp_path / "tls.crt").read_text()
        health = subprocess.run([str(COMMAND), "health", "--url", url], capture_output=True, timeout=60, check=False)
        assert health.returncode == 0


def test_serve_refuses_to_start_with_half_a_pair(tmp_path: Path, authority: Authority) -> None:
    """Exit 1, one line, no http instead."""
    authority.issue(tmp_path / "tls.crt", tmp_path / "other.key")
    (tmp_path / "config.yml").write_text(CONFIG + TLS)
    command = [str(COMMAND), "serve", "--config", str(tmp_path / "config.yml")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line == "xero-exporter: web.tls.key_file: does not belong to the certificate in cert_file"


def test_check_config_finds_every_fault_of_certificates_and_keys(tmp_path: Path, authority: Authority) -> None:
    """Before anything is started; a token that is missing is told in the same run."""
    authority.issue(tmp_path / "tls.crt", tmp_path / "other.key")
    (tmp_path / "ca.txt").write_text("no bundle")
    config = CONFIG.replace("token: canary", "token_file: nowhere, ca_file: ca.txt") + TLS
    answer = check(tmp_path, config)
    assert answer.returncode == 1
    for words in ("platform.token_file", "platform.ca_file: is no bundle", "web.tls.key_file: does not belong"):
        assert words in answer.stderr


@pytest.mark.parametrize(
    ("days", "says"), [(13.0, "the certificate expires on"), (-0.5, "the certificate has expired")]
)
def test_check_config_warns_of_a_certificate_that_ends_soon(
    tmp_path: Path, authority: Authority, days: float, says: str
) -> None:
    """It can be served today, so it is no fault."""
    authority.issue(tmp_path / "tls.crt", tmp_path / "tls.key", days=days)
    answer = check(tmp_path, CONFIG + TLS)
    assert answer.returncode == 0
    assert f"warning: web.tls.cert_file: {says}" in answer.stderr


def test_check_config_is_silent_about_a_good_certificate(tmp_path: Path, authority: Authority) -> None:
    """Nothing is to be done."""
    answer = check(tmp_path, CONFIG + TLS)
    assert answer.returncode == 0
    assert "web.tls" not in answer.stderr


@pytest.mark.parametrize("trusted", [True, False])
def test_a_platform_with_an_authority_of_its_own_is_asked_with_its_ca_file(
    tmp_path: Path, authority: Authority, *, trusted: bool
) -> None:
    """And not without: no connection, exit 3."""
    (tmp_path / "token").write_text("canary")
    with https_platform(tmp_path, authority) as url:
        more = f", ca_file: {authority.file.name}" if trusted else ""
        config = f"platform: {{url: '{url}', token_file: token{more}}}\norganizations: {{static: [{{id: org-1}}]}}\n"
        answer = check(tmp_path, config, "--online")
    assert answer.returncode == (0 if trusted else 3), answer.stderr
    assert ("the platform answered for org-1" in answer.stdout) is trusted
    assert ("no connection: check platform.url, DNS, TLS" in answer.stderr) is not trusted


def test_http_is_served_without_a_certificate(tmp_path: Path) -> None:
    """As before, and without a word of certificates."""
    with exporter(tmp_path, CONFIG) as (url, _):
        assert url.startswith("http://")
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 - our own URL
            page = answer.read().decode()
            assert "Strict-Transport-Security" not in answer.headers
    assert "\nxero_exporter_tls_certificate" not in page


def test_diagnose_asks_a_running_exporter_over_https_on_loopback_with_any_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    """The certificate names others; the token goes nowhere but to this machine."""
    (tmp_path / "viewer").write_text("canary-viewer-token")
    tokens = TLS.replace("web: {", "web: {tokens: [{name: reader, role: viewer, token_file: viewer}], ")
    with serving(tmp_path, CONFIG + tokens) as url:
        command = [str(COMMAND), "diagnose", "--config", str(tmp_path / "config.yml"), "--from", url, "--json"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout)["organizations"] == 1
        plain = [one.replace("https://", "http://") for one in command]
        answer = subprocess.run(plain, capture_output=True, text=True, timeout=60, check=False)
        assert answer.returncode == 3
        assert "canary" not in answer.stderr + answer.stdout
