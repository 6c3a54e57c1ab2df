"""Writes over real sockets: one POST for one call, and a truthful word on whether it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from exporter.clock import SystemClock
from exporter.model.action import ActionKind, Parameters
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent, SyncType
from exporter.simulator.answers import Answer, Misbehaviour, Slow
from exporter.simulator.endpoints import Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from exporter.telemetry.tracing import Endpoint, Tracing
from exporter.upstream.remedies import DisarmedError, Remedies
from exporter.upstream.writing import WriteTransport
from tests.contract.raw_server import until

TOKEN = "canary-remedy-token"
RETRY = Parameters((SyncType.CONTACTS,), record_ids=("uuid-1", "uuid-2"))
RESYNC = Parameters((SyncType.CONTACTS, SyncType.INVOICES), since=1_735_689_600.9)
PATHS = {kind: f"/api/admin/integrations/xero/{{organization_id}}/{kind}" for kind in ActionKind}


class FixedToken:
    """A token that never changes."""

    number = 1

    def __init__(self, value: str | None = TOKEN) -> None:
        self.value = value


class Unheard:
    """Counts what telemetry is told."""

    def __init__(self) -> None:
        self.ended: list[Failure | None] = []

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:  # noqa: ARG002 - a protocol's
        """One more."""
        self.ended.append(failure)

    def clock_skew(self, seconds: float) -> None:
        """Nobody asks."""


class Told:
    """Keeps what traces are told of calls."""

    def __init__(self) -> None:
        self.begun: list[Endpoint] = []
        self.answers: list[tuple[int | None, Failure | None]] = []

    @contextmanager
    def call(self, endpoint: Endpoint) -> Iterator[Told]:
        """One begins."""
        self.begun.append(endpoint)
        yield self

    def answered(self, http_status: int | None, failure: Failure | None) -> None:
        """It ended so."""
        self.answers.append((http_status, failure))


class Writer:
    """A way to write to one address, armed until the test says otherwise."""

    def __init__(self, url: str, *, timeout: float = 5.0, token: str | None = TOKEN) -> None:
        self.armed = True
        self.telemetry = Unheard()
        self.told = Told()
        self.transport = WriteTransport(timeout=timeout, tls=ssl.create_default_context())
        self.remedies = Remedies(
            base_url=url,
            paths=PATHS,
            token=FixedToken(token),
            transport=self.transport,
            telemetry=self.telemetry,
            clock=SystemClock(),
            armed=lambda: self.armed,
            tracing=cast("Tracing", self.told),
        )

    async def retry(self, organization_id: str = "org-1") -> int | UpstreamFailure:
        """Asks for a retry."""
        return await self.remedies.call(organization_id, ActionKind.RETRY, RETRY, "key-1")


@pytest.fixture
async def platform() -> AsyncIterator[Simulator]:
    """A platform with three organisations."""
    async with Simulator(World(uniform_fleet(3, "healthy"), admin_token=TOKEN)) as simulator:
        yield simulator


def name(simulator: Simulator) -> str:
    """One of its organisations."""
    return next(iter(simulator.world.organizations))


async def test_a_call_is_what_the_page_shows(platform: Simulator) -> None:
    """Path, token, body, and a key by which a platform may know it again."""
    writer = Writer(platform.url)
    assert await writer.retry(name(platform)) == 202
    assert await writer.remedies.call(name(platform), ActionKind.RESYNC, RESYNC, "key-2") == 202
    retry, resync = platform.calls
    assert (retry.kind, retry.idempotency_key) == (Kind.RETRY, "key-1")
    assert json.loads(retry.body) == {"sync_type": "contacts", "record_ids": ["uuid-1", "uuid-2"]}
    assert (resync.kind, resync.idempotency_key) == (Kind.RESYNC, "key-2")
    assert json.loads(resync.body) == {"sync_types": ["contacts", "invoices"], "since": "2025-01-01T00:00:00Z"}
    assert writer.telemetry.ended == [None, None]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_yes_is_a_yes(platform: Simulator, status: int) -> None:
    """Whatever its body says: readings will tell."""
    platform.world.override_remedies(Answer(status, body=b"" if status == 204 else b"\xff not json"))
    assert await Writer(platform.url).retry(name(platform)) == status


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (302, Failure.UNEXPECTED_STATUS),
        (307, Failure.UNEXPECTED_STATUS),
        (400, Failure.UNEXPECTED_STATUS),
        (401, Failure.AUTH),
        (403, Failure.AUTH),
        (404, Failure.NOT_FOUND),
        (405, Failure.UNEXPECTED_STATUS),
        (409, Failure.UNEXPECTED_STATUS),
        (413, Failure.UNEXPECTED_STATUS),
        (415, Failure.UNEXPECTED_STATUS),
        (422, Failure.UNEXPECTED_STATUS),
        (429, Failure.RATE_LIMITED),
        (500, Failure.SERVER_ERROR),
        (502, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (504, Failure.SERVER_ERROR),
    ],
)
async def test_any_no_is_asked_once(platform: Simulator, status: int, failure: Failure) -> None:
    """Redirects are not followed, and nothing is sent again."""
    platform.world.override_remedies(Answer(status, {"Location": "/elsewhere", "Retry-After": "7"}))
    answer = await Writer(platform.url).retry(name(platform))
    assert isinstance(answer, UpstreamFailure)
    assert (answer.failure, answer.sent, answer.http_status) == (failure, Sent.YES, status)
    assert answer.retry_after == (7.0 if status in (429, 503) else None)
    assert len(platform.calls) == 1


@pytest.mark.parametrize(
    ("misbehaviour", "failure", "sent"),
    [
        (Misbehaviour.HANG, Failure.TIMEOUT, Sent.MAYBE),
        (Misbehaviour.DRIP, Failure.TIMEOUT, Sent.MAYBE),
        (Misbehaviour.RESET, Failure.NETWORK, Sent.MAYBE),
        (Misbehaviour.RESET_AFTER_REQUEST, Failure.NETWORK, Sent.MAYBE),
        (Misbehaviour.CLOSE, Failure.NETWORK, Sent.MAYBE),
        (Misbehaviour.GARBAGE, Failure.INVALID_RESPONSE, Sent.MAYBE),
        (Misbehaviour.HUGE_HEADER, Failure.INVALID_RESPONSE, Sent.MAYBE),
        (Misbehaviour.BAD_CHUNK, Failure.INVALID_RESPONSE, Sent.YES),
        (Misbehaviour.TRUNCATED, Failure.NETWORK, Sent.YES),
    ],
)
async def test_what_goes_wrong_after_sending_is_never_called_unsent(
    platform: Simulator, misbehaviour: Misbehaviour, failure: Failure, sent: Sent
) -> None:
    """And is never sent again: it may have been received."""
    platform.world.override_remedies(misbehaviour)
    answer = await Writer(platform.url, timeout=0.5).retry(name(platform))
    assert isinstance(answer, UpstreamFailure)
    assert (answer.failure, answer.sent) == (failure, sent)
    await asyncio.sleep(0.05)
    assert len(platform.calls) == 1


@pytest.mark.parametrize("misbehaviour", [Misbehaviour.TEN_MEGABYTES])
async def test_a_yes_at_length_is_a_yes(platform: Simulator, misbehaviour: Misbehaviour) -> None:
    """Nobody needs its body."""
    platform.world.override_remedies(misbehaviour)
    assert await Writer(platform.url).retry(name(platform)) == 200


async def test_an_answer_that_comes_late_is_an_answer(platform: Simulator) -> None:
    """Within the deadline."""
    platform.world.override_remedies(Slow(0.2))
    assert await Writer(platform.url).retry(name(platform)) == 202


async def test_a_connection_that_was_never_made_sent_nothing() -> None:
    """The only thing that may be tried again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    answer = await Writer(url).retry()
    assert isinstance(answer, UpstreamFailure)
    assert (answer.failure, answer.sent) == (Failure.NETWORK, Sent.NO)


