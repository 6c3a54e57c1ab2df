"""The command that gives out what Prometheus, Alertmanager and people need beside the exporter: `bundle`."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

import exporter
from exporter.errors import AnswerIsBadError, UsageError

SHIPPED: Final[Mapping[str, str]] = {
    "alerts/rules": "alerts/rules",
    "alerts/tests": "alerts/tests",
    "alerts/runbooks": "alerts/runbooks",
    "alerts/operator": "alerts/operator",
    "alerts/alertmanager.yml": "alerts/alertmanager.yml",
    "alerts/prometheus.yml": "alerts/prometheus.yml",
    "dashboards/json": "dashboards",
    "dashboards/provisioning.yml": "dashboards/provisioning.yml",
    "deploy/examples": "examples",
}
"""What is given out: path in the project, and in the bundle. The wheel carries the same below ``exporter/shipped``."""

_PLACEHOLDERS: Final = {
    "grafana": "https://grafana.example",
    "runbooks": "https://runbooks.example/xero",
    "exporter": "https://xero-exporter.example",
}
"""What stands in the shipped files for addresses that only you know."""

_ORGANIZATION: Final = "{organization_id}"
_LABEL: Final = "{{ $labels.organization_id }}"
_ADDRESS: Final = re.compile(r"https?://[^\s\"'\\<>`]+")
_STEPS: Final = re.compile(r"^( +)steps_url: .*\n", re.MULTILINE)

_OUTPUT = typer.Option("--output", metavar="DIR", help="A folder that is not there yet, or is empty.")
_SETTINGS = typer.Option(
    metavar="TEMPLATE",
    help="Address of an organisation's integration settings, with {organization_id}; alerts then link to it.",
)
_GRAFANA = typer.Option(metavar="URL", help="Where your Grafana is; alerts link to its dashboards.")
_RUNBOOKS = typer.Option(metavar="URL", help="Where you publish alerts/runbooks; alerts and dashboards link to them.")
_EXPORTER = typer.Option(
    metavar="URL", help="Where people reach the exporter; alerts and dashboards link to an organisation's steps."
)


def bundle(
    output: Annotated[Path, _OUTPUT],
    integration_settings_url: Annotated[str | None, _SETTINGS] = None,
    grafana_url: Annotated[str | None, _GRAFANA] = None,
    runbooks_url: Annotated[str | None, _RUNBOOKS] = None,
    exporter_url: Annotated[str | None, _EXPORTER] = None,
) -> None:
    """Write rules, their tests, runbooks, routes, dashboards and example configurations, to use or to change."""
    settings = _settings_link(integration_settings_url)
    addresses = {
        _PLACEHOLDERS[name]: _address(f"--{name}-url", given).rstrip("/")
        for name, given in (("grafana", grafana_url), ("runbooks", runbooks_url), ("exporter", exporter_url))
        if given is not None
    }
    source = shipped()
    try:
        if output.is_dir() and any(output.iterdir()):
            raise AnswerIsBadError(f"{output} is not empty: name a new folder, so that nothing of yours is overwritten")
        for inside, outside in SHIPPED.items():
            _copy(source / inside, output / outside)
        for file in sorted((*output.rglob("*.yml"), *output.rglob("*.json"))):
            text = file.read_text(encoding="utf-8")
            adapted = adapt(text, addresses, settings)
            if adapted != text:
                file.write_text(adapted, encoding="utf-8")
    except OSError as error:
        raise AnswerIsBadError(f"{output} cannot be written ({error.strerror}): name a folder that can") from None
    sys.stdout.write(f"{sum(file.is_file() for file in output.rglob('*'))} files in {output}\n")


def shipped() -> Path:
    """The folder that what is given out lies in: inside the installed package, or the checkout that it runs from."""
    package = Path(exporter.__file__).parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


def adapt(text: str, addresses: Mapping[str, str], settings: str | None) -> str:
    """Rules, tests of them, or a dashboard, with your addresses in place of those that stand for them.

    Args:
        text: a shipped file.
        addresses: what stands in it -> yours.
        settings: link to an organisation's integration settings as a template of Prometheus; None for no such link.
    """
    for placeholder, yours in addresses.items():
        text = text.replace(f"{placeholder}/", f"{yours}/")
    if settings is None:
        return text

    def link(found: re.Match[str]) -> str:
        # In a test of rules the template is filled in already, with the organisation that the test is about.
        rendered = re.search(r'/organizations/([A-Za-z0-9._:-]+)"$', found[0].rstrip("\n"))
        url = settings if rendered is None else settings.replace(_LABEL, rendered[1])
        return f"{found[0]}{found[1]}integration_settings_url: {json.dumps(url)}\n"

    return _STEPS.sub(link, text)


def _settings_link(template: str | None) -> str | None:
    if template is None:
        return None
    if _ORGANIZATION not in template:
        raise UsageError("--integration-settings-url: must hold {organization_id}, which each alert fills in")
    return _address("--integration-settings-url", template.replace(_ORGANIZATION, "\0")).replace("\0", _LABEL)


def _address(option: str, text: str) -> str:
    if _ADDRESS.fullmatch(text) is None or "{" in text or "}" in text:
        raise UsageError(f"{option}: must be an address that begins with https:// or http://")
    return text


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
