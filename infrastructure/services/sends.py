"""Sending USDC: the user's wishes, from what was typed to what is committed."""

from typing import Final, Protocol

from domain.compliance.model import assess
from domain.contracts.commands import InitiateSendCommand, SendWish
from domain.contracts.events import Recipient
from domain.contracts.services import SendInput, SendPreview
from domain.contracts.views import FeeView, PartyView
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import StreamId, TransactionId, UserId, derived
from domain.shared.saga import Origin
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject, KeyClaim
from domain.transaction.handlers import check_send, initiate_send, record_refusal
from infrastructure.chains.solana.addresses import TOKEN_PROGRAM, is_on_curve, parse_address
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.sends import SendOpening, SendReader
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.sagas.transfers import network_cost
from infrastructure.services.faults import in_plain_words
from infrastructure.services.inputs import (
    NamedRecipient,
    ReadSend,
    read_amount,
    read_recipient,
    read_send,
)
from infrastructure.services.results import again, result_of

FLOW: Final = "send"


class Openings(Protocol):
    """Reads what a Send has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, key: str, username: str | None, address: str | None
    ) -> SendOpening | None: ...


class SendDesk:
    """Previews and begins Sends. Every method raises `DomainError` alone."""

    def __init__(self, *, engine: SagaEngine, openings: Openings, gateway: SolanaGateway) -> None:
        self._engine = engine
        self._openings = openings
        self._gateway = gateway

    async def preview(self, user_id: UserId, amount: str, recipient: str) -> SendPreview:
        """What a Send would cost and deliver now; raises why it would be refused."""
        units, named = read_amount(amount), read_recipient(recipient)
        with in_plain_words():
            opening = await self._opening(user_id, named, key="")
            wish = await self._wish(opening, named, units)
        return self._preview(opening, wish)

    async def initiate(self, user_id: UserId, wish: SendInput) -> TransactionId:
        """Begins a Send, once for an idempotency key; what was refused before is again."""
        read = read_send(wish)
        with in_plain_words():
            opening = await self._opening(user_id, read.recipient, key=read.key)
            if opening.known is not None:
                return again(opening.known, read.input_hash)
            try:
                return await self._begin(user_id, opening, read)
            except Refused as refusal:
                await self._refuse(user_id, opening, read, refusal)
                raise

    async def _begin(self, user_id: UserId, opening: SendOpening, read: ReadSend) -> TransactionId:
        wish = await self._wish(opening, read.recipient, read.amount)
        self._assess(opening, wish)
        transaction_id = TransactionId(derived(user_id, SendReader.OPERATION, read.key))
        command = InitiateSendCommand(
            transaction_id=transaction_id, username=opening.username, wish=wish, memo=read.memo
        )

        def begin(_stream: Stream, facts: Facts) -> Decision:
            return initiate_send(command, spendable=opening.spendable, facts=facts)

        decided = await self._engine.decide(
            StreamId(transaction_id),
            begin,
            opening=Opening(
                wallet_id=opening.wallet_id,
                origin=Origin(
                    user_id=user_id,
                    correlation_id=str(transaction_id),
                    counterparty_wallet_id=wish.recipient.wallet_id,
                ),
            ),
            key=_claim(user_id, read, {"transaction_id": str(transaction_id)}),
        )
        return transaction_id if decided.replayed is None else result_of(decided.replayed)

    async def _refuse(
        self, user_id: UserId, opening: SendOpening, read: ReadSend, refusal: Refused
    ) -> None:
        """The attempt goes into the log, the refusal under its key."""
        result = {"refused": refusal.code, "field": refusal.field, "details": refusal.details}
        await self._engine.decide(
            StreamId(derived(user_id, "refused", SendReader.OPERATION, read.key)),
            lambda _stream, _facts: record_refusal(
                refusal, operation=SendReader.OPERATION, amount=read.amount, asset=USDC.symbol
            ),
            opening=Opening(
                wallet_id=opening.wallet_id,
                origin=Origin(user_id=user_id, correlation_id=read.key),
            ),
            key=_claim(user_id, read, result),
        )

    async def _opening(self, user_id: UserId, named: NamedRecipient, *, key: str) -> SendOpening:
        opening = await self._openings.opening(
            user_id, key=key, username=named.username, address=named.address
        )
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return opening

    async def _wish(self, opening: SendOpening, named: NamedRecipient, amount: int) -> SendWish:
        recipient = opening.recipient or await self._stranger(named)
        cost = await self._gateway.transfer_cost(parse_address(recipient.address))
        return SendWish(
            sender_address=opening.address,
            recipient=recipient,
            amount=amount,
            network_cost=network_cost(cost, self._engine.policy.figures),
        )

    async def _stranger(self, named: NamedRecipient) -> Recipient:
        """An address of nobody here: only one that somebody can hold USDC at by its key."""
        if named.address is None:
            raise Refused(
                code="TXN_RECIPIENT_UNKNOWN",
                field="input.recipient",
                recipient=f"@{named.username}",
            )
        address = parse_address(named.address)
        account = await self._gateway.rpc.account(address) if is_on_curve(address) else None
        is_token = account is not None and account.owner == str(TOKEN_PROGRAM)
        is_program = account is not None and account.executable
        if not is_on_curve(address) or is_token or is_program:
            raise Refused(code="TXN_ADDRESS_UNSUITABLE", field="input.recipient")
        return Recipient(address=named.address)

    def _assess(self, opening: SendOpening, wish: SendWish) -> None:
        """Asks compliance before anything is begun; it decides again in the commit."""
        assess(
            flow=FLOW,
            amount=wish.amount,
            addresses=(wish.sender_address, wish.recipient.address),
            profile=opening.profile,
            facts=self._engine.facts(),
        )

    def _preview(self, opening: SendOpening, wish: SendWish) -> SendPreview:
        self._assess(opening, wish)
        costs = check_send(wish, spendable=opening.spendable, facts=self._engine.facts())
        fees = (("PLATFORM", costs.platform_fee, None), ("NETWORK", costs.network, USDC.chain))
        return SendPreview(
            asset=USDC.symbol,
            amount=wish.amount,
            fees=tuple(
                FeeView(kind=kind, amount=fee, asset=USDC.symbol, provider=provider)
                for kind, fee, provider in fees
                if fee
            ),
            received=costs.delivered,
            spendable_after=opening.spendable - wish.amount,
            recipient=PartyView(username=wish.recipient.username, address=wish.recipient.address),
            provider=USDC.chain,
        )


def _claim(user_id: UserId, read: ReadSend, result: JsonObject) -> KeyClaim:
    return KeyClaim(
        principal=str(user_id),
        operation=SendReader.OPERATION,
        key=read.key,
        input_hash=read.input_hash,
        result=result,
    )
