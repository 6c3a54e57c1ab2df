"""Each key: what it lets pass, what it refuses, and that it says which."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.config.addresses import Listen, is_loopback
from exporter.config.load import load
from exporter.config.schema import Config, Poll
from exporter.config.values import SpellingError, seconds_of
from exporter.errors import ConfigError, Fault
from exporter.model.words import Role, SyncStatus


def written(tmp_path: Path, where: str, value: str) -> Path:
    """A configuration file that is right but for `value`, YAML, at the key path `where`."""
    tree: dict[str, dict[str, str]] = {
        "platform": {"url": "https://app.example", "token": "t"},
        "organizations": {"static": "[{id: org-1}]"},
    }
    section, key = where.split(".", 1)
    tree.setdefault(section, {})[key] = value
    file = tmp_path / "c.yml"
    lines = [f"{name}: {{{', '.join(f'{k}: {v}' for k, v in keys.items())}}}" for name, keys in tree.items()]
    file.write_text("\n".join(lines))
    return file


def taken(tmp_path: Path, where: str, value: str) -> Any:  # noqa: ANN401 - each key has its own type
    """What comes of it at that key path."""
    found: Any = load(written(tmp_path, where, value), {})
    for name in where.split("."):
        found = getattr(found, name)
    return found


def refused(tmp_path: Path, where: str, value: str) -> Fault:
    """The one fault it is refused with."""
    with pytest.raises(ConfigError) as error:
        load(written(tmp_path, where, value), {})
    (fault,) = error.value.faults
    return fault


@pytest.mark.parametrize(
    ("where", "value", "expected"),
    [
        ("platform.url", "https://app.example/", "https://app.example"),
        ("platform.url", "HTTPS://app.example//", "https://app.example"),
        ("platform.url", "http://10.0.0.1:8080/members/xero/", "http://10.0.0.1:8080/members/xero"),
        ("platform.url", '"http://[::1]:80"', "http://[::1]:80"),
        ("platform.url", "http://member_pulse", "http://member_pulse"),
        ("platform.timeout", "1ms", 0.001),
        ("platform.timeout", "5m", 300.0),
        ("platform.timeout", "'10s'", 10.0),
        ("platform.max_concurrency", "1", 1),
        ("platform.max_concurrency", "1000", 1000),
        ("platform.max_requests_per_second", "0.5", 0.5),
        ("platform.max_requests_per_second", "10000", 10_000.0),
        ("platform.paths", '{status: "/v2/{organization_id}?full=1"}', None),
        ("organizations.include", '["a.*", 1]', None),
        ("organizations.http", "null", None),
        ("organizations.http", "{url: 'https://a.example/sd/?kind=xero&x=%20'}", None),
        ("organizations.http", "{url: http://a.example, token_file: t, refresh: 1d, missing_grace: 100}", None),
        ("poll.interval", "1s", 1.0),
        ("poll.interval", "1h", 3600.0),
        ("poll.stale_after", "3m", 180.0),
        ("poll.stale_after", "null", None),
        ("web.listen", '"[::1]:9869"', Listen("::1", 9869)),
        ("web.listen", "localhost:0", Listen("localhost", 0)),
        ("web.listen", "0.0.0.0:65535", Listen("0.0.0.0", 65535)),  # noqa: S104 - read, not bound
        ("log.level", "debug", "debug"),
        ("log.format", "json", "json"),
        ("expose.organization_names", "true", True),
    ],
)
def test_what_is_let_pass(tmp_path: Path, where: str, value: str, expected: object) -> None:
    """And comes out with its type, in its normal form."""
    found = taken(tmp_path, where, value)
    if expected is not None or value == "null":
        assert found == expected


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("platform.url", "ftp://app.example", "http or https"),
        ("platform.url", "app.example", "http or https"),
        ("platform.url", '"https://"', "a host"),
        ("platform.url", '"https://:80"', "a host"),
        ("platform.url", "https://user:pw@app.example", "must not hold a user"),
        ("platform.url", "https://user@app.example/x", "must not hold a user"),
        ("platform.url", '"https://app.example?a=b"', "query"),
        ("platform.url", '"https://app.example#a"', "fragment"),
        ("platform.url", '"https://app.example:70000"', "http or https"),
        ("platform.url", '"http://1.2.3"', "valid host"),
        ("platform.url", '"http://[::g]"', "a host"),
        ("platform.url", '"http://a b"', "a host"),
        ("platform.url", '"http://a\\nb"', "a host"),
        ("platform.url", "null", "null"),
        ("platform.url", "[a]", "text"),
        ("platform.timeout", "0s", "from 1ms to 5m"),
        ("platform.timeout", "6m", "from 1ms to 5m"),
        ("platform.timeout", "10", "such as 30s"),
        ("platform.timeout", "10 s", "such as 30s"),
        ("platform.timeout", "''", "such as 30s"),
        ("platform.timeout", "1.5s", "such as 30s"),
        ("platform.timeout", "30s1m", "such as 30s"),
        ("platform.timeout", "null", "null"),
        ("platform.max_concurrency", "0", "from 1 to 1000"),
        ("platform.max_concurrency", "1001", "from 1 to 1000"),
        ("platform.max_concurrency", "010", "from 1 to 1000"),
        ("platform.max_concurrency", "0x10", "from 1 to 1000"),
        ("platform.max_concurrency", "1e2", "from 1 to 1000"),
        ("platform.max_concurrency", "5.0", "from 1 to 1000"),
        ("platform.max_concurrency", "true", "from 1 to 1000"),
        ("platform.max_concurrency", "'50'", "without quotes"),
        ("platform.max_requests_per_second", "0", "above 0"),
        ("platform.max_requests_per_second", "0.0", "above 0"),
        ("platform.max_requests_per_second", "-1", "above 0"),
        ("platform.max_requests_per_second", "10000.1", "at most 10000"),
        ("platform.max_requests_per_second", ".nan", "above 0"),
        ("platform.max_requests_per_second", ".inf", "above 0"),
        ("organizations.include", "'('", "list"),
        ("poll.interval", "999ms", "from 1s to 1h"),
        ("poll.interval", "61m", "from 1s to 1h"),
        ("poll.stale_after", "2m59s", "3 x poll.interval"),
        ("web.listen", "9869", "HOST:PORT"),
        ("web.listen", "':9869'", "HOST:PORT"),
        ("web.listen", "'localhost:'", "HOST:PORT"),
        ("web.listen", "'localhost:65536'", "HOST:PORT"),
        ("web.listen", "'::1:9869'", "HOST:PORT"),
        ("web.listen", "'[::1'", "HOST:PORT"),
        ("web.listen", "'[::zz]:1'", "HOST:PORT"),
        ("web.listen", "'[1:2]:1'", "HOST:PORT"),
        ("web.listen", "'300.1.1.1:1'", "HOST:PORT"),
        ("web.listen", "'http://localhost:1'", "HOST:PORT"),
        ("web.tokens", "{}", "list"),
        ("log.level", "INFO", "debug, info, warning or error"),
        ("log.format", "text", "auto, console or json"),
        ("expose.organization_names", "yes", "true or false"),
        ("expose.organization_names", "'true'", "without quotes"),
    ],
)
def test_what_is_refused(tmp_path: Path, where: str, value: str, says: str) -> None:
    """With one fault on that key, which says what is wanted."""
    fault = refused(tmp_path, where, value)
    assert fault.where == where
    assert says in fault.what


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("api/{organization_id}", "begin with /"),
        ("/api", "exactly once"),
        ("/{organization_id}/{organization_id}", "exactly once"),
        ("/{organization_id}/{other}", "no other braces"),
        ("/{organization_id}/}", "no other braces"),
        ("/{organization_id}/a b", "ASCII"),
        ("/{organization_id}/é", "ASCII"),
        ("/{organization_id}#a", "ASCII"),
    ],
)
def test_a_status_path_that_cannot_be_filled_in_is_refused(tmp_path: Path, path: str, says: str) -> None:
    """It is filled with ids by the million; it has to be right at the start."""
    fault = refused(tmp_path, "platform.paths", json.dumps({"status": path}, ensure_ascii=False))
    assert fault.where == "platform.paths.status"
    assert says in fault.what


@pytest.mark.parametrize("identifier", ["org-1", "A", "0", "a" * 128, "a.b_c:d-e"])
def test_an_id_of_the_platform_is_let_pass(tmp_path: Path, identifier: str) -> None:
    """Whatever the pattern allows."""
    assert taken(tmp_path, "organizations.static", f"[{{id: '{identifier}'}}]")[0].id == identifier


@pytest.mark.parametrize("identifier", ["", ".", "..", "-a", "a/b", "a b", "a" * 129, "é", "a\\n", "%2e"])
def test_an_id_that_would_break_a_path_or_a_label_is_refused(tmp_path: Path, identifier: str) -> None:
    """As a whole match: a line break at the end too."""
    fault = refused(tmp_path, "organizations.static", f'[{{id: "{identifier}"}}]')
    assert fault.where == "organizations.static[0].id"
    assert "letters, digits" in fault.what


def test_name_and_tenant_id_are_bounded(tmp_path: Path) -> None:
    """200 characters and 64."""
    entry = f"[{{id: a, name: {'n' * 200}, xero_tenant_id: {'5' * 64}}}]"
    (found,) = load(written(tmp_path, "organizations.static", entry), {}).organizations.listed
    assert (found.name, found.xero_tenant_id) == ("n" * 200, "5" * 64)
    assert refused(tmp_path, "organizations.static", f"[{{id: a, name: {'n' * 201}}}]").where.endswith("[0].name")
    for tenant in ("5" * 65, "''", "a_b"):
        fault = refused(tmp_path, "organizations.static", f"[{{id: a, xero_tenant_id: {tenant}}}]")
        assert fault.where == "organizations.static[0].xero_tenant_id"


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[a",
        "*",
        "a++",
        "a{1001}",
        "a{99999999999999999999}",
        "a{,3}",
        "(?=a)b",
        "a(?!b)",
        r"(a)\1",
        r"a\Z",
        "(?x)a",
    ],
)
def test_an_expression_that_does_not_compile_or_needs_more_than_one_pass_is_refused(
    tmp_path: Path, pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """At its index in the list, and without repeating it, also on stderr."""
    fault = refused(tmp_path, "organizations.exclude", f"['a', '{pattern}']")
    assert fault.where == "organizations.exclude[1]"
    assert pattern not in str(fault)
    assert capfd.readouterr().err == ""


def test_regular_expressions_come_compiled(tmp_path: Path) -> None:
    """And match whole texts, the longest that fits into the bounds too."""
    (pattern, odd, long) = taken(tmp_path, "organizations.include", f"['org-[0-9]{{1,2}}', '[[a]', '{'a' * 4096}']")
    assert pattern.matches("org-12")
    assert not pattern.matches("org-12x")
    assert not pattern.matches("xorg-12")
    assert odd.matches("[")
    assert long.matches("a" * 4096)
    fault = refused(tmp_path, "organizations.include", f"['{'a' * 4097}']")
    assert "4096 characters" in str(fault)


@pytest.mark.parametrize("catastrophe", ["(a+)+b", "(a|a)*b", "(a*)*b", "([a-z]+)*[0-9]", "(.*)(.*)(.*)(.*)(.*)[0-9]"])
def test_no_expression_holds_the_process_up(tmp_path: Path, catastrophe: str) -> None:
    """Python's re would be at the first of these ids for longer than the universe is old."""
    (pattern,) = taken(tmp_path, "organizations.exclude", f"['{catastrophe}']")
    began = time.process_time()
    for length in range(1, 129):
        assert not pattern.matches("a" * length)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_let_pass(tmp_path: Path, role: Role) -> None:
    """As the word itself."""
    (token,) = taken(tmp_path, "web.tokens", f"[{{name: a.b_c-1, role: {role}, token: t}}]")
    assert token.role is role


