import pytest
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    InvalidAddress,
    associated_token_account,
    is_on_curve,
    parse_address,
)

# From the Solana documentation's and SPL's own examples.
WALLET = "B8UwBUUnKwCyKuGMbFKWaG7exYdDk2ozZrPg72NyVbfj"
MINT = "7o36UsWR1JQLpZ9PE2gn9L4SQ69CNNiWAXd4Jt7rqz9Z"
ASSOCIATED = "DShWnroshVbeUp28oopA3Pu7oFPDBtC1DBmPECXXAQ9n"


def test_the_derivation_agrees_with_the_published_vector() -> None:
    derived = associated_token_account(Pubkey.from_string(WALLET), Pubkey.from_string(MINT))

    assert str(derived) == ASSOCIATED


def test_a_derived_account_is_off_the_curve_and_its_owner_on_it() -> None:
    owner = Pubkey.from_string(WALLET)

    assert is_on_curve(owner)
    assert not is_on_curve(associated_token_account(owner))


def test_an_address_is_parsed_to_itself() -> None:
    assert parse_address(str(USDC_MINT)) == USDC_MINT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        str(USDC_MINT) + "1",
        " " + str(USDC_MINT),
        str(USDC_MINT).replace("E", "0"),
        "1" * 45,
        "é" * 40,
        str(USDC_MINT)[:-4],
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        parse_address(text)
