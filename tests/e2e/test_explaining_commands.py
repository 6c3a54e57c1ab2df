"""`diagnose` and `escalate`, typed as people type them, against a simulated platform and a running exporter."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from exporter.expose.escalation_shapes import EscalationDocument
from exporter.expose.shapes import OrganizationDocument
from exporter.simulator.world import SimulatedOrganization
from exporter.simulator.xero import Xero
from exporter.simulator.xero_server import XeroSimulator
from tests.e2e.processes import COMMAND, eventually, free_port, get, in_thread, platform, running

TOKEN = "canary-admin-token"
TENANT = "fe79f7dd-b6d4-4a92-ba7b-538af6289c5"
PERSON = "jane.canary@example.com"
STRANGE = f"Zorblax \x1b[31m{PERSON} ``` <script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}"
PERSONAL = (PERSON, "canary", "Zorblax", "Canary Choir")
ESCAPES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

FLEET = (
    SimulatedOrganization("healthy", "Canary Choir 1", f"{TENANT}1", "healthy"),
    SimulatedOrganization("gone", "Canary Choir 2", f"{TENANT}2", "customer_disconnects", offset=100),
    SimulatedOrganization("expired", "Canary Choir 3", f"{TENANT}3", "token_expires", offset=100),
    SimulatedOrganization("duplicates", "Canary Choir 4", f"{TENANT}4", "duplicate_contacts", offset=60),
    SimulatedOrganization("unknown", "Canary Choir 5", f"{TENANT}5", "unknown_to_platform"),
    SimulatedOrganization("broken", "Canary Choir 6", f"{TENANT}6", "platform_5xx", offset=65),
    SimulatedOrganization("hangs", "Canary Choir 7", f"{TENANT}7", "hangs"),
    SimulatedOrganization("strange", "Canary Choir 8", f"{TENANT}8", "healthy"),
    SimulatedOrganization("new", "Canary Choir 9", f"{TENANT}9", "never_connected"),
)


@dataclass(frozen=True)
class Setting:
    """A platform with one organisation for each story, and a configuration for it."""

    folder: Path
    config: Path
    url: str

    def run(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command with the configuration to its end."""
        command, *rest = map(str, arguments)
        return subprocess.run(
            [str(COMMAND), command, "--config", str(self.config), *rest],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], **environment},
        )


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """MemberPulse and Xero, simulated."""
    folder = tmp_path_factory.mktemp("explaining")
    with platform(folder, FLEET, token=TOKEN) as simulator:
        world = simulator.world
        shown = world.shows("healthy")
        assert isinstance(shown, dict)
        error = {"type": f"contact_sync {PERSON}", "message": STRANGE, "timestamp": shown["last_sync"]}
        world.override(
            "strange", {**shown, "sync_status": "failing", "failed_syncs": 1, "last_sync": None, "errors": [error]}
        )
        xero = XeroSimulator(Xero(world, client_id="app", client_secret="canary-app-secret"))
        with in_thread(xero):
            (folder / "secret").write_text("canary-app-secret")
            for name in ("viewer", "operator"):
                (folder / name).write_text(f"canary-{name}-token")
            config = folder / "explain.yml"
            config.write_text(
                f"platform: {{url: '{simulator.url}', token_file: token, timeout: 2s}}\n"
                "organizations: {file: organizations.yml}\n"
                "links: {client_portal: 'https://portal.example/{organization_id}/xero'}\n"
                f"xero: {{status_pages: ['{xero.pages[0]}'], api_url: '{xero.url}', identity_url: '{xero.url}',\n"
                "       app: {client_id: app, client_secret_file: secret}}\n"
                "poll: {interval: 1s, stale_after: 30s}\n"
                "web:\n"
                f"  listen: 127.0.0.1:{free_port()}\n"
                "  tokens:\n"
                "    - {name: reader, role: viewer, token_file: viewer}\n"
                "    - {name: on-call, role: operator, token_file: operator}\n"
            )
            yield Setting(folder, config, simulator.url)


