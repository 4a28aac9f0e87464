"""What the simulated Coinbase is asked for, and what it refuses about it."""

from typing import Final

import msgspec

from domain.shared.assets import Asset
from infrastructure.sandbox.coinbase.pricing import (
    BLOCKED_COUNTRIES,
    FIAT_MICRO_USD,
    LISTED,
    PAYMENT_CENTS_MAX,
    PAYMENT_CENTS_MIN,
)
from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.wishes import cents_of, fits_network

ORDER_METHODS: Final = frozenset({"GUEST_CHECKOUT_APPLE_PAY", "GUEST_CHECKOUT_GOOGLE_PAY"})
SESSION_METHODS: Final = frozenset(
    {"CARD", "ACH", "APPLE_PAY", "PAYPAL", "FIAT_WALLET", "CRYPTO_WALLET"}
)
USER_REFERENCE_LENGTH_MAX: Final = 49
_BAD_REQUEST: Final = 400


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What orders and sessions have in common. By the amount to pay alone: amounts to receive
    are not simulated."""

    destination_address: str
    destination_network: str
    purchase_currency: str
    payment_currency: str
    payment_amount: str
    partner_user_ref: str = ""

    def checked(self) -> tuple[int, Asset]:
        """Cents to pay, and for what. Raises `ProviderError` as Coinbase would refuse it."""
        asset = LISTED.get((self.purchase_currency, self.destination_network))
        if asset is None:
            raise refused("network_not_tradable", "Not for sale on that network.")
        if self.payment_currency not in FIAT_MICRO_USD:
            raise refused("invalid_request", "The payment currency is not supported.")
        if not fits_network(self.destination_address, self.destination_network):
            raise refused("invalid_request", "The address is not one of the network's.")
        if len(self.partner_user_ref) > USER_REFERENCE_LENGTH_MAX:
            raise refused("invalid_request", "The partner's reference is too long.")
        cents = cents_of(self.payment_amount)
        if cents is None or not PAYMENT_CENTS_MIN <= cents <= PAYMENT_CENTS_MAX:
            raise refused("invalid_request", "The amount is out of bounds.")
        return cents, asset


class OrderRequest(Wish, frozen=True, kw_only=True, rename="camel"):
    """Of the embedded mode: Coinbase asks the user for e-mail and telephone."""

    partner_user_ref: str
    payment_method: str
    is_quote: bool = False
    partner_order_ref: str | None = None

    def checked(self) -> tuple[int, Asset]:
        if self.payment_method not in ORDER_METHODS:
            raise refused("invalid_request", "Orders have no such payment method.")
        if self.payment_currency != "USD":
            raise refused("guest_region_forbidden", "Guests pay in USD alone.")
        return Wish.checked(self)


class SessionRequest(Wish, frozen=True, kw_only=True, rename="camel"):
    payment_method: str | None = None
    country: str | None = None
    subdivision: str | None = None
    redirect_url: str | None = None

    def checked(self) -> tuple[int, Asset]:
        if self.payment_method is not None and self.payment_method not in SESSION_METHODS:
            raise refused("invalid_request", "Sessions have no such payment method.")
        if self.country in BLOCKED_COUNTRIES:
            raise refused("invalid_request", "The country is not supported.")
        if self.country == "US" and self.payment_method and not self.subdivision:
            raise refused("invalid_request", "The state is missing.")
        return Wish.checked(self)

    def wants_quote(self) -> bool:
        return self.payment_method is not None and self.country is not None


def refused(error_type: str, message: str, status: int = _BAD_REQUEST) -> ProviderError:
    body = {"errorType": error_type, "errorMessage": message, "correlationId": "simulated"}
    return ProviderError(status, body)
