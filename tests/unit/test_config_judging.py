"""The keys of `links`, `diagnosis` and `xero`: what they let pass, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.addresses import page_key
from exporter.config.advice import advice
from exporter.config.changes import changed_keys, restart_only
from exporter.config.load import load
from exporter.config.schema import Config
from exporter.errors import ConfigError, Fault

BASE = "platform: {url: https://app.example, token: t}\norganizations: {static: [{id: org-1}]}\n"


def configured(tmp_path: Path, more: str = "", environ: dict[str, str] | None = None) -> Config:
    """A configuration that is right, with `more` YAML below it."""
    file = tmp_path / "c.yml"
    file.write_text(BASE + more)
    return load(file, environ or {})


def refused(tmp_path: Path, more: str) -> Fault:
    """The one fault that `more` is refused with."""
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, more)
    (fault,) = error.value.faults
    return fault


def test_by_default_the_pages_are_read_and_xero_is_not_asked(tmp_path: Path) -> None:
    """A list of connections needs a secret that nobody has to give."""
    config = configured(tmp_path)
    assert config.xero.status_pages == ("https://status.xero.com", "https://status.developer.xero.com")
    assert (config.xero.app.client_id, config.xero.app.client_secret_file, config.xero.app.refresh) == (None, None, 600)
    assert (config.xero.api_url, config.xero.identity_url) == ("https://api.xero.com", "https://identity.xero.com")
    assert (config.links.integration_settings, config.links.client_portal) == (None, None)
    found = config.diagnosis
    assert (found.error_window, found.token_grace, found.sync_stale_after) == (3_600, 900, 26 * 3_600)
    assert (found.token_clock, found.sync_silent_after) == ("auto", None)


@pytest.mark.parametrize(
    "link",
    [
        "https://app.example/organizations/{organization_id}/xero",
        "http://10.0.0.1:8080/?org={organization_id}",
        "https://app.example/#/{organization_id}/settings",
        "https://app.example/{organization_id}/{organization_id}",
        "https://app.example",
        "https://app.example?organization={organization_id}",
    ],
)
def test_a_link_is_let_pass_as_it_is(tmp_path: Path, link: str) -> None:
    """With the id anywhere behind the host, or nowhere."""
    assert configured(tmp_path, f"links: {{client_portal: '{link}'}}\n").links.client_portal == link


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("javascript:alert(1)", "http or https"),
        ("javascript://app.example/%0aalert(1)", "http or https"),
        ("app.example/{organization_id}", "http or https"),
        ("//app.example/{organization_id}", "http or https"),
        ("https://{organization_id}.app.example/", "http or https"),
        ("https://app.example:{organization_id}/", "http or https"),
        ("https://app.example/{name}", "no other braces"),
        ("https://app.example/{{organization_id}}", "no other braces"),
        ("https://app.example/{organization_id", "no other braces"),
        ("https://user:pw@app.example/{organization_id}", "must not hold a user"),
        ("https://app.example/{organization_id} x", "ASCII"),
        ('https://app.example/{organization_id}"onclick="x', "ASCII"),
        ("https://app.example/é", "ASCII"),
        ("", "http or https"),
    ],
)
def test_a_link_that_is_none_is_refused(tmp_path: Path, link: str, says: str) -> None:
    """People will click on it, so it leads to a host that the configuration names, by http or https."""
    fault = refused(tmp_path, f"links:\n  integration_settings: '{link}'\n")
    assert fault.where == "links.integration_settings"
    assert says in fault.what


@given(st.text(alphabet="htps:/ {}organizt_d.@#?%é\n", max_size=60))
def test_any_link_that_passes_begins_with_its_scheme(link: str) -> None:
    """Whatever is written."""
    try:
        config = Config.model_validate(
            {
                "platform": {"url": "https://a", "token": "t"},
                "organizations": {"static": [{"id": "a"}]},
                "links": {"client_portal": link},
            }
        )
    except ValueError:
        return
    assert config.links.client_portal is not None
    assert config.links.client_portal.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("key", "least", "below"),
    [
        ("error_window", "10m", "9m"),
        ("token_grace", "1s", "0s"),
        ("sync_stale_after", "1m", "59s"),
        ("sync_silent_after", "1m", "59s"),
    ],
)
def test_thresholds_are_bounded_durations(tmp_path: Path, key: str, least: str, below: str) -> None:
    """Written as Prometheus writes them."""
    assert getattr(configured(tmp_path, f"diagnosis: {{{key}: {least}}}\n").diagnosis, key) > 0
    fault = refused(tmp_path, f"diagnosis: {{{key}: {below}}}\n")
    assert (fault.where, f"from {least}" in fault.what) == (f"diagnosis.{key}", True)
    assert "such as 30s" in refused(tmp_path, f"diagnosis: {{{key}: 5}}\n").what


@pytest.mark.parametrize("word", ["auto", "trusted", "corroborated"])
def test_the_clock_of_tokens_is_one_of_three_words(tmp_path: Path, word: str) -> None:
    """And nothing else."""
    assert configured(tmp_path, f"diagnosis: {{token_clock: {word}}}\n").diagnosis.token_clock == word
    assert "auto, trusted or corroborated" in refused(tmp_path, "diagnosis: {token_clock: on}\n").what


@pytest.mark.parametrize("app", ["{client_id: abc}", "{client_secret_file: s}", "{client_id: abc, refresh: 1m}"])
def test_an_id_without_its_secret_is_refused(tmp_path: Path, app: str) -> None:
    """Half of a pair would quietly ask nobody."""
    fault = refused(tmp_path, f"xero: {{app: {app}}}\n")
    assert (fault.where, "both, or none" in fault.what) == ("xero.app.client_secret_file", True)


def test_an_id_with_its_secret_is_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    """As every relative path is; from the environment too."""
    app = configured(tmp_path, "xero: {app: {client_id: A:b%C, client_secret_file: s, refresh: 10s}}\n").xero.app
    assert (app.client_id, app.client_secret_file, app.refresh) == ("A:b%C", tmp_path / "s", 10.0)
    prefix = "XERO_EXPORTER_XERO__APP__"
    app = configured(tmp_path, "", {f"{prefix}CLIENT_ID": "x", f"{prefix}CLIENT_SECRET_FILE": "/s"}).xero.app
    assert (app.client_id, app.client_secret_file) == ("x", Path("/s"))


def test_an_inline_secret_is_no_key(tmp_path: Path) -> None:
    """It could remove every customer's connection, so it stands in a file; the refusal does not show it."""
    fault = refused(tmp_path, "xero: {app: {client_id: x, client_secret_file: s, client_secret: c4nary}}\n")
    assert (fault.where, "unknown key" in fault.what) == ("xero.app.client_secret", True)
    assert "c4nary" not in str(fault)


