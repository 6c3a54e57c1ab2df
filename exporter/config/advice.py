"""What is allowed but not wise: the warnings of check-config."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exporter.config.addresses import host_of, is_loopback
from exporter.config.credential import Credential
from exporter.config.schema import Config
from exporter.config.telemetry import traces_of
from exporter.config.validity import Validity
from exporter.model.words import Role, SyncStatus, sync_status_of

_OPEN: Final = "every user of this machine can read the file; take the right away (chmod o-r)"

EXPIRES_SOON: Final = 14 * 86_400
"""Seconds; ACME clients and cert-manager renew about 30 days before the end, so by then somebody has to look."""


def advice(config: Config, organizations: int, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Warnings for people, one sentence each, by key path and without a value. Looks at the modes of secret files.

    Args:
        config: what is configured.
        organizations: how many are watched by it.
        environ: the environment variables.
    """
    return (
        *_platform(config),
        *_words(config),
        *_pace(config, organizations),
        *_proxies(environ),
        *_web(config),
        *_credentials(config),
        *_key(config),
        *_ledger(config),
        *_xero(config),
        *_diagnosis(config),
        *_traces(config, environ),
    )


def _pace(config: Config, organizations: int) -> Iterator[str]:
    if not organizations and config.organizations.http is None:
        yield "organizations: nobody is watched; fill the list, or widen organizations.include and exclude"
    elif organizations / config.poll.interval > config.platform.max_requests_per_second:
        yield (
            "poll.interval: platform.max_requests_per_second does not let so many organisations be asked so often; "
            "raise one of the two"
        )


def _proxies(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if name.upper() in {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} and environ[name]:
            yield f"{name}: proxies are not used; the platform and Xero are asked directly"


def advice_on_dates(validity: Validity, now: float) -> Iterator[str]:
    """A warning when the certificate that https is served with is not valid now, or not for long.

    Args:
        validity: of the certificate.
        now: seconds since 1970 UTC.
    """
    if now < validity.not_before:
        yield f"web.tls.cert_file: the certificate is not valid before {_day(validity.not_before)}; look at the clock"
    elif now > validity.not_after:
        yield f"web.tls.cert_file: the certificate has expired on {_day(validity.not_after)}; renew it"
    elif now > validity.not_after - EXPIRES_SOON:
        yield f"web.tls.cert_file: the certificate expires on {_day(validity.not_after)}; renew it"


def _platform(config: Config) -> Iterator[str]:
    asked = [("platform", config.platform.url)]
    if (http := config.organizations.http) is not None and http.has_token:
        asked.append(("organizations.http", http.url))
    for where, url in asked:
        if url.startswith("http:") and not is_loopback(host_of(url)):
            yield f"{where}.url: http sends the token in clear to another machine; use https"
    urls = [config.platform.url, *([] if http is None else [http.url])]
    if config.platform.ca_file is not None and all(url.startswith("http:") for url in urls):
        yield "platform.ca_file: has no effect while the platform is asked by http; use https"


def _words(config: Config) -> Iterator[str]:
    for word, meaning in config.platform.sync_status_words.meanings.items():
        known = sync_status_of(word)
        if known not in {meaning, SyncStatus.OTHER}:
            yield (
                f"platform.sync_status_words.{meaning}: holds a word that means {known} everywhere else; "
                "take it out if that was not meant"
            )


def _web(config: Config) -> Iterator[str]:
    token = any(token.role in {Role.VIEWER, Role.OPERATOR} for token in config.web.tokens)
    if (config.web.open_reading or not token) and not config.web.listen.is_loopback:
        mend = "take web.open_reading out" if token else "add a viewer token to web.tokens"
        yield (
            "web.listen: everybody who reaches this address can read what is known of every organisation; "
            f"{mend}, or listen on loopback"
        )
    if config.web.tokens and config.web.tls.cert_file is None and not config.web.listen.is_loopback:
        yield (
            "web.tokens: callers on other machines send their tokens in clear; set web.tls, or listen on loopback "
            "behind a proxy that serves https"
        )


def _credentials(config: Config) -> Iterator[str]:
    holders: list[tuple[str, Credential]] = [("platform", config.platform)]
    if config.organizations.http is not None:
        holders.append(("organizations.http", config.organizations.http))
    holders += [(f"web.tokens[{index}]", token) for index, token in enumerate(config.web.tokens)]
    for where, holder in holders:
        if holder.token is not None:
            yield f"{where}.token: a token in the configuration is shown with it; put it in a file and use token_file"
        elif holder.token_file is not None and _is_open(holder.token_file):
            yield f"{where}.token_file: {_OPEN}"
    wider = config.platform.remediation_token_file
    if wider is not None and _is_open(wider):
        yield f"platform.remediation_token_file: {_OPEN}"


def _ledger(config: Config) -> Iterator[str]:
    folder = Path(config.ledger.url.removeprefix("sqlite:///")).parent
    if not folder.is_dir():
        yield "ledger.url: its folder does not exist, so nothing can be recorded or done; make it, or name another"


def _key(config: Config) -> Iterator[str]:
    key_file = config.web.tls.key_file
    if key_file is not None and _is_open(key_file):
        yield f"web.tls.key_file: {_OPEN}"


def _xero(config: Config) -> Iterator[str]:
    secret_file = config.xero.app.client_secret_file
    if secret_file is not None and _is_open(secret_file):
        yield f"xero.app.client_secret_file: {_OPEN}"


def _diagnosis(config: Config) -> Iterator[str]:
    silent = config.diagnosis.sync_silent_after
    if silent is not None and silent < config.diagnosis.sync_stale_after:
        yield (
            "diagnosis.sync_stale_after: has no effect, because sync_silent_after is shorter and asks less; raise "
            "sync_silent_after, or lower sync_stale_after"
        )


def _traces(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    traces, problems = traces_of(config.telemetry, environ)
    yield from problems
    if traces is None or not traces.endpoint.lower().startswith("http:") or is_loopback(host_of(traces.endpoint)):
        return
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        if environ.get(name):
            yield f"{name}: http sends them in clear to another machine; use https"


def _day(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d")


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):  # a file that cannot be looked at is a problem of its own, told by Token
        return False
