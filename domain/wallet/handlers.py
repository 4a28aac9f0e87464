"""What the wallet decides beside its reactions: money that came in unannounced."""

from domain.contracts.commands import BookDepositCommand
from domain.contracts.events import BlockedDepositReceived, UnannouncedDepositReceived
from domain.shared.accounts import chain, suspense
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting
from domain.wallet.swap import balance_of


def book_deposit(stream: Stream, command: BookDepositCommand, facts: Facts) -> Decision:
    """Books what the chain shows, once: neither a stream that has it nor a movement that somebody
    else claimed is booked again. What comes from a sanctioned address goes to suspense."""
    if stream.events or (facts.rejection and facts.rejection.booked):
        return NOTHING
    asset = ASSETS[command.asset]
    is_blocked = bool(facts.screening.hits(command.senders))
    credited = (
        suspense(stream.wallet_id, asset.symbol)
        if is_blocked
        else balance_of(stream.wallet_id, asset.symbol)
    )
    claim = ChainClaim(
        chain=asset.chain,
        signature=command.signature,
        instruction=command.instruction,
        account=command.account,
    )
    return Decision(
        events=(_blocked(command, facts) if is_blocked else _received(command),),
        postings=(
            Posting(account=chain(asset), posted=-command.amount),
            Posting(account=credited, posted=command.amount),
        ),
        claims=(claim,),
    )


def _received(command: BookDepositCommand) -> UnannouncedDepositReceived:
    return UnannouncedDepositReceived(
        chain=ASSETS[command.asset].chain,
        signature=command.signature,
        account=command.account,
        asset=command.asset,
        amount=command.amount,
    )


def _blocked(command: BookDepositCommand, facts: Facts) -> BlockedDepositReceived:
    return BlockedDepositReceived(
        chain=ASSETS[command.asset].chain,
        signature=command.signature,
        account=command.account,
        asset=command.asset,
        amount=command.amount,
        senders=command.senders,
        policy_version=f"{facts.figures.policy_version}+{facts.screening.version}",
    )
