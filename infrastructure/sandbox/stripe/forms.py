"""Stripe's forms: what may be asked, and what is refused about it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from infrastructure.sandbox.stripe.errors import refused
from infrastructure.sandbox.stripe.pricing import (
    FIAT_MICRO_USD,
    LISTED,
    NETWORKS,
    SOURCE_CENTS_MAX,
    SOURCE_CENTS_MIN,
)
from infrastructure.sandbox.wishes import cents_of, fits_network

METADATA_MAX: Final = 50
METADATA_LENGTH_MAX: Final = 500
_SESSION_FIELDS: Final = frozenset(
    {
        "source_currency",
        "source_amount",
        "destination_currency",
        "destination_currencies[]",
        "destination_network",
        "destination_networks[]",
        "lock_wallet_address",
        "customer_ip_address",
        "settlement_speed",
    }
)
_QUOTE_FIELDS: Final = frozenset(
    {"source_currency", "source_amount", "destination_currencies[]", "destination_networks[]"}
)


class Form:
    """Names with their values, in the order in which they came."""

    def __init__(self, text: str) -> None:
        self._pairs = parse_qsl(text, keep_blank_values=True)

    def one(self, name: str) -> str | None:
        found = self.all(name)
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def group(self, name: str) -> dict[str, str]:
        """What comes as name[key]."""
        start = f"{name}["
        return {
            key[len(start) : -1]: value
            for key, value in self._pairs
            if key.startswith(start) and key.endswith("]") and key != f"{start}]"
        }

    def only(self, names: Collection[str], groups: Collection[str] = ()) -> None:
        """Raises `ProviderError` where there is another name."""
        for key, _ in self._pairs:
            if key not in names and key.partition("[")[0] not in groups:
                message = f"Received unknown parameter: {key}"
                raise refused(message, code="parameter_unknown", parameter=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWish:
    source: int
    currency: str
    pair: tuple[str, str]
    address: str
    locked: bool
    metadata: dict[str, str]


def session_wish(form: Form) -> SessionWish:
    """Raises `ProviderError` as Stripe would refuse it."""
    form.only(_SESSION_FIELDS, ("wallet_addresses", "metadata"))
    currency, source = _source(form)
    pair = (form.one("destination_currency") or "", form.one("destination_network") or "")
    if pair not in LISTED:
        code = "crypto_onramp_invalid_destination_currency_and_network_pair"
        raise refused("This currency is not sold on that network.", code=code)
    listed = (form.all("destination_currencies[]"), form.all("destination_networks[]"))
    if any(chosen not in among for chosen, among in zip(pair, listed, strict=True) if among):
        code = "crypto_onramp_conflicting_destination_currency"
        raise refused("The default is not in its own list.", code=code)
    locked = form.one("lock_wallet_address") == "true"
    address = form.group("wallet_addresses").get(pair[1])
    if address is None:
        code = "crypto_onramp_no_wallet_address_to_lock" if locked else "parameter_missing"
        raise refused("There is no address for that network.", code=code)
    if not fits_network(address, pair[1]):
        raise refused("The address is not one of the network's.", parameter="wallet_addresses")
    return SessionWish(
        source=source,
        currency=currency,
        pair=pair,
        address=address,
        locked=locked,
        metadata=_metadata(form),
    )


def quote_wish(form: Form) -> tuple[int, str, list[tuple[str, str]]]:
    """Cents, their currency, and the pairs that quotes are wanted for."""
    form.only(_QUOTE_FIELDS)
    currency, source = _source(form)
    currencies = form.all("destination_currencies[]")
    networks = form.all("destination_networks[]") or NETWORKS
    pairs = [
        pair for pair in LISTED if pair[1] in networks and (not currencies or pair[0] in currencies)
    ]
    if not pairs:
        code = "crypto_onramp_invalid_destination_currencies_and_networks"
        raise refused("Nothing is sold that fits.", code=code)
    return source, currency, pairs


def _source(form: Form) -> tuple[str, int]:
    currency = form.one("source_currency") or "usd"
    if currency not in FIAT_MICRO_USD:
        code = "crypto_onramp_invalid_source_destination_pair"
        raise refused("This currency is not taken.", code=code, parameter="source_currency")
    cents = cents_of(form.one("source_amount") or "")
    if cents is None or not SOURCE_CENTS_MIN <= cents <= SOURCE_CENTS_MAX:
        code = "crypto_onramp_invalid_source_amount"
        raise refused("The amount is out of bounds.", code=code, parameter="source_amount")
    return currency, cents


def _metadata(form: Form) -> dict[str, str]:
    metadata = form.group("metadata")
    long = any(len(value) > METADATA_LENGTH_MAX for value in metadata.values())
    if long or len(metadata) > METADATA_MAX:
        raise refused("There is too much metadata.", parameter="metadata")
    return metadata