async def test_without_a_token_nothing_is_sent(platform: Simulator) -> None:
    """It would only be refused."""
    answer = await Writer(platform.url, token=None).retry(name(platform))
    assert isinstance(answer, UpstreamFailure)
    assert answer.sent is Sent.NO
    assert platform.calls == []


async def test_traces_are_told_of_what_is_sent_and_of_nothing_else(platform: Simulator) -> None:
    """By the template, with what came back; where there was no token, or no leave, there was no call."""
    writer = Writer(platform.url)
    await writer.retry(name(platform))
    platform.world.override_remedies(Answer(429))
    await writer.retry(name(platform))
    endpoint = Endpoint.of("POST", platform.url + PATHS[ActionKind.RETRY])
    assert writer.told.begun == [endpoint, endpoint]
    assert writer.told.answers == [(202, None), (429, Failure.RATE_LIMITED)]
    writer.armed = False
    with pytest.raises(DisarmedError):
        await writer.retry(name(platform))
    tokenless = Writer(platform.url, token=None)
    await tokenless.retry(name(platform))
    assert len(writer.told.begun) == 2
    assert tokenless.told.begun == []


async def test_disarmed_nothing_is_ever_sent(platform: Simulator) -> None:
    """The last lock: whatever went wrong before it."""
    writer = Writer(platform.url)
    writer.armed = False
    with pytest.raises(DisarmedError):
        await writer.retry(name(platform))
    assert platform.connections_open == 0
    assert platform.calls == []


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (ActionKind.RETRY, Parameters((SyncType.CONTACTS,))),
        (ActionKind.RETRY, Parameters((), record_ids=("a",))),
        (ActionKind.RESYNC, Parameters((SyncType.CONTACTS,))),
        (ActionKind.RESYNC, Parameters((), since=1.0)),
    ],
)
async def test_a_call_that_could_mean_everything_is_not_written(
    platform: Simulator, kind: ActionKind, parameters: Parameters
) -> None:
    """An empty list never means all."""
    with pytest.raises(ValueError, match="needs"):
        await Writer(platform.url).remedies.call(name(platform), kind, parameters, "key")
    assert platform.calls == []


