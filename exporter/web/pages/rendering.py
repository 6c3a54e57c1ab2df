"""How every page is made: templates, the policy that holds them in, who looks, and the ETag by which they stay live."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.expose.instants import rfc3339
from exporter.model.holds import MEANINGS, Hold
from exporter.model.words import Role
from exporter.redact import printable
from exporter.web.gate import holder
from exporter.web.site import Site

AS_OF: Final = "Snapshot-At"
"""Header of a page, also of one that did not change: the instant of the snapshot it was made from."""

_AS_OF_PLACE: Final = "<!--as-of-->"
"""Where that instant stands in a page. No text can write this: all of them are escaped."""

_SECONDS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who looks at a page.

    Attributes:
        name: of the token; None without one.
        operator: whether its role is operator.
        may_sign_in: whether there is an operator's token at all.
    """

    name: str | None = None
    operator: bool = False
    may_sign_in: bool = False

    @property
    def why_not_operator(self) -> str:
        """Why what is for operators is not there, for the caller; empty for an operator."""
        if self.operator:
            return ""
        if not self.may_sign_in:
            return "needs a token with the role operator, and web.tokens has none"
        return "needs a token with the role operator: sign in with its name and the token"


NOBODY: Final = Caller()
"""A caller without a token, where there is none for operators."""


def caller_of(request: Request, site: Site) -> Caller:
    """Who sends `request`, by the token that comes with it, also where reading needs none."""
    found = holder(request.headers.get("authorization"), site.tokens)
    return Caller(
        name=None if found is None else found.name,
        operator=found is not None and found.role is Role.OPERATOR,
        may_sign_in=any(one.role is Role.OPERATOR for one in site.tokens),
    )


def duration(seconds: float) -> str:
    """Seconds for people, in the largest unit that keeps the number whole: 90 s, 5 min, 2 h, 7 d."""
    for size, unit in _SECONDS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:g} s"


def instant(wall: float) -> str:
    """Seconds since 1970 for people: UTC, to the second; a sentence where no calendar reaches."""
    try:
        return f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return "a time beyond the calendar"


def when(moment: str | float | None, otherwise: str = "not known") -> Markup:
    """An instant as HTML: exact for whoever has no script, from which the script makes `5 min ago`.

    Args:
        moment: RFC 3339 as in documents, or seconds since 1970 UTC; None: there is none.
        otherwise: what to say then.
    """
    if moment is None:
        return Markup.escape(otherwise)
    if not isinstance(moment, str):
        written = rfc3339(moment)
        if written is None:
            return Markup.escape(instant(moment))
        moment = written
    return Markup('<time datetime="{}">{} {} UTC</time>').format(moment, moment[:10], moment[11:19])


def _words(word: str) -> str:
    """One of our words for people."""
    return word.replace("_", " ")


def _plain(text: str) -> str:
    """A foreign text on one line, without what drives a terminal or turns the direction of writing."""
    return printable(text, limit=1000)


def _meaning(hold: Hold) -> str:
    return MEANINGS[hold]


def _marked(sentence: str) -> Markup:
    """A sentence of ours with what it has in backticks as code."""
    parts = sentence.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(one) if place % 2 else one for place, one in enumerate(parts)
    )


def _counted(number: int) -> str:
    return f"{number:,}"


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("exporter.web.pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(when=when, words=_words, plain=_plain, counted=_counted, meaning=_meaning, marked=_marked)


def _own(name: str) -> tuple[Markup, str]:
    """A file that stands in every page, and its hash for the policy."""
    # Of our own making, and without anything put in.
    text = Markup(_TEMPLATES.get_template(name).render())  # noqa: S704 - see above
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_STYLE, _STYLE_HASH = _own("pages.css")
_SCRIPT, _SCRIPT_HASH = _own("live.js")

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the pages: their own style and script, by hash; asking and sending to this exporter."""


def rendered(template: str, caller: Caller, version: str, context: Mapping[str, object]) -> str:
    """A page as HTML, without the instant it is as of; every text in it is escaped."""
    return _TEMPLATES.get_template(template).render(
        style=_STYLE, script=_SCRIPT, caller=caller, version=version, **context
    )


def dated(page: str, at: float | None) -> str:
    """The page with the instant it is as of, seconds since 1970 UTC; None: nothing is known yet."""
    return page.replace(_AS_OF_PLACE, when(at, "nothing is known yet"))


def answered(request: Request, page: str, at: float | None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The answer with this page, or 304 for whoever has it: then only the instant it is as of is new.

    Args:
        request: whoever asks says in If-None-Match what they have.
        page: as `rendered` gives it.
        at: what it is as of, seconds since 1970 UTC; None: nothing is known yet.
        status: of the answer.
    """
    tag = f'"{hashlib.blake2b(page.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'
    # A form that is sent by a page without a referrer has no Origin either (Fetch standard), and would be refused here.
    headers = {"ETag": tag, "Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    if (written := rfc3339(at)) is not None:
        headers[AS_OF] = written
    if status is HTTPStatus.OK and request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return HTMLResponse(dated(page, at), status, headers)