@pytest.mark.parametrize(
    ("organization", "first", "words"),
    [
        ("healthy", "healthy: nothing is wrong", ["lists it        yes", "What now\n  Nothing."]),
        ("gone", "gone: disconnected", ["https://portal.example/gone/xero", "nothing reaches Xero until"]),
        ("expired", "expired: token_expired", ["[platform]", "token expires"]),
        ("duplicates", "duplicates: contacts_failing", ["duplicate_contact", "a person"]),
        ("strange", "strange: contacts_failing", ["Reason: unknown", "no rule knows it"]),
        ("new", "new: never connected", ["Nothing."]),
    ],
)
def test_an_organisation_is_explained_live(setting: Setting, organization: str, first: str, words: list[str]) -> None:
    """Without a running exporter, exit 0, and it says that there is no history."""
    answer = setting.run("diagnose", organization)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"{first}\n")
    for word in words:
        assert word in answer.stdout
    assert "no history      no exporter answers" in answer.stdout
    assert "status.xero.com: none, last read " in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("organization", "code", "told"),
    [
        ("healthy", 0, 0),
        ("gone", 1, 0),
        ("unknown", 3, 1),
        ("broken", 3, 3),
        ("hangs", 3, 3),
        ("nobody", 3, 1),
    ],
)
def test_exit_codes_tell_wrong_from_not_known(setting: Setting, organization: str, code: int, told: int) -> None:
    """With --exit-code 1 is a verdict on the organisation, and 3 that there is none; without it 0 is an answer."""
    assert setting.run("diagnose", organization, "--exit-code").returncode == code
    answer = setting.run("diagnose", organization)
    assert answer.returncode == told
    assert len(answer.stderr.splitlines()) == (1 if told else 0)
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("organization", "words"),
    [
        ("unknown", "does not know this organisation: check the id"),
        ("broken", "answers with a server error"),
        ("nobody", "no organisation on the roster has this id: list it in organizations"),
    ],
)
def test_what_cannot_be_known_is_told_in_one_line(setting: Setting, organization: str, words: str) -> None:
    """What, where, how to mend it."""
    [line] = setting.run("diagnose", organization, "--json").stderr.splitlines()
    assert line.startswith("xero-exporter: ")
    assert words in line


def test_a_platform_that_nobody_serves_is_not_known_and_exit_3(setting: Setting) -> None:
    """And the page says where to look."""
    answer = setting.run("diagnose", "healthy", XERO_EXPORTER_PLATFORM__URL=f"http://127.0.0.1:{free_port()}")
    assert answer.returncode == 3
    assert answer.stdout.startswith("healthy: not known\n")
    assert "Check platform.url" in answer.stdout
    assert "no connection" in answer.stderr


def test_a_bad_configuration_is_no_verdict_on_an_organisation(setting: Setting, tmp_path: Path) -> None:
    """Exit 1 as everywhere; 3 where the exit code is asked for, which a script takes for a verdict."""
    (tmp_path / "c.yml").write_text("platform: {}\n")
    bad = Setting(tmp_path, tmp_path / "c.yml", "")
    assert bad.run("diagnose", "healthy").returncode == 1
    assert bad.run("diagnose", "healthy", "--exit-code").returncode == 3
    assert bad.run("diagnose", "--from", "nonsense", "--exit-code").returncode in {2, 3}
    assert setting.run("diagnose", "--from", "nonsense", "--exit-code").returncode == 2


def test_json_is_the_document_of_the_api(setting: Setting) -> None:
    """One shape, in ASCII, and nothing personal in it."""
    for one in FLEET[3:]:
        answer = setting.run("diagnose", one.id, "--json")
        document = OrganizationDocument.model_validate_json(answer.stdout)
        assert document.id == one.id
        assert answer.stdout.isascii()
        assert not any(word in answer.stdout for word in PERSONAL)


def test_xeros_own_list_contradicts_the_platform(setting: Setting) -> None:
    """It still lists one that the platform calls disconnected, or the other way round: asked after the platform."""
    listed = json.loads(setting.run("diagnose", "healthy", "--json").stdout)["diagnosis"]["xero"]
    assert listed["listed"] is True
    gone = json.loads(setting.run("diagnose", "gone", "--json").stdout)["diagnosis"]["xero"]
    assert gone["listed"] is False


@pytest.mark.parametrize("organization", ["strange", "duplicates"])
@pytest.mark.parametrize("command", ["diagnose", "escalate"])
def test_nothing_personal_and_nothing_that_drives_a_terminal_is_printed(
    setting: Setting, command: str, organization: str
) -> None:
    """On a real terminal, where colours are ours: without them nothing but printable text is left."""
    inside = f"{COMMAND} {command} --config {setting.config} {organization}"
    shown = subprocess.run(
        ["script", "-qec", inside, "/dev/null"], capture_output=True, text=True, timeout=60, check=False
    )
    told = re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout).replace("\r\n", "\n")
    assert not ESCAPES.search(told)
    assert not any(word in told for word in PERSONAL)
    assert "xero" in told.lower()


