"""What the provider context does in each flow: the flow is named by the event that opens it."""

from domain.contracts.deposit_events import DepositTransactionInitiated
from domain.contracts.envelope import EventPayload
from domain.contracts.events import SendTransactionInitiated
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider.flows import deposit, send, withdraw
from domain.shared.saga import Reactions

REACTIONS: dict[type[EventPayload], Reactions] = {
    SendTransactionInitiated: send.REACTIONS,
    DepositTransactionInitiated: deposit.REACTIONS,
    WithdrawTransactionInitiated: withdraw.REACTIONS,
}
