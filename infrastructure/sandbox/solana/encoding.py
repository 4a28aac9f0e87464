"""How accounts, instructions and transactions look in JSON-RPC answers: pure."""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple

from solders.account import Account
from solders.message import MessageV0, VersionedMessage
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import TOKEN_ACCOUNT_BYTES, TOKEN_PROGRAM

Json = dict[str, object]

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MINT_BYTES: Final = 82
_TRANSFER: Final = 3
_TRANSFER_CHECKED: Final = 12
_STATES: Final = ("uninitialized", "initialized", "frozen")


class UnsupportedEncoding(ValueError):
    pass


class TokenState(NamedTuple):
    mint: Pubkey
    owner: Pubkey
    amount: int


def token_state(account: Account | None) -> TokenState | None:
    """What an SPL token account says; None for any other account."""
    if account is None or account.owner != TOKEN_PROGRAM:
        return None
    data = account.data
    if len(data) != TOKEN_ACCOUNT_BYTES:
        return None
    amount = int.from_bytes(data[64:72], "little")
    return TokenState(Pubkey(data[0:32]), Pubkey(data[32:64]), amount)


def token_amount(amount: int, decimals: int) -> Json:
    """`uiAmountString` is exact; `uiAmount` the float that the protocol still carries."""
    digits = str(amount).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    text = f"{whole}.{fraction}".rstrip("0").rstrip(".") if decimals else whole
    return {
        "amount": str(amount),
        "decimals": decimals,
        "uiAmount": amount / 10**decimals,
        "uiAmountString": text,
    }


def account_json(account: Account, encoding: str, decimals: int | None = None) -> Json:
    """`decimals` are the mint's, for a token account in `jsonParsed`."""
    return {
        "lamports": account.lamports,
        "owner": str(account.owner),
        "data": _account_data(account, encoding, decimals),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def _account_data(account: Account, encoding: str, decimals: int | None) -> object:
    if encoding == "jsonParsed":
        parsed = _parsed_account(account, decimals)
        if parsed is not None:
            program = {"program": "spl-token", "space": len(account.data)}
            return {**program, "parsed": parsed}
        # As nodes do for what they cannot parse.
        encoding = "base64"
    if encoding == "base64":
        return [base64.b64encode(account.data).decode(), "base64"]
    if encoding == "base58":
        return [base58(account.data), "base58"]
    raise UnsupportedEncoding(encoding)


def _parsed_account(account: Account, decimals: int | None) -> Json | None:
    state = token_state(account)
    data = account.data
    if state is not None and decimals is not None:
        info = {
            "mint": str(state.mint),
            "owner": str(state.owner),
            "tokenAmount": token_amount(state.amount, decimals),
            "state": _STATES[data[108]],
            "isNative": data[109:113] == b"\x01\x00\x00\x00",
        }
        return {"type": "account", "info": info}
    if account.owner == TOKEN_PROGRAM and len(data) == MINT_BYTES:
        info = {
            "mintAuthority": str(Pubkey(data[4:36])) if data[0] else None,
            "supply": str(int.from_bytes(data[36:44], "little")),
            "decimals": data[44],
            "isInitialized": bool(data[45]),
            "freezeAuthority": str(Pubkey(data[50:82])) if data[46] else None,
        }
        return {"type": "mint", "info": info}
    return None


def transaction_json(wire: bytes, encoding: str, loaded: Sequence[str]) -> object:
    """`loaded` are the addresses that lookup tables added, writable ones first."""
    if encoding == "base64":
        return [base64.b64encode(wire).decode(), "base64"]
    if encoding == "base58":
        return [base58(wire), "base58"]
    if encoding not in {"json", "jsonParsed"}:
        raise UnsupportedEncoding(encoding)
    transaction = VersionedTransaction.from_bytes(wire)
    message = transaction.message
    keys = [*map(str, message.account_keys), *loaded]
    parsed = encoding == "jsonParsed"
    answer: Json = {
        "accountKeys": _key_objects(message, loaded) if parsed else keys[: len(keys) - len(loaded)],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            instruction_json(item.program_id_index, item.accounts, item.data, keys, parsed=parsed)
            for item in message.instructions
        ],
    }
    if not parsed:
        header = message.header
        answer["header"] = {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        }
    if isinstance(message, MessageV0):
        answer["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "writableIndexes": list(lookup.writable_indexes),
                "readonlyIndexes": list(lookup.readonly_indexes),
            }
            for lookup in message.address_table_lookups
        ]
    return {"signatures": [str(item) for item in transaction.signatures], "message": answer}