def test_a_bundle_is_redacted_inert_and_complete(setting: Setting) -> None:
    """Markdown by default; the foreign text is not in it."""
    answer = setting.run("escalate", "strange")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("# Escalation of strange\n")
    assert "withheld" in answer.stdout
    assert "Request to Xero partner support" in answer.stdout
    assert f"{TENANT}8" in answer.stdout
    assert not any(word in answer.stdout for word in PERSONAL)
    document = EscalationDocument.model_validate_json(setting.run("escalate", "strange", "--json").stdout)
    assert document.errors[0].text is None
    assert document.errors[0].length == len(STRANGE)
    assert document.organization.name is None


def test_with_personal_data_the_text_is_there_and_still_drives_nothing(setting: Setting) -> None:
    """It says so at its top; escape sequences, HTML and fences are only text."""
    answer = setting.run("escalate", "strange", "--with-personal-data")
    assert "PERSONAL DATA" in answer.stdout.splitlines()[2]
    assert PERSON in answer.stdout
    assert "Canary Choir 8" in answer.stdout
    assert not ESCAPES.search(answer.stdout)
    tokens = MarkdownIt("commonmark", {"html": True}).parse(answer.stdout)
    assert not any(one.type == "html_block" for one in tokens)
    assert any(one.type == "fence" and PERSON in one.content for one in tokens)
    whole = json.loads(setting.run("escalate", "strange", "--with-personal-data", "--json").stdout)
    assert whole["errors"][0]["whole_text"] == STRANGE
    assert not any(word in whole["request"] for word in PERSONAL)


def test_a_bundle_goes_into_a_new_file_for_its_owner_alone(setting: Setting, tmp_path: Path) -> None:
    """0600, whole, nothing left beside it; what is there already is never replaced."""
    target = tmp_path / "bundle.md"
    answer = setting.run("escalate", "gone", "--output", target)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert str(target) in answer.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_text().startswith("# Escalation of gone\n")
    assert [one.name for one in tmp_path.iterdir()] == ["bundle.md"]
    before = target.read_text()
    again = setting.run("escalate", "healthy", "--output", target)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert target.read_text() == before
    nowhere = setting.run("escalate", "healthy", "--output", tmp_path / "none" / "b.md")
    assert nowhere.returncode == 1
    assert "cannot be written (ENOENT)" in nowhere.stderr


def test_a_link_at_the_place_of_the_file_is_not_followed(setting: Setting, tmp_path: Path) -> None:
    """Not even one that leads nowhere."""
    (tmp_path / "b.md").symlink_to(tmp_path / "elsewhere")
    assert setting.run("escalate", "gone", "--output", tmp_path / "b.md").returncode == 1
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("organization", "code", "why"), [("hangs", 3, "in time"), ("unknown", 1, "404")])
def test_a_bundle_without_a_status_says_what_is_known_and_fails(
    setting: Setting, organization: str, code: int, why: str
) -> None:
    """What was asked and how it failed, the status pages, the steps; nothing that could be sent to Xero."""
    answer = setting.run("escalate", organization)
    assert answer.returncode == code
    assert len(answer.stderr.splitlines()) == 1
    told = answer.stdout.replace("\\", "")
    assert f"GET {setting.url}/api/admin/integrations/xero/{organization}/status, with 2 s for the answer" in told
    assert re.search(rf"No answer now: the platform [^.]*{why}", told)
    assert "status.xero.com: none" in told
    assert "Not known: there is no status of the platform." in told
    assert "Hello Xero" not in told
    document = EscalationDocument.model_validate_json(setting.run("escalate", organization, "--json").stdout)
    assert (document.organization.id, document.organization.facts, document.errors) == (organization, None, ())


def test_there_is_no_bundle_of_an_organisation_that_nobody_lists(setting: Setting) -> None:
    """One line."""
    answer = setting.run("escalate", "nobody")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["diagnose", "escalate"])
@pytest.mark.parametrize(("token", "problem"), [(None, "does not exist"), ("", "is empty")])
def test_a_token_that_cannot_be_read_is_no_refusal_of_the_platform(
    setting: Setting, tmp_path: Path, command: str, token: str | None, problem: str
) -> None:
    """Nothing is sent, and it says so: which key, what is wrong, how to mend it; exit 1, as for any bad setting."""
    nowhere = tmp_path / "token"
    if token is not None:
        nowhere.write_text(token)
    answer = setting.run(command, "healthy", XERO_EXPORTER_PLATFORM__TOKEN_FILE=str(nowhere))
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"xero-exporter: platform.token_file: {problem}, so the platform was not asked: put")
    told = " ".join(answer.stdout.split())
    assert "refuses" not in told
    assert "platform was not asked" in told
    assert "Put an admin token of the platform into the file that platform.token" in told.replace("\\", "")
    if command == "diagnose":
        assert "asked never" in told
        assert "by nothing: there is no reading" in told


