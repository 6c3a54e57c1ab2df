"""Builds parts of the exporter from the configuration, for `serve`, a reload, and commands that ask once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.clock import Clock
from exporter.config.certificates import ServerCertificate, TrustedCertificates, server_certificate_of, trust_of
from exporter.config.credential import Credential
from exporter.config.schema import Config
from exporter.config.schema import Discovery as DiscoverySettings
from exporter.config.secrets import Token, token_of
from exporter.errors import ConfigError, Fault
from exporter.observe.interpret import interpreted
from exporter.observe.reader import Reader
from exporter.observe.roster import Filter, Roster
from exporter.observe.traced import TracedReader
from exporter.telemetry.families import DISCOVERY_TOKEN, PLATFORM_TOKEN, REMEDIATION_TOKEN, XERO_SECRET
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.tracing import Endpoint, Tracing
from exporter.upstream.discovery import Discovery
from exporter.upstream.memberpulse import MemberPulse
from exporter.upstream.transport import ReadTransport


@dataclass(frozen=True, slots=True)
class Upstream:
    """The way to the platform: what every command that asks it is built of."""

    token: Token
    trust: TrustedCertificates
    transport: ReadTransport
    reader: Reader
    memberpulse: MemberPulse


def upstream_of(
    config: Config,
    clock: Clock,
    metrics: SelfMetrics,
    token: Token | None = None,
    trust: TrustedCertificates | None = None,
    *,
    tracing: Tracing | None = None,
) -> Upstream:
    """Builds the way to the platform. Must run inside the loop that will use it; close its transport at the end.

    Args:
        config: where the platform is, and how to ask it.
        clock: for durations.
        metrics: counts the requests.
        token: the token that is in use already; read from the configuration when there is none.
        trust: whom is trusted already, as the token.
        tracing: tells readings and their requests; None: nothing tells them, and nothing asks whether to.

    Raises:
        ConfigError: platform.ca_file cannot be used.
    """
    token = token_of(config.platform) if token is None else token
    trust = good_trust_of(config) if trust is None else trust
    transport = ReadTransport(
        timeout=config.platform.timeout,
        max_concurrency=config.platform.max_concurrency,
        max_requests_per_second=config.platform.max_requests_per_second,
        tls=trust.context,
    )
    status = Endpoint.of("GET", config.platform.url + config.platform.paths.status)
    memberpulse = MemberPulse(
        base_url=config.platform.url,
        status_path=config.platform.paths.status,
        token=token,
        transport=transport,
        telemetry=metrics if tracing is None else tracing.requests(metrics, status),
        clock=clock,
        interpret=interpreted,
        record_id_fields=config.remediation.record_id_fields,
        sync_status_words=config.platform.sync_status_words.meanings,
    )
    if tracing is None:
        reader = Reader(memberpulse, transport, token, clock)
    else:
        reader = TracedReader(memberpulse, transport, token, clock, tracing)
    return Upstream(token, trust, transport, reader, memberpulse)


def good_trust_of(config: Config) -> TrustedCertificates:
    """Whom to trust towards the platform.

    Raises:
        ConfigError: platform.ca_file cannot be used.
    """
    trust = trust_of(config.platform)
    if trust.problem is not None:
        raise ConfigError([trust.problem])
    return trust


def certificate_of(config: Config) -> ServerCertificate | None:
    """The certificate that https is served with; None when http is served.

    Raises:
        ConfigError: its files cannot be used. Serving http instead would send tokens in clear.
    """
    certificate = server_certificate_of(config.web.tls)
    if certificate is not None and certificate.problem is not None:
        raise ConfigError([certificate.problem])
    return certificate


def discovery_of(
    http: DiscoverySettings, token: Token | None, clock: Clock, metrics: SelfMetrics, trust: TrustedCertificates
) -> Discovery:
    """Builds the way to the server that lists organisations; close it at the end.

    It trusts whom the platform is trusted by: that server is the platform's own as a rule.
    """
    return Discovery(url=http.url, token=token, telemetry=metrics, clock=clock, tls=trust.context)


def discovery_token_of(config: Config) -> Token | None:
    """The token of `organizations.http`; None where it has none."""
    http = config.organizations.http
    return token_of(http) if http is not None and http.has_token else None


def roster_of(config: Config, clock: Clock) -> Roster:
    """Builds the roster and reads its sources, but for ``organizations.http``.

    Raises:
        ConfigError: the organisations file cannot be used.
    """
    sources = config.organizations
    roster = Roster(
        static=sources.listed,
        file=sources.file,
        admitted=Filter(include=sources.include, exclude=sources.exclude),
        clock=clock,
        discovered=sources.http is not None,
    )
    try:
        roster.load()
    except ConfigError as error:
        raise ConfigError([replace(one, where=one.where or "organizations.file") for one in error.faults]) from None
    return roster


def tell_roster(roster: Roster, metrics: SelfMetrics) -> None:
    """Tells how each source of the roster stands that was ever read, and which are refused."""
    read = {one.source: one.last_success for one in roster.sources if one.last_success is not None}
    metrics.roster_stands({one.source: one.organizations for one in roster.sources if one.source in read}, read)
    told = [one for one in roster.sources if one.source in read or one.rejected]
    metrics.roster_readable({one.source: not one.rejected for one in told})


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every configured token by its owner, as the metrics call them.

    The owners are ``platform``, ``remediation``, ``discovery``, ``xero`` and ``web/NAME``.

    Attributes:
        by_owner: the tokens.
        settings: what each was made from.
    """

    by_owner: Mapping[str, Token]
    settings: Mapping[str, Credential]

    @property
    def in_files(self) -> Mapping[str, Token]:
        """Those that come from a file, which may change."""
        return {owner: one for owner, one in self.by_owner.items() if self.settings[owner].token_file is not None}


