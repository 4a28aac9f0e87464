"""Legs on the chains where the user pays the network: prepared, handed to nodes, read when final.

Nothing gets too old there by itself. What was signed is over when it is final, or when every node
shows that what it spends was finally spent otherwise; until then it may land, and is sent again.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.contracts.events import SignatureWanted, UserActionRequired, UserActionSubmitted
from domain.contracts.gas import Gas, PreparedMessage
from domain.contracts.transfer_events import LegRequested
from domain.provider.effects import (
    Absent,
    Accepted,
    AnyLanded,
    ApprovalLanded,
    BroadcastOutcome,
    BuildOutcome,
    Built,
    Contested,
    Declined,
    LandedWithError,
    NotAttempted,
    Unknown,
)
from domain.provider.ports import answers, chain
from domain.provider.ports.chain import (
    ChainGateway,
    Likeness,
    Presence,
    Sighting,
    Signed,
    TransferPrepared,
)
from domain.provider.sent import SentAlready
from domain.shared.assets import NATIVE, Chain
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject

RETRY_SECONDS: Final = 1.0
"""When a call that did not take place is tried again."""
LOOK_SECONDS_MIN: Final = 1.0
LOOK_SECONDS_MAX: Final = 120.0
LOOK_SHARE_OF_AGE: Final = 0.1
"""Asked often at first and seldom later: blocks take seconds on one chain, minutes on another."""
COMMITMENT: Final = "final"
SENT_LOOK_SECONDS: Final = 15.0
"""How soon it is looked again for what may be on its way: a block or so."""
CONTESTED_LOOK_SECONDS: Final = 3_600.0
"""A person has it; a node may still find what could not be found."""
REPLACED: Final = "what was signed was replaced on the chain"
_OVER: Final = frozenset({Presence.FINAL, Presence.REVERTED})


class ChainLegKind(Protocol):
    """One kind of leg: how it is prepared, and how it is read when it is final."""

    async def build(self, stream: Stream, gateway: ChainGateway, now: datetime) -> BuildOutcome:
        """What the user signs. It only reads, so it may be repeated."""
        ...

    async def read(
        self, stream: Stream, gateway: ChainGateway, seen: Sighting, name: str
    ) -> AnyLanded | None:
        """What the transaction of that name did; None where that cannot be read yet."""
        ...


class ChainLegs:
    """`kinds` by the event that asks for them."""

    def __init__(
        self,
        gateways: Mapping[Chain, ChainGateway],
        *,
        kinds: Mapping[type[LegRequested], ChainLegKind],
    ) -> None:
        self._gateways = gateways
        self._kinds = kinds

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        """What is to be signed, as the chain's wallets take it."""
        gateway = self._gateway(stream)
        if gateway is None:
            return NotAttempted(reason="the chain is not configured", due_at=_soon(now))
        return await self._kind(stream).build(stream, gateway, now)

    async def sent(self, stream: Stream, now: datetime) -> SentAlready | NotAttempted | None:
        """Whether its user has sent by themselves what they were shown; None: they have not."""
        gateway = self._gateway(stream)
        if gateway is None:
            return NotAttempted(reason="the chain is not configured", due_at=_soon(now))
        found = await gateway.sent(prepared_of(stream.signature_wanted()))
        if found is None or isinstance(found, str):
            return None if found is None else SentAlready(found)
        return NotAttempted(reason=found.reason, due_at=now + timedelta(seconds=SENT_LOOK_SECONDS))

    async def broadcast(
        self, stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome:
        """Hands the stored bytes to nodes; sending them again is the same transaction. A refusal
        proves nothing: what was refused today may land tomorrow. What its user sent by themselves is
        looked for alone."""
        if not request["transaction"]:
            unseen = Unknown(
                reason="its user sent it, and it is not seen", due_at=_later(stream, now)
            )
            return await self.inquire(stream, request, now) or unseen
        gateway = self._gateway(stream)
        if gateway is None:
            return Unknown(reason="the chain is not configured", due_at=_soon(now))
        signed = Signed(
            raw=base64.b64decode(request["transaction"]), transaction_hash=request["signature"]
        )
        answer = await gateway.broadcast(signed)
        match answer:
            case chain.Accepted():
                return Accepted(due_at=_later(stream, now))
            case answers.NotAttempted(reason=reason, retry_after_seconds=pause):
                due_at = now + timedelta(seconds=pause or RETRY_SECONDS)
                return NotAttempted(reason=reason, due_at=due_at)
            case answers.Declined(reason=reason) | answers.Unanswered(reason=reason):
                return Unknown(reason=reason, due_at=_later(stream, now))

    async def inquire(
        self, stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome | None:
        """What became of bytes that may have been sent; None: nothing is known of them, and they may
        yet land, so sending them again is safe and useful."""
        gateway = self._gateway(stream)
        if gateway is None:
            return Unknown(reason="the chain is not configured", due_at=_soon(now))
        seen = await gateway.sighting(str(request["signature"]), inputs=tuple(request["inputs"]))
        if not isinstance(seen, Sighting):
            return Unknown(reason=seen.reason, due_at=_later(stream, now))
        match seen.presence:
            case Presence.UNKNOWN:
                return None
            case Presence.PENDING | Presence.INCLUDED:
                return Accepted(due_at=_later(stream, now))
            case Presence.SUPERSEDED:
                return await self._replaced(stream, gateway, seen.rival, now)
            case Presence.FINAL | Presence.REVERTED:
                name = str(request["signature"])
                return await self._ended(stream, gateway, seen, name) or _unreadable(now)

    async def _replaced(
        self, stream: Stream, gateway: ChainGateway, rival: str | None, now: datetime
    ) -> BroadcastOutcome:
        """It can land no more; what its user's wallet sent in its place may have done the same."""
        again = now + timedelta(seconds=CONTESTED_LOOK_SECONDS)
        if rival is None:
            return Contested(reason=f"{REPLACED} by one that cannot be found", due_at=again)
        alike = await gateway.likeness(prepared_of(stream.signature_wanted()), rival)
        match alike:
            case Likeness.OTHER:
                return Absent()
            case Likeness.PARTLY:
                return Contested(reason=f"{REPLACED} by {rival}", due_at=again)
            case Likeness.SAME:
                seen = await gateway.sighting(rival)
                if not isinstance(seen, Sighting) or seen.presence not in _OVER:
                    return _unreadable(now)
                return await self._ended(stream, gateway, seen, rival) or _unreadable(now)
            case _:
                return Unknown(reason=alike.reason, due_at=_later(stream, now))

    async def _ended(
        self, stream: Stream, gateway: ChainGateway, seen: Sighting, name: str
    ) -> BroadcastOutcome | None:
        gas = gas_of(gateway, seen)
        if gas is None:
            return None
        if seen.presence is Presence.REVERTED:
            reason = "the chain has it, and it failed there"
            return LandedWithError(reason=reason, gas=gas, signature=name)
        wanted = stream.signature_wanted().prepared
        if wanted is not None and wanted.is_approval:
            return ApprovalLanded(slot=seen.depth, commitment=COMMITMENT, gas=gas, signature=name)
        return await self._kind(stream).read(stream, gateway, seen, name)

    def _gateway(self, stream: Stream) -> ChainGateway | None:
        return self._gateways.get(stream.known(LegRequested).chain)

    def _kind(self, stream: Stream) -> ChainLegKind:
        requested = stream.known(LegRequested)
        return next(kind for of, kind in self._kinds.items() if isinstance(requested, of))


def shown_before(stream: Stream) -> str | None:
    """What was last shown to be signed, by one of its inputs: its user may have signed it, and can
    send it by themselves."""
    for event in reversed(stream.events):
        asked = event.data.signature if isinstance(event.data, UserActionRequired) else None
        if asked is not None and asked.prepared is not None and asked.prepared.inputs:
            return asked.prepared.inputs[0]
    return None


def prepared_of(wanted: SignatureWanted) -> TransferPrepared:
    """What the user was shown, as its chain's gateway compares it. Raises `LookupError` for what is
    Solana's."""
    prepared = wanted.prepared
    if prepared is None:
        raise LookupError("a message of Solana")
    return TransferPrepared(
        payload=base64.b64decode(wanted.message),
        commitment=base64.b64decode(prepared.commitment),
        fee=prepared.fee.amount,
        value=0,
        is_approval=prepared.is_approval,
        inputs=prepared.inputs,
    )


def shown(
    prepared: TransferPrepared,
    requested: LegRequested,
    *,
    summary: str,
    brings: tuple[int, str],
    until: datetime,
    reference: str | None = None,
) -> Built:
    """What is to be signed `until` then, with what it will be compared with; it `brings` so much of
    an asset."""
    payload = base64.b64encode(prepared.payload).decode()
    gas = Gas(asset=NATIVE[requested.chain].symbol, amount=prepared.fee)
    return Built(
        message=payload,
        payload=payload,
        summary=summary,
        recipient_amount=brings[0],
        asset=brings[1],
        network_cost=replace(requested.network_cost, gas=gas),
        reference=reference,
        prepared=PreparedMessage(
            chain=requested.chain,
            commitment=base64.b64encode(prepared.commitment).decode(),
            inputs=prepared.inputs,
            fee=gas,
            is_approval=prepared.is_approval,
        ),
        expires_at=min(until, requested.approval_deadline),
        exchange={"inputs": list(prepared.inputs), "fee": prepared.fee},
    )


def not_prepared(answer: answers.Setback, now: datetime) -> Declined | NotAttempted:
    """Preparing only reads: whatever went wrong, nothing has happened."""
    if isinstance(answer, answers.Declined):
        return Declined(code=answer.code, reason=answer.reason)
    return NotAttempted(reason=answer.reason, due_at=_soon(now))


def gas_of(gateway: ChainGateway, seen: Sighting) -> Gas | None:
    """What the network charged for it; None where the node does not tell."""
    if seen.fee is None:
        return None
    return Gas(asset=NATIVE[gateway.chain].symbol, amount=seen.fee)


def _later(stream: Stream, now: datetime) -> datetime:
    signed_at = next(
        event.occurred_at
        for event in reversed(stream.events)
        if isinstance(event.data, UserActionSubmitted)
    )
    share = (now - signed_at).total_seconds() * LOOK_SHARE_OF_AGE
    return now + timedelta(seconds=min(LOOK_SECONDS_MAX, max(LOOK_SECONDS_MIN, share)))


def _soon(now: datetime) -> datetime:
    return now + timedelta(seconds=RETRY_SECONDS)


def _unreadable(now: datetime) -> Unknown:
    """Final and yet unreadable here: a node behind. It is asked again, never guessed."""
    return Unknown(reason="the transaction is final but not readable yet", due_at=_soon(now))
