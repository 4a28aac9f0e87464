"""What the simulated chain's contracts do: PAXG and XAUT as ERC-20, bridges, and any that tests make
revert.

Everything else has no code: it takes what it is sent and ignores the data.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from eth_utils.crypto import keccak

from domain.shared.assets import PAXG, XAUT
from infrastructure.sandbox.bridge_calls import read_call

TOKENS: Final = {(asset.contract or "").lower(): asset for asset in (PAXG, XAUT)}
TRANSFER_TOPIC: Final = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
APPROVAL_TOPIC: Final = "0x" + keccak(text="Approval(address,address,uint256)").hex()
TOKEN_GAS: Final = 30_000
PASSES_ON: Final = "0x" + 20 * "f0"
"""A contract that hands the ETH it is sent to whom the data names, as exchanges pay out."""
PASS_ON_GAS: Final = 10_000
_WORD_BYTES: Final = 32
_ADDRESS_BYTES: Final = 20
_SELECTOR_BYTES: Final = 4

ReadCell = Callable[[str], int]


class Revert(Exception):
    """The contract refuses; what it did is undone."""


class Log(msgspec.Struct, frozen=True):
    address: str
    topics: list[str]
    data: str


@dataclass(slots=True)
class Effects:
    """What a call changes: differences by cell of the state, and logs."""

    changes: dict[str, int] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)

    def add(self, cell: str, difference: int) -> None:
        self.changes[cell] = self.changes.get(cell, 0) + difference


def balance_cell(address: str) -> str:
    return f"balance:{address}"


def token_cell(token: str, owner: str) -> str:
    return f"token:{token}:{owner}"


def allowance_cell(token: str, owner: str, spender: str) -> str:
    return f"allowance:{token}:{owner}:{spender}"


def run(read: ReadCell, *, caller: str, token: str, data: bytes, effects: Effects) -> bytes:
    """A call of a token, addresses in lower case: what it answers. Raises `Revert`."""
    known = _FUNCTIONS.get(data[:_SELECTOR_BYTES])
    words = [
        int.from_bytes(data[at : at + _WORD_BYTES], "big")
        for at in range(_SELECTOR_BYTES, len(data), _WORD_BYTES)
    ]
    if known is None or len(words) != known[0]:
        raise Revert("execution reverted")
    return known[1](_Call(read, caller, token, effects), words).to_bytes(_WORD_BYTES, "big")


def pass_on(value: int, data: bytes, effects: Effects) -> int:
    """Hands on what came: the gas that it needs. Raises `Revert`."""
    if len(data) != _ADDRESS_BYTES:
        raise Revert("execution reverted")
    effects.add(balance_cell(PASSES_ON), -value)
    effects.add(balance_cell("0x" + data.hex()), value)
    return PASS_ON_GAS


def pay_bridge(read: ReadCell, *, caller: str, bridge: str, data: bytes, effects: Effects) -> int:
    """A call of a bridge's contract: it takes the token that it was allowed to take; of any other
    call it takes the value. The gas that it needs. Raises `Revert`."""
    call = read_call(data)
    if call is None or call.token is None:
        return 0
    if call.token not in TOKENS:
        raise Revert("execution reverted")
    words = [int(caller, 16), int(bridge, 16), call.amount]
    _transfer_from(_Call(read, bridge, call.token, effects), words)
    return TOKEN_GAS


@dataclass(frozen=True, slots=True)
class _Call:
    read: ReadCell
    caller: str
    token: str
    effects: Effects


def _transfer(call: _Call, words: list[int]) -> int:
    _move(call, call.caller, _address(words[0]), words[1])
    return 1


def _transfer_from(call: _Call, words: list[int]) -> int:
    owner, amount = _address(words[0]), words[2]
    cell = allowance_cell(call.token, owner, call.caller)
    if call.read(cell) < amount:
        raise Revert("execution reverted: ERC20: transfer amount exceeds allowance")
    call.effects.add(cell, -amount)
    _move(call, owner, _address(words[1]), amount)
    return 1


def _approve(call: _Call, words: list[int]) -> int:
    spender = _address(words[0])
    cell = allowance_cell(call.token, call.caller, spender)
    call.effects.add(cell, words[1] - call.read(cell))
    _log(call, APPROVAL_TOPIC, call.caller, spender, words[1])
    return 1


def _move(call: _Call, owner: str, recipient: str, amount: int) -> None:
    if call.read(token_cell(call.token, owner)) < amount:
        raise Revert("execution reverted: ERC20: transfer amount exceeds balance")
    call.effects.add(token_cell(call.token, owner), -amount)
    call.effects.add(token_cell(call.token, recipient), amount)
    _log(call, TRANSFER_TOPIC, owner, recipient, amount)


def _log(call: _Call, topic: str, owner: str, other: str, amount: int) -> None:
    topics = [topic, _padded(owner), _padded(other)]
    call.effects.logs.append(Log(call.token, topics, f"0x{amount:064x}"))


def _balance_of(call: _Call, words: list[int]) -> int:
    return call.read(token_cell(call.token, _address(words[0])))


def _allowance(call: _Call, words: list[int]) -> int:
    return call.read(allowance_cell(call.token, _address(words[0]), _address(words[1])))


def _decimals(call: _Call, _words: list[int]) -> int:
    return TOKENS[call.token].decimals


def _address(word: int) -> str:
    return f"0x{word:040x}"


def _padded(address: str) -> str:
    return "0x" + address[2:].rjust(2 * _WORD_BYTES, "0")


def _selector(signature: str) -> bytes:
    return bytes(keccak(text=signature)[:_SELECTOR_BYTES])


# By selector: how many words it takes, and what it does.
_FUNCTIONS: Final[dict[bytes, tuple[int, Callable[[_Call, list[int]], int]]]] = {
    _selector("transfer(address,uint256)"): (2, _transfer),
    _selector("transferFrom(address,address,uint256)"): (3, _transfer_from),
    _selector("approve(address,uint256)"): (2, _approve),
    _selector("balanceOf(address)"): (1, _balance_of),
    _selector("allowance(address,address)"): (2, _allowance),
    _selector("decimals()"): (0, _decimals),
}
