"""What check-config warns of, and what it is silent about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exporter.config.advice import advice, advice_on_dates
from exporter.config.remediation import Ledger
from exporter.config.schema import Config
from exporter.config.validity import Validity

DAY = 86_400.0


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A token file that only its owner can read."""
    file = tmp_path / "token"
    file.write_text("s3cr3t")
    file.chmod(0o600)
    return file


def config(token_file: Path, *, platform: dict[str, Any] | None = None, web: dict[str, Any] | None = None) -> Config:
    """A configuration without anything to warn of, but for what is given."""
    credential = {} if platform and "token" in platform else {"token_file": str(token_file)}
    return Config.model_validate(
        {
            "platform": {"url": "https://app.example", **credential, **(platform or {})},
            "organizations": {"static": [{"id": "org-1"}]},
            "web": web or {},
        }
    )


def tls(token_file: Path) -> dict[str, str]:
    """Some files; only their modes are looked at."""
    return {"cert_file": str(token_file), "key_file": str(token_file)}


def test_a_careful_configuration_gets_no_advice(token_file: Path) -> None:
    """https, a private token file, loopback."""
    assert advice(config(token_file), 1, {}) == ()


def test_an_inline_token_is_warned_of(token_file: Path) -> None:
    """Of the platform and of callers, each by its key path."""
    web = {"tokens": [{"name": "a", "role": "viewer", "token": "s3cr3t"}]}
    platform, caller = advice(config(token_file, platform={"token": "s3cr3t"}, web=web), 1, {})
    assert platform.startswith("platform.token:")
    assert caller.startswith("web.tokens[0].token:")
    assert "s3cr3t" not in platform + caller


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o444])
def test_a_token_file_that_everybody_can_read_is_warned_of(token_file: Path, mode: int) -> None:
    """By its key path."""
    token_file.chmod(mode)
    (warning,) = advice(config(token_file), 1, {})
    assert warning.startswith("platform.token_file:")


@pytest.mark.parametrize("mode", [0o400, 0o640, 0o602])
def test_a_token_file_that_a_group_can_read_is_not(token_file: Path, mode: int) -> None:
    """That is how Kubernetes mounts secrets with fsGroup."""
    token_file.chmod(mode)
    assert advice(config(token_file), 1, {}) == ()


def test_a_missing_token_file_is_no_advice(token_file: Path) -> None:
    """It is a problem of its own, which the token tells."""
    token_file.unlink()
    assert advice(config(token_file), 1, {}) == ()


@pytest.mark.parametrize("listen", ["0.0.0.0:9869", "[::]:9869", "10.0.0.1:9869", "exporter.example:9869"])
def test_open_reading_beyond_this_machine_is_warned_of(token_file: Path, listen: str) -> None:
    """No token at all."""
    (warning,) = advice(config(token_file, web={"listen": listen}), 1, {})
    assert warning.startswith("web.listen:")


def test_a_token_for_alerts_does_not_close_reading(token_file: Path) -> None:
    """So the warning stays."""
    tokens = [{"name": "a", "role": "alerts", "token_file": str(token_file)}]
    (warning,) = advice(
        config(token_file, web={"listen": "0.0.0.0:1", "tokens": tokens, "tls": tls(token_file)}), 1, {}
    )
    assert warning.startswith("web.listen:")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_a_reader_token_closes_reading(token_file: Path, role: str) -> None:
    """An operator's as well as a viewer's."""
    tokens = [{"name": "a", "role": role, "token_file": str(token_file)}]
    assert (
        advice(config(token_file, web={"listen": "0.0.0.0:1", "tokens": tokens, "tls": tls(token_file)}), 1, {}) == ()
    )


def test_tokens_that_callers_send_in_clear_are_warned_of(token_file: Path) -> None:
    """Beyond this machine, and without TLS."""
    tokens = [{"name": "a", "role": "viewer", "token_file": str(token_file)}]
    (warning,) = advice(config(token_file, web={"listen": "0.0.0.0:1", "tokens": tokens}), 1, {})
    assert warning.startswith("web.tokens:")
    assert "web.tls" in warning


def test_tokens_on_loopback_may_go_in_clear(token_file: Path) -> None:
    """They do not leave this machine."""
    tokens = [{"name": "a", "role": "viewer", "token_file": str(token_file)}]
    assert advice(config(token_file, web={"listen": "127.0.0.1:1", "tokens": tokens}), 1, {}) == ()


def test_a_key_that_everybody_can_read_is_warned_of(token_file: Path, tmp_path: Path) -> None:
    """The certificate may be read by all; that is what it is for."""
    key = tmp_path / "tls.key"
    key.touch(mode=0o644)
    files = {"cert_file": str(key), "key_file": str(key)}
    (warning,) = advice(config(token_file, web={"tls": files}), 1, {})
    assert warning.startswith("web.tls.key_file:")


def test_authorities_for_http_are_warned_of(token_file: Path) -> None:
    """Whoever names some expects them to be asked for."""
    platform = {"url": "http://127.0.0.1", "ca_file": str(token_file)}
    (warning,) = advice(config(token_file, platform=platform), 1, {})
    assert warning.startswith("platform.ca_file:")
    assert advice(config(token_file, platform=platform | {"url": "https://127.0.0.1"}), 1, {}) == ()


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (-1, "not valid before 1970-01-01"),
        (76.1 * DAY, "expires on 1970-04-01"),
        (90 * DAY, "expires on 1970-04-01"),
        (90.1 * DAY, "has expired on 1970-04-01"),
    ],
)
def test_a_certificate_that_is_not_valid_for_long_is_warned_of(now: float, says: str) -> None:
    """14 days ahead: renewal should have happened by then."""
    (warning,) = advice_on_dates(Validity(0, 90 * DAY), now)
    assert warning.startswith("web.tls.cert_file:")
    assert says in warning


