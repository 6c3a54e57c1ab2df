"""How a request and its answer break on the wire: one type for each thing that a failure can say.

Raised by `connecting` and `connection`, judged by `failures`. None carries a text of the other side.

    Broken
        NotConnected            no connection could be made, so nothing was sent
            ConnectingTookLong
            NameNotFound
            HandshakeFailed
                NotTrusted
        ClosedBeforeAnswer
        ClosedInAnswer
        InvalidHead
        InvalidBody
"""

from __future__ import annotations


class Broken(Exception):  # noqa: N818 - the tree is read as what happened, not as errors of ours
    """Anything below."""


class NotConnected(Broken):
    """Refused, unreachable, or lost while connecting."""


class ConnectingTookLong(NotConnected):
    """Connecting ran into its share of the deadline: the name, the address, or the TLS handshake."""


class NameNotFound(NotConnected):
    """The name of the host could not be looked up."""


class HandshakeFailed(NotConnected):
    """The other side does not speak TLS, or not with us."""


class NotTrusted(HandshakeFailed):
    """The other side's certificate is not one that we trust."""


class ClosedBeforeAnswer(Broken):
    """The connection ended, or was reset, before the head of an answer was whole.

    Attributes:
        heard: whether anything of an answer came.
    """

    def __init__(self, *, heard: bool) -> None:
        super().__init__()
        self.heard = heard


class ClosedInAnswer(Broken):
    """The connection ended, or was reset, between the head of an answer and its end."""


class InvalidHead(Broken):
    """What came back is not the head of an HTTP answer, or one that is too large, or says two things at once."""


class InvalidBody(Broken):
    """The body of an answer is not what its head promised."""
