"""What the simulated platform answers to a request, without sockets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow
from exporter.simulator.endpoints import DISCOVERY_PATH, Kind, Route, respond, route
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import World

BASE = "/api/admin/integrations/xero/org-0001"
AUTHORIZED = {"authorization": "Bearer t"}
JSON = {**AUTHORIZED, "content-type": "application/json"}
RETRY = b'{"sync_type": "contacts", "record_ids": ["uuid-1", "uuid-2"]}'
RESYNC = b'{"sync_types": ["contacts", "invoices"], "since": "2025-01-01T00:00:00Z"}'


def ask(world: World, request: Request) -> Answer:
    """The answer to a request, which must not be a misbehaviour."""
    answer = respond(world, request, route(request.target))
    assert isinstance(answer, Answer)
    return answer


@pytest.fixture
def world() -> World:
    """Three healthy organisations."""
    return World(uniform_fleet(3), admin_token="t")


@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.RETRY, Kind.RESYNC])
def test_a_path_names_an_organization_and_what_is_asked(kind: Kind) -> None:
    """As the platform's page writes them; a query changes nothing."""
    assert route(f"{BASE}/{kind}") == Route("org-0001", kind)
    assert route(f"{BASE}/{kind}?a=b") == Route("org-0001", kind)


def test_an_escaped_id_is_read_as_it_was_meant() -> None:
    """RFC 3986: an escape stands for its character."""
    assert route("/api/admin/integrations/xero/a%3Ab/status") == Route("a:b", Kind.STATUS)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "*",
        "/status",
        "/api/admin/integrations/xero//status",
        "/api/admin/integrations/xero/status",
        "/api/admin/integrations/xero/a/b/status",
        f"{BASE}/status/",
        f"{BASE}/delete",
        f"/v2{BASE}/status",
    ],
)
def test_other_paths_are_unknown(target: str, world: World) -> None:
    """404 as JSON, with or without a token."""
    assert route(target) is None
    answer = ask(world, Request("GET", target, AUTHORIZED))
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "not_found")
    assert ask(world, Request("GET", target)).status == 404


@given(st.text())
def test_any_path_is_answered(target: str) -> None:
    """Nothing that a client may send breaks the simulator."""
    world = World((), admin_token="t")
    assert ask(world, Request("GET", target, AUTHORIZED)).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic t"},
        {"authorization": "t"},
        {"authorization": "Bearer t t"},
    ],
)
def test_without_the_right_bearer_token_the_answer_is_401(headers: dict[str, str], world: World) -> None:
    """Also for organisations that do not exist: nothing is told to strangers."""
    for organization_id in ("org-0001", "org-9999"):
        answer = ask(world, Request("GET", f"/api/admin/integrations/xero/{organization_id}/status", headers))
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer t", "bearer t", "BEARER  t "])
def test_the_scheme_may_be_written_in_any_case(authorization: str, world: World) -> None:
    """RFC 9110 11.1."""
    assert ask(world, Request("GET", f"{BASE}/status", {"authorization": authorization})).status == 200


def test_an_unknown_organization_is_404(world: World) -> None:
    """For all that can be asked about it."""
    for method, kind in (("GET", "status"), ("POST", "retry"), ("POST", "resync")):
        answer = ask(world, Request(method, f"/api/admin/integrations/xero/org-9999/{kind}", JSON, RETRY))
        assert answer.status == 404


@pytest.mark.parametrize(
    ("method", "kind", "allowed"),
    [
        ("POST", "status", "GET"),
        ("HEAD", "status", "GET"),
        ("DELETE", "status", "GET"),
        ("GET", "retry", "POST"),
        ("PUT", "resync", "POST"),
    ],
)
def test_another_method_is_405_and_says_which_is_allowed(method: str, kind: str, allowed: str, world: World) -> None:
    """RFC 9110 15.5.6."""
    answer = ask(world, Request(method, f"{BASE}/{kind}", JSON, RETRY))
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_retry_and_a_resync_as_on_the_page_are_accepted(content_type: str, world: World) -> None:
    """202 and accepted: true, which is the simulator's choice."""
    headers = {**AUTHORIZED, "content-type": content_type}
    for kind, body in (("retry", RETRY), ("resync", RESYNC)):
        answer = ask(world, Request("POST", f"{BASE}/{kind}", headers, body))
        assert (answer.status, json.loads(answer.body)) == (202, {"accepted": True})


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_415(content_type: str | None, world: World) -> None:
    """The page says application/json."""
    headers = AUTHORIZED if content_type is None else {**AUTHORIZED, "content-type": content_type}
    assert ask(world, Request("POST", f"{BASE}/retry", headers, RETRY)).status == 415


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("retry", b""),
        ("retry", b"{"),
        ("retry", b"\xff"),
        ("retry", b"[" * 100_000),
        ("retry", b"[]"),
        ("retry", b"{}"),
        ("retry", b'{"sync_type": "contacts"}'),
        ("retry", b'{"sync_type": "", "record_ids": ["1"]}'),
        ("retry", b'{"sync_type": 1, "record_ids": ["1"]}'),
        ("retry", b'{"sync_type": "contacts", "record_ids": []}'),
        ("retry", b'{"sync_type": "contacts", "record_ids": "1"}'),
        ("retry", b'{"sync_type": "contacts", "record_ids": [1]}'),
        ("resync", RETRY),
        ("resync", b'{"sync_types": ["contacts"]}'),
        ("resync", b'{"sync_types": ["contacts"], "since": "yesterday"}'),
        ("resync", b'{"sync_types": ["contacts"], "since": 1}'),
        ("resync", b'{"sync_types": "contacts", "since": "2025-01-01T00:00:00Z"}'),
    ],
)
def test_a_malformed_body_is_400_and_has_no_effect(kind: str, body: bytes) -> None:
    """It says what is missing, and nothing is retried."""
    world = World(uniform_fleet(1, "duplicate_contacts", minute=65), admin_token="t")
    before = world.shows("org-0001")
    answer = ask(world, Request("POST", f"{BASE}/{kind}", JSON, body))
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "bad_request")
    assert world.shows("org-0001") == before


