"""The environment over the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporter.config.keys import keys_of
from exporter.config.load import load
from exporter.config.schema import Config
from exporter.errors import ConfigError, Fault

FILE = """\
platform: {url: "https://app.example", token_file: platform-token, timeout: 20s}
organizations: {static: [{id: org-1}]}
"""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A configuration that is right."""
    file = tmp_path / "exporter.yml"
    file.write_text(FILE)
    return file


def faults(file: Path, environ: dict[str, str]) -> tuple[Fault, ...]:
    """Everything that is found wrong."""
    with pytest.raises(ConfigError) as refused:
        load(file, environ)
    return refused.value.faults


def test_the_environment_beats_the_file(config_file: Path) -> None:
    """A scalar is the text; the rest of the section stays."""
    config = load(
        config_file, {"XERO_EXPORTER_PLATFORM__TIMEOUT": "5s", "XERO_EXPORTER_PLATFORM__MAX_CONCURRENCY": "7"}
    )
    assert (config.platform.timeout, config.platform.max_concurrency) == (5.0, 7)
    assert config.platform.url == "https://app.example"


def test_everything_can_come_from_the_environment(tmp_path: Path) -> None:
    """The file may be empty."""
    file = tmp_path / "empty.yml"
    file.touch()
    environ = {
        "XERO_EXPORTER_PLATFORM__URL": "http://platform:8080",
        "XERO_EXPORTER_PLATFORM__TOKEN": "0123",
        "XERO_EXPORTER_PLATFORM__PATHS__STATUS": "/x/{organization_id}",
        "XERO_EXPORTER_ORGANIZATIONS__STATIC": json.dumps([{"id": "org-1", "name": "Café 😀"}, {"id": 7}]),
        "XERO_EXPORTER_ORGANIZATIONS__FILE": "o.yml",
        "XERO_EXPORTER_ORGANIZATIONS__EXCLUDE": '["a.*"]',
        "XERO_EXPORTER_WEB__LISTEN": "[::1]:0",
        "XERO_EXPORTER_WEB__TOKENS": '[{"name": "p", "role": "viewer", "token_file": "t"}]',
        "XERO_EXPORTER_EXPOSE__ORGANIZATION_NAMES": "true",
        "XERO_EXPORTER_POLL__STALE_AFTER": "null",
        "PATH": "/bin",
    }
    config = load(file, environ)
    assert config.platform.token is not None
    assert config.platform.token.get_secret_value() == "0123"
    assert config.platform.paths.status == "/x/{organization_id}"
    assert [(found.id, found.name) for found in config.organizations.listed] == [("org-1", "Café 😀"), ("7", None)]
    assert config.organizations.file == tmp_path / "o.yml"
    assert config.web.tokens[0].token_file == tmp_path / "t"
    assert config.expose.organization_names is True
    assert config.poll.stale_after is None


def test_an_object_is_laid_over_the_file_and_a_deeper_variable_over_it(config_file: Path) -> None:
    """Key by key, whatever the order of the environment."""
    environ = {
        "XERO_EXPORTER_PLATFORM__TIMEOUT": "3s",
        "XERO_EXPORTER_PLATFORM": '{"timeout": "4s", "max_concurrency": 9, "paths": {"status": "/{organization_id}"}}',
    }
    platform = load(config_file, environ).platform
    assert (platform.timeout, platform.max_concurrency, platform.paths.status) == (3.0, 9, "/{organization_id}")
    assert platform.url == "https://app.example"


def test_a_list_replaces_the_one_of_the_file(config_file: Path) -> None:
    """Nothing is appended."""
    config = load(config_file, {"XERO_EXPORTER_ORGANIZATIONS__STATIC": '[{"id": "b"}]'})
    assert [found.id for found in config.organizations.listed] == ["b"]


def test_null_takes_a_key_of_the_file_away(config_file: Path) -> None:
    """To give the token inline where the file names one."""
    environ = {"XERO_EXPORTER_PLATFORM__TOKEN_FILE": "null", "XERO_EXPORTER_PLATFORM__TOKEN": "t"}
    assert load(config_file, environ).platform.token_file is None


def test_faults_name_the_key_path_and_the_variable(config_file: Path) -> None:
    """And stand in the environment, not at a line of the file."""
    environ = {
        "XERO_EXPORTER_PLATFORM__TIMEOUT": "10",
        "XERO_EXPORTER_ORGANIZATIONS__STATIC": '[{"id": "a"}, {"id": "a", "nam": 1}]',
        "XERO_EXPORTER_WEB__TOKENS": "[",
        "XERO_EXPORTER_POLL": "5",
        "XERO_EXPORTER_LOG": '{"level": "info", "level": "debug"}',
    }
    found = {fault.where: fault for fault in faults(config_file, environ)}
    assert set(found) == {
        "platform.timeout",
        "organizations.static[1].id",
        "organizations.static[1].nam",
        "web.tokens",
        "poll",
        "log.level",
    }
    assert all((fault.file, fault.line) == ("environment", None) for fault in found.values())
    assert "XERO_EXPORTER_PLATFORM__TIMEOUT" in found["platform.timeout"].what
    assert "JSON" in found["web.tokens"].what
    assert "twice" in found["log.level"].what


