"""Withdrawing to a bank: the user's wish, from what was typed to what is committed."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.compliance.model import assess
from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.events import Recipient
from domain.contracts.payout_events import PayoutOffer
from domain.contracts.previews import Preview
from domain.contracts.services import BankWithdrawInput
from domain.contracts.withdraw_events import BankPayout
from domain.provider.ports.offramp import (
    OffRampQuoteRequest,
    PayoutRail,
)
from domain.shared.assets import USDC, Chain
from domain.shared.errors import Refused
from domain.shared.ids import TransactionId, UserId
from domain.transaction.handlers import transfer_costs
from domain.transaction.payouts import WithdrawToBankCommand, withdraw_to_bank
from infrastructure.db.bank_accounts import BankAccountStore, StoredBankAccount
from infrastructure.db.swaps import SwapOpening, SwapReader
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.faults import in_plain_words
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import read_amount, read_key
from infrastructure.services.payout_offers import PayoutOfferDesk
from infrastructure.services.wishes import Plan, Wish

OPERATION: Final = "initiateWithdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutDesk:
    """Begins Withdraws to banks. Every method raises `DomainError` alone."""

    engine: SagaEngine
    initiations: Initiations
    openings: SwapReader
    accounts: BankAccountStore
    network: NetworkCosts
    offers: PayoutOfferDesk

    async def initiate(self, user_id: UserId, wish: BankWithdrawInput) -> TransactionId:
        """Begins it, once for an idempotency key; what was refused before is again."""
        amount, key = read_amount(wish.amount), read_key(wish.idempotency_key)
        with in_plain_words():
            opening = await self._opening(user_id, key)
            begun = _wished(user_id, opening, wish, amount=amount, key=key)
            return await self.initiations.begin(begun, self._plan(opening, wish, begun))

    async def preview(self, user_id: UserId, wish: BankWithdrawInput) -> Preview:
        """What it would cost and bring now; raises why it would be refused."""
        amount, key = read_amount(wish.amount), read_key(wish.idempotency_key)
        with in_plain_words():
            opening = await self._opening(user_id, key)
            begun = _wished(user_id, opening, wish, amount=amount, key=key)
            return await self.initiations.preview(begun, self._plan(opening, wish, begun))

    async def _opening(self, user_id: UserId, key: str) -> SwapOpening:
        opening = await self.openings.opening(user_id, source=USDC, operation=OPERATION, key=key)
        if opening is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return opening

    def _plan(
        self, opening: SwapOpening, wish: BankWithdrawInput, begun: Wish
    ) -> Plan[WithdrawToBankCommand]:
        return Plan(
            command=WithdrawToBankCommand,
            prepare=lambda: self._prepared(opening, begun, wish.bank_account_id),
            renew=lambda quoted: replace(
                quoted, transaction_id=begun.transaction_id, spendable=opening.spendable
            ),
            begin=withdraw_to_bank,
            spendable=opening.spendable,
        )

    async def _prepared(
        self, opening: SwapOpening, wish: Wish, account_id: UUID
    ) -> WithdrawToBankCommand:
        accounts = await self.accounts.of_wallet(opening.wallet_id)
        account = next((each for each in accounts if each.id == account_id), None)
        sender = opening.addresses.get(Chain.SOLANA)
        if account is None or sender is None:
            raise Refused(code="TXN_BANK_ACCOUNT_UNKNOWN", field="input.destination.bankAccount.id")
        facts = self.engine.facts()
        assess(
            flow="withdraw",
            amount=wish.amount,
            addresses=(sender,),
            profile=opening.profile,
            facts=facts,
        )
        # With an account for USDC at the provider's address, which may be a new one.
        cost = await self.network.of_swap(sender, wraps=True)
        costs = transfer_costs(
            amount=wish.amount,
            network=cost.total_base_units,
            fee_millionths=facts.figures.bank_withdraw_fee_millionths,
        )
        offers, rejected = await self._offered(account, costs.delivered, opening)
        return WithdrawToBankCommand(
            transaction_id=wish.transaction_id,
            username=opening.username,
            sender_address=sender,
            recipient=Recipient(address=account.label),
            amount=wish.amount,
            costs=costs,
            network_cost=cost,
            spendable=opening.spendable,
            bank=BankPayout(
                bank_account_id=account.id,
                label=account.label,
                fiat_currency=account.currency,
                rail=account.rail,
                country=account.country,
                offers=offers,
                rejected=rejected,
            ),
        )

    async def _offered(
        self, account: StoredBankAccount, amount: int, opening: SwapOpening
    ) -> tuple[tuple[PayoutOffer, ...], tuple[RejectedOffer, ...]]:
        request = OffRampQuoteRequest(
            asset=USDC,
            asset_amount=amount,
            fiat_currency=account.currency,
            rail=PayoutRail(account.rail),
            country=account.country,
        )
        return await self.offers.offers(
            request,
            account.tokens,
            country=opening.profile.country,
            preferred=opening.preferred,
        )


def _wished(
    user_id: UserId, opening: SwapOpening, wish: BankWithdrawInput, *, amount: int, key: str
) -> Wish:
    return Wish.of(
        user_id,
        opening,
        operation=OPERATION,
        key=key,
        content=["bank", str(wish.bank_account_id), amount],
        amount=amount,
        asset=USDC.symbol,
        quote_id=wish.quote_id,
    )
