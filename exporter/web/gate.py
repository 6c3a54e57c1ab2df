"""Who may do what: tokens, roles, and from where a change is asked. Decisions are pure; `Gate` puts them first."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.model.words import Role
from exporter.web.problems import Refusing, as_problem
from exporter.web.site import WebToken

CHALLENGES: Final = ('Basic realm="xero-exporter", charset="UTF-8"', 'Bearer realm="xero-exporter"')
"""WWW-Authenticate of a 401 (RFC 9110 section 11.6.1), a line each. With Basic a browser asks for the token.

Chromium takes each line for one challenge, by its first word: with Bearer before Basic in one line it never asks.
"""

_ACTOR: Final = "exporter.actor"
"""Where the scope of a request holds `Allowed.actor`."""

_HOLDERS: Final[Mapping[Role, frozenset[Role]]] = {
    Role.VIEWER: frozenset({Role.VIEWER, Role.OPERATOR}),
    Role.ALERTS: frozenset({Role.ALERTS}),
    Role.OPERATOR: frozenset({Role.OPERATOR}),
}
"""Role that a path requires -> roles that satisfy it: operator includes viewer, alerts includes nothing."""

_FROM_ELSEWHERE: Final = (
    "A page of another site sent this: changes are taken from this exporter's own pages, and from programs, which send "
    "neither Origin nor Sec-Fetch-Site"
)
_READS: Final = frozenset({"GET", "HEAD"})
_NOBODY: Final = "This needs a token with the role {role}, and there is none: add one to web.tokens"
_MISSING: Final = (
    "This needs a token: send it as `Authorization: Bearer`, or as Basic with the token's name from web.tokens as "
    "the user and the token as the password"
)
_UNKNOWN: Final = (
    "The token sent is none of web.tokens: compare it with the file that web.tokens names, which must be readable by "
    "the exporter"
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The request may pass.

    Attributes:
        actor: name of the token it came with; None where none is needed.
    """

    actor: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The request ends here.

    Attributes:
        status: 401 without a valid token, 403 when its role is not enough.
        why: what is wrong and how to mend it, for the caller.
    """

    status: HTTPStatus
    why: str


def decide(
    authorization: str | None, tokens: Sequence[WebToken], required: Role | None, *, open_reading: bool = False
) -> Allowed | Refused:
    """Whether a request with this Authorization header may use what requires `required`.

    Reading is open until a token exists that may read: then, as an exporter's users expect, whatever is sent is
    ignored. A token counts as existing when it is configured, even when its file cannot be read, so that a broken
    file closes and never opens. An alerts token alone does not close reading.

    Args:
        authorization: the header as it came, any text; None when there was none.
        tokens: all configured tokens.
        required: role that the path requires; None when it is open to everybody.
        open_reading: whether reading is open whatever tokens there are.
    """
    if required is None or (required is Role.VIEWER and (open_reading or not closed(tokens))):
        return Allowed(actor=None)
    if not any(token.role in _HOLDERS[required] for token in tokens):
        return Refused(HTTPStatus.FORBIDDEN, _NOBODY.format(role=required))
    if authorization is None:
        return Refused(HTTPStatus.UNAUTHORIZED, _MISSING)
    holders = _HOLDERS[required]
    known = list(_matching(authorization, tokens))
    for token in known:
        if token.role in holders:
            return Allowed(actor=token.name)
    if known:
        why = f"The role of this token does not allow this: use a token with the role {' or '.join(sorted(holders))}"
        return Refused(HTTPStatus.FORBIDDEN, why)
    return Refused(HTTPStatus.UNAUTHORIZED, _UNKNOWN)


def holder(authorization: str | None, tokens: Sequence[WebToken]) -> WebToken | None:
    """Whose token a request carries, also where none is needed; of several the one that may do most; None: nobody's.

    Args:
        authorization: the header as it came, any text; None when there was none.
        tokens: all configured tokens.
    """
    known = [] if authorization is None else list(_matching(authorization, tokens))
    return max(known, key=lambda token: token.role is Role.OPERATOR, default=None)


def crosses_sites(origin: str | None, fetch_site: str | None, host: str | None) -> bool:
    """Whether a browser says that a page of another site sends this request.

    A browser adds the credentials of ours to what any site makes it send. It tells from where in Sec-Fetch-Site, older
    ones in Origin; programs send neither.

    Args:
        origin: the header Origin; None when there was none.
        fetch_site: the header Sec-Fetch-Site, likewise.
        host: the header Host, likewise.
    """
    if fetch_site is not None and fetch_site.strip().lower() not in {"same-origin", "none"}:
        return True
    # Only host and port: the scheme is another one behind a proxy that speaks https.
    return origin is not None and origin.strip().lower().partition("://")[2] != (host or "").strip().lower()


def actor_of(scope: Scope) -> str | None:
    """Who asks, by the token that `Gate` let pass; None where none was needed."""
    actor = scope.get(_ACTOR)
    assert actor is None or isinstance(actor, str)
    return actor


def closed(tokens: Iterable[WebToken]) -> bool:
    """Whether reading needs a token: whether any is configured that may read."""
    return any(token.role in _HOLDERS[Role.VIEWER] for token in tokens)


def _matching(authorization: str, tokens: Sequence[WebToken]) -> Iterator[WebToken]:
    """The tokens that the header carries. Each is compared in constant time, and all of them, match or not."""
    scheme, _, credentials = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            sent = credentials.strip().encode("utf-8", "surrogatepass")
        case "basic":
            sent = _basic(credentials.strip())
        case _:
            return
    for token in tokens:
        value = token.token.value
        expected = "" if value is None else f"{token.name}:{value}" if scheme.lower() == "basic" else value
        if hmac.compare_digest(sent, expected.encode()) and value:
            yield token


def _basic(credentials: str) -> bytes:
    """``name:token`` out of Basic credentials (RFC 7617); empty, which matches nothing, when they are none."""
    try:
        return base64.b64decode(credentials, validate=True)
    except ValueError:
        return b""


class Gate:
    """An ASGI application behind the tokens: it runs only when `decide` allows it."""

    def __init__(
        self,
        app: ASGIApp,
        required: Role | None,
        tokens: Sequence[WebToken],
        *,
        open_reading: bool = False,
        asks_again: bool = False,
        refusing: Refusing = as_problem,
    ) -> None:
        """Puts `app` behind them.

        Args:
            app: who answers.
            required: the role it takes; None: none.
            tokens: all configured tokens.
            open_reading: whether reading needs no token.
            asks_again: whether a browser with a token of too small a role is asked for another, instead of refused.
            refusing: makes the answer for whoever is refused.
        """
        self._open_reading = open_reading
        self._asks_again = asks_again
        self._app = app
        self._required = required
        self._tokens = tokens
        self._refusing = refusing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with a problem, or lets the application answer."""
        sent = Headers(scope=scope)
        authorization = sent.get("authorization")
        if scope["method"] not in _READS and crosses_sites(
            sent.get("origin"), sent.get("sec-fetch-site"), sent.get("host")
        ):
            await self._refusing(scope, HTTPStatus.FORBIDDEN, _FROM_ELSEWHERE)(scope, receive, send)
            return
        answer = decide(authorization, self._tokens, self._required, open_reading=self._open_reading)
        if isinstance(answer, Allowed):
            await self._app({**scope, _ACTOR: answer.actor}, receive, send)
            return
        status = HTTPStatus.UNAUTHORIZED if self._asks_again and self._known(authorization) else answer.status
        refusal = self._refusing(scope, status, answer.why)
        for challenge in CHALLENGES if status is HTTPStatus.UNAUTHORIZED else ():
            refusal.headers.append("WWW-Authenticate", challenge)
        await refusal(scope, receive, send)

    def _known(self, authorization: str | None) -> bool:
        return holder(authorization, self._tokens) is not None
