"""Every use case of moving money, opened for an API."""

from domain.provider.payment_choices import EXTEND_TIMEOUT, UPDATE_PAYMENT_METHOD
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.bank_accounts import BankAccountStore
from infrastructure.db.identity import IdentityStore
from infrastructure.db.openings import OpeningReader
from infrastructure.db.pool import Pool
from infrastructure.db.quotes import QuoteStore
from infrastructure.db.saved import SavedStore
from infrastructure.db.sends import SendReader
from infrastructure.db.strategies import PositionReader
from infrastructure.db.swaps import SwapReader
from infrastructure.outside import Outside
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.approvals import ApprovalDesk
from infrastructure.services.bank_accounts import BankAccountDesk
from infrastructure.services.choices import ChoiceDesk
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.held import HeldWithdrawDesk
from infrastructure.services.initiations import Initiations
from infrastructure.services.limits import LimitDesk
from infrastructure.services.money import MoneyMovements
from infrastructure.services.payment_choices import PaymentChoices
from infrastructure.services.payments import BUY as PURCHASE
from infrastructure.services.payments import DEPOSIT, PaymentDesk, PaymentFlow
from infrastructure.services.payouts import PayoutDesk
from infrastructure.services.providers import OfferDesk
from infrastructure.services.quotes import QuoteBook
from infrastructure.services.saved import SavedDesk
from infrastructure.services.strategies import StrategyDesk
from infrastructure.services.swaps import BUY, SELL, WITHDRAW, SwapDesk, SwapFlow
from infrastructure.services.transfers import Movement, Send, TransferDesk, Withdraw


def open_movements(
    engine: SagaEngine, pool: Pool, gateway: SolanaGateway, outside: Outside
) -> MoneyMovements:
    """The desks of all flows."""
    initiations = Initiations(engine, QuoteBook(engine, QuoteStore(pool)))
    sends, accounts = SendReader(pool), BankAccountStore(pool)
    network = NetworkCosts(gateway, outside.prices)
    on_ramps = OfferDesk(outside.offers, outside.providers.on_ramps)
    paying = PaymentChoices(
        offers=on_ramps, methods=outside.listed.payment_methods, preferences=SavedStore(pool)
    )

    def payments(flow: PaymentFlow) -> PaymentDesk:
        return PaymentDesk(
            flow,
            engine=engine,
            initiations=initiations,
            openings=OpeningReader(pool),
            offers=on_ramps,
            prices=outside.prices,
            listed=outside.listed,
        )

    def swaps(flow: SwapFlow) -> SwapDesk:
        return SwapDesk(
            flow,
            engine=engine,
            initiations=initiations,
            openings=SwapReader(pool),
            gateway=gateway,
            network=network,
            dexes=outside.providers.dexes,
            chains=outside.providers.chains,
            offers=outside.offers,
            prices=outside.prices,
        )

    def transfers(movement: Movement) -> TransferDesk:
        return TransferDesk(
            movement,
            engine=engine,
            initiations=initiations,
            openings=sends,
            gateway=gateway,
            network=network,
        )

    return MoneyMovements(
        sends=transfers(Send()),
        withdraws=transfers(Withdraw()),
        held=HeldWithdrawDesk(
            engine=engine,
            initiations=initiations,
            openings=SwapReader(pool),
            gateway=gateway,
            chains=outside.providers.chains,
            prices=outside.prices,
        ),
        conversions=swaps(WITHDRAW),
        deposits=payments(DEPOSIT),
        purchases=payments(PURCHASE),
        approvals=ApprovalDesk(
            engine=engine, actions=sends, gateway=gateway, chains=outside.providers.chains
        ),
        choices=ChoiceDesk(
            engine=engine,
            actions=sends,
            prepare={EXTEND_TIMEOUT: paying.prepare, UPDATE_PAYMENT_METHOD: paying.prepare},
        ),
        limits=LimitDesk(profiles=IdentityStore(pool), figures=engine.policy.figures),
        buys=swaps(BUY),
        sells=swaps(SELL),
        payouts=PayoutDesk(
            engine=engine,
            initiations=initiations,
            openings=SwapReader(pool),
            accounts=accounts,
            network=network,
            providers=outside.providers.off_ramps,
            offers=outside.offers,
        ),
        banks=BankAccountDesk(
            store=accounts, wallets=IdentityStore(pool), providers=outside.providers.off_ramps
        ),
        strategies=_strategies(engine, pool, network, outside, initiations=initiations),
    )


def _strategies(
    engine: SagaEngine,
    pool: Pool,
    network: NetworkCosts,
    outside: Outside,
    *,
    initiations: Initiations,
) -> StrategyDesk:
    return StrategyDesk(
        engine=engine,
        initiations=initiations,
        openings=SwapReader(pool),
        positions_of=PositionReader(pool),
        network=network,
        book=outside.strategies,
        protocols=outside.providers.defi,
    )


def open_saved(engine: SagaEngine, pool: Pool, outside: Outside) -> SavedDesk:
    """What users keep to find again."""
    return SavedDesk(
        store=SavedStore(pool),
        users=IdentityStore(pool),
        screening=engine.policy.screening,
        registry=outside.listed.registry,
    )
