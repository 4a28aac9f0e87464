"""Methods that take transactions in and read them back."""

from typing import Final, cast

import orjson
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.building import TRANSACTION_BYTES_MAX
from infrastructure.sandbox.solana.encoding import (
    Json,
    UnsupportedEncoding,
    account_json,
    transaction_json,
    unbase58,
    version_of,
)
from infrastructure.sandbox.solana.node import FaucetRefused, SolanaNode
from infrastructure.sandbox.solana.protocol import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    PREFLIGHT_FAILURE,
    SIGNATURE_FAILURE,
    UNSUPPORTED_VERSION,
    Method,
    Options,
    Params,
    RpcFailure,
    address_of,
    base64_of,
    checked_slot,
    contextual,
    signature_of,
)
from infrastructure.sandbox.solana.runtime import Executed
from infrastructure.sandbox.solana.store import Landed

_STATUSES_MAX: Final = 256
_SIGNATURES_MAX: Final = 1000
# What a node keeps at hand; older transactions are found with a search of the history alone.
_RECENT_SLOTS: Final = 300
_RECENT_SECONDS: Final = 120
_CONFIRMATIONS_MAX: Final = 31
_BASE58_DIGITS_MAX: Final = 1683
_MESSAGES: Final = {
    "BlockhashNotFound": "Blockhash not found",
    "AlreadyProcessed": "This transaction has already been processed",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "SignatureFailure": "Transaction did not pass signature verification",
}


def send_transaction(node: SolanaNode, params: Params) -> object:
    """The signature once the transaction is handed on; without preflight nothing is refused."""
    options = params.options(1)
    checked_slot(node, options)
    transaction = _transaction_of(params.text(0), options.text("encoding", "base58"))
    if not options.flag("skipPreflight"):
        _verify(transaction)
        outcome = node.runtime.simulate(transaction, verify=False)
        if outcome.error is not None:
            message = f"Transaction simulation failed: {error_message(outcome.error)}"
            raise RpcFailure(PREFLIGHT_FAILURE, message, _simulation(outcome))
    if node.faults.take("drop_broadcasts", "sendTransaction") is None:
        node.runtime.execute(transaction)
    return str(transaction.signatures[0])


def simulate_transaction(node: SolanaNode, params: Params) -> object:
    options = params.options(1)
    transaction = _transaction_of(params.text(0), options.text("encoding", "base58"))
    replace = options.flag("replaceRecentBlockhash")
    if options.flag("sigVerify"):
        if replace:
            raise RpcFailure(
                INVALID_PARAMS, "sigVerify may not be used with replaceRecentBlockhash"
            )
        _verify(transaction)
    watched = _watched(options.options("accounts"), transaction)
    outcome = node.runtime.simulate(transaction, verify=False, any_blockhash=replace)
    value = _simulation(outcome)
    if watched is not None:
        value["accounts"] = [_account_after(node, each, outcome) for each in watched]
    if replace:
        slot = node.clock.slot()
        value["replacementBlockhash"] = {
            "blockhash": str(node.clock.blockhash(slot)),
            "lastValidBlockHeight": node.clock.last_valid_height(slot),
        }
    return contextual(node, options, value)


def get_signature_statuses(node: SolanaNode, params: Params) -> object:
    search = params.options(1).flag("searchTransactionHistory")
    signatures = [signature_of(text) for text in params.texts(0, _STATUSES_MAX)]
    values = [_status(node, signature, search=search) for signature in signatures]
    # The context is the processed bank's: statuses have no commitment of their own.
    return contextual(node, Options({"commitment": "processed"}), values)


def get_signatures_for_address(node: SolanaNode, params: Params) -> object:
    options = params.options(1)
    if options.commitment == "processed":
        raise RpcFailure(INVALID_PARAMS, "Method does not support commitment below `confirmed`")
    limit = options.integer("limit") or _SIGNATURES_MAX
    if limit > _SIGNATURES_MAX:
        raise RpcFailure(INVALID_PARAMS, f"Invalid limit; max {_SIGNATURES_MAX}")
    before, until = options.text("before"), options.text("until")
    mentions = node.store.mentions(
        params.address(0),
        before=signature_of(before) if before else None,
        until=signature_of(until) if until else None,
        slot_max=checked_slot(node, options),
        limit=limit,
    )
    return [
        {
            "signature": str(Signature(mention.signature)),
            "slot": mention.slot,
            "err": _error(mention.error),
            "memo": None,
            "blockTime": mention.unix_seconds,
            "confirmationStatus": node.clock.level(mention.slot),
        }
        for mention in mentions
    ]


def get_transaction(node: SolanaNode, params: Params) -> object:
    options = _transaction_options(params)
    if options.commitment == "processed":
        raise RpcFailure(INVALID_PARAMS, "Method does not support commitment below `confirmed`")
    landed = node.store.landed(signature_of(params.text(0)))
    if landed is None or not node.clock.reached(landed.slot, options.commitment):
        return None
    return _transaction_answer(landed, options)


def request_airdrop(node: SolanaNode, params: Params) -> object:
    try:
        return node.airdrop(params.address(0), params.integer(1))
    except FaucetRefused as error:
        raise RpcFailure(INTERNAL_ERROR, f"airdrop request failed: {error}") from error