@pytest.mark.parametrize(
    ("app", "key"), [("client_id: 'a b'", "client_id"), ("client_id: ''", "client_id"), ("refresh: 9s", "refresh")]
)
def test_what_is_refused_of_the_app(tmp_path: Path, app: str, key: str) -> None:
    """With a fault on that key."""
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, f"xero: {{app: {{client_secret_file: s, {app}}}}}\n")
    assert f"xero.app.{key}" in [fault.where for fault in error.value.faults]


@pytest.mark.parametrize("key", ["identity_url", "api_url"])
def test_a_secret_never_goes_to_another_machine_in_clear(tmp_path: Path, key: str) -> None:
    """A fault and no advice: whoever listens could remove every customer's connection."""
    for url in ("http://identity.example", "http://10.0.0.1", "HTTP://localhost.example"):
        fault = refused(tmp_path, f"xero: {{{key}: '{url}'}}\n")
        assert (fault.where, "https://" in fault.what) == (f"xero.{key}", True)
    for url in ("https://identity.example/x", "http://127.0.0.1:8080", "http://localhost/identity", "http://[::1]:1"):
        assert getattr(configured(tmp_path, f"xero: {{{key}: '{url}'}}\n").xero, key) == url


def test_an_empty_list_turns_the_pages_off(tmp_path: Path) -> None:
    """And the environment replaces the list as a whole."""
    assert configured(tmp_path, "xero: {status_pages: []}\n").xero.status_pages == ()
    given_pages = {"XERO_EXPORTER_XERO__STATUS_PAGES": '["https://status.example/"]'}
    assert configured(tmp_path, "", given_pages).xero.status_pages == ("https://status.example",)


@pytest.mark.parametrize(
    ("pages", "where", "says"),
    [
        ("[https://a.example, https://A.example/]", "", "only once"),
        ("[https://a.example, http://a.example]", "", "only once"),
        (f"[{', '.join(f'https://{n}.a.example' for n in range(11))}]", "", "at most 10"),
        ("[https://a.example, status.xero.com]", "[1]", "http or https"),
        ("['https://a.example?x=y']", "[0]", "query"),
        ("null", "", "list"),
    ],
)
def test_pages_that_cannot_be_told_apart_are_refused(tmp_path: Path, pages: str, where: str, says: str) -> None:
    """Each has its label."""
    fault = refused(tmp_path, f"xero: {{status_pages: {pages}}}\n")
    assert (fault.where, says in fault.what) == (f"xero.status_pages{where}", True)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://status.xero.com", "status.xero.com"),
        ("https://Status.Xero.com", "status.xero.com"),
        ("http://127.0.0.1:80/a", "127.0.0.1:80/a"),
    ],
)
def test_a_page_is_called_by_its_host(url: str, key: str) -> None:
    """With port and path where there are any."""
    assert page_key(url) == key


def test_none_of_these_keys_needs_a_restart(tmp_path: Path) -> None:
    """They change what is judged and asked, not how we are reached."""
    more = (
        "links: {client_portal: https://a}\ndiagnosis: {token_grace: 1m}\n"
        "xero: {status_pages: [], app: {client_id: x, client_secret_file: s}}\n"
    )
    changed = changed_keys(configured(tmp_path), configured(tmp_path, more))
    assert changed == ["links.client_portal", "diagnosis.token_grace", "xero.status_pages", "xero.app"]
    assert not restart_only(changed)


def test_a_secret_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    """By its key path, as tokens are."""
    secret = tmp_path / "s"
    secret.touch(mode=0o644)
    more = "xero: {app: {client_id: x, client_secret_file: s}}\n"
    assert advised(configured(tmp_path, more)) == ["xero.app.client_secret_file"]
    secret.chmod(0o600)
    assert advised(configured(tmp_path, more)) == []


@pytest.mark.parametrize(("silent", "warned"), [("1h", True), ("26h", False), ("2d", False), ("null", False)])
def test_a_threshold_that_has_no_effect_is_warned_of(tmp_path: Path, silent: str, warned: bool) -> None:  # noqa: FBT001 - pytest hands it in by name
    """Silence asks less than staleness, so it must ask for longer."""
    found = advised(configured(tmp_path, f"diagnosis: {{sync_silent_after: {silent}}}\n"))
    assert found == (["diagnosis.sync_stale_after"] if warned else [])


def advised(config: Config) -> list[Any]:
    """The key paths that are warned of, but for the token of the platform, which stands in the file."""
    return [line.partition(":")[0] for line in advice(config, 1, {}) if not line.startswith("platform.token:")]
