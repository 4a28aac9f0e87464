"""A transfer of USDC as a leg: built for its user, read from the chain when it has landed."""

from datetime import datetime, timedelta
from typing import Final

from solders.pubkey import Pubkey

from domain.contracts.events import NetworkCost
from domain.contracts.transfer_events import TransferRequested, TransferWanted
from domain.provider.effects import BuildOutcome, Landed
from domain.provider.leg import fee_due
from domain.shared.assets import USDC
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from infrastructure.chains.solana.addresses import (
    parse_address,
    reference_of,
)
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.holdings import usdc_of
from infrastructure.chains.solana.model import TransferRequest
from infrastructure.sagas.legs import Seen, built, charge, cost_by_quote

QUOTE_SECONDS: Final = 15.0
"""So long a quoted cost is taken for the chain's; a rebuild comes later and asks again."""


class TransferLeg:
    """Of USDC, to whomever."""

    def __init__(self, gateway: SolanaGateway) -> None:
        self._gateway = gateway

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        requested = stream.known(TransferRequested)
        wanted = requested.transfer
        recipient, due = parse_address(wanted.recipient_address), fee_due(stream)
        asked = await self._cost(stream, recipient, now)
        payable = wanted.amount - wanted.platform_fee
        cost = charge(asked, requested.network_cost, payable=payable)
        if not isinstance(cost, NetworkCost):
            return cost
        delivered = wanted.delivered or payable - cost.total_base_units
        prepared = await self._gateway.prepare_transfer(
            TransferRequest(
                sender=parse_address(wanted.sender_address),
                recipient_owner=recipient,
                amount_base_units=delivered,
                platform_fee_base_units=wanted.platform_fee,
                network_cost_base_units=cost.total_base_units,
                fee_due_base_units=due,
                memo=wanted.memo,
                reference=reference_of(stream.id),
                create_recipient_account=asked.rent_lamports > 0,
            )
        )
        return built(
            prepared,
            now,
            summary=_summary(wanted, delivered, cost),
            brings=(delivered, USDC.symbol),
            charged=cost,
            due=due,
        )

    def read(self, stream: Stream, seen: Seen) -> Landed | None:
        wanted = stream.known(TransferRequested).transfer
        received = usdc_of(seen.left.movements, parse_address(wanted.recipient_address))
        if received is None:
            return None
        fee = usdc_of(seen.left.movements, self._gateway.treasury_owner)
        return Landed(
            slot=seen.slot,
            commitment=seen.commitment,
            recipient_amount=received.delta_base_units,
            recipient_instruction=received.instruction_index,
            recipient_account=received.account,
            fee_amount=fee.delta_base_units if fee else 0,
            fee_instruction=fee.instruction_index if fee else None,
            fee_account=fee.account if fee else None,
            lamports_spent=seen.left.lamports_spent,
        )

    async def _cost(self, stream: Stream, recipient: Pubkey, now: datetime) -> NetworkCost:
        """What was quoted a moment ago, else what the chain asks now. Where just so much has to
        arrive, whoever delivers it was found since."""
        requested = stream.known(TransferRequested)
        quoted, quoted_at = requested.network_cost, stream.events[0].occurred_at
        is_exact = requested.transfer.delivered is not None
        if not is_exact and now - quoted_at <= timedelta(seconds=QUOTE_SECONDS):
            return quoted
        return cost_by_quote(await self._gateway.transfer_cost(recipient), quoted)


def _summary(wanted: TransferWanted, delivered: int, cost: NetworkCost) -> str:
    """What signing does, in plain words."""
    fees = wanted.platform_fee + cost.total_base_units
    what = "for the network" if not wanted.platform_fee else "in fees"
    return (
        f"Send {AssetAmount.of(delivered, USDC.symbol)} to {wanted.recipient_name} and pay "
        f"{AssetAmount.of(fees, USDC.symbol)} {what}"
    )
