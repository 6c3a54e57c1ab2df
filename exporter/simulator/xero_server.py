"""The simulated Xero on a real socket: identity, API and status pages on one server."""

from __future__ import annotations

from collections import Counter

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow
from exporter.simulator.server import Server
from exporter.simulator.xero import PAGES, Kind, Xero
from exporter.simulator.xero_endpoints import xero_respond, xero_route


class XeroSimulator(Server):
    """A `Xero` over HTTP. Its `url` is that of identity and API.

    Attributes:
        xero: change it at any time.
        requests: how often each `Kind` was asked for, by method, whatever came back.
        last: the last request of each kind.
    """

    def __init__(self, xero: Xero, host: str = "127.0.0.1", port: int = 0) -> None:
        """A simulator that will listen on `host` and `port`; port 0 lets the system choose."""
        super().__init__(host, port)
        self.xero = xero
        self.requests: Counter[tuple[Kind, str]] = Counter()
        self.last: dict[Kind, Request] = {}

    @property
    def pages(self) -> tuple[str, ...]:
        """Where its status pages are."""
        return tuple(f"{self.url}/{page}" for page in PAGES)

    def read(self, request: Request) -> None:
        """Counts a request."""
        about = xero_route(request.target)
        if about is not None:
            self.requests[about.kind, request.method] += 1
            self.last[about.kind] = request

    def reply(self, request: Request, *, overridden: bool) -> Answer | Misbehaviour | Slow:
        """What Xero does with a request."""
        return xero_respond(self.xero, request, overridden=overridden)

    def now(self) -> float:
        """Xero's clock."""
        return self.xero.now()

    @property
    def resets_everybody(self) -> bool:
        """Never before a request is read."""
        return False
