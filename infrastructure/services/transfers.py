"""Transfers of USDC (Send, Withdraw to an external wallet): the user's wishes, from what was typed
to what is committed."""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from domain.compliance.model import assess
from domain.contracts.commands import InitiateSendCommand, InitiateWithdrawCommand, SendWish
from domain.contracts.events import Recipient
from domain.contracts.previews import Preview
from domain.shared.assets import USDC, Chain
from domain.shared.decision import Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import TransactionId, UserId
from domain.transaction.handlers import initiate_send, initiate_withdraw
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.sends import SendOpening
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.addresses import check_spendable
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import NamedRecipient, ReadTransfer
from infrastructure.services.wishes import Plan, Wish


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
    """A flow that is a transfer. `name` is the one that compliance knows."""

    @property
    def name(self) -> str: ...

    @property
    def operation(self) -> str: ...

    def begin(self, begun: Begun, facts: Facts) -> Decision:
        """Raises why it may not begin."""
        ...


class Send:
    """To a user by name, or to any address."""

    name: Final = "send"
    operation: Final = "initiateSend"

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
    operation: Final = "initiateWithdraw"

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
        initiations: Initiations,
        openings: Openings,
        gateway: SolanaGateway,
        network: NetworkCosts,
    ) -> None:
        self._movement = movement
        self._engine = engine
        self._initiations = initiations
        self._openings = openings
        self._gateway = gateway
        self._network = network

    async def initiate(self, user_id: UserId, read: ReadTransfer) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        with in_plain_words():
            opening = await self._opening(user_id, read.recipient, key=read.key)
            wish = self._wished(user_id, opening, read)
            return await self._initiations.begin(wish, self._plan(opening, read, wish))

    async def preview(self, user_id: UserId, read: ReadTransfer) -> Preview:
        """What it would cost and deliver now; raises why it would be refused."""
        with in_plain_words():
            opening = await self._opening(user_id, read.recipient, key=read.key)
            wish = self._wished(user_id, opening, read)
            return await self._initiations.preview(wish, self._plan(opening, read, wish))

    def _wished(self, user_id: UserId, opening: SendOpening, read: ReadTransfer) -> Wish:
        return Wish.of(
            user_id,
            opening,
            operation=self._movement.operation,
            key=read.key,
            content=read.content,
            amount=read.amount,
            asset=USDC.symbol,
            quote_id=read.quote_id,
        )

    def _plan(self, opening: SendOpening, read: ReadTransfer, wish: Wish) -> Plan[Begun]:
        async def prepare() -> Begun:
            wanted = await self._wish(opening, read.recipient, read.amount)
            self._assess(opening, wanted)
            return Begun(
                transaction_id=wish.transaction_id,
                username=opening.username,
                wish=wanted,
                memo=read.memo,
                spendable=opening.spendable,
            )

        return Plan(
            command=Begun,
            prepare=prepare,
            renew=lambda begun: replace(
                begun, transaction_id=wish.transaction_id, spendable=opening.spendable
            ),
            begin=self._movement.begin,
            spendable=opening.spendable,
            counterparty=lambda begun: begun.wish.recipient.wallet_id,
        )

    async def _opening(self, user_id: UserId, named: NamedRecipient, *, key: str) -> SendOpening:
        opening = await self._openings.opening(
            user_id, operation=self._movement.operation, key=key, recipient=named
        )
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return opening

    async def _wish(self, opening: SendOpening, named: NamedRecipient, amount: int) -> SendWish:
        recipient = opening.recipient or await self._stranger(named)
        return SendWish(
            sender_address=opening.address,
            recipient=recipient,
            amount=amount,
            network_cost=await self._network.of_transfer(parse_address(recipient.address)),
        )

    async def _stranger(self, named: NamedRecipient) -> Recipient:
        """An address of nobody here: only one that somebody can hold USDC at by its key."""
        if named.address is None:
            raise Refused(
                code="TXN_RECIPIENT_UNKNOWN",
                field="input.recipient",
                recipient=f"@{named.username}",
            )
        await check_spendable(Chain.SOLANA, named.address, gateway=self._gateway, field=named.field)
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