def version_of(wire: bytes) -> int | str:
    message = VersionedTransaction.from_bytes(wire).message
    return 0 if isinstance(message, MessageV0) else "legacy"


def is_writable(message: VersionedMessage, index: int) -> bool:
    """What the message's header says of its own account at `index`."""
    header = message.header
    signers = header.num_required_signatures
    if index < signers:
        return index < signers - header.num_readonly_signed_accounts
    return index < len(message.account_keys) - header.num_readonly_unsigned_accounts


def _key_objects(message: VersionedMessage, loaded: Sequence[str]) -> list[Json]:
    static = [
        {
            "pubkey": str(key),
            "signer": index < message.header.num_required_signatures,
            "writable": is_writable(message, index),
            "source": "transaction",
        }
        for index, key in enumerate(message.account_keys)
    ]
    looked_up = [
        {"pubkey": key, "signer": False, "writable": True, "source": "lookupTable"}
        for key in loaded
    ]
    return [*static, *looked_up]


def instruction_json(
    program_index: int,
    accounts: bytes | Sequence[int],
    data: bytes,
    keys: Sequence[str],
    *,
    parsed: bool,
    stack_height: int | None = None,
) -> Json:
    """Compiled; or in the parsed form, where transfers of tokens are spelled out."""
    if not parsed:
        return {
            "programIdIndex": program_index,
            "accounts": list(accounts),
            "data": base58(data),
            "stackHeight": stack_height,
        }
    program = keys[program_index]
    named = [keys[index] for index in accounts]
    spelled = _parsed_transfer(named, data) if program == str(TOKEN_PROGRAM) else None
    if spelled is not None:
        base = {"program": "spl-token", "programId": program, "stackHeight": stack_height}
        return {**base, "parsed": spelled}
    return {
        "programId": program,
        "accounts": named,
        "data": base58(data),
        "stackHeight": stack_height,
    }


def _parsed_transfer(accounts: Sequence[str], data: bytes) -> Json | None:
    amount = int.from_bytes(data[1:9], "little")
    if data[:1] == bytes([_TRANSFER_CHECKED]) and len(accounts) >= 4:  # noqa: PLR2004 - its layout
        source, mint, destination, *authority = accounts
        info: Json = {"source": source, "mint": mint, "destination": destination}
        info |= {**_authority(authority), "tokenAmount": token_amount(amount, data[9])}
        return {"type": "transferChecked", "info": info}
    if data[:1] == bytes([_TRANSFER]) and len(accounts) >= 3:  # noqa: PLR2004 - its layout
        source, destination, *authority = accounts
        info = {"source": source, "destination": destination}
        return {
            "type": "transfer",
            "info": {**info, **_authority(authority), "amount": str(amount)},
        }
    return None


def _authority(accounts: Sequence[str]) -> Json:
    """A node takes whatever follows the authority for the signers of a shared account."""
    authority, *signers = accounts
    if signers:
        return {"multisigAuthority": authority, "signers": signers}
    return {"authority": authority}


def base58(raw: bytes) -> str:
    """The text of `raw`; quadratic, so for the short byte strings of a transaction."""
    number = int.from_bytes(raw, "big")
    digits = []
    while number:
        number, rest = divmod(number, 58)
        digits.append(_ALPHABET[rest])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return _ALPHABET[0] * zeros + "".join(reversed(digits))


def unbase58(text: str) -> bytes:
    """The bytes of `text`; ValueError for a character outside the alphabet."""
    number = 0
    for digit in text:
        number = number * 58 + _ALPHABET.index(digit)
    zeros = len(text) - len(text.lstrip(_ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
