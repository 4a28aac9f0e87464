"""What a user of the demonstration may want, each as the mutation that begins it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from domain.shared.assets import ASSETS, USDC, Asset, Chain

FEES_MAX: Final = Decimal("0.01")
"""More of what was put in than this the user does not pay to have it out, but for the least fee."""
FEES_LEAST: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A mutation and its input. Signing lets at most `spends_at_most` base units of `asset` leave.

    `time_passes`: the sandbox's clock runs meanwhile, as banks and bridges need it to.
    `gives_shares`: the user leaves a strategy, and gives its shares back.
    """

    operation: str
    order: Mapping[str, object]
    spends_at_most: int = 0
    asset: Asset = USDC
    time_passes: bool = False
    gives_shares: bool = False

    @property
    def document(self) -> str:
        """The mutation."""
        input_type = f"{self.operation[0].upper()}{self.operation[1:]}Input"
        return (
            f"mutation ($input: {input_type}!) {{ {self.operation}(input: $input) {{ "
            "transaction { id state } "
            "errors { code whatHappened why whatToDo alternatives } } }"
        )


def deposit(*, amount: str, method: str) -> Wish:
    """In US dollars."""
    return Wish(operation="initiateDeposit", order={"amount": amount, "paymentMethod": method})


def send(*, amount: str, recipient: str) -> Wish:
    """Of USDC, to a user by name."""
    return Wish(
        operation="initiateSend",
        order={"amount": amount, "recipient": f"@{recipient}"},
        spends_at_most=_units(amount, USDC),
    )


def withdraw_to_wallet(*, amount: str, address: str, target: str = USDC.symbol) -> Wish:
    """Of USDC, to an address of the chain of what arrives there: the same, or bought with it."""
    bought = {} if target == USDC.symbol else {"targetAsset": target}
    wallet = {"externalWallet": {"address": address}}
    return Wish(
        operation="initiateWithdraw",
        order={"amount": amount, "destination": wallet, **bought},
        spends_at_most=_units(amount, USDC),
        time_passes=_is_elsewhere(target),
    )


def withdraw_to_bank(*, amount: str, bank_account: str) -> Wish:
    """Of USDC, to a bank account by its identifier."""
    return Wish(
        operation="initiateWithdraw",
        order={"amount": amount, "destination": {"bankAccount": {"id": bank_account}}},
        spends_at_most=_units(amount, USDC),
        time_passes=True,
    )


def buy(*, asset: str, amount: str) -> Wish:
    """With USDC of Available."""
    return Wish(
        operation="initiateBuy",
        order={"asset": asset, "source": {"available": {"amount": amount}}},
        spends_at_most=_units(amount, USDC),
        time_passes=_is_elsewhere(asset),
    )


def buy_by_payment(*, asset: str, amount: str, method: str) -> Wish:
    """For US dollars."""
    payment = {"amount": amount, "paymentMethod": method}
    return Wish(
        operation="initiateBuy",
        order={"asset": asset, "source": {"payment": payment}},
        time_passes=_is_elsewhere(asset),
    )


def sell(*, asset: str, amount: str) -> Wish:
    return Wish(
        operation="initiateSell",
        order={"asset": asset, "amount": amount},
        spends_at_most=_units(amount, ASSETS[asset]),
        asset=ASSETS[asset],
        time_passes=_is_elsewhere(asset),
    )


def launch(*, strategy_id: str, amount: str) -> Wish:
    """With USDC."""
    return Wish(
        operation="initiateStrategyLaunch",
        order={"strategyId": strategy_id, "amount": amount},
        spends_at_most=_units(amount, USDC),
    )


def stop(*, position_id: str, principal: str) -> Wish:
    """The user pays some of what was put in to have it out, and not more."""
    fees = max(FEES_LEAST, Decimal(principal) * FEES_MAX)
    return Wish(
        operation="initiateStrategyStop",
        order={"positionId": position_id},
        spends_at_most=_units(str(fees), USDC),
        gives_shares=True,
    )


def _is_elsewhere(asset: str) -> bool:
    return ASSETS[asset].chain is not Chain.SOLANA


def _units(amount: str, asset: Asset) -> int:
    """What is no amount, nothing may leave for: the platform says why it is none."""
    try:
        return int(Decimal(amount).scaleb(asset.decimals))
    except (ArithmeticError, ValueError):
        return 0