def test_a_token_that_cannot_be_read_gives_no_verdict_and_no_sample(setting: Setting, tmp_path: Path) -> None:
    """Exit 3 where the code is a verdict on the organisation; `once` names the key as well."""
    nowhere = {"XERO_EXPORTER_PLATFORM__TOKEN_FILE": str(tmp_path / "token")}
    assert setting.run("diagnose", "healthy", "--exit-code", **nowhere).returncode == 3
    answer = setting.run("once", **nowhere)
    assert answer.returncode == 1
    assert answer.stderr.startswith("xero-exporter: platform.token_file: does not exist, so the platform was not")


def test_a_token_that_the_platform_refuses_is_told_as_refused(setting: Setting, tmp_path: Path) -> None:
    """That one was sent."""
    (tmp_path / "token").write_text("another")
    answer = setting.run("diagnose", "healthy", XERO_EXPORTER_PLATFORM__TOKEN_FILE=str(tmp_path / "token"))
    assert answer.returncode == 1
    assert "the platform refuses the exporter's token (401 or 403)" in answer.stdout
    assert "it refuses the token" in answer.stderr
    assert "not asked" not in answer.stdout + answer.stderr


def test_a_check_online_tries_everybody_and_tells_each_on_a_line(setting: Setting) -> None:
    """The platform, Xero's list by client credentials, the status pages."""
    answer = setting.run("check-config", "--online")
    assert answer.returncode == 0, answer.stderr
    _, asked, *others = answer.stdout.splitlines()
    assert asked.startswith("the platform answered for healthy in ")
    app, page = sorted(others, reverse=True)
    assert re.fullmatch(
        r"xero\.app: Xero takes the app and lists \d+ connections \(\d of the 9 whose xero_tenant_id is known\)", app
    )
    assert re.fullmatch(r"status page \S+/status\.xero\.com was read, and says none", page)


@pytest.mark.parametrize("platform_is_there", [True, False])
def test_a_check_online_tells_a_refused_app_also_when_the_platform_is_away(
    setting: Setting,
    platform_is_there: bool,  # noqa: FBT001 - pytest's argument
    tmp_path: Path,
) -> None:
    """Exit 1 for the app alone; else the platform's own code, and a line for each."""
    (tmp_path / "secret").write_text("canary-another-secret")
    (tmp_path / "explain.yml").write_text(
        setting.config.read_text()
        .replace("client_secret_file: secret", f"client_secret_file: {tmp_path / 'secret'}")
        .replace("token_file: token,", f"token_file: {setting.folder / 'token'},")
        .replace("file: organizations.yml", f"file: {setting.folder / 'organizations.yml'}")
        .replace("token_file: viewer}", f"token_file: {setting.folder / 'viewer'}}}")
        .replace("token_file: operator}", f"token_file: {setting.folder / 'operator'}}}")
    )
    away = {} if platform_is_there else {"XERO_EXPORTER_PLATFORM__URL": f"http://127.0.0.1:{free_port()}"}
    answer = Setting(tmp_path, tmp_path / "explain.yml", "").run("check-config", "--online", **away)
    assert answer.returncode == (1 if platform_is_there else 3)
    wrong = [line for line in answer.stderr.splitlines() if line.startswith("xero-exporter: ")]
    assert len(wrong) == (1 if platform_is_there else 2)
    assert any("xero.app: Xero refuses the app (invalid_client): it does not know" in line for line in wrong)
    assert "was read, and says none" in answer.stdout
    assert "canary" not in answer.stdout + answer.stderr


def test_a_check_online_goes_on_without_status_pages(setting: Setting) -> None:
    """Exit 0: they are optional, and what they say stays unknown."""
    nobody = f'["http://127.0.0.1:{free_port()}"]'
    answer = setting.run("check-config", "--online", XERO_EXPORTER_XERO__STATUS_PAGES=nobody)
    assert answer.returncode == 0, answer.stderr
    assert "cannot be read (network: no connection could be made): what it says stays unknown" in answer.stdout