def test_a_retry_takes_effect_in_the_world() -> None:
    """The records are pending at once."""
    world = World(uniform_fleet(1, "duplicate_contacts", minute=65), admin_token="t")
    ask(world, Request("POST", f"{BASE}/retry", JSON, RETRY))
    shown = world.shows("org-0001")
    assert isinstance(shown, dict)
    assert (shown["pending_syncs"], shown["failed_syncs"]) == (2, 0)


def test_a_status_that_was_put_in_place_is_sent_as_it_is(world: World) -> None:
    """A mapping as JSON, bytes untouched, and a whole answer as given."""
    for given_, status, body in (
        ({"connected": None}, 200, b'{"connected": null}'),
        (b"not json", 200, b"not json"),
        (Answer(418, {"A": "b"}, b"tea"), 418, b"tea"),
    ):
        world.override("org-0001", given_)
        answer = ask(world, Request("GET", f"{BASE}/status", AUTHORIZED))
        assert (answer.status, answer.body) == (status, body)


def test_a_status_that_was_put_in_place_does_not_answer_a_retry(world: World) -> None:
    """It is a status; whatever else is put in place answers everything."""
    world.override("org-0001", {"connected": None})
    assert ask(world, Request("POST", f"{BASE}/retry", JSON, RETRY)).status == 202
    world.override("org-0001", Answer(503))
    assert ask(world, Request("POST", f"{BASE}/retry", JSON, RETRY)).status == 503


def test_misbehaviour_comes_after_the_token(world: World) -> None:
    """A stranger gets 401 also from a platform that hangs for its own."""
    world.override_all(Misbehaviour.HANG)
    about = Route("org-0001", Kind.STATUS)
    assert respond(world, Request("GET", f"{BASE}/status", AUTHORIZED), about) is Misbehaviour.HANG
    assert ask(world, Request("GET", f"{BASE}/status")).status == 401


def test_what_comes_late_is_the_organizations_own_answer(world: World) -> None:
    """Slow is told first; asked again without overrides, the script speaks."""
    world.override("org-0001", Slow(1))
    request, about = Request("GET", f"{BASE}/status", AUTHORIZED), Route("org-0001", Kind.STATUS)
    assert respond(world, request, about) == Slow(1)
    late = respond(world, request, about, overridden=False)
    assert isinstance(late, Answer)
    assert json.loads(late.body)["connected"] is True


def test_the_list_of_organisations_is_that_of_the_world_and_has_an_etag(world: World) -> None:
    """The shape of Prometheus' HTTP service discovery; 304 while it does not change."""
    answer = ask(world, Request("GET", DISCOVERY_PATH, AUTHORIZED))
    listed = json.loads(answer.body)
    assert [group["targets"] for group in listed] == [["org-0001"], ["org-0002"], ["org-0003"]]
    assert set(listed[0]["labels"]) == {"name", "__meta_xero_tenant_id"}
    again = Request("GET", DISCOVERY_PATH, {**AUTHORIZED, "if-none-match": answer.headers["ETag"]})
    assert ask(world, again).status == 304
    world.organizations.pop("org-0002")
    assert ask(world, again).status == 200


def test_the_list_needs_the_token_and_can_be_put_in_place(world: World) -> None:
    """What is put in place of an organisation's answers leaves the list alone."""
    assert ask(world, Request("GET", DISCOVERY_PATH)).status == 401
    assert ask(world, Request("POST", DISCOVERY_PATH, AUTHORIZED)).status == 405
    world.override_all(Answer(500))
    assert ask(world, Request("GET", DISCOVERY_PATH, AUTHORIZED)).status == 200
    world.override_list(b"[]")
    assert ask(world, Request("GET", DISCOVERY_PATH, AUTHORIZED)).body == b"[]"
    world.clear()
    assert len(json.loads(ask(world, Request("GET", DISCOVERY_PATH, AUTHORIZED)).body)) == 3
