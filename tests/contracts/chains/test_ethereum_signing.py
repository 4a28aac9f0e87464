"""Typed transactions: their bytes, their signatures, and the hashes that prove them."""

import secrets
from dataclasses import replace

import pytest
import rlp  # type: ignore[import-untyped]  # ships no types
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from eth_account import Account
from eth_utils.crypto import keccak

from domain.provider.ports.chain import (
    SignatureRefused,
    Signed,
    TransferPrepared,
)
from infrastructure.chains.ethereum import proof, signing
from infrastructure.chains.ethereum.signing import Draft
from tests.contracts.chains.stages import (
    EthereumWallet,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ROUTER = "0x1231DEB6f5749EF6cE6943a275A1D3E7486F4EaE"


# ---------------------------------------------------------------------- signatures


def draft(**changes: object) -> Draft:
    plain = Draft(
        chain_id=1,
        nonce=7,
        priority_fee=10**9,
        max_fee=10**10,
        gas_limit=21_000,
        to=ROUTER,
        value=10**15,
        data=b"",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of its own


@pytest.mark.parametrize(
    "changes", [{}, {"nonce": 0, "value": 0, "data": b"\x00\x01"}, {"value": 2**200}]
)
def test_the_unsigned_bytes_are_those_of_the_library(changes: dict[str, object]) -> None:
    wallet = EthereumWallet()
    prepared = draft(**changes).prepared(wallet.address)

    signed = wallet.sign(prepared.payload)

    # eth-account made its own encoding from the fields; ours is the same but for the signature.
    assert b"\x02" + rlp.encode(rlp.decode(signed[1:])[:9]) == prepared.payload
    accepted = signing.complete(prepared, signed, wallet.address)
    assert accepted == Signed(raw=signed, transaction_hash="0x" + keccak(signed).hex())


@pytest.mark.parametrize("low", [True, False])
def test_another_librarys_signature_is_taken_in_its_low_form(*, low: bool) -> None:
    """Signed by `cryptography`; EIP-2 allows the lower of the two possible forms alone."""
    secret = secrets.randbelow(ORDER - 1) + 1
    owner = str(Account.from_key(secret.to_bytes(32, "big")).address)
    prepared = draft().prepared(owner)
    signer = ec.derive_private_key(secret, ec.SECP256K1())
    r, s = decode_dss_signature(
        signer.sign(prepared.commitment, ec.ECDSA(Prehashed(hashes.SHA256())))
    )
    s = min(s, ORDER - s) if low else max(s, ORDER - s)
    fields = rlp.decode(prepared.payload[1:])

    taken = []
    for parity in (0, 1):
        signed = b"\x02" + rlp.encode([*fields, parity, r, s])
        try:
            taken.append(signing.complete(prepared, signed, owner))
        except SignatureRefused:
            continue

    assert len(taken) == (1 if low else 0)


def tampered(prepared: TransferPrepared, wallet: EthereumWallet) -> dict[str, bytes]:
    signed = wallet.sign(prepared.payload)
    fields = rlp.decode(signed[1:])
    return {
        "legacy": bytes(
            wallet.account.sign_transaction(
                {"nonce": 7, "gasPrice": 1, "gas": 21_000, "to": ROUTER, "value": 1, "chainId": 1}
            ).raw_transaction
        ),
        "parity 2": b"\x02" + rlp.encode([*fields[:9], 2, *fields[10:]]),
        "no signature": b"\x02" + rlp.encode([*fields[:9], 0, 0, 0]),
        "padded r": b"\x02" + rlp.encode([*fields[:10], b"\0" + fields[10], fields[11]]),
        "other value": b"\x02" + rlp.encode([*fields[:6], 1, *fields[7:]]),
        "list for r": b"\x02" + rlp.encode([*fields[:10], [], fields[11]]),
        "one field less": b"\x02" + rlp.encode(fields[:-1]),
        "no list": b"\x02" + rlp.encode(b"text"),
        "too large": b"\x02" + bytes(signing.TRANSACTION_BYTES_MAX),
    }


def test_tampered_transactions_are_refused() -> None:
    wallet = EthereumWallet()
    prepared = draft().prepared(wallet.address)

    for signed in tampered(prepared, wallet).values():
        with pytest.raises(SignatureRefused):
            signing.complete(prepared, signed, wallet.address)


# ---------------------------------------------------------------------- proofs


def test_the_hash_of_a_published_transaction() -> None:
    """The example of EIP-155."""
    fields = {
        "type": "0x0",
        "nonce": "0x9",
        "gasPrice": "0x4a817c800",
        "gas": "0x5208",
        "to": "0x3535353535353535353535353535353535353535",
        "value": "0xde0b6b3a7640000",
        "input": "0x",
        "v": "0x25",
        "r": "0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
        "s": "0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
    }

    assert proof.hash_of(fields) == (
        "0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788"
    )


COMMON = {"nonce": 3, "gas": 90_000, "to": ROUTER, "value": 5, "data": "0x0102", "chainId": 1}
FEES = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2}
ACCESS = [{"address": ROUTER, "storageKeys": ["0x" + 63 * "0" + "7"]}]


@pytest.mark.parametrize(
    "more",
    [
        {"type": 1, "gasPrice": 9, "accessList": ACCESS},
        {"type": 2, **FEES, "accessList": ACCESS},
        {"type": 2, **FEES},
        {"type": 4, **FEES},
    ],
)
def test_the_hashes_of_the_librarys_transactions(more: dict[str, object]) -> None:
    account = Account.create()
    given = {**COMMON, **more}
    authorisations = []
    if more["type"] == 4:
        signed_one = account.sign_authorization({"chainId": 1, "address": ROUTER, "nonce": 4})
        given["authorizationList"] = [signed_one]
        authorisations = [
            {
                "chainId": "0x1",
                "address": ROUTER.lower(),
                "nonce": "0x4",
                "yParity": hex(signed_one.y_parity),
                "r": hex(signed_one.r),
                "s": hex(signed_one.s),
            }
        ]
    signed = account.sign_transaction(given)
    told: dict[str, object] = {
        "type": hex(int(str(more["type"]))),
        "chainId": "0x1",
        "nonce": "0x3",
        "gas": hex(90_000),
        "gasPrice": "0x9",
        "maxFeePerGas": "0x9",
        "maxPriorityFeePerGas": "0x2",
        "to": ROUTER.lower(),
        "value": "0x5",
        "input": "0x0102",
        "accessList": more.get("accessList", []),
        "authorizationList": authorisations,
        "v": hex(signed.v),
        "r": hex(signed.r),
        "s": hex(signed.s),
    }

    assert proof.hash_of(told) == "0x" + signed.hash.hex()
    assert proof.hash_of({**told, "value": "0x6"}) != "0x" + signed.hash.hex()