def test_a_bad_section_of_the_file_is_not_covered_up(config_file: Path) -> None:
    """A variable below it must not hide that the file is wrong."""
    config_file.write_text(FILE + "poll: 60s\n")
    (fault,) = faults(config_file, {"XERO_EXPORTER_POLL__INTERVAL": "60s"})
    assert (fault.where, fault.file, fault.line) == ("poll", str(config_file), 3)


def test_an_empty_section_of_the_file_takes_variables(config_file: Path) -> None:
    """`poll:` with all its keys commented out, and a variable for one."""
    config_file.write_text(FILE + "poll:\n")
    assert load(config_file, {"XERO_EXPORTER_POLL__INTERVAL": "30s"}).poll.interval == 30.0


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("XERO_EXPORTER_PLATFORM__URI", "XERO_EXPORTER_PLATFORM__URL"),
        ("XERO_EXPORTER_PLATFORM_URL", "XERO_EXPORTER_PLATFORM__URL"),
        ("XERO_EXPORTER_ORGANIZATIONS__STATIC__0__ID", ""),
        ("XERO_EXPORTER_", ""),
        ("XERO_EXPORTER_PORT", ""),
        ("XERO_EXPORTER_WEB__PORT", ""),
    ],
)
def test_unknown_variables_are_faults(config_file: Path, name: str, hint: str) -> None:
    """Named, with the nearest key if one is near."""
    (fault,) = faults(config_file, {name: "9869"})
    assert fault.file == "environment"
    assert name in fault.what
    assert hint in fault.what


def test_an_unknown_variable_with_a_strange_name_is_not_repeated(config_file: Path) -> None:
    """A name can hold any bytes but = and NUL."""
    (fault,) = faults(config_file, {"XERO_EXPORTER_\x1b[31m": "x"})
    assert str(fault).isprintable()


@pytest.mark.parametrize("name", ["xero_exporter_platform__url", "OTHER_PLATFORM__URL", "XERO_EXPORTERS"])
def test_variables_of_others_are_left_alone(config_file: Path, name: str) -> None:
    """Only the prefix, in capitals, is ours."""
    assert load(config_file, {name: "x"}).platform.url == "https://app.example"


def test_the_addresses_that_kubernetes_adds_are_left_alone(config_file: Path) -> None:
    """A Service called xero-exporter puts these into every container of its namespace."""
    environ = {
        "XERO_EXPORTER_SERVICE_HOST": "10.0.0.1",
        "XERO_EXPORTER_SERVICE_PORT": "9869",
        "XERO_EXPORTER_SERVICE_PORT_METRICS": "9869",
        "XERO_EXPORTER_PORT": "tcp://10.0.0.1:9869",
        "XERO_EXPORTER_PORT_9869_TCP": "tcp://10.0.0.1:9869",
        "XERO_EXPORTER_PORT_9869_TCP_PROTO": "tcp",
        "XERO_EXPORTER_PORT_9869_TCP_PORT": "9869",
        "XERO_EXPORTER_PORT_9869_TCP_ADDR": "10.0.0.1",
        "XERO_EXPORTER_WEB_SERVICE_HOST": "10.0.0.2",
    }
    assert load(config_file, environ).web.listen.port == 9869


def test_a_value_that_is_no_unicode_is_refused(config_file: Path) -> None:
    """Python gives such bytes as lone surrogates, which could never be written to a scrape."""
    static = '[{"id": "a", "name": "caf\udce9"}]'
    (fault,) = faults(config_file, {"XERO_EXPORTER_ORGANIZATIONS__STATIC": static})
    assert fault.where == "organizations.static[0].name"
    assert "Unicode" in fault.what


def test_json_without_end_is_refused(config_file: Path) -> None:
    """Nesting is bounded here too."""
    (fault,) = faults(config_file, {"XERO_EXPORTER_WEB__TOKENS": "[" * 100_000})
    assert fault.where == "web.tokens"


def test_no_key_looks_like_a_variable_of_kubernetes() -> None:
    """Or a variable that is ours would be left alone."""
    assert not [key.variable for key in keys_of(Config) if key.path[0] in {"service", "port"}]
