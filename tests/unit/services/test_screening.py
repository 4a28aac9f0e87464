"""The sanctions list: addresses of every chain, found however they are spelt."""

from pathlib import Path

import pytest

from infrastructure.services.policy import load_screening
from infrastructure.settings import StartupError

SOLANA = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
BITCOIN = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
BITCOIN_OLD = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
ETHEREUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
SUI = "0x" + "ab" * 32
ALL = (SOLANA, BITCOIN, BITCOIN_OLD, ETHEREUM, SUI)


def listed(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "sanctions.txt"
    path.write_text("\n".join(["# a comment", "", *lines]))
    return path


@pytest.mark.parametrize(
    ("address", "spelt"),
    [
        *((address, address) for address in ALL),
        (ETHEREUM, ETHEREUM.lower()),
        (ETHEREUM.lower(), ETHEREUM),
        (BITCOIN, BITCOIN.upper()),
        (SUI, SUI.upper().replace("X", "x")),
    ],
)
def test_an_address_of_any_chain_is_found(tmp_path: Path, address: str, spelt: str) -> None:
    screening = load_screening(listed(tmp_path, f"{address} # why"))

    assert screening.hits(("other", spelt)) == (spelt,)


def test_another_case_is_another_address_where_case_matters(tmp_path: Path) -> None:
    screening = load_screening(listed(tmp_path, SOLANA, BITCOIN_OLD))

    assert screening.hits((SOLANA.swapcase(), BITCOIN_OLD.swapcase())) == ()


def test_a_line_that_is_no_address_keeps_the_platform_from_starting(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="an address of no chain"):
        load_screening(listed(tmp_path, *ALL, ETHEREUM[:-1]))


def test_the_version_tells_lists_apart(tmp_path: Path) -> None:
    one = load_screening(listed(tmp_path, SOLANA)).version

    assert load_screening(listed(tmp_path, SOLANA, SUI)).version != one
    assert load_screening(None).version == "none"
