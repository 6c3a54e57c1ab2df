"""Traces while the exporter lives on: through a reload that replaces all that asks, and beside one that is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.errors import ConfigError
from exporter.model.action import ActionState
from exporter.simulator.answers import Answer
from tests.otlp import Receiver, receiver
from tests.scenario.story import Story, Watch
from tests.scenario.test_remediation import AUTO, SICK, only, started

TAKEN_IN = {"recorded": 1, "repeated": 0, "left_out": 0}
PAYLOAD = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "XeroInvoicesFailing",
                "organization_id": SICK,
                "issue": "invoices_failing",
                "remediation": "request",
            },
            "startsAt": "2026-01-01T00:00:00Z",
            "fingerprint": "0123456789abcdef",
        }
    ],
}
TAKEN = "xero_exporter_spans_exported_total"


@pytest.fixture
def here() -> Iterator[Receiver]:
    """A receiver that takes what is sent."""
    with receiver() as received:
        yield received


async def told(story: Story, here: Receiver, readings: int) -> None:
    """Waits until so many more arrived; what waits is sent every 5 s."""
    before = len(here.named("reading"))
    await story.until(lambda _: len(here.named("reading")) >= before + readings)


async def post(story: Story) -> None:
    """Alertmanager asks for a retry, and is told at once that it is recorded."""
    posted = await story.client.post(
        f"{story.exporter.url}/hooks/alertmanager",
        json=PAYLOAD,
        headers={"Authorization": "Bearer canary-alerts-token"},
        timeout=2,
    )
    assert posted.status_code == 202, posted.text


def edit(story: Story, old: str, new: str) -> None:
    """Changes the configuration file."""
    path = story.folder / "config.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.verify
async def test_readings_are_told_by_what_a_reload_puts_in_place_too(watch: Watch, here: Receiver) -> None:
    """Another deadline is another way to the platform; who tells stays who it was."""
    story = await watch(f"poll: {{interval: 1s}}\ntelemetry: {{otlp_endpoint: '{here.url}'}}")
    await told(story, here, 3)
    edit(story, "timeout: 1s", "timeout: 2s")
    assert await story.exporter.reload("request") == ["platform.timeout"]
    await told(story, here, 6)
    scrape = await story.until(lambda scrape: (scrape.value(TAKEN) or 0) >= 12)
    assert scrape.value("xero_organizations", freshness="fresh") == 3
    assert len({one.resource["service.instance.id"] for one in here.spans}) == 1
    assert all(one.span.parent_span_id for one in here.named("GET "))


@pytest.mark.verify
async def test_a_reload_cannot_change_where_traces_go(watch: Watch, here: Receiver) -> None:
    """It is refused by name, and they go on to where they went."""
    story = await watch(f"poll: {{interval: 1s}}\ntelemetry: {{otlp_endpoint: '{here.url}'}}")
    edit(story, here.url, "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"telemetry\.otlp_endpoint: changes only with a restart"):
        await story.exporter.reload("request")
    await told(story, here, 3)


@pytest.mark.parametrize(
    ("answer", "outcome", "failure"),
    [
        (None, "accepted", None),
        pytest.param(Answer(503, body=b"canary-body"), "unknown", "server_error", marks=pytest.mark.verify),
    ],
)
async def test_an_attempt_is_told_with_its_reading_and_its_call_and_linked_to_the_webhook_that_asked(
    watch: Watch, here: Receiver, answer: Answer | None, outcome: str, failure: str | None
) -> None:
    """From the post of Alertmanager to the one call; whatever the ratio, and no record's id in it."""
    story = await started(watch, f"{AUTO}telemetry: {{otlp_endpoint: '{here.url}'}}\n")
    if answer is not None:
        story.world.override_remedies(answer)
    await post(story)
    await story.until(lambda _: len(here.named("attempt")) == 1, within=40)
    (webhook,) = here.named("webhook")
    (attempt,) = here.named("attempt")
    (call,) = here.named("POST ")
    (reading,) = (one for one in here.named("reading") if one.span.parent_span_id == attempt.span.span_id)
    (request,) = (one for one in here.named("GET ") if one.span.parent_span_id == reading.span.span_id)
    ours = {name.removeprefix("xero_exporter."): value for name, value in attempt.attributes.items()}
    failed = {} if failure is None else {"error.type": outcome}
    assert webhook.attributes == {f"xero_exporter.{name}": value for name, value in TAKEN_IN.items()}
    told = {"organization_id": SICK, "action": 1, "kind": "retry", "rehearsal": False, "outcome": outcome}
    assert ours == told | failed
    (link,) = attempt.span.links
    assert (link.trace_id, link.span_id) == (webhook.span.trace_id, webhook.span.span_id)
    assert call.name == "POST /api/admin/integrations/xero/{organization_id}/retry"
    assert call.span.parent_span_id == attempt.span.span_id
    assert call.span.kind == Span.SPAN_KIND_CLIENT
    assert call.attributes["http.response.status_code"] == (202 if answer is None else answer.status)
    assert call.attributes.get("error.type") == failure
    assert len({one.span.trace_id for one in (attempt, call, reading, request)}) == 1
    assert not any(b"canary" in body or b"invoice_sync-" in body for body in here.bodies)


@pytest.mark.verify
@pytest.mark.parametrize("how", ["hangs", "refuses"])
async def test_whatever_the_receiver_does_the_webhook_is_taken_in_and_the_call_is_made_once(
    watch: Watch, here: Receiver, how: str
) -> None:
    """What asks and what is done does not wait for who is told of it."""
    if how == "hangs":
        here.patient.clear()
    else:
        here.status = 401
    story = await started(watch, f"{AUTO}telemetry: {{otlp_endpoint: '{here.url}'}}\n")
    await post(story)
    await only(story, lambda action: action.state in {ActionState.ACCEPTED, ActionState.VERIFIED})
    assert len(story.simulator.calls) == 1
    if how == "refuses":
        await story.until(lambda scrape: (scrape.value("xero_exporter_spans_dropped_total", cause="not_sent") or 0) > 0)
