"""`xero-exporter bundle`, from a checkout and from a wheel: the same files, ready to use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli.bundling import SHIPPED, adapt
from exporter.config.load import load, load_organizations
from tests.e2e.processes import COMMAND
from tests.needs import program

PROJECT = Path(__file__).parents[2]


def bundle(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The installed command."""
    command = [COMMAND, "bundle", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def content(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def from_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle by the command of this checkout, an editable install."""
    folder = tmp_path_factory.mktemp("checkout") / "bundle"
    done = bundle("--output", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_it_holds_what_is_committed(from_checkout: Path) -> None:
    """Byte by byte, without options."""
    wanted: dict[str, bytes] = {}
    for inside, outside in SHIPPED.items():
        source = PROJECT / inside
        files = [file for file in source.rglob("*") if file.is_file()] if source.is_dir() else [source]
        wanted |= {str(Path(outside) / file.relative_to(source)): file.read_bytes() for file in files}
    assert content(from_checkout) == wanted
    assert len(wanted) > 70


def test_a_wheel_gives_the_same(from_checkout: Path, tmp_path: Path) -> None:
    """Built and installed without the network; run far from the checkout."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    no_more = ["--no-index", "--no-deps"]
    made: list[str | Path] = [*pip, "wheel", *no_more, "--no-build-isolation", "--wheel-dir", tmp_path, PROJECT]
    subprocess.run(made, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", *no_more, "--target", tmp_path / "site", wheel], check=True, capture_output=True)
    command: list[str | Path] = [sys.executable, "-m", "exporter", "bundle", "--output", tmp_path / "bundle"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "bundle") == content(from_checkout)


def test_prometheus_and_alertmanager_take_it_as_it_is(from_checkout: Path) -> None:
    """Configurations that name its own files, and tests that find its rules."""
    alerts = from_checkout / "alerts"
    commands: list[list[str | Path]] = [
        [program("promtool"), "check", "config", alerts / "prometheus.yml"],
        [program("promtool"), "test", "rules", alerts / "tests" / "fleet-of-0.yml"],
        [program("amtool"), "check-config", alerts / "alertmanager.yml"],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)


def test_its_examples_can_be_used(from_checkout: Path) -> None:
    """The example configuration has no fault."""
    examples = from_checkout / "examples"
    settings = load(examples / "xero-exporter.yml", {})
    assert settings.organizations.file == examples / "organizations.yml"
    assert len(load_organizations(settings.organizations.file)) == 2


ADDRESSES = (
    "--integration-settings-url=https://app.club.org/o/{organization_id}/xero?tab=x",
    "--grafana-url=https://grafana.club.org/",
    "--runbooks-url=https://wiki.club.org/xero",
    "--exporter-url=https://xero.club.org",
)


def rules(file: Path) -> list[dict[str, Any]]:
    """The rules of a file."""
    return [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def test_addresses_are_filled_in_everywhere(from_checkout: Path, tmp_path: Path) -> None:
    """In each alert, in the operator's objects and in the tests, which still pass; nothing else changes."""
    done = bundle("--output", tmp_path / "mine", *ADDRESSES)
    assert done.returncode == 0, done.stderr
    mine = tmp_path / "mine" / "alerts"
    for before, after in zip(
        rules(from_checkout / "alerts/rules/xero.yml"), rules(mine / "rules/xero.yml"), strict=True
    ):
        assert {**before, "annotations": 0} == {**after, "annotations": 0}
        if "alert" in before:
            link = after["annotations"].pop("integration_settings_url", None)
            wanted = "https://app.club.org/o/{{ $labels.organization_id }}/xero?tab=x"
            assert link == (wanted if after["labels"]["scope"] == "organization" else None)
            assert after["annotations"].keys() == before["annotations"].keys()
    spec = yaml.safe_load((mine / "operator/xero-rules.yml").read_text())["spec"]
    assert spec == yaml.safe_load((mine / "rules/xero.yml").read_text())
    everything = "".join(file.read_text() for file in mine.rglob("*.yml") if file.name != "alertmanager.yml")
    boards = tmp_path / "mine/dashboards"
    everything += "".join(file.read_text() for file in boards.glob("*.json"))
    assert "https://wiki.club.org/xero/${__data.fields.Alert}.md" in everything
    assert "https://xero.club.org/organizations/${organization_id}" in everything
    for placeholder in ("grafana.example", "runbooks.example", "xero-exporter.example"):
        assert placeholder not in everything
    command: list[str | Path] = [program("promtool"), "test", "rules", mine / "tests" / "firing-within-days.yml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--integration-settings-url=https://app.club.org/", "{organization_id}"),
        ("--integration-settings-url=app/{organization_id}", "address"),
        ('--integration-settings-url=https://app/"{organization_id}', "address"),
        ("--integration-settings-url=https://app/{organization_id}/{{ .X }}", "address"),
        ("--grafana-url=grafana.club.org", "address"),
        ("--runbooks-url=https://a\nb", "address"),
        ("--exporter-url=javascript:alert(1)", "address"),
    ],
)
def test_an_address_that_is_none_is_refused(argument: str, says: str, tmp_path: Path) -> None:
    """In one line with the option's name, and nothing is written."""
    done = bundle("--output", tmp_path / "bundle", argument)
    assert done.returncode == 2
    assert argument.partition("=")[0] in done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "bundle").exists()


def test_nothing_of_yours_is_overwritten(tmp_path: Path) -> None:
    """A folder that holds something is refused, and so is what cannot be a folder."""
    (tmp_path / "mine.yml").write_text("mine")
    for folder in (tmp_path, tmp_path / "mine.yml"):
        done = bundle("--output", folder)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert content(tmp_path) == {"mine.yml": b"mine"}
    (tmp_path / "empty").mkdir()
    assert bundle("--output", tmp_path / "empty").returncode == 0


def test_text_without_rules_stays_as_it_is() -> None:
    """Only addresses that stand for yours, and links beside an organisation's steps, are touched."""
    text = "url: https://grafana.example.org/\nsteps: https://runbooks.example\n"
    assert adapt(text, {"https://grafana.example": "x"}, "y") == text
