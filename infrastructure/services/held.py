"""Withdrawing an invested asset to an external address on its own chain: the user's wish, from what was
typed to what is committed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.compliance.model import assess
from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas
from domain.contracts.previews import Preview
from domain.contracts.services import WithdrawInput
from domain.provider.ports.chain import ChainGateway, NetworkFee, PlainTransfer
from domain.provider.valuation import usd_value_rounded_up
from domain.shared.assets import ASSETS, SOL, USDC, Asset, Chain
from domain.shared.errors import InvalidInput, Refused
from domain.shared.ids import TransactionId, UserId
from domain.shared.money import parse_amount
from domain.transaction.held import InitiateHeldWithdrawCommand, initiate_held_withdraw
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.swaps import SwapOpening
from infrastructure.sagas.chain_transfers import most_of
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.addresses import check_spendable, read_address
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import read_key
from infrastructure.services.prices import PriceBook
from infrastructure.services.swaps import Openings
from infrastructure.services.wishes import Plan, Wish

OPERATION: Final = "initiateWithdraw"
WALLET: Final = "input.destination.externalWallet"
ADDRESS: Final = f"{WALLET}.address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWithdraw:
    """A wish to withdraw, read: `amount` in base units, `address` in its one spelling."""

    asset: Asset
    amount: int
    address: str
    key: str
    quote_id: UUID | None

    @property
    def content(self) -> list[object]:
        """The same for the same wish, however its amount was spelt."""
        return [self.asset.symbol, self.amount, self.address]


class HeldWithdrawDesk:
    """Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        initiations: Initiations,
        openings: Openings,
        gateway: SolanaGateway,
        chains: Mapping[Chain, ChainGateway],
        prices: PriceBook,
    ) -> None:
        self._engine = engine
        self._initiations = initiations
        self._openings = openings
        self._gateway = gateway
        self._chains = chains
        self._prices = prices

    async def initiate(self, user_id: UserId, wish: WithdrawInput) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        read = read_held(wish)
        with in_plain_words():
            begun, plan = await self._planned(user_id, read)
            return await self._initiations.begin(begun, plan)

    async def preview(self, user_id: UserId, wish: WithdrawInput) -> Preview:
        """What it would cost and bring now; raises why it would be refused."""
        read = read_held(wish)
        with in_plain_words():
            begun, plan = await self._planned(user_id, read)
            return await self._initiations.preview(begun, plan)

    async def _planned(
        self, user_id: UserId, read: ReadWithdraw
    ) -> tuple[Wish, Plan[InitiateHeldWithdrawCommand]]:
        opening = await self._openings.opening(
            user_id, source=read.asset, operation=OPERATION, key=read.key
        )
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        wish = Wish.of(
            user_id,
            opening,
            operation=OPERATION,
            key=read.key,
            content=read.content,
            amount=read.amount,
            asset=read.asset.symbol,
            quote_id=read.quote_id,
        )
        plan = Plan(
            command=InitiateHeldWithdrawCommand,
            prepare=lambda: self._prepared(opening, read, wish),
            renew=lambda quoted: replace(
                quoted,
                transaction_id=wish.transaction_id,
                spendable=opening.spendable,
                gas_spendable=opening.gas_spendable,
            ),
            begin=initiate_held_withdraw,
            spendable=opening.spendable,
            counterparty=lambda command: command.recipient.wallet_id,
        )
        return wish, plan

    async def _prepared(
        self, opening: SwapOpening, read: ReadWithdraw, wish: Wish
    ) -> InitiateHeldWithdrawCommand:
        """The beginning with what the network asks; raises why compliance would stop it."""
        chain = read.asset.chain
        sender = opening.addresses.get(chain)
        if sender is None:
            raise Refused(code="TXN_NO_ADDRESS", field="input.asset")
        await check_spendable(chain, read.address, gateway=self._gateway, field=ADDRESS)
        value = await self._prices.usd_value(read.amount, read.asset, rounded=usd_value_rounded_up)
        assess(
            flow="withdraw",
            amount=value.micro_usd,
            addresses=(sender, read.address),
            profile=opening.profile,
            facts=self._engine.facts(),
        )
        return InitiateHeldWithdrawCommand(
            transaction_id=wish.transaction_id,
            username=opening.username,
            asset=read.asset.symbol,
            amount=read.amount,
            usd_value=value.micro_usd,
            spendable=opening.spendable,
            gas_spendable=opening.gas_spendable,
            sender_address=sender,
            recipient=await self._openings.recipient(read.address, chain=chain),
            network_cost=await self._cost(sender, read),
        )

    async def _cost(self, sender: str, read: ReadWithdraw) -> NetworkCost:
        if read.asset == SOL:
            # The platform pays, and is paid back in the same transaction.
            cost = await self._gateway.composed_cost(())
            return _cost_of(Gas(asset=SOL.symbol, amount=cost.total_lamports))
        gateway = self._chains.get(read.asset.chain)
        if gateway is None:
            raise Refused(code="PRV_UNAVAILABLE")
        fee = await gateway.network_fee(
            PlainTransfer(
                asset=read.asset,
                sender=sender,
                recipient=read.address,
                amount=read.amount,
                fee_rate=1,
            )
        )
        if not isinstance(fee, NetworkFee):
            raise Refused(code="PRV_UNAVAILABLE", reason=fee.reason)
        return _cost_of(Gas(asset=fee.asset, amount=most_of(fee)))


def _cost_of(gas: Gas) -> NetworkCost:
    """Nothing of it is in USDC."""
    return NetworkCost(network_fee_lamports=0, rent_lamports=0, total_base_units=0, gas=gas)


def read_held(wish: WithdrawInput) -> ReadWithdraw:
    """Raises `InvalidInput` that names the first field that is wrong."""
    asset = ASSETS.get(wish.asset)
    if asset is None or asset == USDC:
        raise InvalidInput(code="VAL_ASSET", field="input.asset")
    if wish.chain != asset.chain:
        raise InvalidInput(code="VAL_CHAIN", field=f"{WALLET}.chain")
    return ReadWithdraw(
        asset=asset,
        amount=parse_amount(wish.amount, asset, field="input.amount"),
        address=read_address(asset.chain, wish.address, field=ADDRESS),
        key=read_key(wish.idempotency_key),
        quote_id=wish.quote_id,
    )
