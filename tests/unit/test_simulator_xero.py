"""What the simulated Xero answers, without sockets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from exporter.simulator.answers import Answer, Misbehaviour, Request
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import World
from exporter.simulator.xero import PAGES, TOKEN_LIFE, Kind, Notice, Tenant, Xero
from exporter.simulator.xero_endpoints import XeroRoute, rate_limited, summary, xero_respond, xero_route

START = 1_790_000_000.0
FORM = b"grant_type=client_credentials&scope=app.connections"


class Room:
    """A Xero and its clock."""

    def __init__(self, script: str = "healthy", organizations: int = 2) -> None:
        self.now = START
        world = World(uniform_fleet(organizations, script, minute=0), admin_token="t", clock=lambda: self.now)
        self.xero = Xero(world, client_id="an:id", client_secret="a secret")
        self.tenants = [one.xero_tenant_id for one in world.organizations.values()]

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """A whole answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        found = xero_respond(self.xero, Request(method, target, named, body))
        assert isinstance(found, Answer)
        return found

    def token(
        self, pair: str = "an%3Aid:a+secret", body: bytes = FORM, kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, dict[str, Any]]:
        """The status and document of an answer for a token."""
        coded = base64.b64encode(pair.encode()).decode()
        found = self.ask("POST", "/connect/token", body, authorization=f"Basic {coded}", content_type=kind)
        return found.status, json.loads(found.body)

    def listed(self, token: str) -> list[str]:
        """The tenants in an answer."""
        found = self.ask("GET", "/connections", authorization=f"Bearer {token}")
        assert found.status == 200
        return [one["tenantId"] for one in json.loads(found.body)]


@pytest.fixture
def room() -> Room:
    """Two organisations that are well."""
    return Room()


def test_the_app_gets_a_token_of_its_own(room: Room) -> None:
    """For half an hour, and without a refresh token."""
    status, document = room.token()
    assert status == 200
    assert (document["expires_in"], document["token_type"]) == (1800, "Bearer")
    assert "refresh_token" not in document
    assert room.listed(document["access_token"]) == room.tenants


@pytest.mark.parametrize(
    ("pair", "body", "error"),
    [
        ("an%3Aid:wrong", FORM, "invalid_client"),
        ("other:a+secret", FORM, "invalid_client"),
        ("an:id:a secret", FORM, "invalid_client"),
        ("", FORM, "invalid_client"),
        ("an%3Aid:a+secret", b"grant_type=refresh_token&refresh_token=x", "unsupported_grant_type"),
        ("an%3Aid:a+secret", b"grant_type=client_credentials", "invalid_scope"),
        ("an%3Aid:a+secret", b"grant_type=client_credentials&scope=accounting.contacts", "invalid_scope"),
    ],
)
def test_who_asks_otherwise_gets_none(room: Room, pair: str, body: bytes, error: str) -> None:
    """In the words of RFC 6749; id and secret must be form-urlencoded within Basic."""
    assert room.token(pair, body) == (400, {"error": error})


def test_a_form_that_is_none_is_refused(room: Room) -> None:
    """As JSON, say; and without Basic nobody is known."""
    assert room.token(kind="application/json") == (400, {"error": "invalid_request"})
    found = room.ask("POST", "/connect/token", FORM, content_type="application/x-www-form-urlencoded")
    assert json.loads(found.body) == {"error": "invalid_client"}


def test_the_app_of_a_world_whose_app_is_refused_is_refused(room: Room) -> None:
    """While those who live through it are; a healthy world never is."""
    refused = Room("app_credentials")
    for minute, status in ((239, 200), (241, 400), (269, 400), (271, 200)):
        refused.now = room.now = START + minute * 60
        assert refused.token()[0] == status
        assert room.token()[0] == 200


def test_a_token_ends(room: Room) -> None:
    """After its life, or when it is forgotten; a made-up one was never good."""
    token = room.token()[1]["access_token"]
    room.now += TOKEN_LIFE - 1
    assert room.listed(token)
    room.now += 1
    found = room.ask("GET", "/connections", authorization=f"Bearer {token}")
    assert (found.status, json.loads(found.body)["Detail"]) == (401, "AuthenticationUnsuccessful")
    other = room.token()[1]["access_token"]
    room.xero.forget_tokens()
    for bad in (f"Bearer {other}", "Bearer x", "Basic x", ""):
        assert room.ask("GET", "/connections", authorization=bad).status == 401


