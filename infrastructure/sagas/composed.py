"""A provider's instructions as a transaction of the platform: what the user pays for it is in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import Instruction

from domain.contracts.events import NetworkCost
from domain.contracts.transfer_events import LegRequested
from domain.provider.effects import Declined, MoreCharged
from domain.provider.leg import fee_due
from domain.shared.stream import Stream
from infrastructure.chains.solana.addresses import parse_address, reference_of
from infrastructure.chains.solana.composing import with_our_fee
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import PreparedTransfer
from infrastructure.sagas.legs import charge, cost_by_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """Ready to be signed: what the network costs its user, and what is `due` from earlier (USDC)."""

    prepared: PreparedTransfer
    cost: NetworkCost
    due: int


async def composed(
    gateway: SolanaGateway,
    stream: Stream,
    instructions: Sequence[Instruction],
    *,
    owner: str,
    platform_fee: int,
    payable: int | None,
) -> Composed | MoreCharged | Declined:
    """With one transfer of all that `owner` owes the platform. The network's cost has to be paid out
    of less than `payable`, where that is known. Raises `RpcError`."""
    shown = stream.known(LegRequested).network_cost
    asked = cost_by_quote(await gateway.composed_cost(instructions), shown)
    cost = charge(asked, shown, payable=payable)
    if not isinstance(cost, NetworkCost):
        return cost
    due = fee_due(stream)
    whole = with_our_fee(
        instructions,
        owner=parse_address(owner),
        treasury_owner=gateway.treasury_owner,
        base_units=cost.total_base_units + platform_fee + due,
        reference=reference_of(stream.id),
    )
    try:
        prepared = await gateway.prepare(whole)
    except ValueError as error:
        return Declined(code="PRV_UNSUPPORTED", reason=str(error))
    return Composed(prepared=prepared, cost=cost, due=due)
