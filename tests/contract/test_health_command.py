"""`health` against servers of every kind: one line, and an exit code that a container engine understands."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from exporter.cli import probing
from exporter.cli.probing import health
from exporter.errors import AnswerIsBadError, UnreachableError
from tests.certificates import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
Answer = Callable[[socket.socket], None]


def says(answer: bytes) -> Answer:
    """Reads a request, then answers with these bytes."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return talk


def drips(connection: socket.socket) -> None:
    """Answers for ever, a byte every 50 ms: no timeout of a socket ends that."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def is_silent(connection: socket.socket) -> None:
    """Hears all that comes, and says nothing."""
    while connection.recv(65536):
        pass


@contextmanager
def server(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answers one connection, which is cut at the end; gives its port."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                accepted.append(connection)
                with connection if tls is None else tls.wrap_socket(connection, server_side=True) as spoken:
                    accepted.append(spoken)
                    answer(spoken)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            for one in (listening, *accepted):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key in one file, signed by nobody whom anybody trusts, and for another name."""
    folder = tmp_path_factory.mktemp("tls")
    Authority(folder).issue(folder / "crt", folder / "key", "exporter.example")
    both = folder / "pem"
    both.write_text((folder / "crt").read_text() + (folder / "key").read_text())
    return both


def speaking_tls(certificate: Path) -> ssl.SSLContext:
    """The server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_working_exporter_is_healthy_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No exception is exit code 0."""
    with server(says(OK)) as port:
        health(f"http://127.0.0.1:{port}")
    assert capsys.readouterr().out == f"http://127.0.0.1:{port}/-/healthy is healthy\n"


def test_it_asks_exactly_the_path_that_is_open_to_all() -> None:
    """Without a token, and without waiting for the connection to be kept."""
    asked = b""

    def hear(connection: socket.socket) -> None:
        nonlocal asked
        asked = connection.recv(65536)
        connection.sendall(OK)

    with server(hear) as port:
        health(f"http://localhost:{port}/behind/")
    assert asked.startswith(b"GET /behind/-/healthy HTTP/1.1\r\n")
    assert b"\r\nConnection: close\r\n" in asked
    assert b"authorization" not in asked.lower()


@pytest.mark.parametrize(
    ("status", "says_so"),
    [(503, "is unhealthy"), (404, "answers 404"), (301, "answers 301"), (401, "answers 401"), (204, "answers 204")],
)
def test_any_other_answer_is_unhealthy_and_is_not_repeated(status: int, says_so: str) -> None:
    """Exit code 1; a redirect is not followed, a foreign text is not shown."""
    answer = f"HTTP/1.1 {status} Canary\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 6\r\n\r\ncanary".encode()
    with server(says(answer)) as port, pytest.raises(AnswerIsBadError, match=says_so) as told:
        health(f"http://127.0.0.1:{port}")
    assert "canary" not in str(told.value).lower()


def test_nobody_there_is_unreachable() -> None:
    """Exit code 3, and where to look."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match=r"nobody listens there.*web\.listen"):
            health(f"http://127.0.0.1:{bound.getsockname()[1]}")


def test_a_name_without_an_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown to the name server, or with a label of 64 letters, which never leaves Python."""

    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "canary")

    with pytest.raises(UnreachableError, match="this host name has no address"):
        health(f"http://{'x' * 64}")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UnreachableError, match="this host name has no address"):
        health("http://exporter.invalid")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x16"])
def test_what_does_not_speak_http_is_unreachable(answer: bytes) -> None:
    """Another service on the port, or one that speaks TLS."""
    with (
        server(says(answer)) as port,
        pytest.raises(UnreachableError, match="does not speak HTTP there; if it speaks TLS, say https"),
    ):
        health(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("answer", [drips, is_silent])
def test_who_drips_or_is_silent_is_unreachable_within_the_time(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is for everything together: a byte now and then does not make it longer."""
    assert probing.WITHIN == 5
    monkeypatch.setattr(probing, "WITHIN", 0.4)
    with server(answer) as port, pytest.raises(UnreachableError, match=r"no answer within 0\.4 s"):
        health(f"http://127.0.0.1:{port}")


def test_https_on_loopback_takes_a_certificate_for_another_name(own_certificate: Path) -> None:
    """None names 127.0.0.1; what is asked is whether this machine's exporter works."""
    for host in ("127.0.0.1", "localhost"):
        with server(says(OK), speaking_tls(own_certificate)) as port:
            health(f"https://{host}:{port}")


def test_https_anywhere_else_must_be_trusted(own_certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody in between could say "healthy"."""
    monkeypatch.setattr("exporter.config.addresses.is_loopback", lambda _: False)
    with (
        server(says(OK), speaking_tls(own_certificate)) as port,
        pytest.raises(UnreachableError, match="not trusted here; name its authority in SSL_CERT_FILE"),
    ):
        health(f"https://127.0.0.1:{port}")


def test_https_where_plain_http_is_spoken_is_told() -> None:
    """The other way round."""
    with (
        server(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port,
        pytest.raises(UnreachableError, match="say http in --url"),
    ):
        health(f"https://127.0.0.1:{port}")
