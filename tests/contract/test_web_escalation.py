"""The bundle over real sockets: for operators alone, redacted unless told otherwise, and told in the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from exporter.config.diagnosis import Links
from exporter.expose.escalation_shapes import EscalationDocument
from exporter.model.facts import Block, Snapshot
from exporter.model.words import Freshness
from exporter.web.site import Site
from tests.contract.test_web_routes import ALERTS, OPERATOR, VIEWER, a_site, basic, bearer, problem, serving
from tests.knowledge import CALM, CANARY, MAIL, NAME, NOW, STRANGE, failing, known

PATH = "/api/v1/organizations/org-1/escalation"
AS_OPERATOR = bearer("operator-secret")
PERSONAL = (MAIL, "canary", "Canary", "Zorblax", NAME)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def site(**more: Any) -> Site:  # noqa: ANN401 - fields of a Site
    """A site that knows one organisation, whose errors name a person."""
    state = known(failing(CANARY, STRANGE, kind=f"contact of {MAIL}"))
    snapshot = Snapshot(
        blocks=(Block((state,), 9e9),),
        places={"org-1": (0, 0)},
        at=NOW,
        counts={word: int(word is Freshness.FRESH) for word in Freshness},
        surroundings=CALM,
    )
    links = Links(client_portal="https://portal.example/{organization_id}")
    return replace(a_site(), snapshot=lambda: snapshot, tokens=(VIEWER, OPERATOR, ALERTS), links=links, **more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with a token of each role."""
    async with serving(site()) as found:
        yield found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="no token"),
        pytest.param(bearer("wrong"), 401, id="wrong"),
        pytest.param(bearer("viewer-secret"), 403, id="viewer"),
        pytest.param(bearer("alerts-secret"), 403, id="alerts"),
        pytest.param(AS_OPERATOR, 200, id="operator"),
        pytest.param(basic("on-call", "operator-secret"), 200, id="operator, Basic"),
    ],
)
@pytest.mark.parametrize("query", ["", "?personal_data=true"])
async def test_only_an_operator_gets_it(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, query: str
) -> None:
    """Redacted or not; whoever is refused learns nothing, and nothing is logged as given."""
    with capture_logs() as lines:
        answer = await client.get(PATH + query, headers=headers)
    assert answer.status_code == status
    if status != 200:
        problem(answer, status)
        assert lines == []


@pytest.mark.parametrize("tokens", [(), (VIEWER,), (ALERTS,)], ids=["none", "viewer", "alerts"])
async def test_without_an_operator_token_it_is_closed_to_everybody(tokens: tuple[Any, ...]) -> None:
    """Reading may be open; this is not, and it says which token to add."""
    async with serving(replace(site(), tokens=tokens)) as client:
        assert "role operator" in problem(await client.get(PATH), 403)


async def test_by_default_nothing_personal_is_in_it(client: httpx.AsyncClient) -> None:
    """In both forms; and it is the one shape."""
    answer = await client.get(PATH, headers=AS_OPERATOR)
    document = EscalationDocument.model_validate_json(answer.content)
    assert document.organization.id == "org-1"
    assert [error.reason for error in document.errors] == ["unknown", "duplicate_contact"]
    assert document.organization.diagnosis.xero.status_pages[0].page == "status.xero.com"
    markdown = await client.get(PATH, headers={**AS_OPERATOR, "Accept": "text/markdown"})
    for text in (answer.text, markdown.text):
        assert not any(one in text for one in PERSONAL)


async def test_personal_data_is_given_when_asked_for_and_logged_with_the_tokens_name(client: httpx.AsyncClient) -> None:
    """Who asked, about whom; not what was given."""
    with capture_logs() as lines:
        answer = await client.get(PATH, params={"personal_data": "true"}, headers=AS_OPERATOR)
    assert CANARY in answer.text
    assert STRANGE in answer.text
    assert NAME in answer.text
    assert lines == [
        {"event": "personal_data_given", "log_level": "warning", "organization_id": "org-1", "actor": "on-call"}
    ]
    with capture_logs() as lines:
        await client.get(PATH, params={"personal_data": "false"}, headers=AS_OPERATOR)
    assert lines == []


@pytest.mark.parametrize(
    ("accept", "markdown"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("text/markdown", True),
        ("text/markdown;q=0.5, application/json", False),
        ("text/markdown, application/json;q=0.5, */*;q=0.1", True),
        ("text/html", False),
        ("text/markdown;q=x", False),
        ("text/*", False),
    ],
)
async def test_it_comes_as_json_or_as_markdown(
    client: httpx.AsyncClient, accept: str | None, *, markdown: bool
) -> None:
    """By Accept; JSON where Markdown is not asked for by name, and more."""
    headers: Mapping[str, str] = AS_OPERATOR if accept is None else {**AS_OPERATOR, "Accept": accept}
    answer = await client.get(PATH, headers=headers)
    kind = "text/markdown; charset=utf-8" if markdown else "application/json"
    assert answer.headers["content-type"] == kind
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("# Escalation of org-1" if markdown else "{")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("personal_data=perhaps", "`personal_data` must be true or false"),
        ("personal_data=true&personal_data=false", "`personal_data` is given more than once"),
        ("whole=true", "`whole` is unknown here"),
    ],
)
async def test_a_faulty_query_is_refused(client: httpx.AsyncClient, query: str, words: str) -> None:
    """A slip of the pen must not give more, or less, than was meant."""
    assert words in problem(await client.get(f"{PATH}?{query}", headers=AS_OPERATOR), 400)


async def test_an_unknown_organisation_is_a_problem_that_repeats_nothing(client: httpx.AsyncClient) -> None:
    """As everywhere."""
    for name in ("nobody", "%00", "..%2forg-1"):
        detail = problem(await client.get(f"/api/v1/organizations/{name}/escalation", headers=AS_OPERATOR), 404)
        assert "nobody" not in detail


async def test_before_anything_is_known_it_says_to_ask_again() -> None:
    """503, as the rest of the API."""
    async with serving(replace(site(), snapshot=lambda: None)) as client:
        assert "ask again" in problem(await client.get(PATH, headers=AS_OPERATOR), 503)


async def test_it_is_described_with_both_forms(client: httpx.AsyncClient) -> None:
    """In the OpenAPI document."""
    document = (await client.get("/api/openapi.json", headers=AS_OPERATOR)).json()
    operation = document["paths"]["/api/v1/organizations/{organization_id}/escalation"]["get"]
    content = operation["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/EscalationDocument"}
    assert content["text/markdown"]["schema"] == {"type": "string"}
    assert {one["name"] for one in operation["parameters"]} == {"organization_id", "personal_data"}


async def test_the_document_of_an_organisation_explains_it(client: httpx.AsyncClient) -> None:
    """For viewers: what is wrong, why, what to do; never a text or a name."""
    answer = await client.get("/api/v1/organizations/org-1", headers=bearer("viewer-secret"))
    diagnosis = answer.json()["diagnosis"]
    assert diagnosis["basis"] == "history"
    assert diagnosis["wrong"] is True
    assert [one["issue"] for one in diagnosis["issues"]] == ["contacts_failing"]
    assert diagnosis["issues"][0]["reasons"] == ["duplicate_contact", "unknown"]
    assert diagnosis["next_steps"]
    assert not any(one in answer.text for one in PERSONAL)
