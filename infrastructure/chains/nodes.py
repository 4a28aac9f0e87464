"""Nodes of a chain in order of preference, and what goes wrong with them, as setbacks.

    NodeError
    ├── NodeUnreached      no connection: the request was certainly not executed
    ├── NodeBusy           refused for its rate: not executed, come back later
    ├── NodeSilent         no usable answer: the outcome is unknown
    ├── NodeMalformed      an answer that is none of the protocol's: the outcome is unknown
    ├── NodeContradicts    an answer that does not fit what was asked: the outcome is unknown
    └── NodeRefused        the node's own no
        ├── NodeForbidden  about our access, not about what was asked
        ├── AlreadyKnown   it has the transaction: as good as accepted
        └── Conflicting    no clear no: whether it can still land, what it uses tells

Reads go to the next node where one has no answer. The same bytes may be broadcast twice, so a
transaction is handed to the next node as well; what the first one did with it stays unknown.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import Accepted, Presence, Sighting, Signed
from infrastructure.http import HttpClient, HttpResponse, HttpTimeout, HttpUnavailable

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 8.0
ON_ITS_WAY: Final = "what was shown before may be on its way"
"""Why nothing is prepared in its place yet."""
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_NO_ACCESS: Final = frozenset({401, 402, 403})

Result = TypeVar("Result")


class NodeError(Exception):
    pass


class NodeUnreached(NodeError):
    pass


class NodeBusy(NodeError):
    def __init__(self, retry_after_seconds: int | None) -> None:
        super().__init__("rate limited")
        self.retry_after_seconds = retry_after_seconds


class NodeSilent(NodeError):
    pass


class NodeMalformed(NodeError):
    pass


class NodeContradicts(NodeError):
    pass


class NodeRefused(NodeError):
    """`code` as answered; `catalogue_code` is what it means to a user."""

    def __init__(self, message: str, code: str, *, catalogue_code: str = "PRV_DECLINED") -> None:
        super().__init__(message)
        self.code = code
        self.catalogue_code = catalogue_code


class NodeForbidden(NodeRefused):
    pass


class AlreadyKnown(NodeRefused):
    pass


class Conflicting(NodeRefused):
    pass


@dataclass(frozen=True, slots=True)
class Node:
    """One node: an answer below 500 that is about what was asked, or a NodeError."""

    client: HttpClient
    url: str
    timeout_seconds: float
    retries: bool = True

    async def ask(
        self,
        method: str,
        path: str = "",
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = True,
    ) -> HttpResponse:
        try:
            answer = await self.client.request(
                method,
                self.url + path,
                content=content,
                headers=headers,
                timeout_seconds=self.timeout_seconds,
                idempotent=idempotent and self.retries,
            )
        except HttpUnavailable as error:
            raise NodeUnreached(str(error)) from error
        except HttpTimeout as error:
            raise NodeSilent(str(error)) from error
        if answer.status == _TOO_MANY_REQUESTS:
            raise NodeBusy(answer.retry_after_seconds)
        if answer.status in _NO_ACCESS:
            raise NodeForbidden(f"HTTP {answer.status}", str(answer.status))
        if answer.status >= _SERVER_ERROR:
            # A proxy in front of the node may have passed the request on before it gave up.
            raise NodeSilent(f"HTTP {answer.status}")
        return answer


class Nodes:
    """`urls` in order of preference, at least one; asked one after the other."""

    def __init__(
        self, client: HttpClient, urls: Sequence[str], *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        if not urls:
            raise ValueError("at least one URL of a node is needed")
        # The next node is a better second try than the same one again.
        self.all = tuple(
            Node(client, url.rstrip("/"), timeout_seconds, retries=place == len(urls))
            for place, url in enumerate(urls, 1)
        )

    async def read(self, ask: Callable[[Node], Awaitable[Result]]) -> Result:
        """The first answer; NodeError, the last node's, where there is none."""
        for node in self.all[:-1]:
            try:
                return await ask(node)
            except NodeError as error:
                if _is_final(error):
                    raise
                _note(node, error)
        return await ask(self.all[-1])

    async def broadcast(
        self,
        signed: Signed,
        *,
        send: Callable[[Node], Awaitable[str]],
        knows: Callable[[Node], Awaitable[bool]],
    ) -> Accepted | Setback:
        """`send` answers the hash that a node names; `knows` whether it has the transaction. A
        conflict is Unanswered: whether it can still land, `sighting` tells by what it uses."""

        async def hand(node: Node) -> Accepted:
            accepted = Accepted(transaction_hash=signed.transaction_hash)
            try:
                known_as = await send(node)
            except AlreadyKnown:
                return accepted
            except Conflicting:
                # To a node that has executed it already, what it uses is gone.
                if not await knows(node):
                    raise
                return accepted
            if known_as != signed.transaction_hash:
                raise NodeContradicts("the node names another transaction")
            return accepted

        try:
            return await self._hand_over(hand)
        except Conflicting as error:
            return Unanswered(reason=str(error))
        except NodeError as error:
            return _setback_of_broadcast(error)

    async def _hand_over(self, ask: Callable[[Node], Awaitable[Result]]) -> Result:
        """As `read`, for what changes something: a no after an unknown outcome stays unknown."""
        failures: list[NodeError] = []
        for node in self.all:
            try:
                return await ask(node)
            except NodeError as error:
                failures.append(error)
                _note(node, error)
                if _is_final(error):
                    break
        unknown = [failure for failure in failures if _may_have_executed(failure)]
        raise (unknown or failures[-1:])[0]

    async def sighting(self, look: Callable[[Node], Awaitable[Sighting]]) -> Sighting | Setback:
        """What the first node that has seen the transaction says of it.

        SUPERSEDED only where every node says so: money is released on it, and a node that cannot
        answer, or that is behind, proves nothing.
        """
        failures: list[NodeError] = []
        absences: list[Sighting] = []
        for node in self.all:
            try:
                seen = await look(node)
            except NodeError as error:
                failures.append(error)
                _note(node, error)
                continue
            if seen.presence not in {Presence.UNKNOWN, Presence.SUPERSEDED}:
                return seen
            absences.append(seen)
        if not absences:
            return setback_of_read(failures[-1])
        proven = all(seen.presence is Presence.SUPERSEDED for seen in absences)
        if not proven or failures:
            return Sighting(presence=Presence.UNKNOWN)
        # Told by one node and by no other it is believed: its own bytes tell what it does.
        rivals = {seen.rival for seen in absences} - {None}
        rival = rivals.pop() if len(rivals) == 1 else None
        return Sighting(presence=Presence.SUPERSEDED, rival=rival)


