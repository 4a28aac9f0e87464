"""Methods that read accounts.

They read the newest state at every commitment; the context's slot is that of the commitment asked.
"""

from typing import Final

from solders.account import Account
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM
from infrastructure.sandbox.solana.encoding import (
    MINT_BYTES,
    Json,
    UnsupportedEncoding,
    account_json,
    token_amount,
    token_state,
)
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.protocol import (
    INVALID_PARAMS,
    Method,
    Options,
    Params,
    RpcFailure,
    address_of,
    contextual,
)

_ACCOUNTS_MAX: Final = 100


def get_account_info(node: SolanaNode, params: Params) -> object:
    options = params.options(1)
    return contextual(node, options, _account(node, params.address(0), options))


def get_multiple_accounts(node: SolanaNode, params: Params) -> object:
    options = params.options(1)
    addresses = [address_of(text) for text in params.texts(0, _ACCOUNTS_MAX)]
    accounts = [_account(node, address, options, "base64") for address in addresses]
    return contextual(node, options, accounts)


def get_balance(node: SolanaNode, params: Params) -> object:
    lamports = node.runtime.svm.get_balance(params.address(0)) or 0
    return contextual(node, params.options(1), lamports)


def get_token_account_balance(node: SolanaNode, params: Params) -> object:
    account = node.runtime.svm.get_account(params.address(0))
    if account is None:
        raise RpcFailure(INVALID_PARAMS, "Invalid param: could not find account")
    state = token_state(account)
    if state is None:
        raise RpcFailure(INVALID_PARAMS, "Invalid param: not a Token account")
    amount = token_amount(state.amount, node.runtime.decimals(state.mint))
    return contextual(node, params.options(1), amount)


def get_token_accounts_by_owner(node: SolanaNode, params: Params) -> object:
    owner, options = params.address(0), params.options(2)
    wanted = params.options(1)
    mint = address_of(wanted.text("mint")) if wanted.text("mint") else None
    if mint is None and not wanted.text("programId"):
        raise RpcFailure(INVALID_PARAMS, "Invalid params: mint or programId is expected")
    if mint is None and address_of(wanted.text("programId")) != TOKEN_PROGRAM:
        return contextual(node, options, [])
    found = []
    for address, account in node.runtime.svm.get_program_accounts(TOKEN_PROGRAM):
        state = token_state(account)
        if state is not None and state.owner == owner and mint in {None, state.mint}:
            shown = _encoded(node, account, options, "base64")
            found.append({"pubkey": str(address), "account": shown})
    return contextual(node, options, found)


def get_token_supply(node: SolanaNode, params: Params) -> object:
    account = node.runtime.svm.get_account(params.address(0))
    if account is None or account.owner != TOKEN_PROGRAM or len(account.data) != MINT_BYTES:
        raise RpcFailure(INVALID_PARAMS, "Invalid param: not a Token mint")
    supply = int.from_bytes(account.data[36:44], "little")
    return contextual(node, params.options(1), token_amount(supply, account.data[44]))


def _account(
    node: SolanaNode, address: Pubkey, options: Options, encoding: str = "base58"
) -> Json | None:
    account = node.runtime.svm.get_account(address)
    return None if account is None else _encoded(node, account, options, encoding)


def _encoded(node: SolanaNode, account: Account, options: Options, default: str) -> Json:
    state = token_state(account)
    decimals = None if state is None else node.runtime.decimals(state.mint)
    slice_ = options.options("dataSlice")
    if slice_ is not None:
        account = _sliced(account, slice_.integer("offset") or 0, slice_.integer("length") or 0)
    try:
        return account_json(account, options.text("encoding", default), decimals)
    except UnsupportedEncoding as error:
        raise RpcFailure(INVALID_PARAMS, f"Unsupported encoding: {error}") from error


def _sliced(account: Account, offset: int, length: int) -> Account:
    data = account.data[offset : offset + length]
    return Account(account.lamports, data, account.owner, account.executable, account.rent_epoch)


METHODS: Final[dict[str, Method]] = {
    "getAccountInfo": get_account_info,
    "getMultipleAccounts": get_multiple_accounts,
    "getBalance": get_balance,
    "getTokenAccountBalance": get_token_account_balance,
    "getTokenAccountsByOwner": get_token_accounts_by_owner,
    "getTokenSupply": get_token_supply,
}