async def test_every_call_has_a_connection_of_its_own(platform: Simulator) -> None:
    """And leaves none behind."""
    writer = Writer(platform.url)
    for _ in range(3):
        assert await writer.retry(name(platform)) == 202
    await until(lambda: platform.connections_open == 0)


async def test_a_call_that_is_cancelled_leaves_no_connection(platform: Simulator) -> None:
    """The process is told to stop at once."""
    platform.world.override_remedies(Misbehaviour.HANG)
    task = asyncio.create_task(Writer(platform.url).retry(name(platform)))
    await until(lambda: bool(platform.calls))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: platform.connections_open == 0)


async def test_a_control_character_in_a_token_cannot_add_a_header(platform: Simulator) -> None:
    """It is refused before anything is sent."""
    answer = await Writer(platform.url, token="a\r\nX-Evil: b").retry(name(platform))
    assert isinstance(answer, UpstreamFailure)
    assert platform.calls == []


async def test_the_simulated_platform_can_accept_and_do_nothing_or_do_it_and_lose_the_answer() -> None:
    """What has to be told apart by readings alone."""
    now = 1_700_000_000.0
    fleet = uniform_fleet(1, "xero_outage", minute=91)
    world = World(fleet, admin_token=TOKEN, clock=lambda: now)
    (one,) = world.organizations
    async with Simulator(world) as simulator:
        writer = Writer(simulator.url)

        def failed() -> object:
            status = world.shows(one)
            assert isinstance(status, dict)
            return status["failed_syncs"]

        world.override_remedies(Answer(202))
        assert await writer.retry(one) == 202
        now += 180
        assert failed() == 7
        world.override_remedies(Misbehaviour.RESET_AFTER_REQUEST, one, takes_effect=True)
        assert isinstance(await writer.retry(one), UpstreamFailure)
        now += 180
        assert failed() == 4
        assert len(simulator.calls) == 2


def test_the_simulated_platform_names_the_records_of_an_error_if_told_to() -> None:
    """As one id or as a list; the page shows neither."""
    documents = [
        World(uniform_fleet(1, "xero_outage", minute=91), admin_token=TOKEN, record_ids=field).shows("org-0001")
        for field in (None, "record_id", "record_ids")
    ]
    entries = [document["errors"][0] for document in documents if isinstance(document, dict)]
    assert [entry.get("record_id") for entry in entries] == [None, "invoice_sync-1", None]
    assert [entry.get("record_ids") for entry in entries] == [None, None, [f"invoice_sync-{n}" for n in (1, 2, 3, 4)]]