def test_tenants_come_and_go(room: Room) -> None:
    """Whatever their scripts say; another type is said."""
    token = room.token()[1]["access_token"]
    room.xero.revoke(room.tenants[0])
    room.xero.connect(Tenant("5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a10", "The accountant", "PRACTICE"))
    assert room.listed(token) == [room.tenants[1], "5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a10"]
    assert [one["tenantType"] for one in room.xero.connections()] == ["ORGANISATION", "PRACTICE"]
    room.xero.connect(Tenant(room.tenants[0], "Back"))
    assert room.listed(token)[:2] == room.tenants


def test_each_tenant_keeps_its_variant_of_the_shape() -> None:
    """An event or a name that is null, an event that is missing; the same each time."""
    room = Room(organizations=60)
    first = room.xero.connections()
    assert room.xero.connections() == first
    assert any("authEventId" not in one for one in first)
    assert any(one.get("authEventId", "") is None for one in first)
    assert any(one["tenantName"] is None for one in first)
    assert len({one["id"] for one in first}) == 60


def test_nothing_but_listing_is_possible(room: Room) -> None:
    """The real one would let a connection be removed."""
    token = room.token()[1]["access_token"]
    for method, target, allowed in (
        ("DELETE", "/connections", "GET"),
        ("POST", "/connections", "GET"),
        ("GET", "/connect/token", "POST"),
        ("POST", "/status.xero.com/api/v2/summary.json", "GET"),
    ):
        found = room.ask(method, target, authorization=f"Bearer {token}")
        assert (found.status, found.headers["Allow"]) == (405, allowed)
    assert room.ask("DELETE", "/connections/1", authorization=f"Bearer {token}").status == 404


def test_paths_name_what_is_asked() -> None:
    """Queries do not matter; other pages do not exist."""
    assert xero_route("/connections?authEventId=x") == XeroRoute(Kind.CONNECTIONS)
    assert xero_route("/status.developer.xero.com/api/v2/summary.json") == XeroRoute(Kind.PAGE, PAGES[1])
    for nowhere in (
        "/",
        "/connections/",
        "/statusXxero.com/api/v2/summary.json",
        "/status.xero.com/api/v2/status.json",
    ):
        assert xero_route(nowhere) is None


def test_what_stands_in_place_of_an_answer_stands_until_it_is_taken_back(room: Room) -> None:
    """For one page, for all, for a kind; who asks without it gets the real answer."""
    target = "/{}/api/v2/summary.json"
    room.xero.instead(Kind.PAGE, Answer(500), page=PAGES[0])
    assert [room.ask("GET", target.format(page)).status for page in PAGES] == [500, 200]
    room.xero.instead(Kind.PAGE, Answer(502))
    assert [room.ask("GET", target.format(page)).status for page in PAGES] == [502, 502]
    room.xero.instead(Kind.PAGE, None)
    assert [room.ask("GET", target.format(page)).status for page in PAGES] == [200, 200]
    room.xero.instead(Kind.TOKEN, Misbehaviour.HANG)
    request = Request("POST", "/connect/token")
    assert xero_respond(room.xero, request) is Misbehaviour.HANG
    assert isinstance(xero_respond(room.xero, request, overridden=False), Answer)


def test_a_limit_is_told_with_its_name() -> None:
    """And for minute and day with a time to wait."""
    found = rate_limited("day", 64_800)
    assert (found.status, dict(found.headers)) == (429, {"X-Rate-Limit-Problem": "day", "Retry-After": "64800"})
    assert "Retry-After" not in rate_limited("appminute", None).headers


def test_a_page_is_called_by_its_content(room: Room) -> None:
    """The same ETag while it says the same, and 304 for whoever knows it."""
    target = f"/{PAGES[0]}/api/v2/summary.json"
    first = room.ask("GET", target)
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    room.now += 500
    assert room.ask("GET", target, if_none_match=etag).status == 304
    assert room.ask("GET", target, if_modified_since=changed).status == 304
    assert room.ask("GET", target, if_none_match='"other"', if_modified_since=changed).status == 200
    room.xero.announce(PAGES[0], Notice("minor", room.now, "Slow"))
    assert room.ask("GET", target, if_none_match=etag).status == 200
    assert room.ask("GET", target, if_modified_since=changed).status == 200
    room.xero.announce(PAGES[0], None)
    assert room.ask("GET", target).headers["ETag"] == etag


def test_a_summary_without_an_incident_has_a_word_only() -> None:
    """As during a planned maintenance."""
    found = summary("p", Notice("maintenance", START))
    assert found["status"] == {"indicator": "maintenance", "description": "Service Under Maintenance"}
    assert found["incidents"] == []
