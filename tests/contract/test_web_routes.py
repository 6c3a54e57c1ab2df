"""Every path, over real sockets: who may read it, what it answers, and how it refuses."""

from __future__ import annotations

import base64
import json
import math
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from structlog.testing import capture_logs

from exporter.clock import SystemClock
from exporter.config.diagnosis import Links
from exporter.config.secrets import Token
from exporter.expose.exposition import Exposition, Page
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import (
    Block,
    History,
    Organization,
    OrganizationState,
    PastReading,
    Snapshot,
    Status,
    SyncError,
)
from exporter.model.fleet import FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import WELL, ActiveIssue, Because, Connections, Diagnosis, ErrorCount
from exporter.model.limits import Limits
from exporter.model.moment import Moment
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    Role,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)
from exporter.observe.tally import tally_of
from exporter.remediation.desk import Desk
from exporter.telemetry.metrics import SelfMetrics
from exporter.web.rim import MAX_QUERY_BYTES
from exporter.web.routes import ROUTES, application
from exporter.web.server import Server
from exporter.web.site import Site, WebToken

NOW = Moment(wall=1_700_000_000.0, monotonic=5.0)
ORGANIZATIONS = 25
CANARY = "canary-jane.doe@example.com"
"""Stands where personal data and secrets stand; no answer and no log line may hold it."""

pytestmark = pytest.mark.asyncio(loop_scope="module")

# An action by its number has its own tests: here, there is none.
READING = [
    row for row in ROUTES if row.method == "GET" and row.role is not Role.OPERATOR and "{action_id}" not in row.path
]
PATHS = [row.path.format(organization_id="org-07") for row in READING]
CLOSED_PATHS = [row.path.format(organization_id="org-07") for row in READING if row.role is not None]


VIEWER = WebToken("prometheus", Role.VIEWER, Token.fixed("viewer-secret"))
OPERATOR = WebToken("on-call", Role.OPERATOR, Token.fixed("operator-secret"))
ALERTS = WebToken("alertmanager", Role.ALERTS, Token.fixed("alerts-secret"))
UNREADABLE = WebToken("broken", Role.VIEWER, Token.from_file(Path("does-not-exist")))


UNWELL = Diagnosis(
    issues=(ActiveIssue(Issue.CONTACTS_FAILING, NOW.wall - 60, Because.ERROR, (Reason.DUPLICATE_CONTACT,)),),
    errors=(ErrorCount(SyncType.CONTACTS, Reason.DUPLICATE_CONTACT, 1, NOW.wall),),
)


def state(index: int) -> OrganizationState:
    """One organisation: every third is stale, every second connected; all report an error that names a person.

    Of those that are not stale, every fifth has an issue by it.
    """
    stale = index % 3 == 0
    status = Status(
        connected=index % 2 == 0,
        last_sync=NOW.wall,
        sync_status=SyncStatus.HEALTHY,
        errors=(SyncError(NOW.wall, kind=CANARY, message=f"Duplicate contact: {CANARY}"),),
    )
    return OrganizationState(
        Organization(f"org-{index:02}", name=CANARY),
        first_seen=NOW,
        freshness=Freshness.STALE if stale else Freshness.FRESH,
        last_attempt=NOW,
        last_success=NOW,
        failure=Failure.TIMEOUT if stale else None,
        failures_in_row=int(stale),
        status=None if stale else status,
        diagnosis=UNWELL if index % 5 == 0 and not stale else WELL,
    )


def snapshot() -> Snapshot:
    """The fleet, in an order (that of its phases) which is not that of the ids."""
    states = tuple(state((index * 7) % ORGANIZATIONS) for index in range(ORGANIZATIONS))
    return Snapshot(
        blocks=(Block(states, math.inf, tally_of(states)),),
        places={one.organization.id: (0, index) for index, one in enumerate(states)},
        at=NOW,
        counts={word: sum(one.freshness is word for one in states) for word in Freshness},
        tally=tally_of(states),
        judgement=FleetJudgement(verdict=Verdict.CUSTOMERS, incidents=dict.fromkeys(IncidentKind, False)),
        connections=Connections(frozenset(), count=25, at=NOW, valid_until=math.inf),
        surroundings=Surroundings(started=True, pages=(PageSays("status.xero.com", ServiceStatus.MINOR),)),
    )