@pytest.mark.parametrize("now", [0, 45 * DAY, 75.9 * DAY])
def test_a_certificate_that_is_valid_for_long_is_not(now: float) -> None:
    """Nothing to do."""
    assert not list(advice_on_dates(Validity(0, 90 * DAY), now))


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_open_reading_on_loopback_is_not_warned_of(token_file: Path, listen: str) -> None:
    """As exporters are."""
    assert advice(config(token_file, web={"listen": listen}), 1, {}) == ()


def test_reading_that_stays_open_in_spite_of_a_token_is_warned_of(token_file: Path) -> None:
    """Unless it listens on loopback; with the key that opens it."""
    token = {"name": "a", "role": "operator", "token_file": str(token_file)}
    web = {"open_reading": True, "tokens": [token], "listen": "0.0.0.0:1"}
    [warning, clear] = advice(config(token_file, web=web), 1, {})
    assert warning.startswith("web.listen: everybody")
    assert "take web.open_reading out" in warning
    assert clear.startswith("web.tokens:")
    assert advice(config(token_file, web=web | {"listen": "127.0.0.1:1"}), 1, {}) == ()


@pytest.mark.parametrize("url", ["http://app.example", "http://10.0.0.1:8080/x", "http://[2001:db8::1]"])
def test_http_to_another_machine_is_warned_of(token_file: Path, url: str) -> None:
    """The token would go in clear."""
    (warning,) = advice(config(token_file, platform={"url": url}), 1, {})
    assert warning.startswith("platform.url:")
    assert url not in warning


@pytest.mark.parametrize("url", ["https://app.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"])
def test_https_or_loopback_is_not_warned_of(token_file: Path, url: str) -> None:
    """Nothing leaves this machine in clear."""
    assert advice(config(token_file, platform={"url": url}), 1, {}) == ()


def discovering(private: Path, /, **http: str) -> tuple[str, ...]:
    """The advice on a configuration whose organisations come from a server."""
    found = config(private)
    organizations = Config.model_validate(
        {"platform": {"url": "https://a", "token": "t"}, "organizations": {"http": http}}
    ).organizations
    return advice(found.model_copy(update={"organizations": organizations}), 1, {})


def test_the_server_that_lists_organisations_is_advised_on_as_the_platform_is(token_file: Path) -> None:
    """An inline token, an open file, a token in clear."""
    inline = discovering(token_file, url="https://a.example", token="s3cr3t")
    assert [line.partition(":")[0] for line in inline] == ["organizations.http.token"]
    clear = discovering(token_file, url="http://a.example", token_file=str(token_file))
    assert [line.partition(":")[0] for line in clear] == ["organizations.http.url"]
    token_file.chmod(0o644)
    opened = discovering(token_file, url="https://a.example", token_file=str(token_file))
    assert "organizations.http.token_file" in [line.partition(":")[0] for line in opened]


def test_a_list_in_clear_without_a_token_is_not_warned_of(token_file: Path) -> None:
    """As many servers within a cluster are."""
    assert discovering(token_file, url="http://a.example") == ()


def test_what_is_wrong_with_the_variables_of_traces_is_told(token_file: Path) -> None:
    """By their names, never with a value."""
    (warning,) = advice(config(token_file), 1, {"OTEL_EXPORTER_OTLP_ENDPOINT": "s3cr3t:4318"})
    assert warning.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: ")
    assert "s3cr3t" not in warning


@pytest.mark.parametrize(("endpoint", "warned"), [("http://other:4318", 1), ("https://other", 0), ("http://[::1]", 0)])
def test_headers_of_traces_in_clear_to_another_machine_are_warned_of(
    token_file: Path, endpoint: str, warned: int
) -> None:
    """They are how a receiver's key is given."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s3cr3t"}
    warnings = advice(config(token_file), 1, environ)
    assert len(warnings) == warned
    assert all("s3cr3t" not in warning for warning in warnings)


def test_a_ledger_in_a_folder_that_does_not_exist_is_warned_of(token_file: Path) -> None:
    """It is made when it is first used, its folder is not: a typing error would stop every action."""
    missing = config(token_file).model_copy(
        update={"ledger": Ledger(url=f"sqlite:///{token_file.parent}/missing/ledger.db")}
    )
    (told,) = advice(missing, 1, {})
    assert told.startswith("ledger.url: its folder does not exist")
    assert str(token_file.parent) not in told


@pytest.mark.parametrize(
    ("words", "warned"), [({"healthy": ["failing"]}, True), ({"failing": ["failing", "x"]}, False)]
)
def test_a_known_word_that_is_turned_round_is_warned_of(
    token_file: Path,
    words: dict[str, list[str]],
    warned: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """It would turn a fleet that fails healthy."""
    told = advice(config(token_file, platform={"sync_status_words": words}), 1, {})
    assert [one.partition(":")[0] for one in told] == (["platform.sync_status_words.healthy"] if warned else [])
