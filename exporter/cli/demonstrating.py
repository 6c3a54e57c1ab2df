"""The command that shows it all before there is a configuration: `demo`."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from exporter import __version__
from exporter.errors import UnreachableError, UsageError

_APP: Final = "DEMO0123456789DEMO0123456789DEMO"
_CURABLE: Final = "passed_network_failure"
"""The script of the organisation whose records a retry cures most of the time."""


def demo(
    organizations: Annotated[int, typer.Option(min=1, max=100_000, help="Simulated customer organisations.")] = 48,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the exporter listens.")] = "127.0.0.1:9869",
    speed: Annotated[float, typer.Option(min=1, max=3600, help="Simulated minutes that pass in a minute.")] = 60.0,
) -> None:
    """Simulated MemberPulse and Xero and this exporter on loopback: see it work before you have a configuration."""
    from exporter import logs
    from exporter.cli import loop
    from exporter.config.addresses import Listen
    from exporter.config.values import SpellingError

    try:
        Listen.parse(listen)
    except SpellingError as error:
        raise UsageError(f"--listen: {error}") from None
    # The exporter's story goes to the terminal in between; changes only, so it stays readable.
    logs.configure("info", "auto")
    with tempfile.TemporaryDirectory(prefix="xero-exporter-demo-") as folder:
        try:
            loop.run(_demo(Path(folder), organizations, listen, speed))
        except UnreachableError as error:
            mend = "choose another with --listen 127.0.0.1:PORT (port 0 takes a free one)"
            told = str(error).replace("change web.listen", mend).replace("web.listen", "--listen")
            raise UnreachableError(told) from None


async def _demo(folder: Path, organizations: int, listen: str, speed: float) -> None:
    from exporter.cli.serving import watch
    from exporter.config.load import Source
    from exporter.simulator.fleets import demo_fleet, organizations_yaml
    from exporter.simulator.server import Simulator
    from exporter.simulator.world import World
    from exporter.simulator.xero import Xero
    from exporter.simulator.xero_server import XeroSimulator

    token, operator, secret = (f"demo-{secrets.token_urlsafe(16)}" for _ in range(3))
    fleet = demo_fleet(organizations, seed=1)
    world = World(fleet, admin_token=token, speed=speed, admin_token_outages=True, record_ids="record_ids")
    async with Simulator(world) as platform, XeroSimulator(Xero(world, client_id=_APP, client_secret=secret)) as xero:
        written = {"token": token, "operator": operator, "xero-secret": secret}
        written["organizations.yml"] = organizations_yaml(fleet)
        written["demo.yml"] = _config(speed, platform.url, xero.url, xero.pages, listen)
        for name, text in written.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        told = _Told(
            organizations=organizations,
            speed=speed,
            platform=platform.url,
            token=token,
            operator=operator,
            page=xero.pages[0],
            config=folder / "demo.yml",
            about=next((one.id for one in fleet if _fails(world.shows(one.id))), fleet[0].id),
            curable=next((one.id for one in fleet if one.script == _CURABLE), None),
        )
        # All of it stands in the file, so that the commands that read it see what this exporter does.
        source = Source(folder / "demo.yml", {})
        await watch(source.load(), source, told.greeting)


def _fails(status: object) -> bool:
    """Whether a simulated status is one that there is something to say of: contacts or invoices fail, with texts."""
    return isinstance(status, dict) and bool(status["connected"] and status["failed_syncs"] and status["errors"])


def _config(speed: float, platform: str, xero: str, pages: Sequence[str], listen: str) -> str:
    """What is simulated in accelerated time is judged by thresholds that are as much shorter."""
    return f"""\
# Of a demo that is running; it goes away with it.
platform: {{url: "{platform}", token_file: token, timeout: 3s}}
organizations: {{file: organizations.yml}}
poll: {{interval: 5s, stale_after: 30s}}
diagnosis:
  error_window: 10m
  token_grace: {max(1, round(900 / speed))}s
  sync_stale_after: {max(60, round(93_600 / speed))}s
  incident_window: 20m
xero:
  status_pages: {json.dumps(pages)}
  api_url: "{xero}"
  identity_url: "{xero}"
  app: {{client_id: {_APP}, client_secret_file: xero-secret, refresh: 10s}}
remediation:
  # What a person asks for is carried out. So much is wrong here, and so fast, that by the defaults it would be held.
  mode: approve
  cooldown: 1m
  verify_within: 1m
  storm: {{share: 0.9, calm: 5s}}
  blind: {{share: 0.9}}
  breaker: {{pause: 1m}}
web:
  listen: {json.dumps(listen)}
  open_reading: true
  tokens: [{{name: demo, role: operator, token_file: operator}}]
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the greeting tells.

    Attributes:
        organizations: how many.
        speed: simulated minutes that pass in a minute.
        platform: URL of the simulated MemberPulse.
        token: an admin token of it.
        operator: a token of the exporter with the role operator.
        page: URL of a simulated status page.
        config: the configuration.
        about: id of the organisation that the commands are about.
        curable: id of one that a retry cures; None when the fleet is too small to have one.
    """

    organizations: int
    speed: float
    platform: str
    token: str
    operator: str
    page: str
    config: Path
    about: str
    curable: str | None

    def greeting(self, url: str) -> str:
        """The text, for an exporter that listens at `url`."""
        here = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        command, config = _command(), shlex.quote(str(self.config))
        api = f"{here}/api/v1/organizations/{self.about}"
        fleet = f"{self.organizations} organisations, {self.speed:g} times as fast"
        mend = (
            "" if self.curable is None else f"  retry       {here}/organizations/{self.curable}/retry  once signed in\n"
        )
        return f"""
xero-exporter {__version__} watches a simulated MemberPulse: {fleet}.

  open        {here}/
  sign in     {here}/sign-in  as demo, with {self.operator}
{mend}  metrics     {here}/metrics
  fleet       {here}/api/v1/fleet
  failing     {here}/api/v1/organizations?failure=auth

In another terminal, while this runs:

  # The whole fleet; one organisation, asked now; the same as the exporter knows it
  {command} diagnose --config {config} --from {here}
  {command} diagnose --config {config} {self.about}
  {command} diagnose --config {config} {self.about} --from {here}

  # The bundle that hands it over: made now; the exporter's own; by its API
  {command} escalate --config {config} {self.about}
  {command} escalate --config {config} {self.about} --from {here}
  curl -s -H "Authorization: Bearer {self.operator}" {api}/escalation

  # Ask the simulated MemberPulse and Xero's status page yourself
  curl -s -H "Authorization: Bearer {self.token}" {self.platform}/api/admin/integrations/xero/{self.about}/status
  curl -s {self.page}/api/v2/summary.json

Reading is open; the token in the bundle's line is an operator's. Ctrl-C ends it, and removes {config}.

"""


def _command() -> str:
    """How this program was called, in words that work from another folder too."""
    name, called = "xero-exporter", Path(sys.argv[0])
    if called.name != name:
        return f"{shlex.quote(sys.executable)} -m exporter"
    found = shutil.which(name)
    return name if found is not None and Path(found).samefile(called) else shlex.quote(str(called.resolve()))