async def nothing_to_reload(_: str) -> Sequence[str]:
    """Nothing changed."""
    return []


def a_site() -> Site:
    """A site with everything real but the polling behind it; reading is open."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    exposition = Exposition(organization_names=False, registry=registry, metrics=metrics)
    known = snapshot()
    exposition.render(known)
    reading = PastReading(NOW.wall, 0.1, None)
    return Site(
        exposition=exposition,
        metrics=metrics,
        snapshot=lambda: known,
        history=lambda organization_id: History((reading,), ()) if organization_id == "org-07" else History(),
        next_attempt=lambda _: NOW.wall + 60,
        trend=lambda: (),
        conditions=lambda: Conditions(60.0, 300.0, platform_auth_ok=True, paused_until=None, sources=()),
        healthy=lambda: True,
        ready=lambda: Readiness(ready=True, why="polling"),
        reload=nothing_to_reload,
        desk=Desk(f"sqlite:///{tempfile.mkdtemp()}/ledger.db", clock=SystemClock(), limits=Limits()),
        stopping=lambda: False,
        tokens=(),
        organization_names=False,
        links=Links(),
        hash_key=b"a key",
        version="1.2.3",
    )


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server for `site`."""
    server = Server(application(site), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            yield client
    finally:
        await server.stop(1)
        await site.desk.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that is open for reading; one for all, as starting and stopping takes 0.3 s."""
    async with serving(a_site()) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token as Bearer."""
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, token: str) -> dict[str, str]:
    """The header that a browser makes of a user and a password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


def problem(answer: httpx.Response, status: int) -> str:
    """The detail of a problem document that is as RFC 9457 and this program promise."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert set(document) == {"type", "title", "status", "detail"}
    assert (document["type"], document["status"]) == ("about:blank", status)
    assert document["title"]
    detail: str = document["detail"]
    assert len(detail) > 20
    assert "Traceback" not in detail
    return detail


# Who may read what


@pytest.mark.parametrize(
    ("headers", "closed"),
    [
        pytest.param({}, 401, id="no token"),
        pytest.param(bearer("viewer-secret"), 200, id="viewer"),
        pytest.param(bearer("operator-secret"), 200, id="operator"),
        pytest.param(bearer("alerts-secret"), 403, id="alerts"),
        pytest.param(bearer("wrong"), 401, id="wrong"),
        pytest.param(basic("prometheus", "viewer-secret"), 200, id="viewer, Basic"),
        pytest.param(basic("alertmanager", "alerts-secret"), 403, id="alerts, Basic"),
        pytest.param(basic("on-call", "viewer-secret"), 401, id="another's name"),
        pytest.param(basic("prometheus", "wrong"), 401, id="wrong, Basic"),
        pytest.param({"Authorization": "Negotiate abc"}, 401, id="another scheme"),
    ],
)
async def test_every_path_asks_for_the_role_in_its_row(headers: dict[str, str], closed: int) -> None:
    """With tokens configured: health is open, all else asks for a viewer; a 401 says how to send a token."""
    async with serving(replace(a_site(), tokens=(VIEWER, OPERATOR, ALERTS, UNREADABLE))) as client:
        for row, path in zip(READING, PATHS, strict=True):
            for method in ("GET", "HEAD"):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == (200 if row.role is None else closed), path
                if answer.status_code >= 400 and method == "GET":
                    problem(answer, closed)
                challenged = "bearer" in answer.headers.get("www-authenticate", "").lower()
                assert challenged == (answer.status_code == 401)
                assert ("Basic realm=" in answer.headers.get("www-authenticate", "")) == challenged


