"""The configuration file: what is taken, and how everything that is wrong with it is told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from exporter.config.load import MAX_CONFIG_SIZE, load
from exporter.config.schema import Config
from exporter.errors import ConfigError, Fault

MINIMAL = """\
platform: {url: "https://app.example", token_file: platform-token}
organizations: {static: [{id: org-1}]}
"""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Where the configuration is written."""
    return tmp_path / "exporter.yml"


def loaded(file: Path, text: str) -> Config:
    """What comes of a text."""
    file.write_text(text)
    return load(file, {})


def faults(file: Path, text: str) -> tuple[Fault, ...]:
    """Everything that is found wrong."""
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    return refused.value.faults


def test_a_minimal_file_gets_the_documented_defaults(config_file: Path) -> None:
    """Two sections are enough; the rest is as design and reference say."""
    config = loaded(config_file, MINIMAL)
    assert config.platform.timeout == 10.0
    assert config.platform.max_concurrency == 50
    assert config.platform.max_requests_per_second == 200.0
    assert config.platform.paths.status == "/api/admin/integrations/xero/{organization_id}/status"
    assert config.poll.interval == 60.0
    assert config.poll.stale_after_seconds == 300.0
    assert str(config.web.listen) == "127.0.0.1:9869"
    assert config.web.tokens == ()
    assert (config.log.level, config.log.format) == ("info", "auto")
    assert config.expose.organization_names is False
    assert [organization.id for organization in config.organizations.listed] == ["org-1"]


def test_relative_paths_are_beside_the_file_and_absolute_ones_stay(config_file: Path) -> None:
    """The folder one happens to stand in does not matter."""
    config = loaded(config_file, MINIMAL + "web: {tokens: [{name: a, role: viewer, token_file: /run/a}]}")
    assert config.platform.token_file == config_file.parent / "platform-token"
    assert config.web.tokens[0].token_file == Path("/run/a")


