"""The page of metrics: bytes kept for each block, plain and deflated, and put in order for each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat
from typing import Final

from prometheus_client import CollectorRegistry

from exporter.expose.blocks import FamilyRenderer, FleetRenderer, RenderedBlock, render_block
from exporter.expose.catalogue import FLEET_FAMILIES, organization_families
from exporter.expose.deflate import Chunk, Deflated, chunk, deflate, member, put_together
from exporter.expose.own import OwnMetrics
from exporter.model.facts import Snapshot
from exporter.telemetry.metrics import SelfMetrics

MOST_LEFT: Final = 3
"""Blocks that a tick may leave unrendered: what a scrape may have to do beside making the page, 6 ms at most."""


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
        self._snapshot: Snapshot | None = None
        self._rendered: list[RenderedBlock | None] = []
        self._about_all: Chunk | None = None
        self._chunks: tuple[Chunk, ...] | None = ()
        self._deflated: Deflated | None = None

    def render(self, snapshot: Snapshot) -> None:
        """Makes this snapshot what pages show. Only blocks that are not rendered already are.

        The polls of a block take two or three ticks. So up to `MOST_LEFT` of those that have just changed are left
        until they change no more, or until somebody asks for the page.
        """
        before = frozenset() if self._snapshot is None else frozenset(self._snapshot.blocks)
        self._snapshot = snapshot
        known = {one.block: one for one in self._rendered if one is not None}
        in_place = chain(self._rendered, repeat(None))
        self._rendered = [known.get(block, was) for block, was in zip(snapshot.blocks, in_place, strict=False)]
        may_leave = MOST_LEFT
        for place in self._unrendered():
            if snapshot.blocks[place] in before or not may_leave:
                self._render(place)
            else:
                may_leave -= 1
        self._chunks = self._deflated = None

    def _unrendered(self) -> Sequence[int]:
        """Places of blocks whose lines are not those of the snapshot."""
        assert self._snapshot is not None
        pairs = zip(self._snapshot.blocks, self._rendered, strict=True)
        return [place for place, (block, one) in enumerate(pairs) if one is None or one.block is not block]

    def _render(self, place: int) -> None:
        assert self._snapshot is not None
        self._rendered[place] = render_block(self._snapshot.blocks[place], self._renderers, self._rendered[place])
        self._metrics.rendered(blocks=1)

    def _fleet(self) -> tuple[Chunk, ...]:
        """All chunks about the fleet, in the order of the page."""
        snapshot = self._snapshot
        if self._chunks is None and snapshot is not None:
            for place in self._unrendered():
                self._render(place)
            blocks = [one for one in self._rendered if one is not None]
            fleet = [renderer.lines(snapshot) for renderer in self._fleet_renderers]
            self._about_all = chunk(b"".join(lines for lines, _ in fleet), self._about_all)
            self._chunks = tuple(part for part in (self._about_all, *self._organization_chunks(blocks)) if part.plain)
            self._metrics.page_made(sum(count for _, count in fleet) + sum(block.series for block in blocks))
        return self._chunks or ()

    def page(self, format: Format, encoding: Encoding = Encoding.IDENTITY) -> Page:  # noqa: A002 - the field's own word
        """The whole body of one scrape: one snapshot, and the exporter's own metrics as they are now.

        Before the first `render` it is the exporter's own metrics alone.
        """
        fleet = self._fleet()
        # OpenMetrics ends in "# EOF", which this writes: the fleet goes before it.
        own = self._own.lines(openmetrics=format is Format.OPENMETRICS)
        if encoding is Encoding.GZIP:
            chunks = member(put_together((self._deflated_fleet(fleet), deflate(own))))
        else:
            chunks = (*(part.plain for part in fleet), own)
        return Page(chunks, size=sum(map(len, chunks)))

    def _deflated_fleet(self, fleet: tuple[Chunk, ...]) -> Deflated:
        # At the first scrape that asks and not in the tick: a block changes in each of the two or three ticks that its
        # polls take (10,000 organisations, scraped each 15 s: 13 ms of CPU a minute instead of 37).
        if self._deflated is None:
            self._deflated = put_together(part.deflated for part in fleet)
        return self._deflated

    def _organization_chunks(self, blocks: Sequence[RenderedBlock]) -> Iterator[Chunk]:
        for index, renderer in enumerate(self._renderers):
            yield renderer.header
            for block in blocks:
                yield block.lines[index]
