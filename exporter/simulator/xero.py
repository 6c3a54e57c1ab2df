"""Xero as it is now: whom it lists, the app that it knows, the tokens that it gave, and what its status pages say.

It follows the platform's world: whose script says that the customer removed the app is not listed.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from exporter.simulator.answers import Answer, Misbehaviour, Slow
from exporter.simulator.scripts import APP_REFUSED, XERO_INCIDENT
from exporter.simulator.world import World

PAGES: Final = ("status.xero.com", "status.developer.xero.com")
"""Its status pages; here each is a path, on one server with the rest."""

TOKEN_LIFE: Final = 1800
"""Seconds of real time that a token of the app lives."""

ORGANISATION: Final = "ORGANISATION"
"""The type of an accounting tenant."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMESPACE: Final = uuid.UUID("a4b0d9b5-5d43-4f5e-8f65-2a8f4b7a9d11")


class Kind(StrEnum):
    """What Xero is asked."""

    TOKEN = "token"  # noqa: S105 - a word, no token
    CONNECTIONS = "connections"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Somebody whom the app is connected to.

    Attributes:
        id: shaped like a UUID.
        name: made up.
        type: `ORGANISATION`, or another type such as ``PRACTICE``.
    """

    id: str
    name: str
    type: str = ORGANISATION


@dataclass(frozen=True, slots=True)
class Notice:
    """What a status page says beyond "all is well".

    Attributes:
        indicator: its word, such as ``major``.
        began: when, seconds since 1970 UTC.
        incident: the name of the incident; empty for none.
    """

    indicator: str
    began: float
    incident: str = ""


_Instead = Answer | Misbehaviour | Slow


class Xero:
    """The simulated Xero, without sockets.

    Attributes:
        client_id: of the platform's app.
        client_secret: of the app; change it at any time.
    """

    def __init__(self, world: World, *, client_id: str, client_secret: str) -> None:
        """Xero as the customers of that platform see it."""
        self.client_id = client_id
        self.client_secret = client_secret
        self._world = world
        self._tokens: dict[str, float] = {}
        self._revoked: set[str] = set()
        self._connected: dict[str, Tenant] = {}
        self._instead: dict[Kind, _Instead] = {}
        self._page_instead: dict[str, _Instead] = {}
        self._notices: dict[str, Notice] = {}

    def now(self) -> float:
        """Xero's clock, the platform's: seconds since 1970 UTC."""
        return self._world.now()

    def revoke(self, tenant_id: str) -> None:
        """Takes a tenant off the list, whatever its script says, until `connect`."""
        self._revoked.add(tenant_id)
        self._connected.pop(tenant_id, None)

    def connect(self, tenant: Tenant) -> None:
        """Puts a tenant on the list, whatever its script says."""
        self._revoked.discard(tenant.id)
        self._connected[tenant.id] = tenant

    def instead(self, kind: Kind, answer: _Instead | None, *, page: str | None = None) -> None:
        """Puts `answer` in place of whatever is asked of that kind (of one page, or of all); None takes it back."""
        places = (page,) if page is not None else PAGES
        if kind is Kind.PAGE:
            for one in places:
                if answer is None:
                    self._page_instead.pop(one, None)
                else:
                    self._page_instead[one] = answer
        elif answer is None:
            self._instead.pop(kind, None)
        else:
            self._instead[kind] = answer

    def instead_of(self, kind: Kind, page: str = "") -> _Instead | None:
        """What stands in place of the answer, None when nothing does."""
        return self._page_instead.get(page) if kind is Kind.PAGE else self._instead.get(kind)

    def announce(self, page: str, notice: Notice | None) -> None:
        """Lets a page say that, whatever the world lives through; None takes it back."""
        if notice is None:
            self._notices.pop(page, None)
        else:
            self._notices[page] = notice

    def notice(self, page: str) -> Notice | None:
        """What that page says now; None when all is well."""
        if page in self._notices:
            return self._notices[page]
        began = XERO_INCIDENT.began(self._world.minute())
        if began is None or not self._world.together("xero_outage"):
            return None
        at = self._world.started + began * 60 / self._world.speed
        return Notice("major", at, "Errors and slow answers of the accounting API")

    @property
    def refuses_app(self) -> bool:
        """Whether the app is refused now, though its secret is right."""
        return self._world.together("app_credentials") and APP_REFUSED.lasts_at(self._world.minute())

    def give_token(self) -> str:
        """A new token of the app."""
        token = secrets.token_urlsafe(48)
        now = self.now()
        self._tokens = {one: ends for one, ends in self._tokens.items() if ends > now}
        self._tokens[token] = now + TOKEN_LIFE
        return token

    def accepts(self, token: str) -> bool:
        """Whether it gave that token, and lets it live."""
        return self._tokens.get(token, 0.0) > self.now()

    def forget_tokens(self) -> None:
        """Accepts none of the tokens that it gave."""
        self._tokens.clear()

    def connections(self) -> list[dict[str, object]]:
        """Whom it lists, as it answers: a name may be null, an authEventId null or missing."""
        return [self._connection(tenant) for tenant in self._tenants()]

    def _tenants(self) -> Iterator[Tenant]:
        for one in self._world.organizations.values():
            listed = self._world.in_xero(one) or one.xero_tenant_id in self._connected
            if listed and one.xero_tenant_id not in self._revoked:
                yield self._connected.get(one.xero_tenant_id, Tenant(one.xero_tenant_id, one.name))
        ours = {one.xero_tenant_id for one in self._world.organizations.values()}
        yield from (tenant for tenant in self._connected.values() if tenant.id not in ours)

    def _connection(self, tenant: Tenant) -> dict[str, object]:
        # A variant by the last digit of the id, so that each tenant keeps its own.
        variant = tenant.id[-1]
        created = self._world.started - (int(variant, 16) + 1) * 86_400
        found: dict[str, object] = {"id": str(uuid.uuid5(_NAMESPACE, tenant.id))}
        if variant != "0":
            event = None if variant == "1" else str(uuid.uuid5(_NAMESPACE, f"event {tenant.id}"))
            found["authEventId"] = event
        return found | {
            "tenantId": tenant.id,
            "tenantType": tenant.type,
            "tenantName": None if variant == "2" else tenant.name,
            "createdDateUtc": _written(created),
            "updatedDateUtc": _written(created + 3.25),
        }


def _written(at: float) -> str:
    """As Xero writes it: seven digits of a second, no zone, UTC."""
    return f"{_EPOCH + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%f}0"