def test_an_unreadable_secret_of_the_app_is_a_fault(setting: Setting, tmp_path: Path) -> None:
    """As the platform's token: `serve` would wait for it, and a check says so."""
    app = json.dumps({"client_id": "app", "client_secret_file": str(tmp_path / "nowhere")})
    answer = setting.run("check-config", XERO_EXPORTER_XERO__APP=app)
    assert answer.returncode == 1
    assert "xero.app.client_secret_file: does not exist" in answer.stderr


def test_a_running_exporter_adds_since_when_and_tells_of_the_fleet(setting: Setting) -> None:
    """Found where the configuration says, with a token of the configuration; or named with --from."""
    listen = re.search(r"listen: (\S+)", setting.config.read_text())
    assert listen is not None
    url = f"http://{listen[1]}"
    with running(COMMAND, "serve", "--config", setting.config, log=setting.folder / "serve.log"):
        eventually(lambda: '"diagnosis"' in get(f"{url}/api/v1/organizations/gone", "canary-viewer-token"))
        eventually(lambda: setting.run("diagnose", "gone", "--from", url, "--exit-code").returncode == 1)
        live = setting.run("diagnose", "gone")
        assert "history by the running exporter" in live.stdout
        assert "no history" not in live.stdout
        asked = json.loads(setting.run("diagnose", "gone", "--from", url, "--json").stdout)
        assert asked["diagnosis"]["basis"] == "history"
        both = json.loads(setting.run("diagnose", "gone", "--json").stdout)
        assert both["diagnosis"]["basis"] == "one_reading_and_history"
        assert both["diagnosis"]["issues"][0]["since"] == asked["diagnosis"]["issues"][0]["since"]
        assert len(both["recent"]) > 1
        fleet = setting.run("diagnose")
        assert fleet.returncode == 0, fleet.stderr
        assert fleet.stdout.startswith("9 organisations: ")
        assert json.loads(setting.run("diagnose", "--json").stdout)["organizations"] == 9
        refused = setting.run("diagnose", "--from", url, XERO_EXPORTER_WEB__TOKENS="[]")
        assert refused.returncode == 1
        assert "a token of web.tokens" in refused.stderr
        nobody = setting.run("diagnose", "nobody", "--from", url)
        assert nobody.returncode == 1
        assert "does not know this organisation" in nobody.stderr
        _bundles_of_a_running_exporter(setting, url)
        elsewhere = setting.run("diagnose", "gone", "--from", setting.url)
        assert elsewhere.returncode == 1


def _bundles_of_a_running_exporter(setting: Setting, url: str) -> None:
    """`escalate --from` takes its bundle with the operator's token, also while the platform is away."""
    away = {"XERO_EXPORTER_PLATFORM__URL": f"http://127.0.0.1:{free_port()}"}
    taken = setting.run("escalate", "strange", "--from", url, **away)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert taken.stdout.startswith("# Escalation of strange\n")
    assert not any(word in taken.stdout for word in PERSONAL)
    whole = setting.run("escalate", "strange", "--from", url, "--json", "--with-personal-data")
    assert EscalationDocument.model_validate_json(whole.stdout).errors[0].whole_text == STRANGE
    alone = setting.run("escalate", "strange", **away)
    assert alone.returncode == 3
    assert alone.stderr.endswith(f"what the running exporter holds: --from {url}\n")
    assert "contacts\\_failing" in alone.stdout or "contacts_failing" in alone.stdout
    reader = json.dumps([{"name": "reader", "role": "viewer", "token_file": str(setting.folder / "viewer")}])
    refused = setting.run("escalate", "strange", "--from", url, XERO_EXPORTER_WEB__TOKENS=reader)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "with the role operator" in refused.stderr
    nobody = setting.run("escalate", "nobody", "--from", url)
    assert (nobody.returncode, nobody.stdout) == (1, "")


@pytest.mark.parametrize("arguments", [(), ("gone", "--from", "http://127.0.0.1:1"), ("--from", "http://127.0.0.1:1")])
def test_without_a_running_exporter_the_fleet_is_not_known(setting: Setting, arguments: tuple[str, ...]) -> None:
    """Exit 3, one line that says how to mend it; a bundle is not to be had there either."""
    assert setting.run("escalate", "gone", "--from", "http://127.0.0.1:1").returncode == 3
    answer = setting.run("diagnose", *arguments)
    assert (answer.returncode, answer.stdout) == (3, "")
    [line] = answer.stderr.splitlines()
    assert "start it, or say with --from where it listens" in line
