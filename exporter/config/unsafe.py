"""What the schema lets pass key by key, and what together would let harm happen. A fault, not a warning. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.config.schema import Config
from exporter.errors import Fault
from exporter.model.action import Mode
from exporter.model.words import Role


def unsafe(config: Config) -> Iterator[Fault]:
    """A fault for each combination that is refused."""
    remediation = config.remediation
    if remediation.mode is not Mode.AUTO:
        return
    if not remediation.include:
        yield Fault(
            "remediation.include",
            "is empty, and mode auto needs to be told for whom; list expressions on ids, or use mode approve",
        )
    # Whoever reaches the webhook could have retries and resyncs done.
    if not any(token.role in {Role.ALERTS, Role.OPERATOR} for token in config.web.tokens):
        yield Fault(
            "web.tokens",
            "has no token with role alerts, and in mode auto alerts are acted upon; add one for Alertmanager, or use "
            "mode approve",
        )
