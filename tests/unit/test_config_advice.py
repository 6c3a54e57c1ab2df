"""What check-config warns of, and what it is silent about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exporter.config.advice import advice
from exporter.config.schema import Config


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
    (warning,) = advice(config(token_file, web={"listen": "0.0.0.0:1", "tokens": tokens}), 1, {})
    assert warning.startswith("web.listen:")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_a_reader_token_closes_reading(token_file: Path, role: str) -> None:
    """An operator's as well as a viewer's."""
    tokens = [{"name": "a", "role": role, "token_file": str(token_file)}]
    assert advice(config(token_file, web={"listen": "0.0.0.0:1", "tokens": tokens}), 1, {}) == ()


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_open_reading_on_loopback_is_not_warned_of(token_file: Path, listen: str) -> None:
    """As exporters are."""
    assert advice(config(token_file, web={"listen": listen}), 1, {}) == ()


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
