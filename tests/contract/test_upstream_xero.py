"""Xero, asked over a real socket: only a well-formed list concludes anything, and a refused app is no outage."""

from __future__ import annotations

import base64
import json
import traceback
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.clock import SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.simulator.answers import Answer, Misbehaviour, Slow, json_answer
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import World
from exporter.simulator.xero import Kind, Tenant
from exporter.simulator.xero import Xero as SimulatedXero
from exporter.simulator.xero_endpoints import problem, rate_limited
from exporter.simulator.xero_server import XeroSimulator
from exporter.upstream.connections import FIELDS, ConnectionList, parse_connections, tenant_key
from exporter.upstream.identity import Rejection, basic
from exporter.upstream.xero import Asked, Xero

CLIENT = "0123456789ABCDEF0123456789ABCDEF"
SECRET = "s3cr3t/of+the:app%&="
DESCRIPTION = Path(__file__).parents[1] / "data" / "xero-openapi" / "xero-identity.yaml"


@dataclass
class HandClock:
    """Runs by itself, and can be set forward."""

    ahead: float = 0.0

    def now(self) -> Moment:
        """The present."""
        real = SystemClock().now()
        return Moment(real.wall + self.ahead, real.monotonic + self.ahead)


@dataclass
class Secret:
    """A secret as its file has it now."""

    value: str | None = SECRET
    number: int = 1


@dataclass
class Counted:
    """Telemetry that remembers."""

    ended: list[tuple[str, Failure | None]] = field(default_factory=list)

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Remembers a request."""
        assert seconds >= 0
        self.ended.append((upstream, failure))


@dataclass
class Room:
    """All that a test looks at."""

    simulator: XeroSimulator
    world: World
    xero: Xero
    secret: Secret
    counted: Counted
    clock: HandClock

    @property
    def theirs(self) -> SimulatedXero:
        """The simulated Xero."""
        return self.simulator.xero

    @property
    def tenants(self) -> list[str]:
        """The tenant ids of the platform's organisations."""
        return [one.xero_tenant_id for one in self.world.organizations.values()]

    async def listed(self) -> ConnectionList:
        """A list, when there should be one."""
        asked = await self.xero.connections()
        assert isinstance(asked.outcome, ConnectionList), asked
        assert (asked.accepted, asked.rejection) == (True, None)
        return asked.outcome

    async def failed(self) -> tuple[Asked, UpstreamFailure]:
        """A failure, when there should be one; nothing secret in it."""
        asked = await self.xero.connections()
        assert isinstance(asked.outcome, UpstreamFailure), asked
        assert SECRET not in repr(asked)
        return asked, asked.outcome

    def asked_for(self, kind: Kind) -> int:
        """How often Xero was asked for that; never by a method that changes something there."""
        assert {method for _, method in self.simulator.requests} <= {"GET", "POST"}
        assert not self.simulator.requests[Kind.CONNECTIONS, "POST"]
        return self.simulator.requests[kind, "POST" if kind is Kind.TOKEN else "GET"]


@asynccontextmanager
async def asking(timeout: float = 20.0, script: str = "healthy", minute: float = 65) -> AsyncIterator[Room]:  # noqa: ASYNC109 - it is handed on
    """Somebody who asks a simulated Xero, for the length of a block."""
    world = World(uniform_fleet(3, script, minute=minute), admin_token="t")
    secret, counted, clock = Secret(), Counted(), HandClock()
    async with XeroSimulator(SimulatedXero(world, client_id=CLIENT, client_secret=SECRET)) as simulator:
        xero = Xero(
            api_url=simulator.url,
            identity_url=simulator.url,
            client_id=CLIENT,
            secret=secret,
            telemetry=counted,
            clock=clock,
            timeout=timeout,
        )
        try:
            yield Room(simulator, world, xero, secret, counted, clock)
        finally:
            await xero.aclose()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """A Xero that lists three tenants."""
    async with asking() as made:
        yield made


def named(value: object) -> str:
    """What a case of a table is called."""
    return f"status {value.status}" if isinstance(value, Answer) else str(value)


def keys(tenants: list[str]) -> frozenset[str]:
    """What they are compared by."""
    return frozenset(key for one in tenants if (key := tenant_key(one)) is not None)


