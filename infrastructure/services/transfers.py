"""Transfers of USDC (Send, Withdraw to an external wallet): the user's wishes, from what was typed
to what is committed."""

from dataclasses import dataclass
from typing import Final, Protocol

from domain.compliance.model import assess
from domain.contracts.commands import InitiateSendCommand, InitiateWithdrawCommand, SendWish
from domain.contracts.events import Recipient
from domain.contracts.services import SendPreview
from domain.contracts.views import PartyView
from domain.provider.leg import SOLANA_GATEWAY
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import StreamId, TransactionId, UserId, derived
from domain.shared.money import TransactionFee
from domain.shared.saga import Origin
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject, KeyClaim
from domain.transaction.handlers import (
    SendCosts,
    check_send,
    check_withdraw,
    initiate_send,
    initiate_withdraw,
    record_refusal,
)
from infrastructure.chains.solana.addresses import SYSTEM_PROGRAM, is_on_curve, parse_address
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.sends import SendOpening
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.sagas.legs import network_cost
from infrastructure.services.faults import in_plain_words
from infrastructure.services.inputs import (
    NamedRecipient,
    ReadTransfer,
    read_amount,
    read_recipient,
)
from infrastructure.services.results import again, result_of


class Openings(Protocol):
    """Reads what a transfer has to know before it begins."""

    async def opening(
        self, user_id: UserId, *, operation: str, key: str, recipient: NamedRecipient
    ) -> SendOpening | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A wish with everything that its flow's command needs; `spendable` is what Available shows."""

    transaction_id: TransactionId
    username: str
    wish: SendWish
    memo: str | None
    spendable: int