def error_message(error: object) -> str:
    """The runtime's error in the words of a node."""
    if isinstance(error, str):
        return _MESSAGES.get(error, error)
    if isinstance(error, dict) and isinstance(error.get("InstructionError"), list):
        index, cause = error["InstructionError"]
        if isinstance(cause, dict) and "Custom" in cause:
            cause = f"custom program error: {cause['Custom']:#x}"
        return f"Error processing Instruction {index}: {cause}"
    return str(error)


def _transaction_of(text: str, encoding: str) -> VersionedTransaction:
    if encoding == "base64":
        raw = base64_of(text)
    elif encoding == "base58" and len(text) <= _BASE58_DIGITS_MAX:
        try:
            raw = unbase58(text)
        except ValueError as error:
            raise RpcFailure(INVALID_PARAMS, f"invalid base58 encoding: {error}") from error
    else:
        raise RpcFailure(INVALID_PARAMS, f"unsupported encoding or length: {encoding}")
    if len(raw) > TRANSACTION_BYTES_MAX:
        sizes = f"{len(raw)} bytes (max: {TRANSACTION_BYTES_MAX} bytes)"
        raise RpcFailure(INVALID_PARAMS, f"decoded VersionedTransaction too large: {sizes}")
    try:
        transaction = VersionedTransaction.from_bytes(raw)
        transaction.sanitize()
    except ValueError as error:
        message = f"failed to deserialize VersionedTransaction: {error}"
        raise RpcFailure(INVALID_PARAMS, message) from error
    return transaction


def _verify(transaction: VersionedTransaction) -> None:
    if not all(transaction.verify_with_results()):
        raise RpcFailure(SIGNATURE_FAILURE, "Transaction signature verification failure")


def _simulation(outcome: Executed) -> Json:
    return {
        "err": outcome.error,
        "logs": outcome.logs,
        "accounts": None,
        "unitsConsumed": outcome.units,
        "returnData": outcome.return_data,
        "innerInstructions": None,
    }


def _watched(options: Options | None, transaction: VersionedTransaction) -> list[Pubkey] | None:
    """The accounts whose state is asked for: never more than the transaction has."""
    if options is None:
        return None
    if options.text("encoding", "base64") != "base64":
        raise RpcFailure(INVALID_PARAMS, "Invalid params: only base64 is supported for accounts")
    count_max = len(transaction.message.account_keys)
    return [address_of(text) for text in options.texts("addresses", count_max)]


def _account_after(node: SolanaNode, address: Pubkey, outcome: Executed) -> Json | None:
    if outcome.error is not None:
        return None
    account = outcome.accounts.get(address) or node.runtime.svm.get_account(address)
    return None if account is None or account.lamports == 0 else account_json(account, "base64")


def _status(node: SolanaNode, signature: bytes, *, search: bool) -> Json | None:
    known = node.store.status(signature)
    if known is None:
        return None
    slot, unix_seconds, error_json = known
    passed = node.clock.slot() - slot
    is_old = passed > _RECENT_SLOTS and node.clock.now() - unix_seconds > _RECENT_SECONDS
    if is_old and not search:
        return None
    level = node.clock.level(slot)
    error = _error(error_json)
    return {
        "slot": slot,
        "confirmations": None if level == "finalized" else min(passed, _CONFIRMATIONS_MAX),
        "err": error,
        "status": {"Ok": None} if error is None else {"Err": error},
        "confirmationStatus": level,
    }


def _transaction_options(params: Params) -> Options:
    """The second parameter may be a bare encoding."""
    try:
        return params.options(1)
    except RpcFailure:
        return Options({"encoding": params.text(1)})


def _transaction_answer(landed: Landed, options: Options) -> Json:
    version = version_of(landed.wire)
    supported = options.integer("maxSupportedTransactionVersion")
    if version != "legacy" and supported is None:
        message = f"Transaction version ({version}) is not supported by the requesting client."
        raise RpcFailure(UNSUPPORTED_VERSION, message)
    meta = cast("Json", orjson.loads(landed.meta))
    error = _error(landed.error)
    meta |= {"err": error, "status": {"Ok": None} if error is None else {"Err": error}}
    loaded = cast("dict[str, list[str]]", meta["loadedAddresses"])
    addresses = [*loaded["writable"], *loaded["readonly"]]
    try:
        shown = transaction_json(landed.wire, options.text("encoding", "json"), addresses)
    except UnsupportedEncoding as error_:
        raise RpcFailure(INVALID_PARAMS, f"Unsupported encoding: {error_}") from error_
    answer: Json = {
        "slot": landed.slot,
        "blockTime": landed.unix_seconds,
        "transaction": shown,
        "meta": meta,
    }
    return answer if supported is None else {**answer, "version": version}


def _error(json: bytes | None) -> object:
    return None if json is None else orjson.loads(json)


METHODS: Final[dict[str, Method]] = {
    "sendTransaction": send_transaction,
    "simulateTransaction": simulate_transaction,
    "getSignatureStatuses": get_signature_statuses,
    "getSignaturesForAddress": get_signatures_for_address,
    "getTransaction": get_transaction,
    "requestAirdrop": request_airdrop,
}
