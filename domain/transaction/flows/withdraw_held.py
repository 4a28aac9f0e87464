"""What the events of a Withdraw of an asset on its own chain say of the transaction: as of USDC, but
that its user pays the network in the asset which that takes."""

from dataclasses import replace
from typing import Final

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import AvailableBalanceReserved, SignatureWanted, UserActionRequired
from domain.contracts.gas import Gas
from domain.contracts.swap_events import InvestedBalanceReserved
from domain.contracts.transfer_events import TransferConfirmed
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.swap import network_fee
from domain.transaction.flows.withdraw import (
    MILESTONES,
    RECORDS,
    answers,
    columns,
    opening_columns,
)

_HELD: Final[dict[type[EventPayload], Record]] = {
    **RECORDS,
    InvestedBalanceReserved: RECORDS[AvailableBalanceReserved],
}


def _columns(stream: Stream, event: Event) -> Columns:
    cost = stream.known(WithdrawTransactionInitiated).network_cost
    match event.data:
        case WithdrawTransactionInitiated() as withdraw:
            paid = {"chain": withdraw.chain, "fees": (network_fee(cost),)}
            return opening_columns(event, withdraw) | paid
        case UserActionRequired(signature=SignatureWanted(network_cost=asked)):
            return {"fees": (network_fee(asked),)}
        case TransferConfirmed(gas=Gas() as gas):
            paid = {"fees": (network_fee(replace(cost, gas=gas)),)}
            return columns(stream, event) | paid
        case _:
            return columns(stream, event)


FLOW: Final = Flow(
    records=_HELD,
    milestones=tuple(
        InvestedBalanceReserved if each is AvailableBalanceReserved else each for each in MILESTONES
    ),
    columns=_columns,
    answers=answers,
)
