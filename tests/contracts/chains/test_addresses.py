"""Addresses against published vectors: BIP 173, BIP 350, Bitcoin Core's base58 keys, EIP-55."""

import pytest
from embit import base58

from domain.provider.ports.chain import InvalidChainAddress
from infrastructure.chains.bitcoin import addresses as bitcoin
from infrastructure.chains.bitcoin.addresses import Kind
from infrastructure.chains.ethereum import addresses as ethereum

G_X = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

# BIP 350's valid addresses of the main network: address, version, program.
WELL_FORMED = [
    ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", 0, "751e76e8199196d454941c45d1b3a323f1433bd6"),
    (
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        1,
        2 * "751e76e8199196d454941c45d1b3a323f1433bd6",
    ),
    ("BC1SW50QGDZ25J", 16, "751e"),
    ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", 2, "751e76e8199196d454941c45d1b3a323"),
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", 1, G_X),
]

# BIP 350's invalid ones; then BIP 173's, among them what BIP 350 made invalid.
MALFORMED = [
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "bc1gmk9yu",
    "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
    "bc1rw5uspcuh",
    "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
    "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
    "BC1SW50QA3JX3S",
    "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj",
]

# Well-formed addresses of the test network (BIP 173, BIP 350, Bitcoin Core).
FOREIGN = [
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
    "mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs",
    "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br",
]

# Bitcoin Core's base58_keys_valid.json: address, kind, hash.
BASE58 = [
    ("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", Kind.P2PKH, "65a16059864a2fdbc7c99a4723a8395bc6f188eb"),
    ("3CMNFxN1oHBc4R1EpboAL5yzHGgE611Xou", Kind.P2SH, "74f209f6ea907e2ea48f74fae05782ae8a665257"),
]


@pytest.mark.parametrize(("text", "version", "program"), WELL_FORMED)
def test_segwit_addresses_are_decoded(text: str, version: int, program: str) -> None:
    assert bitcoin.decode_segwit(text) == (version, bytes.fromhex(program))


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_segwit_addresses_are_refused(text: str) -> None:
    assert bitcoin.decode_segwit(text) is None
    with pytest.raises(InvalidChainAddress):
        bitcoin.parse(text)


@pytest.mark.parametrize("text", FOREIGN)
def test_the_test_networks_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidChainAddress):
        bitcoin.parse(text)


@pytest.mark.parametrize("text", [text for text, version, _ in WELL_FORMED if version > 1])
def test_versions_without_a_meaning_are_refused(text: str) -> None:
    """Whoever mines may spend what is sent there."""
    with pytest.raises(InvalidChainAddress):
        bitcoin.parse(text)


def test_a_program_of_version_1_has_32_bytes() -> None:
    with pytest.raises(InvalidChainAddress):
        bitcoin.parse(WELL_FORMED[1][0])


@pytest.mark.parametrize(
    ("text", "canonical", "kind", "script"),
    [
        (
            WELL_FORMED[0][0],
            WELL_FORMED[0][0].lower(),
            Kind.P2WPKH,
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
            Kind.P2WSH,
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        (WELL_FORMED[4][0], WELL_FORMED[4][0], Kind.P2TR, "5120" + G_X),
    ],
)
def test_segwit_addresses_and_their_scripts(
    text: str, canonical: str, kind: Kind, script: str
) -> None:
    parsed = bitcoin.parse(text)

    assert (parsed.text, parsed.kind, parsed.script.hex()) == (canonical, kind, script)
    assert bitcoin.address_of(parsed.script) == canonical


@pytest.mark.parametrize(("text", "kind", "digest"), BASE58)
def test_base58_addresses_and_their_scripts(text: str, kind: Kind, digest: str) -> None:
    parsed = bitcoin.parse(text)

    assert (parsed.text, parsed.kind) == (text, kind)
    assert digest in parsed.script.hex()
    assert bitcoin.address_of(parsed.script) == text


@pytest.mark.parametrize(
    "text",
    [
        "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62j",
        "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62",
        "11AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i",
        "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW6Oi",
        "x",
        "37qgekLpCCHrQuSjvX3fs496FWTGsHFHizjJAs6NPcR47aefnnCWECAhHV6E3g4YN7u7Yuwod5Y",
        base58.encode_check(b"\0" + bytes(19)),
        base58.encode_check(b"\0" + bytes(21)),
        base58.encode_check(b"\x80" + bytes(20)),
    ],
)
def test_malformed_base58_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidChainAddress):
        bitcoin.parse(text)


def test_a_script_without_an_address_has_none() -> None:
    assert bitcoin.address_of(bytes.fromhex("6a0464696261")) is None


# EIP-55: all capitals, all lower case, and four mixed ones.
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("text", EIP_55)
def test_checksummed_addresses_are_their_own_spelling(text: str) -> None:
    assert ethereum.parse(text) == text
    assert ethereum.parse(text.lower()) == text
    assert ethereum.parse("0x" + text[2:].upper()) == text


@pytest.mark.parametrize("text", EIP_55[4:])
def test_a_wrong_checksum_is_refused(text: str) -> None:
    place = next(at for at in range(2, 42) if text[at].isalpha())
    wrong = text[:place] + text[place].swapcase() + text[place + 1 :]

    with pytest.raises(InvalidChainAddress):
        ethereum.parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "0x" + 39 * "0",
        "0x" + 41 * "0",
        "0X" + 40 * "0",
        40 * "0",
        "0x" + 39 * "0" + "g",
        "0x" + 39 * "0" + "٣",
        "0x" + 40 * "0" + "\n",
    ],
)
def test_malformed_ethereum_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidChainAddress):
        ethereum.parse(text)
