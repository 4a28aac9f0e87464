"""What off-ramps see of the sandbox's Solana chain: USDC that comes to their addresses, and back."""

from solders.signature import Signature

from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.sandbox.lifi.solana import SolanaSource
from infrastructure.sandbox.solana_chain import SolanaChain

LOOKED_AT_MAX = 100


class SolanaDeposits:
    """`DepositWatch` and `Refund` of the off-ramps."""

    def __init__(self, chain: SolanaChain) -> None:
        self._chain = chain
        self._source = SolanaSource(chain)

    async def received(self, *, address: str, asset: str) -> list[tuple[str, int, str]]:
        """Of USDC alone; the sender is not told, for the return address is the order's."""
        if asset != USDC.symbol:
            return []
        account = associated_token_account(parse_address(address))
        clock = self._chain.clock
        mentions = self._chain.runtime.store.mentions(
            account, before=None, until=None, slot_max=clock.slot("finalized"), limit=LOOKED_AT_MAX
        )
        found: list[tuple[str, int, str]] = []
        for mention in reversed(mentions):
            hash_ = str(Signature(mention.signature))
            credits_ = await self._source.credits(chain="SOLANA", transaction_hash=hash_)
            found += [
                (hash_, credit.amount, address)
                for credit in credits_
                if credit.address == str(account) and credit.asset == asset
            ]
        return found

    async def send_back(self, *, asset: str, amount: int, to_address: str) -> str:
        """ValueError for anything but USDC."""
        if asset != USDC.symbol:
            raise ValueError(f"no {asset} here")
        return self._chain.mint_usdc(parse_address(to_address), amount)
