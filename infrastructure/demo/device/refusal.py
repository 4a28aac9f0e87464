"""What a device says where it does not sign, and the forms that all chains share."""

import base64
import binascii


class WillNotSign(Exception):
    """The transaction is not what the user wants; the message says why in a sentence."""


def decode(payload: str, kind: str) -> bytes:
    """The bytes of a payload in base64; WillNotSign names the `kind` that was expected."""
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise WillNotSign(f"the payload is no {kind} transaction") from None


def encode(signed: bytes) -> str:
    return base64.b64encode(signed).decode()


def demand_at_most(spent: int, allowed: int) -> None:
    """WillNotSign where more base units would move than the user said."""
    if spent > allowed:
        raise WillNotSign(f"the transaction would move {spent} base units, not {allowed}")


def demand_cost_at_most(cost: int, allowed: int) -> None:
    """WillNotSign where the network's cost is out of all proportion."""
    if cost > allowed:
        raise WillNotSign(f"the network would take {cost} base units, more than {allowed}")