def test_a_relative_config_path_still_gives_absolute_paths(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing the folder after loading must not move the token file."""
    config_file.write_text(MINIMAL)
    monkeypatch.chdir(config_file.parent)
    assert load(Path(config_file.name), {}).platform.token_file == config_file.parent / "platform-token"


def test_all_faults_come_at_once_with_path_line_and_column(config_file: Path) -> None:
    """Schema, repeated keys and repeated ids are told together, in the order of the file."""
    found = faults(
        config_file,
        """\
platform:
  url: ftp://app.example
  token: a
  token_file: b
  timeout: 10
  timeout: 11s
organizations:
  static:
    - id: org-1
    - id: org-1
    - name: no id
poll: {intervall: 5m}
""",
    )
    assert [(fault.where, fault.line, fault.column) for fault in found] == [
        ("platform.url", 2, 3),
        ("platform.token", 3, 3),
        ("platform.timeout", 5, 3),
        ("platform.timeout", 6, 3),
        ("organizations.static[1].id", 10, 7),
        ("organizations.static[2].id", 11, 7),
        ("poll.intervall", 12, 8),
    ]
    assert {fault.file for fault in found} == {str(config_file)}
    text = [fault.what for fault in found]
    assert "30s" in text[2]
    assert "first on line 5" in text[3]
    assert "organizations.static[0].id" in text[4]
    assert "missing" in text[5]
    assert "did you mean `interval`?" in text[6]


def test_the_error_is_one_line(config_file: Path) -> None:
    """Whatever stands in the file."""
    config_file.write_text('"a\\nb": 1\n"\\e[31m": 2\nplatform: "x\\ny"\n')
    with pytest.raises(ConfigError) as refused:
        load(config_file, {})
    assert str(refused.value).isprintable()


def test_missing_sections_are_named(config_file: Path) -> None:
    """An empty file lacks exactly what has no default."""
    assert [fault.where for fault in faults(config_file, "# nothing yet\n")] == ["platform", "organizations"]


@pytest.mark.parametrize("text", ["- platform\n", "platform\n", "[]\n"])
def test_a_root_that_is_no_mapping_is_one_fault(config_file: Path, text: str) -> None:
    """A list or a word is not a configuration."""
    (fault,) = faults(config_file, text)
    assert "mapping" in fault.what


def test_no_source_of_organizations_is_a_fault(config_file: Path) -> None:
    """An exporter that watches nobody is a mistake."""
    (fault,) = faults(config_file, "platform: {url: http://a, token: t}\norganizations: {static: []}\n")
    assert fault.where == "organizations.http"
    assert "no organisations" in fault.what


def test_a_file_alone_is_a_source(config_file: Path) -> None:
    """The list may stand elsewhere; whether it exists is found when it is read."""
    config = loaded(config_file, "platform: {url: http://a, token: t}\norganizations: {file: o.yml}\n")
    assert config.organizations.file == config_file.parent / "o.yml"


def test_a_missing_token_is_a_fault(config_file: Path) -> None:
    """Neither token_file nor token."""
    (fault,) = faults(config_file, "platform: {url: http://a}\norganizations: {file: o.yml}\n")
    assert (fault.where, fault.line) == ("platform.token", 1)
    assert "exactly one" in fault.what


def test_token_names_are_unique(config_file: Path) -> None:
    """A name stands in the log as the actor, so it means one holder."""
    tokens = "[{name: a, role: viewer, token: x}, {name: a, role: operator, token: y}]"
    (fault,) = faults(config_file, f"{MINIMAL}web: {{tokens: {tokens}}}\n")
    assert fault.where == "web.tokens[1].name"
    assert "web.tokens[0].name" in fault.what


@pytest.mark.parametrize("key", ["webhook_token_file", "proxy", "s3cr3t-pasted/here", "x" * 41])
def test_unknown_keys_are_faults_and_shown_only_as_plain_words(config_file: Path, key: str) -> None:
    """A key of a later release is unknown too; something pasted is not repeated."""
    (fault,) = faults(config_file, f'platform: {{url: http://a, token: t, "{key}": 1}}\norganizations: {{file: o}}\n')
    shown = re.fullmatch("[a-z_]{1,40}", key) is not None
    assert fault.where == (f"platform.{key}" if shown else "platform")
    assert (key in str(fault)) is shown
    assert "unknown key" in fault.what


def test_a_section_that_is_empty_is_told(config_file: Path) -> None:
    """`poll:` with nothing below it is null, not a mapping."""
    (fault,) = faults(config_file, MINIMAL + "poll:\n")
    assert (fault.where, fault.line) == ("poll", 3)
    assert "mapping" in fault.what


class TestFiles:
    def test_a_missing_file(self, config_file: Path) -> None:
        """Said in a word."""
        with pytest.raises(ConfigError, match=r"exporter\.yml: does not exist"):
            load(config_file, {})

    def test_a_directory(self, tmp_path: Path) -> None:
        """A mount that went wrong in a container is a directory."""
        with pytest.raises(ConfigError, match="is a directory"):
            load(tmp_path, {})

    def test_a_fifo_is_refused_without_waiting(self, config_file: Path) -> None:
        """Opening one that nobody writes to would wait for ever."""
        os.mkfifo(config_file)
        with pytest.raises(ConfigError, match="not a regular file"):
            load(config_file, {})

    def test_a_loop_of_links(self, config_file: Path) -> None:
        """Any other error of the system."""
        config_file.symlink_to(config_file)
        with pytest.raises(ConfigError, match="cannot be read"):
            load(config_file, {})

    def test_a_file_without_permission(self, folder_of_somebody: Path) -> None:
        """Said in a word."""
        config_file = folder_of_somebody / "config.yml"
        config_file.write_text(MINIMAL)
        config_file.chmod(0)
        with pytest.raises(ConfigError, match="permission denied"):
            load(config_file, {})

    def test_a_file_that_is_not_utf8(self, config_file: Path) -> None:
        """Latin-1 is not guessed."""
        config_file.write_bytes(b"platform: caf\xe9")
        with pytest.raises(ConfigError, match="not UTF-8"):
            load(config_file, {})

    def test_a_byte_order_mark_is_left_out(self, config_file: Path) -> None:
        """Editors of Windows write one."""
        config_file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
        assert load(config_file, {}).platform.url == "https://app.example"

    def test_a_file_that_is_too_large(self, config_file: Path) -> None:
        """A wrong file is not read to its end."""
        config_file.write_bytes(b"#" * (MAX_CONFIG_SIZE + 1))
        with pytest.raises(ConfigError, match="larger than 5 MiB"):
            load(config_file, {})
