"""Commands that ask once, answer, and end: `check-config` and `once`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exporter.cli.serving import ConfigFile
from exporter.errors import AnswerIsBadError, ConfigError, Fault, UnreachableError
from exporter.model.words import Failure
from exporter.redact import printable

if TYPE_CHECKING:
    from exporter.config.credential import Credential
    from exporter.config.schema import Config
    from exporter.model.facts import Organization, Reading
    from exporter.observe.roster import Roster
    from exporter.telemetry.metrics import SelfMetrics
    from exporter.upstream.listing import Listing

MEND: Final = {
    Failure.AUTH: "it refuses the token: check platform.token_file and what the token may do",
    Failure.NOT_FOUND: "it does not know this organisation: check the id, platform.url and platform.paths.status",
    Failure.RATE_LIMITED: "it asks us to slow down: lower platform.max_requests_per_second",
    Failure.SERVER_ERROR: "it answers with a server error: look at the platform",
    Failure.TIMEOUT: "no answer within platform.timeout: check platform.url and the network in between",
    Failure.NETWORK: "no connection: check platform.url, DNS, TLS and the network in between",
    Failure.UNEXPECTED_STATUS: "its answer means nothing here: check platform.url and platform.paths.status",
    Failure.INVALID_RESPONSE: "its answer is not a status: check platform.url and platform.paths.status",
}
"""Failure class -> what the platform does, and what to check."""

NOBODY: Final = "there is no organisation to ask about: fill organizations, or widen organizations.include and exclude"

_UNASKED: Final = (
    "so the platform was not asked: put an admin token of the platform into the file that this key names, or name "
    "another"
)

UNREACHABLE: Final = {Failure.SERVER_ERROR, Failure.TIMEOUT, Failure.NETWORK, Failure.RATE_LIMITED}


def check_config(
    config: ConfigFile,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also ask the platform about the first organisation, organizations.http, xero.app and the status "
            "pages, once each.",
        ),
    ] = False,
) -> None:
    """Check a configuration: every fault with its place; exit 1 if there is one."""
    from prometheus_client import CollectorRegistry

    from exporter.cli import loop
    from exporter.cli.trying import try_everybody
    from exporter.clock import SystemClock
    from exporter.config.advice import advice, advice_on_dates
    from exporter.config.certificates import server_certificate_of, trust_of
    from exporter.config.load import load
    from exporter.running.building import roster_of
    from exporter.telemetry.metrics import SelfMetrics

    settings = load(config, os.environ)
    faults = _token_faults(settings)
    trust, certificate = trust_of(settings.platform), server_certificate_of(settings.web.tls)
    problems = (trust.problem, None if certificate is None else certificate.problem)
    faults += [problem for problem in problems if problem is not None]
    try:
        roster = roster_of(settings, SystemClock())
    except ConfigError as error:
        raise ConfigError([*error.faults, *faults]) from None
    if faults:
        raise ConfigError(faults)
    warnings = [*advice(settings, len(roster.organizations), os.environ)]
    if certificate is not None and certificate.validity is not None:
        warnings += advice_on_dates(certificate.validity, SystemClock().now().wall)
    for line in warnings:
        sys.stderr.write(f"warning: {line}\n")
    more = " and those that organizations.http lists" if settings.organizations.http is not None else ""
    sys.stdout.write(
        f"{config} is valid: {len(roster.organizations)} organisations{more}, "
        f"each asked every {settings.poll.interval:g} s\n"
    )
    if not online:
        return
    wrong = loop.run(try_everybody(settings, roster, SelfMetrics(CollectorRegistry())))
    for one in wrong[1:]:
        sys.stderr.write(f"xero-exporter: {printable(str(one), limit=2000)}\n")
    if wrong:
        raise wrong[0]


def once(config: ConfigFile) -> None:
    """Read each organisation once and print the exposition; exit 0 if any answered, 3 if none."""
    from prometheus_client import CollectorRegistry

    from exporter import logs
    from exporter.cli import loop
    from exporter.clock import SystemClock
    from exporter.config.load import load
    from exporter.config.secrets import token_of
    from exporter.expose.exposition import Exposition, Format
    from exporter.observe.fleet import Fleet
    from exporter.running.building import roster_of, tell_roster
    from exporter.telemetry.metrics import SelfMetrics

    settings = load(config, os.environ)
    logs.configure("error", settings.log.format)
    clock = SystemClock()
    registry = CollectorRegistry()
    metrics = SelfMetrics(registry)
    roster = roster_of(settings, clock)
    loop.run(discover(settings, metrics, roster))
    organizations = roster.organizations
    if not organizations:
        raise AnswerIsBadError(NOBODY)
    metrics.set_limits(settings.poll.interval, settings.poll.stale_after_seconds)
    tell_roster(roster, metrics)
    fleet = Fleet(settings.thresholds)
    fleet.replace_roster(roster.organizations, clock.now())
    answered = 0

    def take(reading: Reading) -> None:
        nonlocal answered
        answered += reading.failure is None
        fleet.receive(reading)
        advance()

    with _progress(len(organizations)) as advance:
        unasked = loop.run(_ask(settings, organizations, metrics, take))
    fleet.fold(clock.now())
    exposition = Exposition(organization_names=settings.expose.organization_names, registry=registry, metrics=metrics)
    assert fleet.snapshot is not None
    exposition.render(fleet.snapshot)
    sys.stdout.buffer.writelines(exposition.page(Format.TEXT).chunks)
    sys.stdout.flush()
    if unasked == len(organizations) and (token := token_of(settings.platform)).value is None:
        raise no_token(token.problem)
    if unasked:
        sys.stderr.write(
            f"xero-exporter: {unasked} organisations were not asked: the platform refuses the token, or it asks to "
            "wait\n"
        )
    if not answered:
        raise UnreachableError(
            "no organisation got a valid answer: see xero_poll_failure above, and try check-config --online"
        )


async def discover(settings: Config, metrics: SelfMetrics, roster: Roster) -> Listing | None:
    """Takes what `organizations.http` lists into the roster; returns None where it is not configured.

    Raises:
        UnreachableError: it gives no list that can be used.
    """
    from exporter.clock import SystemClock
    from exporter.model.facts import UpstreamFailure
    from exporter.running.building import discovery_of, discovery_token_of, good_trust_of

    http = settings.organizations.http
    if http is None:
        return None
    discovery = discovery_of(http, discovery_token_of(settings), SystemClock(), metrics, good_trust_of(settings))
    try:
        listing = await discovery.listing()
    finally:
        await discovery.aclose()
    if isinstance(listing, UpstreamFailure):
        raise UnreachableError(
            f"organizations.http gives no list ({listing.failure}: {listing.detail}): check its url, its token, "
            "and the server"
        )
    roster.take(listing.organizations)
    metrics.discovery_answered(held=False, missing=0, ids_rejected=listing.ids_rejected)
    return listing


async def _ask(
    settings: Config,
    organizations: Sequence[Organization],
    metrics: SelfMetrics,
    on_reading: Callable[[Reading], None],
) -> int:
    """Reads each organisation once; returns how many were not asked."""
    from exporter.clock import SystemClock
    from exporter.observe.sweep import sweep
    from exporter.running.building import upstream_of

    upstream = upstream_of(settings, SystemClock(), metrics)
    try:
        return await sweep(upstream.reader, [one.id for one in organizations], upstream.token, on_reading)
    finally:
        await upstream.transport.aclose()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error when that is a terminal; gives the function that advances it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("reading organisations", total=total)
        yield lambda: progress.advance(bar)


def no_token(problem: str | None) -> ConfigError:
    """What to tell when there is no token to ask the platform with.

    Args:
        problem: what is wrong with the token's file, a predicate.
    """
    return ConfigError([Fault("platform.token_file", f"{problem or 'holds no token'}, {_UNASKED}")])


def _token_faults(settings: Config) -> list[Fault]:
    """Token files that cannot be used now. `serve` would start and wait for them; a check says so at once."""
    from exporter.config.secrets import Token, token_of
    from exporter.running.building import xero_secret_of

    places: list[tuple[str, Credential]] = [("platform.token_file", settings.platform)]
    if settings.organizations.http is not None and settings.organizations.http.has_token:
        places.append(("organizations.http.token_file", settings.organizations.http))
    if (secret := xero_secret_of(settings)) is not None:
        places.append(("xero.app.client_secret_file", secret))
    places += [(f"web.tokens[{index}].token_file", one) for index, one in enumerate(settings.web.tokens)]
    faults = [Fault(where=where, what=problem) for where, one in places if (problem := token_of(one).problem)]
    wider = settings.platform.remediation_token_file
    if wider is not None and (problem := Token.from_file(wider).problem):
        faults.append(Fault(where="platform.remediation_token_file", what=problem))
    return faults