async def test_a_list_takes_a_token_and_a_question(room: Room) -> None:
    """Each is counted as a request of its own; when it was asked for stands in the list."""
    before = room.clock.now()
    found = await room.listed()
    assert (found.tenants, found.count) == (keys(room.tenants), 3)
    assert before.monotonic <= found.at.monotonic <= room.clock.now().monotonic
    assert room.counted.ended == [("xero_identity", None), ("xero", None)]


async def test_the_token_is_asked_for_as_rfc_6749_says(room: Room) -> None:
    """Form-encoded; id and secret form-urlencoded before Base64; nothing of them anywhere else."""
    await room.listed()
    request = room.simulator.last[Kind.TOKEN]
    assert request.body == b"grant_type=client_credentials&scope=app.connections"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    coded = request.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(coded).decode() == f"{CLIENT}:s3cr3t%2Fof%2Bthe%3Aapp%25%26%3D"
    assert basic("a b", "c:d") == "Basic " + base64.b64encode(b"a+b:c%3Ad").decode()
    question = room.simulator.last[Kind.CONNECTIONS]
    assert SECRET not in repr(question)
    assert coded not in repr(question)


async def test_a_token_is_used_until_shortly_before_its_end(room: Room) -> None:
    """It lives for half an hour, and a list is asked for every ten minutes."""
    for ahead in (0, 600, 1200, 1730):
        room.clock.ahead = ahead
        await room.listed()
    assert room.asked_for(Kind.TOKEN) == 1
    room.clock.ahead = 1745
    await room.listed()
    assert (room.asked_for(Kind.TOKEN), room.asked_for(Kind.CONNECTIONS)) == (2, 5)


async def test_another_secret_means_another_token(room: Room) -> None:
    """The old one may have been replaced because somebody else knows it."""
    await room.listed()
    room.theirs.client_secret = "another"
    room.secret.value, room.secret.number = "another", 2
    await room.listed()
    assert room.asked_for(Kind.TOKEN) == 2


async def test_who_left_is_not_listed_and_who_came_is(room: Room) -> None:
    """A tenant of another type is none of them, and a name that is null is no matter."""
    gone, *others = room.tenants
    room.theirs.revoke(gone)
    new = str(uuid.uuid4())
    room.theirs.connect(Tenant(new, "New", "ORGANISATION"))
    room.theirs.connect(Tenant(str(uuid.uuid4()), "The accountant", "PRACTICEMANAGER"))
    found = await room.listed()
    assert (found.tenants, found.count) == (keys([*others, new]), 4)


@pytest.mark.parametrize("script", ["revoked_unnoticed", "never_connected", "customer_disconnects"])
async def test_xero_follows_the_world(script: str) -> None:
    """Whose script says that the customer removed the app is not listed: that is a list, and it is empty."""
    async with asking(script=script) as room:
        found = await room.listed()
        assert (found.tenants, found.count) == (frozenset(), 0)


async def test_whom_the_platform_calls_disconnected_may_be_listed() -> None:
    """The opposite case."""
    async with asking(script="reconnected_unnoticed") as room:
        assert room.world.shows("org-0001")["connected"] is False  # type: ignore[index,call-overload]  # a status
        assert (await room.listed()).count == 3


HTML = Answer(500, {"Content-Type": "text/html"}, b"<html>An error occurred in Xero</html>")
ONE_MALFORMED = json_answer(
    200, [{"id": "7cb59f93-2964-421d-bb5e-a0f7a4572a44", "tenantId": None, "tenantType": "ORGANISATION"}]
)