@pytest.mark.parametrize(
    ("token", "where"),
    [
        ("{role: viewer, token: t}", "name"),
        ("{name: 'a b', role: viewer, token: t}", "name"),
        ("{name: 'a:b', role: viewer, token: t}", "name"),
        ("{name: '', role: viewer, token: t}", "name"),
        (f"{{name: {'a' * 65}, role: viewer, token: t}}", "name"),
        ("{name: a, token: t}", "role"),
        ("{name: a, role: admin, token: t}", "role"),
        ("{name: a, role: viewer}", "token"),
        ("{name: a, role: viewer, token: t, token_file: f}", "token"),
        ("{name: a, role: viewer, token: ''}", "token"),
        ("{name: a, role: viewer, token: 'a b'}", "token"),
        ("{name: a, role: viewer, token: 'a '}", "token"),
        ('{name: a, role: viewer, token: "a\\r\\nb"}', "token"),
        ("{name: a, role: viewer, token: 'tök'}", "token"),
        ("{name: a, role: viewer, token_file: ''}", "token_file"),
        ('{name: a, role: viewer, token_file: "a\\0b"}', "token_file"),
    ],
)
def test_a_web_token_that_cannot_be_used_is_refused(tmp_path: Path, token: str, where: str) -> None:
    """A colon would end the user name of Basic, a line break would split the header."""
    assert refused(tmp_path, "web.tokens", f"[{token}]").where == f"web.tokens[0].{where}"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("7d", 604_800), ("1w", 604_800), ("1y1d", 31_622_400)],
)
def test_durations_are_those_of_prometheus(text: str, seconds: float) -> None:
    """Units from large to small, each at most once."""
    assert seconds_of(text) == seconds


