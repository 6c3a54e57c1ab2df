"""What is allowed but not wise: the warnings of check-config."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.config.addresses import host_of, is_loopback
from exporter.config.schema import Config, Credential
from exporter.model.words import Role


def advice(config: Config, organizations: int, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Warnings for people, one sentence each, by key path and without a value. Looks at the modes of token files.

    Args:
        config: what is configured.
        organizations: how many are watched by it.
        environ: the environment variables.
    """
    return (
        *_platform(config),
        *_pace(config, organizations),
        *_proxies(environ),
        *_web(config),
        *_credentials(config),
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
            yield f"{name}: proxies are not used; the platform is asked directly"


def _platform(config: Config) -> Iterator[str]:
    asked = [("platform", config.platform.url)]
    if (http := config.organizations.http) is not None and http.has_token:
        asked.append(("organizations.http", http.url))
    for where, url in asked:
        if url.startswith("http:") and not is_loopback(host_of(url)):
            yield f"{where}.url: http sends the token in clear to another machine; use https"


def _web(config: Config) -> Iterator[str]:
    closed = any(token.role in {Role.VIEWER, Role.OPERATOR} for token in config.web.tokens)
    if not closed and not config.web.listen.is_loopback:
        yield (
            "web.listen: everybody who reaches this address can read what is known of every organisation; "
            "add a viewer token to web.tokens, or listen on loopback"
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
            yield f"{where}.token_file: every user of this machine can read the file; take the right away (chmod o-r)"


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):  # a file that cannot be looked at is a problem of its own, told by Token
        return False
