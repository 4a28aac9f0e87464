"""A transfer as a leg on a chain where the user pays the network: of what lives there, to anybody."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.gas import Gas
from domain.contracts.transfer_events import TransferRequested, TransferWanted
from domain.provider.effects import BuildOutcome, Declined, Landed, MoreCharged, NotAttempted
from domain.provider.ports import answers
from domain.provider.ports.chain import (
    ChainGateway,
    NetworkFee,
    PlainTransfer,
    Sighting,
    TransferPrepared,
)
from domain.shared.assets import ASSETS, NATIVE
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from infrastructure.sagas.chain_legs import COMMITMENT, gas_of, not_prepared, shown, shown_before

RISE_FACTOR: Final = 2
"""So much dearer the network may become until its user has signed, before they are asked."""
SIGNING_SECONDS: Final = 300.0
"""How long it may be signed as it was prepared: fees and coins move on."""


class ChainTransferLeg:
    """At the network's present rate, as long as that is within what is held for it."""

    async def build(self, stream: Stream, gateway: ChainGateway, now: datetime) -> BuildOutcome:
        requested = stream.known(TransferRequested)
        wanted = requested.transfer
        fee = await gateway.network_fee(transfer_of(wanted))
        if not isinstance(fee, NetworkFee):
            return not_prepared(fee, now)
        transfer = transfer_of(wanted, fee_rate=fee.rate)
        prepared = await gateway.prepare_transfer(
            replace(transfer, instead_of=shown_before(stream))
        )
        if not isinstance(prepared, TransferPrepared):
            return _not_prepared(prepared, now)
        gas = requested.network_cost.gas
        if gas is None or prepared.fee > gas.amount:
            most = max(most_of(fee), prepared.fee)
            asked = Gas(asset=fee.asset, amount=most)
            return MoreCharged(network_cost=replace(requested.network_cost, gas=asked))
        return shown(
            prepared,
            requested,
            summary=_summary(wanted, prepared),
            brings=(wanted.amount, wanted.asset),
            until=now + timedelta(seconds=SIGNING_SECONDS),
        )

    async def read(
        self, stream: Stream, gateway: ChainGateway, seen: Sighting, name: str
    ) -> Landed | None:
        wanted = stream.known(TransferRequested).transfer
        credits_ = await gateway.movements(name)
        if not isinstance(credits_, tuple):
            return None
        address = gateway.parse_address(wanted.recipient_address)
        for credit in credits_:
            if (credit.address, credit.asset) == (address, wanted.asset):
                return Landed(
                    slot=seen.depth,
                    commitment=COMMITMENT,
                    recipient_amount=credit.amount,
                    recipient_instruction=credit.index,
                    recipient_account=credit.address,
                    fee_amount=0,
                    fee_instruction=None,
                    fee_account=None,
                    lamports_spent=0,
                    gas=gas_of(gateway, seen),
                    signature=name,
                )
        return None


def most_of(fee: NetworkFee) -> int:
    """What is held for a transfer that would cost so much now; what is not needed is free again."""
    return RISE_FACTOR * fee.amount


def _not_prepared(answer: answers.Setback, now: datetime) -> Declined | NotAttempted:
    """Where the network became dearer since its rate was asked a moment ago, it is asked again."""
    if isinstance(answer, answers.Declined) and answer.code == "TXN_COST_ROSE":
        answer = answers.NotAttempted(reason=answer.reason)
    return not_prepared(answer, now)


def transfer_of(wanted: TransferWanted, *, fee_rate: int = 1) -> PlainTransfer:
    """As the chain's gateway has it."""
    return PlainTransfer(
        asset=ASSETS[wanted.asset],
        sender=wanted.sender_address,
        recipient=wanted.recipient_address,
        amount=wanted.amount,
        fee_rate=fee_rate,
    )


def _summary(wanted: TransferWanted, prepared: TransferPrepared) -> str:
    """What signing does, in plain words."""
    native = NATIVE[ASSETS[wanted.asset].chain].symbol
    cost = AssetAmount.of(prepared.fee, native)
    sent = AssetAmount.of(wanted.amount, wanted.asset)
    return f"Send {sent} to {wanted.recipient_name}, at a cost of {cost} at most"