@given(st.text())
@example("1" * 400 + "d")
@example("٣s")
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    """Never another exception, never infinite."""
    try:
        seconds = seconds_of(text)
    except SpellingError:
        return
    assert 0 <= seconds < float("inf")


@given(st.text())
@example("[::1%25]:1")
@example("[1.2.3.4]:1")
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """And an address that is let pass is written as it was read."""
    try:
        listen = Listen.parse(text)
    except SpellingError:
        return
    assert Listen.parse(str(listen)) == listen


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "a.localhost"])
def test_loopback_is_known(host: str) -> None:
    """Without asking a name server."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "::", "localhost.example", "notlocalhost", "127.0.0.1.example"])
def test_what_is_not_loopback_is_known(host: str) -> None:
    """Every address of the machine is not loopback."""
    assert not is_loopback(host)


@pytest.mark.parametrize(("interval", "stale_after"), [(1.0, 300.0), (60.0, 300.0), (100.0, 300.0), (101.0, 303.0)])
def test_stale_after_follows_the_interval(interval: float, stale_after: float) -> None:
    """Five minutes, or three intervals if that is longer."""
    assert Poll.model_construct(interval=interval, stale_after=None).stale_after_seconds == stale_after


@pytest.mark.parametrize(
    ("tls", "where", "says"),
    [
        ("{cert_file: c}", "key_file", "both, or none"),
        ("{key_file: k}", "key_file", "both, or none"),
        ("{cert_file: c, key_file: null}", "key_file", "both, or none"),
        ("{cert_file: '', key_file: k}", "cert_file", "path"),
    ],
)
def test_a_certificate_without_its_key_is_refused(tmp_path: Path, tls: str, where: str, says: str) -> None:
    """Half of a pair would quietly serve http."""
    with pytest.raises(ConfigError) as error:
        load(written(tmp_path, "web.tls", tls), {})
    (fault,) = error.value.faults
    assert fault.where == f"web.tls.{where}"
    assert says in fault.what


def test_a_certificate_with_its_key_is_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    """As every relative path is."""
    tls = taken(tmp_path, "web.tls", "{cert_file: c, key_file: /k}")
    assert (tls.cert_file, tls.key_file) == (tmp_path / "c", Path("/k"))


def test_the_configuration_does_not_change(tmp_path: Path) -> None:
    """Frozen, its lists are tuples, and it hides its secrets."""
    config = load(written(tmp_path, "platform.token", "s3cr3t"), {})
    with pytest.raises(ValidationError):
        config.platform.timeout = 1.0
    assert isinstance(config.organizations.static, tuple)
    assert "s3cr3t" not in repr(config) + str(config) + config.model_dump_json()
    assert config.platform.token is not None
    assert config.platform.token.get_secret_value() == "s3cr3t"


def test_the_schema_takes_plain_python_values() -> None:
    """Tests and the demo build a configuration without a file."""
    config = Config.model_validate(
        {
            "platform": {"url": "http://a", "token": "t", "max_concurrency": 5, "max_requests_per_second": 5},
            "organizations": {"static": [{"id": "a"}]},
            "expose": {"organization_names": True},
        }
    )
    assert (config.platform.max_concurrency, config.platform.max_requests_per_second) == (5, 5.0)
    with pytest.raises(ValidationError):
        Config.model_validate({"platform": {"url": "http://a", "token": "t", "max_concurrency": True}})


@pytest.mark.parametrize(
    ("http", "key", "says"),
    [
        ("{}", "url", "is missing"),
        ("{url: 'https://user:pw@a.example/sd'}", "url", "must not hold a user"),
        ("{url: 'https://a.example/sd#x'}", "url", "fragment"),
        ("{url: 'https://a.example/sd?a b'}", "url", "query of ASCII"),
        ("{url: 'ftp://a.example/sd'}", "url", "http or https"),
        ("{url: 'https://a.example', token: t, token_file: f}", "token", "at most one of token_file and token"),
        ("{url: 'https://a.example', refresh: 999ms}", "refresh", "from 1s to 1d"),
        ("{url: 'https://a.example', refresh: 25h}", "refresh", "from 1s to 1d"),
        ("{url: 'https://a.example', missing_grace: 0}", "missing_grace", "from 1 to 100"),
        ("{url: 'https://a.example', timeout: 5s}", "timeout", "unknown key"),
    ],
)
def test_what_is_refused_of_the_server_that_lists_organisations(tmp_path: Path, http: str, key: str, says: str) -> None:
    """With one fault on that key."""
    fault = refused(tmp_path, "organizations.http", http)
    assert fault.where == f"organizations.http.{key}"
    assert says in fault.what


def test_a_server_that_lists_organisations_is_a_source_and_needs_no_token(tmp_path: Path) -> None:
    """Alone, with its defaults; its address stays as it is written, slash and query included."""
    file = tmp_path / "c.yml"
    file.write_text("platform: {url: http://a, token: t}\norganizations: {http: {url: 'HTTPS://a.example/sd/?a=b'}}\n")
    http = load(file, {}).organizations.http
    assert http is not None
    assert (http.url, http.refresh, http.missing_grace, http.has_token) == (
        "https://a.example/sd/?a=b",
        300.0,
        3,
        False,
    )


def test_the_server_that_lists_organisations_can_come_from_the_environment(tmp_path: Path) -> None:
    """Key by key, though the file does not mention it; null takes it away."""
    file = tmp_path / "c.yml"
    file.write_text("platform: {url: http://a, token: t}\n")
    given_keys = {"URL": "https://a.example/sd", "REFRESH": "1m", "TOKEN_FILE": "t"}
    prefix = "XERO_EXPORTER_ORGANIZATIONS__HTTP"
    http = load(file, {f"{prefix}__{key}": value for key, value in given_keys.items()}).organizations.http
    assert http is not None
    assert (http.url, http.refresh, http.token_file) == ("https://a.example/sd", 60.0, tmp_path / "t")
    file.write_text(
        "platform: {url: http://a, token: t}\norganizations: {static: [{id: a}], http: {url: 'http://a.example'}}\n"
    )
    assert load(file, {prefix: "null"}).organizations.http is None


def test_the_platforms_own_words_mean_what_is_written_in_small_letters(tmp_path: Path) -> None:
    """And nothing else by default."""
    words = taken(tmp_path, "platform.sync_status_words", "{healthy: [OK, idle], disconnected: [unlinked]}")
    assert words.meanings == {
        "ok": SyncStatus.HEALTHY,
        "idle": SyncStatus.HEALTHY,
        "unlinked": SyncStatus.DISCONNECTED,
    }
    assert load(written(tmp_path, "platform.timeout", "10s"), {}).platform.sync_status_words.meanings == {}


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("{healthy: [ok], failing: [OK]}", "platform.sync_status_words.failing"),
        ("{healthy: ok}", "platform.sync_status_words.healthy"),
        ('{healthy: [""]}', "platform.sync_status_words.healthy[0]"),
        ('{healthy: [" ok "]}', "platform.sync_status_words.healthy[0]"),
        ("{other: [ok]}", "platform.sync_status_words.other"),
        (f"{{healthy: [{'x' * 65}]}}", "platform.sync_status_words.healthy[0]"),
    ],
)
def test_a_word_with_two_meanings_or_none_is_refused(tmp_path: Path, value: str, key: str) -> None:
    """By the key, without the word."""
    fault = refused(tmp_path, "platform.sync_status_words", value)
    assert fault.where == key
    assert "xxx" not in str(fault)