def setback_of_read(error: NodeError) -> Setback:
    """A read that failed has changed nothing, whatever became of it."""
    if isinstance(error, NodeRefused):
        return Declined(code=error.catalogue_code, reason=str(error), provider_code=error.code)
    if isinstance(error, NodeContradicts):
        return Declined(code="PRV_RESPONSE_INVALID", reason=str(error))
    if isinstance(error, NodeBusy):
        return NotAttempted(reason=str(error), retry_after_seconds=error.retry_after_seconds)
    return NotAttempted(reason=str(error))


def _setback_of_broadcast(error: NodeError) -> Setback:
    """A broadcast without an answer may have reached the network."""
    if _may_have_executed(error):
        return Unanswered(reason=str(error))
    return setback_of_read(error)


def unsupported(reason: str) -> Declined:
    """What the chain has no way to do."""
    return Declined(code="PRV_UNSUPPORTED", reason=reason)


async def answered(work: Awaitable[Result]) -> Result | Setback:
    """What a read answers, or its setback."""
    try:
        return await work
    except NodeError as error:
        return setback_of_read(error)


def _is_final(error: NodeError) -> bool:
    """Whether it is about what was asked, so that another node would say the same."""
    return isinstance(error, NodeRefused) and not isinstance(error, NodeForbidden)


def _note(node: Node, error: NodeError) -> None:
    # The host alone: the paths of hosted nodes hold keys.
    host = urlsplit(node.url).hostname
    level = logging.WARNING if isinstance(error, NodeContradicts) else logging.INFO
    logger.log(level, "node %s: %s", host, type(error).__name__)


def _may_have_executed(error: NodeError) -> bool:
    return isinstance(error, NodeSilent | NodeMalformed | NodeContradicts)
