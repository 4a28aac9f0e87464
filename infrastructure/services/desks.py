"""Every use case of moving money, opened for an API."""

from domain.provider.extensions import EXTEND_TIMEOUT
from domain.provider.payment_choices import UPDATE_PAYMENT_METHOD
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
from infrastructure.services.payout_offers import PayoutOfferDesk
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
    desks = _Desks(engine, pool, gateway, outside)
    return MoneyMovements(
        sends=desks.transfers(Send()),
        withdraws=desks.transfers(Withdraw()),
        held=desks.held(),
        conversions=desks.swaps(WITHDRAW),
        deposits=desks.payments(DEPOSIT),
        purchases=desks.payments(PURCHASE),
        approvals=desks.approvals(),
        choices=desks.choices(),
        limits=LimitDesk(profiles=IdentityStore(pool), figures=engine.policy.figures),
        buys=desks.swaps(BUY),
        sells=desks.swaps(SELL),
        payouts=desks.payouts(),
        banks=desks.banks(),
        strategies=desks.strategies(),
        prices=outside.prices,
    )


class _Desks:
    """Opens desks that share what they are made of."""

    def __init__(
        self, engine: SagaEngine, pool: Pool, gateway: SolanaGateway, outside: Outside
    ) -> None:
        self._engine = engine
        self._pool = pool
        self._gateway = gateway
        self._outside = outside
        self._providers = outside.providers
        self._initiations = Initiations(engine, QuoteBook(engine, QuoteStore(pool)))
        self._network = NetworkCosts(gateway, outside.prices)
        self._on_ramps = OfferDesk(outside.offers, outside.providers.on_ramps)

    def transfers(self, movement: Movement) -> TransferDesk:
        return TransferDesk(
            movement,
            engine=self._engine,
            initiations=self._initiations,
            openings=SendReader(self._pool),
            gateway=self._gateway,
            network=self._network,
        )

    def held(self) -> HeldWithdrawDesk:
        return HeldWithdrawDesk(
            engine=self._engine,
            initiations=self._initiations,
            openings=SwapReader(self._pool),
            gateway=self._gateway,
            chains=self._providers.chains,
            prices=self._outside.prices,
        )

    def swaps(self, flow: SwapFlow) -> SwapDesk:
        return SwapDesk(
            flow,
            engine=self._engine,
            initiations=self._initiations,
            openings=SwapReader(self._pool),
            gateway=self._gateway,
            network=self._network,
            dexes=self._providers.dexes,
            chains=self._providers.chains,
            offers=self._outside.offers,
            prices=self._outside.prices,
        )

    def payments(self, flow: PaymentFlow) -> PaymentDesk:
        return PaymentDesk(
            flow,
            engine=self._engine,
            initiations=self._initiations,
            openings=OpeningReader(self._pool),
            offers=self._on_ramps,
            prices=self._outside.prices,
            listed=self._outside.listed,
        )

    def payouts(self) -> PayoutDesk:
        return PayoutDesk(
            engine=self._engine,
            initiations=self._initiations,
            openings=SwapReader(self._pool),
            accounts=BankAccountStore(self._pool),
            network=self._network,
            offers=PayoutOfferDesk(
                collector=self._outside.offers, providers=self._providers.off_ramps
            ),
        )

    def banks(self) -> BankAccountDesk:
        return BankAccountDesk(
            store=BankAccountStore(self._pool),
            wallets=IdentityStore(self._pool),
            providers=self._providers.off_ramps,
        )

    def strategies(self) -> StrategyDesk:
        return StrategyDesk(
            engine=self._engine,
            initiations=self._initiations,
            openings=SwapReader(self._pool),
            positions_of=PositionReader(self._pool),
            network=self._network,
            book=self._outside.strategies,
            protocols=self._providers.defi,
        )

    def approvals(self) -> ApprovalDesk:
        return ApprovalDesk(
            engine=self._engine,
            actions=SendReader(self._pool),
            gateway=self._gateway,
            chains=self._providers.chains,
        )

    def choices(self) -> ChoiceDesk:
        paying = PaymentChoices(
            offers=self._on_ramps,
            methods=self._outside.listed.payment_methods,
            preferences=SavedStore(self._pool),
        )
        return ChoiceDesk(
            engine=self._engine,
            actions=SendReader(self._pool),
            prepare={EXTEND_TIMEOUT: paying.prepare, UPDATE_PAYMENT_METHOD: paying.prepare},
        )


def open_saved(
    engine: SagaEngine, pool: Pool, outside: Outside, gateway: SolanaGateway
) -> SavedDesk:
    """What users keep to find again."""
    return SavedDesk(
        store=SavedStore(pool),
        users=IdentityStore(pool),
        screening=engine.policy.screening,
        registry=outside.listed.registry,
        platform=gateway.platform,
    )