def tokens_of(config: Config, before: Tokens | None = None) -> Tokens:
    """The tokens of a configuration; one whose setting is the same as before is the very same object.

    So its number, and all that was learned with it, stays; a new one follows on the old one's number.
    """
    settings: dict[str, Credential] = {PLATFORM_TOKEN: config.platform}
    if config.platform.remediation_token_file is not None:
        settings[REMEDIATION_TOKEN] = _in_file(config.platform.remediation_token_file)
    if config.organizations.http is not None and config.organizations.http.has_token:
        settings[DISCOVERY_TOKEN] = config.organizations.http
    if (secret := xero_secret_of(config)) is not None:
        settings[XERO_SECRET] = secret
    settings |= {f"web/{one.name}": one for one in config.web.tokens}
    tokens = {}
    for owner, setting in settings.items():
        old = None if before is None else before.by_owner.get(owner)
        if old is not None and before is not None and _same(setting, before.settings[owner]):
            tokens[owner] = old
        else:
            tokens[owner] = token_of(setting)
            if old is not None:
                tokens[owner].follow(old)
    return Tokens(tokens, settings)


def xero_secret_of(config: Config) -> Credential | None:
    """The secret of `xero.app`, as a token in a file; None where it has none."""
    file = config.xero.app.client_secret_file
    return None if file is None else Credential.model_construct(token=None, token_file=file)


def unusable(tokens: Tokens, before: Tokens) -> list[Fault]:
    """A fault for each token that is new or has another setting, and has no value: it must not replace a good one."""
    return [
        Fault(f"the token of {owner}", token.problem or "has no value")
        for owner, token in tokens.by_owner.items()
        if token.value is None and token is not before.by_owner.get(owner)
    ]


def _in_file(path: Path) -> Credential:
    return Credential.model_construct(token=None, token_file=path)


def _same(setting: Credential, other: Credential) -> bool:
    return (setting.token, setting.token_file) == (other.token, other.token_file)
