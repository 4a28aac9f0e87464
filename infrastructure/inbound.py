"""Everything of a worker that looks for money that came in by itself, opened together."""

from collections.abc import Coroutine, Mapping

from domain.provider.ports.chain import ChainGateway
from domain.shared.assets import SOL, USDC, Chain
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.deposits import DepositStore
from infrastructure.db.pool import Pool
from infrastructure.sagas.credits import CreditBook, CreditWatcher
from infrastructure.sagas.deposits import POLL_SECONDS, DepositWatcher
from infrastructure.sagas.engine import SagaEngine
from infrastructure.settings import Settings

Work = Coroutine[object, object, None]


def open_inbound(
    engine: SagaEngine,
    *,
    owner: str,
    pool: Pool,
    gateway: SolanaGateway,
    chains: Mapping[Chain, ChainGateway],
    settings: Settings,
) -> Mapping[str, Work]:
    """What is to be run, by name: one for each chain, on Solana one for each asset."""
    deposits = DepositStore(pool)
    book = CreditBook(engine, deposits, patience_seconds=settings.inbound_patience_seconds)
    on_solana = {USDC: POLL_SECONDS, SOL: settings.inbound_solana_seconds}
    elsewhere = {
        Chain.BITCOIN: settings.inbound_bitcoin_seconds,
        Chain.ETHEREUM: settings.inbound_ethereum_seconds,
        Chain.SUI: settings.inbound_sui_seconds,
    }
    solana = {
        f"deposits of {asset.symbol}": DepositWatcher(
            owner=owner,
            deposits=deposits,
            gateway=gateway,
            book=book,
            asset=asset,
            poll_seconds=seconds,
        ).run()
        for asset, seconds in on_solana.items()
    }
    others = {
        f"deposits on {chain}": CreditWatcher(
            owner=owner, deposits=deposits, gateway=known, book=book, poll_seconds=elsewhere[chain]
        ).run()
        for chain, known in chains.items()
    }
    return {**solana, **others}