class Movement(Protocol):
    """A flow that is a transfer. `name` is the one that compliance knows, `kind` the type of its
    transactions."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def operation(self) -> str: ...

    def check(self, wish: SendWish, *, spendable: int, facts: Facts) -> SendCosts:
        """What it costs; raises why it may not begin."""
        ...

    def begin(self, begun: Begun, facts: Facts) -> Decision: ...


class Send:
    """To a user by name, or to any address."""

    name: Final = "send"
    kind: Final = "SEND"
    operation: Final = "initiateSend"

    def check(self, wish: SendWish, *, spendable: int, facts: Facts) -> SendCosts:
        return check_send(wish, spendable=spendable, facts=facts)

    def begin(self, begun: Begun, facts: Facts) -> Decision:
        command = InitiateSendCommand(
            transaction_id=begun.transaction_id,
            username=begun.username,
            wish=begun.wish,
            memo=begun.memo,
        )
        return initiate_send(command, spendable=begun.spendable, facts=facts)


class Withdraw:
    """To a wallet outside of the platform."""

    name: Final = "withdraw"
    kind: Final = "WITHDRAW"
    operation: Final = "initiateWithdraw"

    def check(self, wish: SendWish, *, spendable: int, facts: Facts) -> SendCosts:
        return check_withdraw(wish, spendable=spendable, facts=facts)

    def begin(self, begun: Begun, facts: Facts) -> Decision:
        command = InitiateWithdrawCommand(
            transaction_id=begun.transaction_id, username=begun.username, wish=begun.wish
        )
        return initiate_withdraw(command, spendable=begun.spendable, facts=facts)


class TransferDesk:
    """Previews and begins the transfers of one flow. Every method raises `DomainError` alone."""

    def __init__(
        self,
        movement: Movement,
        *,
        engine: SagaEngine,
        openings: Openings,
        gateway: SolanaGateway,
    ) -> None:
        self._movement = movement
        self._engine = engine
        self._openings = openings
        self._gateway = gateway

    async def preview(self, user_id: UserId, amount: str, recipient: str) -> SendPreview:
        """What it would cost and deliver now; raises why it would be refused."""
        units, named = read_amount(amount), read_recipient(recipient)
        with in_plain_words():
            opening = await self._opening(user_id, named, key="")
            wish = await self._wish(opening, named, units)
        return self._preview(opening, wish)

    async def initiate(self, user_id: UserId, read: ReadTransfer) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        with in_plain_words():
            opening = await self._opening(user_id, read.recipient, key=read.key)
            if opening.known is not None:
                return again(opening.known, read.input_hash)
            try:
                return await self._begin(user_id, opening, read)
            except Refused as refusal:
                replayed = await self._refuse(user_id, opening, read, refusal)
                if replayed is None:
                    raise
            # A twin was faster with this key: its result stands.
            return result_of(replayed)

    async def _begin(
        self, user_id: UserId, opening: SendOpening, read: ReadTransfer
    ) -> TransactionId:
        wish = await self._wish(opening, read.recipient, read.amount)
        self._assess(opening, wish)
        transaction_id = TransactionId(derived(user_id, self._movement.operation, read.key))
        begun = Begun(
            transaction_id=transaction_id,
            username=opening.username,
            wish=wish,
            memo=read.memo,
            spendable=opening.spendable,
        )

        def begin(_stream: Stream, facts: Facts) -> Decision:
            return self._movement.begin(begun, facts)

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
            key=self._claim(user_id, read, {"transaction_id": str(transaction_id)}),
        )
        return transaction_id if decided.replayed is None else result_of(decided.replayed)

    async def _refuse(
        self, user_id: UserId, opening: SendOpening, read: ReadTransfer, refusal: Refused
    ) -> JsonObject | None:
        """The attempt goes into the log, the refusal under its key; what stood there already."""
        operation = self._movement.operation
        result = {"refused": refusal.code, "field": refusal.field, "details": refusal.details}
        decided = await self._engine.decide(
            StreamId(derived(user_id, "refused", operation, read.key)),
            lambda _stream, _facts: record_refusal(
                refusal, operation=operation, amount=read.amount, asset=USDC.symbol
            ),
            opening=Opening(
                wallet_id=opening.wallet_id,
                origin=Origin(user_id=user_id, correlation_id=read.key),
            ),
            key=self._claim(user_id, read, result),
        )
        return decided.replayed

    async def _opening(self, user_id: UserId, named: NamedRecipient, *, key: str) -> SendOpening:
        opening = await self._openings.opening(
            user_id, operation=self._movement.operation, key=key, recipient=named
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
        """An address of nobody here: only one that somebody can hold USDC at by its key. What a
        program owns (a mint, a token account of whatever kind, a sysvar) nobody could spend from."""
        if named.address is None:
            raise Refused(
                code="TXN_RECIPIENT_UNKNOWN",
                field="input.recipient",
                recipient=f"@{named.username}",
            )
        address = parse_address(named.address)
        account = await self._gateway.rpc.account(address) if is_on_curve(address) else None
        is_owned = account is not None and account.owner != str(SYSTEM_PROGRAM)
        if not is_on_curve(address) or is_owned:
            raise Refused(code="TXN_ADDRESS_UNSUITABLE", field=named.field)
        return Recipient(address=named.address)

    def _assess(self, opening: SendOpening, wish: SendWish) -> None:
        """Asks compliance before anything is begun; it decides again in the commit."""
        assess(
            # To an address of nobody here a Send is a withdrawal.
            flow=self._movement.name if wish.recipient.user_id else Withdraw.name,
            amount=wish.amount,
            addresses=(wish.sender_address, wish.recipient.address),
            profile=opening.profile,
            facts=self._engine.facts(),
        )

    def _preview(self, opening: SendOpening, wish: SendWish) -> SendPreview:
        self._assess(opening, wish)
        facts = self._engine.facts()
        costs = self._movement.check(wish, spendable=opening.spendable, facts=facts)
        fees = (
            ("PLATFORM", costs.platform_fee, None),
            ("NETWORK", costs.network, USDC.chain),
            ("FEE_DUE", opening.fee_due, None),
        )
        return SendPreview(
            asset=USDC.symbol,
            amount=wish.amount,
            fees=tuple(
                TransactionFee(kind=kind, amount=fee, asset=USDC.symbol, provider=provider)
                for kind, fee, provider in fees
                if fee or kind == "PLATFORM"
            ),
            received=costs.delivered,
            spendable_after=opening.spendable - wish.amount,
            recipient=PartyView(username=wish.recipient.username, address=wish.recipient.address),
            provider=SOLANA_GATEWAY,
            estimated_seconds=facts.estimated_seconds(self._movement.kind),
        )

    def _claim(self, user_id: UserId, read: ReadTransfer, result: JsonObject) -> KeyClaim:
        return KeyClaim(
            principal=str(user_id),
            operation=self._movement.operation,
            key=read.key,
            input_hash=read.input_hash,
            result=result,
        )
