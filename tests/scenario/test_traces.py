"""Traces while the exporter lives on: through a reload that replaces all that asks, and beside one that is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.errors import ConfigError
from tests.otlp import Receiver, receiver
from tests.scenario.story import Story, Watch

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


def edit(story: Story, old: str, new: str) -> None:
    """Changes the configuration file."""
    path = story.folder / "config.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


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


async def test_a_reload_cannot_change_where_traces_go(watch: Watch, here: Receiver) -> None:
    """It is refused by name, and they go on to where they went."""
    story = await watch(f"poll: {{interval: 1s}}\ntelemetry: {{otlp_endpoint: '{here.url}'}}")
    edit(story, here.url, "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"telemetry\.otlp_endpoint: changes only with a restart"):
        await story.exporter.reload("request")
    await told(story, here, 3)
