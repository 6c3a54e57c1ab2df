"""The reader of an exporter that sends traces; where none are sent, the other one knows nothing of them."""

from __future__ import annotations

from exporter.clock import Clock
from exporter.model.facts import Reading
from exporter.observe.reader import Credential, Reader
from exporter.telemetry.tracing import Tracing
from exporter.upstream.memberpulse import MemberPulse
from exporter.upstream.transport import ReadTransport


class TracedReader(Reader):
    """Asks as `Reader` does, and tells each reading from the moment on at which it has its permit."""

    def __init__(
        self, platform: MemberPulse, transport: ReadTransport, credential: Credential, clock: Clock, tracing: Tracing
    ) -> None:
        super().__init__(platform, transport, credential, clock)
        self._tracing = tracing

    async def _read(self, organization_id: str) -> Reading:
        with self._tracing.reading(organization_id) as trace:
            reading = await super()._read(organization_id)
            trace.ended(reading)
        return reading
