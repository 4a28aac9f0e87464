"""The states of a transaction and which may follow which (decisions, section 1)."""

from enum import StrEnum


class State(StrEnum):
    """Where a transaction stands."""

    INITIATED = "INITIATED"
    BALANCE_RESERVED = "BALANCE_RESERVED"
    PROVIDER_SELECTED = "PROVIDER_SELECTED"
    PROVIDER_PROCESSING = "PROVIDER_PROCESSING"
    PROVIDER_FAILOVER = "PROVIDER_FAILOVER"
    BLOCKCHAIN_PENDING = "BLOCKCHAIN_PENDING"
    BLOCKCHAIN_CONFIRMED = "BLOCKCHAIN_CONFIRMED"
    BALANCE_UPDATED = "BALANCE_UPDATED"
    COMPENSATING = "COMPENSATING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Trigger(StrEnum):
    """What can be asked of the machine: each leads to one state, `REOPEN` by an operator alone."""

    RESERVE = "reserve"
    SELECT_PROVIDER = "select_provider"
    PROCESS = "process"
    FAIL_OVER = "fail_over"
    SUBMIT_TO_CHAIN = "submit_to_chain"
    CONFIRM = "confirm"
    UPDATE_BALANCE = "update_balance"
    COMPLETE = "complete"
    COMPENSATE = "compensate"
    FAIL = "fail"
    REOPEN = "reopen"


SUB_STATES: dict[State, tuple[str, ...]] = {
    State.PROVIDER_PROCESSING: (
        "PAYMENT_METHOD_AUTHORIZING",
        "FIAT_PAYMENT_PENDING",
        "FIAT_PAYMENT_CONFIRMED",
        "CONVERSION_PENDING",
        "CONVERSION_COMPLETED",
        "LIQUIDITY_CHECKING",
        "PRICE_QUOTING",
        "SLIPPAGE_VALIDATING",
        "SWAP_EXECUTING",
        "BRIDGE_INITIALIZING",
        "BRIDGE_CONFIRMING",
        "STRATEGY_VALIDATING",
        "ASSET_PREPARATION",
        "PROTOCOL_CONNECTING",
        "POSITION_OPENING",
        "POSITION_CLOSING",
        "TRANSACTION_BUILDING",
        "TRANSACTION_SIGNING",
    ),
    State.BLOCKCHAIN_PENDING: (
        "TRANSACTION_BROADCASTING",
        "MEMPOOL_PENDING",
        "BLOCK_CONFIRMATION_PENDING",
    ),
    State.BLOCKCHAIN_CONFIRMED: ("CONFIRMATION_COMPLETED",),
}

TERMINAL_STATES = frozenset({State.COMPLETED, State.FAILED})

_COMPENSABLE = (
    State.BALANCE_RESERVED,
    State.PROVIDER_SELECTED,
    State.PROVIDER_PROCESSING,
    State.PROVIDER_FAILOVER,
    State.BLOCKCHAIN_PENDING,
    State.BLOCKCHAIN_CONFIRMED,
)

RULES: dict[Trigger, tuple[tuple[State, ...], State]] = {
    Trigger.RESERVE: ((State.INITIATED,), State.BALANCE_RESERVED),
    Trigger.SELECT_PROVIDER: (
        (State.BALANCE_RESERVED, State.PROVIDER_FAILOVER),
        State.PROVIDER_SELECTED,
    ),
    # From the chain: a rebuild after proof of absence, or the next leg of a longer flow.
    Trigger.PROCESS: (
        (State.PROVIDER_SELECTED, State.BLOCKCHAIN_PENDING, State.BLOCKCHAIN_CONFIRMED),
        State.PROVIDER_PROCESSING,
    ),
    Trigger.FAIL_OVER: (
        (State.PROVIDER_SELECTED, State.PROVIDER_PROCESSING),
        State.PROVIDER_FAILOVER,
    ),
    # From confirmed: a reorganisation before finality.
    Trigger.SUBMIT_TO_CHAIN: (
        (State.PROVIDER_PROCESSING, State.BLOCKCHAIN_CONFIRMED),
        State.BLOCKCHAIN_PENDING,
    ),
    Trigger.CONFIRM: ((State.BLOCKCHAIN_PENDING,), State.BLOCKCHAIN_CONFIRMED),
    Trigger.UPDATE_BALANCE: (
        (State.PROVIDER_PROCESSING, State.BLOCKCHAIN_CONFIRMED),
        State.BALANCE_UPDATED,
    ),
    Trigger.COMPLETE: ((State.BALANCE_UPDATED, State.COMPENSATING), State.COMPLETED),
    Trigger.COMPENSATE: (_COMPENSABLE, State.COMPENSATING),
    Trigger.FAIL: ((State.INITIATED, State.BLOCKCHAIN_PENDING, State.COMPENSATING), State.FAILED),
    Trigger.REOPEN: ((State.FAILED,), State.COMPENSATING),
}