@pytest.mark.parametrize("tokens", [(), (ALERTS,)], ids=["no token", "alerts token"])
async def test_reading_is_open_until_a_token_exists_that_may_read(tokens: tuple[WebToken, ...]) -> None:
    """An exporter without tokens answers everybody; a token for alerts closes nothing, whoever sends it."""
    async with serving(replace(a_site(), tokens=tokens)) as client:
        for path in PATHS:
            for headers in ({}, bearer("alerts-secret"), bearer("wrong")):
                assert (await client.get(path, headers=headers)).status_code == 200, path


async def test_a_token_that_cannot_be_read_closes_reading() -> None:
    """A viewer's token file that is missing must not open what it was meant to close."""
    async with serving(replace(a_site(), tokens=(UNREADABLE,))) as client:
        for path in CLOSED_PATHS:
            problem(await client.get(path, headers=basic("broken", "")), 401)


async def test_no_role_is_needed_to_learn_that_a_path_does_not_exist() -> None:
    """An unknown path is a 404 to everybody, so that a 401 always means a path that is there."""
    async with serving(replace(a_site(), tokens=(VIEWER,))) as client:
        problem(await client.get("/nothing"), 404)


# What is answered


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("application/json", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
async def test_metrics_come_in_the_format_that_is_asked_for(
    client: httpx.AsyncClient, accept: str | None, content_type: str
) -> None:
    """The page parses as what its Content-Type says, and holds the fleet as well as the exporter."""
    answer = await client.get("/metrics", headers={} if accept is None else {"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    parse = parse_openmetrics if "openmetrics" in content_type else parse_text
    families = {family.name for family in parse(answer.text)}
    assert {"xero_poll_success", "xero_organizations", "xero_exporter_build_info"} <= families


async def test_several_accept_headers_are_one_list(client: httpx.AsyncClient) -> None:
    """A proxy may split the list into lines."""
    headers = [("Accept", "text/plain;q=0.3"), ("Accept", "application/openmetrics-text;version=1.0.0")]
    answer = await client.get("/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")


async def test_scrapes_are_counted_by_format() -> None:
    """The exporter tells how often and how it is scraped."""
    async with serving(a_site()) as client:
        await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
        plain = {"Accept-Encoding": "identity"}
        size = len((await client.get("/metrics", headers=plain)).content)
        page = (await client.get("/metrics", headers=plain)).text
    assert 'xero_exporter_scrapes_total{format="text"} 1.0' in page
    assert 'xero_exporter_scrapes_total{format="openmetrics"} 1.0' in page
    assert f'xero_exporter_scrape_bytes{{encoding="identity",format="text"}} {float(size)!r}' in page


async def test_metrics_are_answered_before_anything_is_known() -> None:
    """The first scrape comes before the first fold, and gets 200."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    exposition = Exposition(organization_names=False, registry=registry, metrics=metrics)
    site = replace(a_site(), exposition=exposition, metrics=metrics, snapshot=lambda: None)
    async with serving(site) as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert "xero_exporter_build_info" in answer.text
        assert "xero_poll_success" not in answer.text


async def test_the_api_says_when_nothing_is_known_yet() -> None:
    """Before the first fold the API answers 503 and says to ask again; the page for people is there at once."""
    async with serving(replace(a_site(), snapshot=lambda: None)) as client:
        for path in ("/api/v1/fleet", "/api/v1/organizations", "/api/v1/organizations/org-07"):
            answer = await client.get(path)
            assert "ask again" in problem(answer, 503)
            assert answer.headers["retry-after"] == "2"
        assert (await client.get("/")).status_code == 200


async def test_health_and_readiness_answer_in_words() -> None:
    """Both are 200 when well, and 503 with a sentence when not."""
    async with serving(a_site()) as client:
        assert (await client.get("/-/healthy")).text == "ok\n"
        assert (await client.get("/-/ready")).text == "polling\n"
    waiting = Readiness(ready=False, why="3 of 9 organisations were asked")
    async with serving(replace(a_site(), healthy=lambda: False, ready=lambda: waiting)) as client:
        sick = await client.get("/-/healthy")
        assert (sick.status_code, sick.text) == (503, "The exporter's own loop does not advance\n")
        unready = await client.get("/-/ready")
        assert (unready.status_code, unready.text) == (503, "3 of 9 organisations were asked\n")
        assert unready.headers["content-type"] == "text/plain; charset=utf-8"


async def test_the_fleet_is_counted_by_freshness(client: httpx.AsyncClient) -> None:
    """The API's numbers are those of the snapshot."""
    document = (await client.get("/api/v1/fleet")).json()
    assert document["organizations"] == ORGANIZATIONS
    assert document["freshness"] == {"fresh": 16, "stale": 9, "pending": 0, "not_found": 0}
    assert document["version"] == "1.2.3"


async def test_the_fleet_is_told_with_its_verdict_and_the_worst(client: httpx.AsyncClient) -> None:
    """In words, sentences and counts; whoever is named is found by the filters of the list too."""
    document = (await client.get("/api/v1/fleet")).json()
    assert document["verdict"] == "customers"
    assert document["verdict_means"].startswith("It is single customers")
    assert document["incidents"] == {"connection": False, "sync": False}
    assert document["affected"] == {"connection": 0, "sync": 3}
    assert document["issues"]["contacts_failing"] == sum(document["issues"].values()) == 3
    assert document["xero"]["pages"] == [{"page": "status.xero.com", "status": "minor", "read": None}]
    assert document["xero"]["connections"] == 25
    listed = (await client.get("/api/v1/organizations?issue=contacts_failing")).json()["organizations"]
    assert document["worst"] == listed
    assert [row["id"] for row in listed] == ["org-05", "org-10", "org-20"]
    assert {(*row["issues"], row["since"], *row["reasons"]) for row in listed} == {
        ("contacts_failing", "2023-11-14T22:12:20.000Z", "duplicate_contact")
    }


@pytest.mark.parametrize("limit", [1, 7, 25, 1000])
async def test_a_walk_over_the_pages_meets_every_organisation_once(client: httpx.AsyncClient, limit: int) -> None:
    """`next` of one page is `after` of the following one, and the order is that of the ids."""
    met: list[str] = []
    parameters: dict[str, str | int] = {"limit": limit}
    while True:
        page = (await client.get("/api/v1/organizations", params=parameters)).json()
        assert page["total"] == ORGANIZATIONS
        met += [one["id"] for one in page["organizations"]]
        if page["next"] is None:
            break
        parameters["after"] = page["next"]
    assert met == [f"org-{index:02}" for index in range(ORGANIZATIONS)]


@pytest.mark.parametrize(
    ("parameters", "total"),
    [
        ({"freshness": "stale"}, 9),
        ({"freshness": "pending"}, 0),
        ({"failure": "timeout"}, 9),
        ({"failure": "auth"}, 0),
        ({"connected": "true"}, 8),
        ({"connected": "false"}, 8),
        ({"sync_status": "healthy"}, 16),
        ({"issue": "contacts_failing"}, 3),
        ({"issue": "disconnected"}, 0),
        ({"reason": "duplicate_contact"}, 3),
        ({"reason": "duplicate_contact", "connected": "true"}, 2),
        ({"sync_type": "contacts"}, 3),
        ({"sync_type": "invoices", "reason": "duplicate_contact"}, 0),
        ({"search": "ORG-1"}, 10),
        ({"search": "ORG-1", "connected": "true"}, 3),
        ({"search": CANARY}, 0),
    ],
)
async def test_organisations_are_filtered(client: httpx.AsyncClient, parameters: dict[str, str], total: int) -> None:
    """Each filter alone, two together, and a search by name where names are not shown."""
    page = (await client.get("/api/v1/organizations", params=parameters)).json()
    assert page["total"] == total
    assert len(page["organizations"]) == total


async def test_one_organisation_is_told_with_its_readings(client: httpx.AsyncClient) -> None:
    """Facts, freshness and history of the one that was asked for."""
    answer = await client.get("/api/v1/organizations/org-07")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["id"], document["freshness"]) == ("org-07", "fresh")
    assert document["facts"]["connected"] is False
    assert document["facts"]["errors_reported"] == 1
    assert [reading["outcome"] for reading in document["recent"]] == ["success"]
    assert document["polling"]["next_attempt"] == "2023-11-14T22:14:20.000Z"


async def test_names_are_told_only_where_they_are_allowed() -> None:
    """Personal data stays in, unless the configuration opts in; error texts never leave."""
    async with serving(a_site()) as client:
        for path in PATHS:
            assert CANARY not in (await client.get(path)).text, path
    async with serving(replace(a_site(), organization_names=True)) as client:
        told = (await client.get("/api/v1/organizations/org-07")).text
        assert CANARY in told
        assert "Duplicate contact" not in told


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    """HEAD has the status and the type of GET, and no body."""
    for path in PATHS:
        head, get = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        assert int(head.headers["content-length"]) > 0


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    """Pages, documents, metrics and refusals: nothing is sniffed, framed, stored, or tells where it came from."""
    for path in [*PATHS, "/nothing", "/api/v1/organizations?limit=0", "/?" + "x" * (MAX_QUERY_BYTES + 1)]:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        # Pages tell themselves where a form comes from: without that a browser leaves its Origin out.
        page = headers["content-type"].startswith("text/html")
        assert headers["referrer-policy"] == ("same-origin" if page else "no-referrer"), path
        assert headers["cache-control"] == "no-store", path
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "server" not in headers, path


async def test_the_page_for_people_has_a_policy_for_its_own_style(client: httpx.AsyncClient) -> None:
    """The page is HTML, and its policy is not that of a document without style."""
    answer = await client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert "xero-exporter" in answer.text


# How it refuses


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/organizations/none"])
async def test_a_method_that_changes_something_is_not_allowed(client: httpx.AsyncClient, path: str) -> None:
    """Nothing here can be changed; the answer says what is allowed, and a body is not read."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MKCOL"):
        answer = await client.request(method, path, content=b"x" * 10_000)
        problem(answer, 405)
        assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "/unknown-page",
        "/metrics/",
        "//metrics",
        "/METRICS",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/api",
        "/api/",
        "/api/v1",
        "/api/docs",
        "/api/v1/organizations/",
        "/-/elsewhere",
        "/static/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/organizations/none",
        "/api/v1/organizations/%2e%2e",
        "/api/v1/organizations/..",
        "/api/v1/organizations/%00",
        "/api/v1/organizations/org-07%00",
        "/api/v1/organizations/org-07%0d%0aX-Injected:%20yes",
        "/api/v1/organizations/org-07%2f",
        "/api/v1/organizations/%ff%fe",
        "/api/v1/organizations/%F0%9F%92%A9",
        "/api/v1/organizations/%ED%A0%80",
        "/api/v1/organizations/" + "x" * 8000,
        "/api/v1/organizations/{organization_id}",
        "/api/v1/organizations/%25",
        "/api/v1/organizations/ORG-07",
    ],
)
async def test_what_is_not_there_is_a_problem_that_repeats_nothing(client: httpx.AsyncClient, path: str) -> None:
    """Hostile paths and ids give 404, never a 5xx, a redirect, or their own text back."""
    # As raw bytes, for the client would tidy the path up.
    answer = await client.get(client.base_url.copy_with(raw_path=path.encode()))
    detail = problem(answer, 404)
    assert "x-injected" not in answer.headers
    tail = path.rpartition("/")[2]
    assert len(tail) < 4 or tail not in detail


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "`limit` must be at least 1"),
        ("limit=1001", "`limit` must be at most 1000"),
        ("limit=-1", "`limit` must be at least 1"),
        ("limit=ten", "`limit` must be a whole number"),
        ("limit=1.5", "`limit` must be a whole number"),
        ("limit=" + "9" * 5000, "`limit` must be"),
        ("limit=", "`limit` must be a whole number"),
        ("limit=1&limit=2", "`limit` is given more than once"),
        ("freshness=rotten", "`freshness` must be one of 'fresh', 'stale', 'pending' or 'not_found'"),
        ("failure=" + CANARY, "`failure` must be one of"),
        ("sync_status=%00", "`sync_status` must be one of"),
        ("issue=unwell", "`issue` must be one of"),
        ("reason=" + CANARY, "`reason` must be one of"),
        ("sync_type=contact_sync", "`sync_type` must be one of 'contacts', 'invoices', 'reconciliation' or 'other'"),
        ("connected=perhaps", "`connected` must be true or false"),
        ("after=" + "x" * 201, "`after` must have at most 200 characters"),
        ("search=" + "%F0%9F%92%A9" * 201, "`search` must have at most 200 characters"),
        ("order=name", "`order` is unknown here"),
        ("canary-jane.doe%40example.com=1", "A parameter is unknown here"),
        ("%3Cscript%3E=1", "A parameter is unknown here"),
        ("limit=0&order=" + CANARY, "`limit` must be at least 1; `order` is unknown here"),
        ("&".join(f"p{index}=1" for index in range(500)), "`p0` is unknown here"),
    ],
)
async def test_a_faulty_query_is_named_and_not_repeated(client: httpx.AsyncClient, query: str, words: str) -> None:
    """The parameter and its rule are told, its value is not; a name is told only when it looks like one."""
    answer = await client.get(f"/api/v1/organizations?{query}")
    detail = problem(answer, 400)
    assert words in detail
    assert "canary" not in answer.text
    assert "script" not in answer.text
    assert len(detail) < 600


@pytest.mark.parametrize(
    "query",
    [
        "search=%00",
        "search=%ff",
        "search=.*",
        "search=%F0%9F%92%A9",
        "after=%00",
        "after=~",
        "after=%ff",
        "search=",
        "after=",
    ],
)
async def test_odd_texts_are_only_texts(client: httpx.AsyncClient, query: str) -> None:
    """What is allowed to be any text is compared and nothing else."""
    assert (await client.get(f"/api/v1/organizations?{query}")).status_code == 200


@settings(max_examples=50, deadline=None)
@given(
    name=st.sampled_from(
        ["limit", "search", "after", "freshness", "connected", "failure", "issue", "reason", "sync_type", "x"]
    ),
    value=st.binary(),
)
async def test_no_query_breaks_an_answer(client: httpx.AsyncClient, name: str, value: bytes) -> None:
    """Any bytes as a value are an answer or a problem."""
    answer = await client.get(f"/api/v1/organizations?{name}={quote_from_bytes(value)}")
    if answer.status_code != 200:
        problem(answer, 400)


@settings(max_examples=50, deadline=None)
@given(segment=st.binary(min_size=1))
async def test_no_id_breaks_an_answer(client: httpx.AsyncClient, segment: bytes) -> None:
    """Any bytes as an id are an organisation that is not there."""
    path = f"/api/v1/organizations/none{quote_from_bytes(segment)}"
    problem(await client.get(client.base_url.copy_with(raw_path=path.encode())), 404)


@pytest.mark.parametrize("path", ["/api/v1/fleet", "/api/v1/organizations/org-07", "/api/openapi.json"])
async def test_a_path_without_parameters_says_so(client: httpx.AsyncClient, path: str) -> None:
    """A filter that would be ignored is refused, by name."""
    assert "`freshness` is unknown here" in problem(await client.get(f"{path}?freshness=stale"), 400)


async def test_a_query_that_is_too_long_is_refused_unread(client: httpx.AsyncClient) -> None:
    """The length is bounded before anything is made of it, on every path."""
    for path in PATHS:
        assert str(MAX_QUERY_BYTES) in problem(await client.get(f"{path}?{'x' * (MAX_QUERY_BYTES + 1)}"), 414)


def broken(*_: object) -> Any:  # noqa: ANN401 - stands for any of the callables
    """Fails as code fails, with somebody's data in the text of the error."""
    raise ValueError(CANARY)


class BrokenExposition(Exposition):
    def page(self, *_: object, **__: object) -> Page:
        """Fails."""
        return Page((bytes(broken()),), size=0)


def a_broken_exposition() -> Exposition:
    """An exposition that cannot give its page."""
    registry = CollectorRegistry(auto_describe=False)
    return BrokenExposition(organization_names=False, registry=registry, metrics=SelfMetrics(registry))


@pytest.mark.parametrize(
    ("site", "path"),
    [
        (lambda: replace(a_site(), conditions=broken), "/"),
        (lambda: replace(a_site(), conditions=broken), "/api/v1/fleet"),
        (lambda: replace(a_site(), snapshot=broken), "/api/v1/organizations"),
        (lambda: replace(a_site(), history=broken), "/api/v1/organizations/org-07"),
        (lambda: replace(a_site(), healthy=broken), "/-/healthy"),
        (lambda: replace(a_site(), ready=broken), "/-/ready"),
        (lambda: replace(a_site(), exposition=a_broken_exposition()), "/metrics"),
    ],
)
async def test_a_fault_of_ours_is_a_problem_without_its_text(site: Callable[[], Site], path: str) -> None:
    """The caller gets a 500 that tells nothing of the inside, the log gets the error, and the server lives on."""
    async with serving(site()) as client:
        with capture_logs() as lines:
            answer = await client.get(path)
        assert "log" in problem(answer, 500)
        for foreign in (CANARY, "ValueError", "Attribute", ".py", "Traceback"):
            assert foreign not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert [line["event"] for line in lines] == ["request_failed"]
        assert (await client.get("/nothing")).status_code == 404


# How it is described


async def test_the_openapi_document_lists_every_path_of_the_api_with_its_problems(client: httpx.AsyncClient) -> None:
    """Each path of the API is described, with problem documents as its only errors."""
    document = (await client.get("/api/openapi.json")).json()
    assert document["info"]["version"] == "1.2.3"
    assert set(document["paths"]) == {row.path for row in ROUTES if row.path.startswith("/api/")}
    served = {(row.path, row.method.lower()): row for row in ROUTES}
    for path, item in document["paths"].items():
        (method, operation), *others = item.items()
        assert not others, path
        assert operation["operationId"] == served[path, method].endpoint.__name__
        responses = operation["responses"]
        assert {"400", "401", "403", "500", "503"} <= set(responses), path
        assert ("404" in responses) == ("{" in path)
        assert ({"409", "415"} <= set(responses)) == (method == "post")
        assert "422" not in responses
        for status, answer in responses.items():
            if not status.startswith("2"):
                reference = answer["content"]["application/problem+json"]["schema"]
                assert reference == {"$ref": "#/components/schemas/Problem"}
    assert {"Problem", "FleetDocument", "OrganizationsDocument", "OrganizationDocument"} <= set(
        document["components"]["schemas"]
    )
    parameters = document["paths"]["/api/v1/organizations"]["get"]["parameters"]
    assert {"issue", "reason", "sync_type"} <= {one["name"] for one in parameters}
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


async def test_every_reference_in_the_openapi_document_leads_somewhere(client: httpx.AsyncClient) -> None:
    """A reader of the document is never sent to a schema that is not there."""
    document = (await client.get("/api/openapi.json")).json()
    text = json.dumps(document)
    referred = {part.partition('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert referred
    assert referred <= set(document["components"]["schemas"])
    assert "#/$defs" not in text
