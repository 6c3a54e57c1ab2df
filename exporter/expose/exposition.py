"""The page of metrics: bytes kept for each block, plain and deflated, and put in order for each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry

from exporter.expose.blocks import FamilyRenderer, FleetRenderer, RenderedBlock, render_block
from exporter.expose.catalogue import FLEET_FAMILIES, organization_families
from exporter.expose.deflate import Chunk, Deflated, chunk, deflate, member, put_together
from exporter.expose.own import OwnMetrics
from exporter.model.facts import Block, Snapshot
from exporter.telemetry.metrics import SelfMetrics


class Format(StrEnum):
    """An exposition format."""

    TEXT = "text"
    """The Prometheus text format 0.0.4."""
    OPENMETRICS = "openmetrics"
    """OpenMetrics 1.0.0."""

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES: Final[Mapping[Format, str]] = {
    Format.TEXT: "text/plain; version=0.0.4; charset=utf-8",
    Format.OPENMETRICS: "application/openmetrics-text; version=1.0.0; charset=utf-8",
}


class Encoding(StrEnum):
    """How a page is sent, as the Content-Encoding header names it."""

    IDENTITY = "identity"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True)
class Page:
    """The whole body of one scrape.

    Attributes:
        chunks: its bytes, in order. They are shared by all pages that hold the same, so nobody pays for a copy: not a
            scrape, and not one that is read slowly.
        size: how many bytes that is.
    """

    chunks: tuple[bytes, ...]
    size: int

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks)


class Exposition:
    """The page of metrics. To be used from one thread, that of the event loop."""

    def __init__(self, *, organization_names: bool, registry: CollectorRegistry, metrics: SelfMetrics) -> None:
        self._renderers = tuple(map(FamilyRenderer, organization_families(names=organization_names)))
        self._fleet_renderers = tuple(map(FleetRenderer, FLEET_FAMILIES))
        self._own = OwnMetrics(registry)
        self._metrics = metrics
        self._blocks: dict[Block, RenderedBlock] = {}
        self._about_all: Chunk | None = None
        self._chunks: tuple[Chunk, ...] = ()
        self._deflated: Deflated | None = None

    def render(self, snapshot: Snapshot) -> None:
        """Makes this snapshot what pages show. Only blocks that were not in the snapshot before are rendered."""
        before = self._blocks
        # What stood in the place of a block shares most of its bytes with it: polls change a few families.
        places = dict(zip(snapshot.blocks, before.values(), strict=False))
        dirty = {
            block: render_block(block, self._renderers, places.get(block))
            for block in snapshot.blocks
            if block not in before
        }
        self._blocks = {block: before.get(block) or dirty[block] for block in snapshot.blocks}
        fleet = [renderer.lines(snapshot) for renderer in self._fleet_renderers]
        self._about_all = chunk(b"".join(lines for lines, _ in fleet), self._about_all)
        self._chunks = tuple(part for part in (self._about_all, *self._organization_chunks()) if part.plain)
        self._deflated = None
        series = sum(count for _, count in fleet) + sum(block.series for block in self._blocks.values())
        self._metrics.rendered(blocks=len(dirty), series=series)

    def page(self, format: Format, encoding: Encoding = Encoding.IDENTITY) -> Page:  # noqa: A002 - the field's own word
        """The whole body of one scrape: one snapshot, and the exporter's own metrics as they are now.

        Before the first `render` it is the exporter's own metrics alone.
        """
        # OpenMetrics ends in "# EOF", which this writes: the fleet goes before it.
        own = self._own.lines(openmetrics=format is Format.OPENMETRICS)
        if encoding is Encoding.GZIP:
            chunks = member(put_together((self._deflated_fleet(), deflate(own))))
        else:
            chunks = (*(part.plain for part in self._chunks), own)
        return Page(chunks, size=sum(map(len, chunks)))

    def _deflated_fleet(self) -> Deflated:
        # At the first scrape that asks and not in the tick: a block changes in each of the two or three ticks that its
        # polls take (10,000 organisations, scraped each 15 s: 13 ms of CPU a minute instead of 37).
        if self._deflated is None:
            self._deflated = put_together(part.deflated for part in self._chunks)
        return self._deflated

    def _organization_chunks(self) -> Iterator[Chunk]:
        for index, renderer in enumerate(self._renderers):
            yield renderer.header
            for block in self._blocks.values():
                yield block.lines[index]
