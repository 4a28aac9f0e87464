"""Every call to the outside that a worker of the provider context makes, by the effect's kind."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.contracts.strategy_events import BlockchainCallRequested
from domain.contracts.swap_events import BlockchainSwapRequested
from domain.contracts.transfer_events import TransferRequested
from domain.provider.effects import EffectKind
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Level
from infrastructure.outside import Outside
from infrastructure.sagas.arrivals import Arrivals
from infrastructure.sagas.chain_legs import ChainLegs
from infrastructure.sagas.chain_swaps import ChainSwapLeg
from infrastructure.sagas.chain_transfers import ChainTransferLeg
from infrastructure.sagas.choices import choice_deadline
from infrastructure.sagas.deliveries import DeliveryEffects
from infrastructure.sagas.effects import CarryOut
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.leg_effects import LegEffects
from infrastructure.sagas.legs import SolanaLegs
from infrastructure.sagas.payments import PaymentEffects
from infrastructure.sagas.payouts import PayoutEffects
from infrastructure.sagas.protocols import ProtocolLeg
from infrastructure.sagas.requotes import RequoteEffects
from infrastructure.sagas.sol_transfers import TransferLegs
from infrastructure.sagas.suspense import SuspenseEffects
from infrastructure.sagas.swaps import PromisedSwaps, SwapLeg
from infrastructure.sagas.watcher import ConfirmationWatcher
from infrastructure.services.payout_offers import PayoutOfferDesk
from infrastructure.services.providers import OfferDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideEffects:
    """`handlers` carry out what is due, those of `reads` without changing anything; `confirmations`
    is the worker's to run."""

    handlers: Mapping[str, CarryOut]
    reads: frozenset[str]
    confirmations: ConfirmationWatcher


def open_effects(
    engine: SagaEngine, gateway: SolanaGateway, outside: Outside, *, commitment: Level
) -> OutsideEffects:
    """The effects of all flows."""
    providers = outside.providers
    promised = PromisedSwaps(providers.dexes, outside.standings)
    swaps = SwapLeg(gateway, swaps=promised)
    others = ChainLegs(
        providers.chains,
        kinds={
            BlockchainSwapRequested: ChainSwapLeg(promised),
            TransferRequested: ChainTransferLeg(),
        },
    )
    calls = ProtocolLeg(gateway, protocols=providers.defi, book=outside.strategies)
    legs = SolanaLegs(
        gateway,
        kinds={
            TransferRequested: TransferLegs(gateway),
            BlockchainSwapRequested: swaps,
            BlockchainCallRequested: calls,
        },
        commitment=commitment,
    )
    watcher = ConfirmationWatcher(engine=engine, legs=legs)
    signed = LegEffects(engine=engine, solana=legs, others=others, watcher=watcher)
    arrivals = Arrivals(providers.chains, gateway)
    requotes = RequoteEffects(
        OfferDesk(outside.offers, providers.on_ramps),
        PayoutOfferDesk(collector=outside.offers, providers=providers.off_ramps),
    )
    payments = PaymentEffects(
        engine=engine,
        providers=providers.on_ramps,
        arrivals=arrivals,
        standing=outside.standings,
    )
    payouts = PayoutEffects(
        engine=engine,
        providers=providers.off_ramps,
        arrivals=arrivals,
        returns=outside.returns,
        standing=outside.standings,
        platform=gateway.platform,
    )
    deliveries = DeliveryEffects(engine=engine, dexes=providers.dexes, arrivals=arrivals)
    return OutsideEffects(
        handlers={
            **signed.handlers(),
            **requotes.handlers(),
            **payments.handlers(),
            **payouts.handlers(),
            **deliveries.handlers(),
            **SuspenseEffects(arrivals).handlers(),
            EffectKind.CHOICE_DEADLINE: choice_deadline,
        },
        reads=frozenset([EffectKind.BUILD]),
        confirmations=watcher,
    )
