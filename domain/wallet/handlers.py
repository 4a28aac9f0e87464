"""What the wallet decides beside its reactions: money that came in unannounced."""

from domain.contracts.commands import BookDepositCommand
from domain.contracts.events import UnannouncedDepositReceived
from domain.shared.accounts import available, chain
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting


def book_deposit(stream: Stream, command: BookDepositCommand, facts: Facts) -> Decision:
    """Books what the chain shows, once: neither a stream that has it nor a movement that somebody
    else claimed is booked again."""
    if stream.events or facts.rejection is not None:
        return NOTHING
    received = UnannouncedDepositReceived(
        chain=USDC.chain,
        signature=command.signature,
        account=command.account,
        asset=USDC.symbol,
        amount=command.amount,
    )
    claim = ChainClaim(
        chain=USDC.chain,
        signature=command.signature,
        instruction=command.instruction,
        account=command.account,
    )
    return Decision(
        events=(received,),
        postings=(
            Posting(account=chain(USDC), posted=-command.amount),
            Posting(account=available(stream.wallet_id), posted=command.amount),
        ),
        claims=(claim,),
    )