@pytest.mark.parametrize(
    ("instead", "failure"),
    [
        (problem(403, "Forbidden", "AuthenticationUnsuccessful"), Failure.AUTH),
        (rate_limited("minute", 17), Failure.RATE_LIMITED),
        (rate_limited("appminute", None), Failure.RATE_LIMITED),
        (HTML, Failure.SERVER_ERROR),
        (
            Answer(503, {"Content-Type": "text/plain", "Retry-After": "30"}, b"The Organisation is offline"),
            Failure.SERVER_ERROR,
        ),
        (Answer(404), Failure.NOT_FOUND),
        (Answer(204), Failure.UNEXPECTED_STATUS),
        (Answer(200), Failure.INVALID_RESPONSE),
        (Answer(200, {}, b"[{"), Failure.INVALID_RESPONSE),
        (Answer(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"), Failure.INVALID_RESPONSE),
        (json_answer(200, {"connections": []}), Failure.INVALID_RESPONSE),
        (json_answer(200, None), Failure.INVALID_RESPONSE),
        (ONE_MALFORMED, Failure.INVALID_RESPONSE),
        (Misbehaviour.GARBAGE, Failure.INVALID_RESPONSE),
        (Misbehaviour.TRUNCATED, Failure.NETWORK),
        (Misbehaviour.BAD_CHUNK, Failure.INVALID_RESPONSE),
        (Misbehaviour.HUGE_HEADER, Failure.INVALID_RESPONSE),
        (Misbehaviour.RESET_AFTER_REQUEST, Failure.NETWORK),
        (Misbehaviour.CLOSE, Failure.NETWORK),
        (Misbehaviour.REDIRECT, Failure.UNEXPECTED_STATUS),
    ],
    ids=named,
)
async def test_nothing_but_a_well_formed_list_concludes_anything(
    room: Room, instead: Answer | Misbehaviour, failure: Failure
) -> None:
    """Each by its class; the app itself is accepted all the while, and the next good list is taken."""
    room.theirs.instead(Kind.CONNECTIONS, instead)
    asked, found = await room.failed()
    assert (found.failure, asked.accepted, asked.rejection) == (failure, True, None)
    assert room.counted.ended[-1] == ("xero", failure)
    room.theirs.instead(Kind.CONNECTIONS, None)
    assert (await room.listed()).count == 3


@pytest.mark.parametrize("kind", [Kind.CONNECTIONS, Kind.TOKEN])
@pytest.mark.parametrize("instead", [Misbehaviour.HANG, Misbehaviour.DRIP, Slow(5.0)], ids=named)
async def test_what_takes_too_long_is_given_up(kind: Kind, instead: Misbehaviour | Slow) -> None:
    """By the wall clock, body included."""
    async with asking(timeout=0.5) as room:
        room.theirs.instead(kind, instead)
        _, found = await room.failed()
        assert (found.failure, found.sent) == (Failure.TIMEOUT, Sent.MAYBE)


async def test_a_slow_list_is_a_list(room: Room) -> None:
    """It has half a minute."""
    room.theirs.instead(Kind.CONNECTIONS, Slow(0.3))
    assert (await room.listed()).count == 3


async def test_how_long_to_wait_is_handed_on(room: Room) -> None:
    """From the list and from the token endpoint, a day included."""
    room.theirs.instead(Kind.CONNECTIONS, rate_limited("day", 64_800))
    assert (await room.failed())[1].retry_after == 64_800
    room.theirs.forget_tokens()
    room.clock.ahead = 3600
    room.theirs.instead(Kind.TOKEN, rate_limited("minute", 5))
    asked, found = await room.failed()
    assert (found.retry_after, asked.accepted) == (5, None)


async def test_a_token_that_xero_takes_no_more_is_replaced_once(room: Room) -> None:
    """Xero may forget it before its end; two requests more, and the list is there."""
    await room.listed()
    room.theirs.forget_tokens()
    assert (await room.listed()).count == 3
    assert (room.asked_for(Kind.TOKEN), room.asked_for(Kind.CONNECTIONS)) == (2, 3)
    assert room.counted.ended[2:] == [("xero", Failure.AUTH), ("xero_identity", None), ("xero", None)]


async def test_a_new_token_that_is_refused_is_not_replaced_on_and_on(room: Room) -> None:
    """The next ask tries with another."""
    room.theirs.instead(Kind.CONNECTIONS, problem(401, "Unauthorized", "AuthorizationUnsuccessful"))
    for number in (1, 2):
        asked, found = await room.failed()
        assert (found.failure, found.http_status, asked.accepted) == (Failure.AUTH, 401, True)
        assert (room.asked_for(Kind.TOKEN), room.asked_for(Kind.CONNECTIONS)) == (number, number)


@pytest.mark.parametrize(
    ("instead", "rejection"),
    [
        (json_answer(400, {"error": "invalid_client"}), Rejection.INVALID_CLIENT),
        (json_answer(401, {"error": "invalid_client"}), Rejection.INVALID_CLIENT),
        (Answer(401, {"WWW-Authenticate": "Basic"}), Rejection.INVALID_CLIENT),
        (json_answer(400, {"error": "unauthorized_client"}), Rejection.UNAUTHORIZED_CLIENT),
        (json_answer(403, {"error": "unauthorised_client"}), Rejection.UNAUTHORIZED_CLIENT),
        (json_answer(400, {"error": "invalid_scope"}), Rejection.INVALID_SCOPE),
        (json_answer(400, {"error": "unsupported_grant_type", "x": 1}), Rejection.UNSUPPORTED_GRANT_TYPE),
    ],
    ids=named,
)
async def test_a_refused_app_is_told_apart_from_an_outage(room: Room, instead: Answer, rejection: Rejection) -> None:
    """By the words of RFC 6749; the API is not asked."""
    room.theirs.instead(Kind.TOKEN, instead)
    asked, found = await room.failed()
    assert (asked.accepted, asked.rejection, found.failure) == (False, rejection, Failure.AUTH)
    assert room.counted.ended == [("xero_identity", Failure.AUTH)]
    assert room.asked_for(Kind.CONNECTIONS) == 0


@pytest.mark.parametrize(
    ("instead", "failure"),
    [
        (HTML, Failure.SERVER_ERROR),
        (json_answer(500, {"error": "invalid_client"}), Failure.SERVER_ERROR),
        (json_answer(503, {"error": "temporarily_unavailable"}), Failure.SERVER_ERROR),
        (json_answer(400, {"error": "invalid_request"}), Failure.UNEXPECTED_STATUS),
        (json_answer(400, {"error": ["invalid_client"]}), Failure.UNEXPECTED_STATUS),
        (json_answer(400, ["invalid_client"]), Failure.UNEXPECTED_STATUS),
        (Answer(403, {"Content-Type": "text/html"}, b"<html>blocked by a proxy</html>"), Failure.AUTH),
        (Answer(404), Failure.NOT_FOUND),
        (rate_limited("minute", 3), Failure.RATE_LIMITED),
        (Misbehaviour.REDIRECT, Failure.UNEXPECTED_STATUS),
        (Misbehaviour.GARBAGE, Failure.INVALID_RESPONSE),
        (Misbehaviour.TRUNCATED, Failure.NETWORK),
        (Misbehaviour.TEN_MEGABYTES, Failure.INVALID_RESPONSE),
        (Misbehaviour.RESET_AFTER_REQUEST, Failure.NETWORK),
        (Misbehaviour.CLOSE, Failure.NETWORK),
        (Answer(200, {}, b"not json"), Failure.INVALID_RESPONSE),
        (Answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00"), Failure.INVALID_RESPONSE),
        (json_answer(200, []), Failure.INVALID_RESPONSE),
        (json_answer(200, {"access_token": "", "token_type": "Bearer"}), Failure.INVALID_RESPONSE),
        (json_answer(200, {"access_token": "a\r\nX: y", "token_type": "Bearer"}), Failure.INVALID_RESPONSE),
        (json_answer(200, {"access_token": "a", "token_type": "mac"}), Failure.INVALID_RESPONSE),
        (json_answer(200, {"access_token": 5, "token_type": "Bearer"}), Failure.INVALID_RESPONSE),
    ],
    ids=named,
)
async def test_an_outage_of_the_token_endpoint_says_nothing_of_the_app(
    room: Room, instead: Answer | Misbehaviour, failure: Failure
) -> None:
    """Whether it is accepted was not learned."""
    room.theirs.instead(Kind.TOKEN, instead)
    asked, found = await room.failed()
    assert (asked.accepted, asked.rejection, found.failure) == (None, None, failure)
    assert room.counted.ended == [("xero_identity", failure)]
    assert room.asked_for(Kind.CONNECTIONS) == 0


@pytest.mark.parametrize("life", [None, 0, -5, "1800", True, 30])
async def test_a_token_that_does_not_say_how_long_it_lives_is_used_once(room: Room, life: object) -> None:
    """Or that ends within the margin."""
    token = {"access_token": room.theirs.give_token(), "token_type": "bearer", "expires_in": life}
    room.theirs.instead(Kind.TOKEN, json_answer(200, token))
    await room.listed()
    await room.listed()
    assert room.asked_for(Kind.TOKEN) == 2


async def test_a_wrong_secret_is_refused_and_the_right_one_taken(room: Room) -> None:
    """By the simulated Xero's own check."""
    room.secret.value = "wrong"
    assert (await room.failed())[0].rejection is Rejection.INVALID_CLIENT
    room.secret.value, room.secret.number = SECRET, 2
    await room.listed()


async def test_without_a_secret_nothing_is_sent(room: Room) -> None:
    """Its file cannot be read; what is wrong with it is told by whoever looks at files."""
    room.secret.value = None
    asked, found = await room.failed()
    assert (found.failure, found.sent, asked.accepted) == (Failure.AUTH, Sent.NO, None)
    assert not room.simulator.requests


async def test_nobody_there_is_a_network_failure() -> None:
    """Refused, and certainly not sent."""
    async with asking() as room:
        await room.simulator.__aexit__(None, None, None)
        asked, found = await room.failed()
        assert (found.failure, found.sent, asked.accepted) == (Failure.NETWORK, Sent.NO, None)
        await room.simulator.__aenter__()


async def test_the_largest_list_fits(room: Room) -> None:
    """10,000 connections."""
    async with asking() as large:
        for number in range(10_000 - 3):
            large.theirs.connect(Tenant(f"00000000-0000-4000-8000-{number:012x}", "Some club with a longer name"))
        assert (await large.listed()).count == 10_000


async def test_a_body_without_end_is_not_read_on(room: Room) -> None:
    """A list that is longer than any can be."""
    room.theirs.instead(Kind.CONNECTIONS, Answer(200, {}, b"[" + b" " * (33 * 1024 * 1024)))
    _, found = await room.failed()
    assert (found.failure, "larger than 32 MiB" in found.detail) == (Failure.INVALID_RESPONSE, True)


async def test_secret_and_token_stay_out_of_everything_that_is_told(room: Room) -> None:
    """The objects' own words, failures, and the traceback of a fault of ours."""
    await room.listed()
    token = room.simulator.last[Kind.CONNECTIONS].headers["authorization"].removeprefix("Bearer ")
    identity = room.xero._identity
    told = [repr(room.xero), repr(identity), repr(identity._held)]

    def broken(*_: object) -> None:
        raise RuntimeError

    identity._telemetry = room.xero._telemetry = type("Broken", (), {"request_ended": broken})()
    with pytest.raises(RuntimeError) as error:
        await room.xero.connections()
    told.append("".join(traceback.format_exception(error.value)))
    for text in told:
        assert token not in text
        assert SECRET not in text


def described() -> dict[str, Any]:
    """The properties of ``Connection`` in Xero's published description."""
    document = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    found: dict[str, Any] = document["components"]["schemas"]["Connection"]["properties"]
    return found


def test_what_is_read_is_what_xero_describes() -> None:
    """Field by field: nothing is read that is not described, and nothing described is overlooked."""
    assert set(described()) == FIELDS


async def test_the_simulated_xero_answers_as_xero_describes(room: Room) -> None:
    """Names, types and formats; the description knows no null, but Xero sends it for names and events."""
    await room.listed()
    properties = described()
    for number in range(40):  # so that each variant comes
        room.theirs.connect(Tenant(str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number))), "A club"))
    for connection in room.theirs.connections():
        assert set(connection) <= set(properties)
        assert set(properties) - set(connection) <= {"authEventId"}
        for name, value in connection.items():
            if value is None:
                assert name in {"tenantName", "authEventId"}
                continue
            assert properties[name]["type"] == "string"
            assert isinstance(value, str)
            if properties[name].get("format") == "uuid":
                assert str(uuid.UUID(value)) == value
            if properties[name].get("format") == "date-time":
                assert len(value.partition(".")[2]) == 7, "seven digits and no zone"
    assert (await room.listed()).count == 43


def test_the_example_of_the_description_is_read() -> None:
    """As it is printed there."""
    document = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    example = document["paths"]["/Connections"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    found = parse_connections(example.encode(), Moment(0, 0))
    assert found.tenants == {"fe79f7ddb6d44a92ba7b538af6289c58"}
    assert json.loads(example)[0]["tenantName"]
