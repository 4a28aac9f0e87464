"""Which fault meets which flow, and what the flow then comes to: a line a cell that differs.

A provider's fault is set where the flow hands its order to that provider, and once, unless the kind
says otherwise; a fault of the chain where the signed transaction is handed to it.
"""

from dataclasses import dataclass, field
from typing import Final

HANG_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Expected:
    """`executed` is how often the money moved: signed by its user, or brought by a provider."""

    outcome: str
    reason: str | None = None
    executed: int = 0


DONE: Final = Expected("COMPLETED", executed=1)

WEBHOOKS: Final = (
    "webhook_lost",
    "webhook_duplicated",
    "webhook_delayed",
    "webhook_reordered",
    "webhook_forged",
)
ANSWERS: Final = (
    "latency",
    "timeout_before_executing",
    "timeout_after_executing",
    "error",
    "rate_limit",
    "outage",
    "malformed_body",
    "wrong_amount",
)
CHAIN: Final = (
    "latency",
    "timeout_before_executing",
    "timeout_after_executing",
    "error",
    "rate_limit",
    "drop_broadcasts",
)
READS: Final = ("latency", "error", "rate_limit", "timeout_before_executing")

# The provider that a flow is led to, the operation that hands it the order, and the one whose amount
# may be wrong. Payments are led to stripe, where no quote uses up the fault of the opening.
PROVIDERS: Final = {
    "deposit": ("stripe", "create_session", "deliver"),
    "buy_by_payment": ("stripe", "create_session", "deliver"),
    "withdraw_to_bank": ("bridge", "create_transfer", "create_transfer"),
    "withdraw_with_conversion": ("debridge", "create_tx", "deliver"),
    "buy": ("jupiter", "build", "build"),
    "sell": ("jupiter", "build", "build"),
    "launch": ("kamino", "deposit", "deposit"),
    "stop": ("kamino", "withdraw", "withdraw"),
}
SIGNED: Final = (
    "send",
    "withdraw_to_wallet",
    "withdraw_with_conversion",
    "withdraw_to_bank",
    "buy",
    "sell",
    "launch",
    "stop",
)
PAID: Final = ("deposit", "buy_by_payment")
RIVALS: Final = {"deposit": "coinbase", "buy_by_payment": "coinbase", "withdraw_to_bank": "due"}
# What meets their faults is, but for its end, what meets those of deposit, buy and send; what
# meets those of a bridge has tests of its own.
LONG: Final = ("buy_by_payment", "sell", "withdraw_to_wallet", "withdraw_with_conversion")
# A protocol is asked again for a quarter of a minute before it counts as out.
PATIENT: Final = (
    "launch-kamino-outage",
    "launch-kamino-wrong_amount",
    "stop-kamino-wrong_amount",
)
CHOSEN: Final = (*PAID, "withdraw_to_bank")
BOOKED: Final = ("coinbase", "stripe", "bridge", "due", "lifi", "debridge")
"""They keep books of what they have carried out; the others' book is the chain."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`at` is who misbehaves, empty where nobody does."""

    flow: str
    at: str
    kind: str
    faults: list[dict[str, object]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.flow}-{self.at}-{self.kind}" if self.at else f"{self.flow}-calm"

    @property
    def is_long(self) -> bool:
        """Too long, for what it adds, to run with every change."""
        return bool(self.at and self.flow in LONG) or self.name in PATIENT


def cells() -> list[Cell]:
    calm = [Cell(flow, "", "") for flow in (*PAID, *SIGNED)]
    answers = [
        Cell(flow, str(faults[-1]["provider"]), kind, faults)
        for flow in PROVIDERS
        for kind in (*ANSWERS, *(WEBHOOKS if flow in CHOSEN else ()))
        for faults in [_provider_faults(flow, kind)]
    ]
    sent = [
        Cell(flow, "solana", kind, [_fault(kind, methods=["sendTransaction"], remaining=1)])
        for flow in SIGNED
        for kind in CHAIN
    ]
    seen = [
        Cell(flow, "solana", kind, [_fault(kind, remaining=3)]) for flow in PAID for kind in READS
    ]
    return [*calm, *answers, *sent, *seen]


def _provider_faults(flow: str, kind: str) -> list[dict[str, object]]:
    provider, operation, amount = PROVIDERS[flow]
    led = [_fault("outage", provider=RIVALS[flow])] if _is_led(flow, kind) else []
    if kind == "outage" and flow in PAID:
        return [_fault(kind, provider="coinbase")]
    if kind == "outage" and flow == "withdraw_to_bank":
        # Whether it was asked before it went out nobody else can tell: it is waited for.
        return [_fault(kind, provider=provider, remaining=3)]
    if kind == "outage" or kind in WEBHOOKS:
        return [*led, _fault(kind, provider=provider, delay_ms=500)]
    if kind == "wrong_amount":
        return [*led, _fault(kind, provider=provider, operations=[amount], millionths=900_000)]
    return [*led, _fault(kind, provider=provider, operations=[operation], remaining=1)]


def _is_led(flow: str, kind: str) -> bool:
    """Whether the other provider is out, so that this one is chosen whatever its record by then.
    Where this one itself is out, the other must still be there."""
    return kind != "outage" if flow in PAID else flow in RIVALS and kind == "wrong_amount"


def _fault(kind: str, **more: object) -> dict[str, object]:
    pace = {"latency": {"latency_ms": HANG_MS}}.get(kind, {})
    hang = {"hang_ms": HANG_MS} if kind.startswith("timeout") else {}
    return {"kind": kind, **more, **pace, **hang}


_NONE_LEFT: Final = Expected("FAILED", "PRV_UNAVAILABLE")

# All the other cells are DONE: led on, asked again, found out, or given to another provider.
EXPECTED: Final[dict[str, Expected]] = {
    # The other provider is out already.
    "deposit-stripe-rate_limit": _NONE_LEFT,
    "buy_by_payment-stripe-rate_limit": _NONE_LEFT,
    # What was opened is not what was asked for: a person looks at it, nothing has moved.
    "withdraw_to_bank-bridge-wrong_amount": Expected("OPERATOR", "SUSPENSE"),
    # Less is at somebody else's address than was promised: a person looks at it.
    "withdraw_with_conversion-debridge-wrong_amount": Expected("OPERATOR", "SUSPENSE", executed=1),
    # Where a strategy's protocol fails on, nothing is signed, and the user stops when asked.
    "launch-kamino-outage": _NONE_LEFT,
    "launch-kamino-wrong_amount": _NONE_LEFT,
    "stop-kamino-outage": Expected("REFUSED", "PRV_UNAVAILABLE"),
    "stop-kamino-wrong_amount": _NONE_LEFT,
}
