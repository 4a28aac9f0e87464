"""Sui's GraphQL at one node, document by document: typed answers or NodeErrors, no policy.

Each document is answered from one snapshot of the chain, so what stands in one belongs together.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.json import Decoder

from infrastructure.chains.nodes import Node, NodeContradicts, NodeError, NodeMalformed, NodeRefused
from infrastructure.chains.sui import building
from infrastructure.chains.sui.addresses import to_bytes
from infrastructure.chains.sui.coins import Coin
from infrastructure.chains.sui.model import ObjectRef
from infrastructure.chains.sui.outcomes import failure_of_broadcast, failure_of_read
from infrastructure.chains.sui.wire import (
    AffectedData,
    Answer,
    BalanceData,
    Change,
    Changed,
    ChangedData,
    Checkpoint,
    CoinObject,
    CoinsData,
    Current,
    CurrentData,
    EpochData,
    ExecutedData,
    Failure,
    FoundPage,
    MoveType,
    Page,
    SeenData,
    TipData,
    User,
    UsersData,
)

SUI_TYPE: Final = f"0x{2:064x}::sui::SUI"
_SHORT_SUI_TYPE: Final = "0x2::sui::SUI"
COIN_TYPE: Final = f"0x{2:064x}::coin::Coin<{SUI_TYPE}>"
# The service's own bound on a page.
PAGE_ITEMS: Final = 50
# Whoever has more coins than these pages hold merges them elsewhere; a bound on our questions.
PAGES_MAX: Final = 10
# Ten thousand transactions of one address in one look: nobody's wallet.
AFFECTED_PAGES_MAX: Final = 200
# The last user of an object that is gone is the one that used it up; a few more for good measure.
USERS_MAX: Final = 5

BALANCE: Final = """query Balance($address: SuiAddress!, $coinType: String!) {
  address(address: $address) {
    address balance(coinType: $coinType) { totalBalance coinType { repr } }
  }
}"""
COINS: Final = """query Coins($address: SuiAddress!, $type: String!, $first: Int!, $after: String) {
  address(address: $address) {
    address
    objects(first: $first, after: $after, filter: {type: $type}) {
      nodes { address version digest contents { bcs } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
GAS_PRICE: Final = "query GasPrice { epoch { referenceGasPrice } }"
SIGHTING: Final = """query Sighting($digest: String!) {
  transaction(digest: $digest) {
    digest
    effects {
      status checkpoint { sequenceNumber digest }
      gasEffects { gasSummary { computationCost storageCost storageRebate } }
    }
  }
  checkpoint { sequenceNumber }
}"""
MOVEMENTS: Final = """query Movements($digest: String!, $first: Int!, $after: String) {
  transaction(digest: $digest) {
    digest transactionBcs sender { address }
    effects {
      status checkpoint { sequenceNumber }
      balanceChanges(first: $first, after: $after) {
        nodes { amount coinType { repr } owner { address } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
TIP: Final = "query Tip { checkpoint { sequenceNumber } }"
AFFECTED: Final = """query Affected(
  $address: SuiAddress!, $after: UInt53!, $before: UInt53!, $first: Int!, $cursor: String
) {
  transactions(
    first: $first, after: $cursor,
    filter: {affectedAddress: $address, afterCheckpoint: $after, beforeCheckpoint: $before}
  ) {
    nodes { digest } pageInfo { hasNextPage endCursor }
  }
}"""
_AFFECTED_ONE: Final = """
  a{place}: transactions(
    first: $first,
    filter: {{affectedAddress: $a{place}, afterCheckpoint: $after, beforeCheckpoint: $before}}
  ) {{ nodes {{ digest }} pageInfo {{ hasNextPage endCursor }} }}"""
# So many addresses a question; the service bounds its fields.
AFFECTED_ADDRESSES_MAX: Final = 10


def affected_together(count: int) -> str:
    """AFFECTED for `count` addresses at once, the first page of each."""
    given = "".join(f", $a{place}: SuiAddress!" for place in range(count))
    asked = "".join(_AFFECTED_ONE.format(place=place) for place in range(count))
    kinds = "$after: UInt53!, $before: UInt53!, $first: Int!"
    return f"query Affected({kinds}{given}) {{{asked}\n}}"


OBJECTS: Final = """query Objects($keys: [ObjectKey!]!) {
  multiGetObjects(keys: $keys) { address version }
}"""
USERS: Final = """query Users($object: SuiAddress!, $version: UInt53!, $last: Int!, $first: Int!) {
  objectVersions(address: $object, first: 1, filter: {afterVersion: $version}) {
    nodes { previousTransaction { ...User } }
  }
  transactions(last: $last, filter: {affectedObject: $object}) { nodes { ...User } }
  checkpoint { sequenceNumber }
}
fragment User on Transaction {
  digest
  effects {
    checkpoint { sequenceNumber }
    objectChanges(first: $first) { nodes { address inputState { version } } }
  }
}"""
EXECUTE: Final = """mutation Execute($transaction: Base64!, $signatures: [Base64!]!) {
  executeTransaction(transactionDataBcs: $transaction, signatures: $signatures) {
    effects { digest }
  }
}"""

_COIN_BYTES: Final = 32 + 8
_CLIENT_ERROR: Final = 400
Result = TypeVar("Result")
_ANSWER: Final = Decoder(Answer)
_BALANCE: Final = Decoder(BalanceData)
_COINS: Final = Decoder(CoinsData)
_EPOCH: Final = Decoder(EpochData)
_SEEN: Final = Decoder(SeenData)
_CHANGED: Final = Decoder(ChangedData)
_TIP: Final = Decoder(TipData)
_AFFECTED: Final = Decoder(AffectedData)
_AFFECTED_TOGETHER: Final[Decoder[dict[str, FoundPage]]] = Decoder(dict[str, FoundPage])
_CURRENT: Final = Decoder(CurrentData)
_USERS: Final = Decoder(UsersData)
_EXECUTED: Final = Decoder(ExecutedData)


async def balance(node: Node, address: str) -> int:
    """All SUI of `address`, in coins or not, at the newest checkpoint."""
    variables = {"address": address, "coinType": SUI_TYPE}
    held = (await _read(node, BALANCE, variables, _BALANCE)).address
    if held.address != address:
        raise NodeContradicts("the balance is of another address")
    if held.balance is None:
        return 0
    if not is_sui(held.balance.coin_type):
        raise NodeContradicts("the balance is of another coin")
    return int(held.balance.total_balance)


async def coins(node: Node, address: str) -> list[Coin]:
    """The coin objects of SUI that `address` owns, PAGES_MAX pages of them at most."""
    found: list[Coin] = []
    after: str | None = None
    for _ in range(PAGES_MAX):
        variables = {"address": address, "type": COIN_TYPE, "first": PAGE_ITEMS, "after": after}
        held = (await _read(node, COINS, variables, _COINS)).address
        if held.address != address:
            raise NodeContradicts("the coins are of another address")
        found += map(_coin, held.objects.nodes)
        after = held.objects.page_info.end_cursor
        if not held.objects.page_info.has_next_page or after is None:
            break
    return found


async def reference_gas_price(node: Node) -> int:
    """MIST per gas unit, for this epoch."""
    return int((await _read(node, GAS_PRICE, {}, _EPOCH)).epoch.reference_gas_price)


async def seen(node: Node, digest: str) -> SeenData:
    """A transaction and the newest checkpoint."""
    found = await _read(node, SIGHTING, {"digest": digest}, _SEEN)
    if found.transaction is not None and found.transaction.digest != digest:
        raise NodeContradicts("another transaction than the one asked for")
    return found


async def changed(node: Node, digest: str) -> tuple[Changed, list[Change]] | None:
    """A transaction with all of its balance changes; None where it is not known."""
    changes: list[Change] = []
    after: str | None = None
    for _ in range(PAGES_MAX):
        variables = {"digest": digest, "first": PAGE_ITEMS, "after": after}
        found = (await _read(node, MOVEMENTS, variables, _CHANGED)).transaction
        if found is None:
            return None
        if found.digest != digest:
            raise NodeContradicts("another transaction than the one asked for")
        changes += found.effects.balance_changes.nodes
        page = found.effects.balance_changes.page_info
        after = page.end_cursor
        if not page.has_next_page or after is None:
            return found, changes
    raise NodeContradicts("more balance changes than are believable")


async def tip(node: Node) -> int:
    """The newest checkpoint's number."""
    return (await _read(node, TIP, {}, _TIP)).checkpoint.sequence_number


async def affected(
    node: Node, addresses: Sequence[str], *, after: int, up_to: int
) -> dict[str, list[str]]:
    """The transactions that touched each of at most AFFECTED_ADDRESSES_MAX addresses in the
    checkpoints behind `after` and not behind `up_to`, the oldest first."""
    span = {"after": after, "before": up_to + 1, "first": PAGE_ITEMS}
    given = {f"a{place}": address for place, address in enumerate(addresses)}
    document = affected_together(len(addresses))
    pages = await _read(node, document, {**span, **given}, _AFFECTED_TOGETHER)
    if pages.keys() != given.keys():
        raise NodeMalformed("not as many answers as questions")
    return {
        address: [
            *(one.digest for one in pages[name].nodes),
            *await _affected_after(node, address, pages[name].page_info, span),
        ]
        for name, address in given.items()
    }


async def _affected_after(
    node: Node, address: str, page: Page, span: Mapping[str, int]
) -> list[str]:
    """What is on the pages behind `page`."""
    found: list[str] = []
    for _ in range(AFFECTED_PAGES_MAX):
        if not page.has_next_page or page.end_cursor is None:
            return found
        variables = {**span, "address": address, "cursor": page.end_cursor}
        following = (await _read(node, AFFECTED, variables, _AFFECTED)).transactions
        found += (one.digest for one in following.nodes)
        page = following.page_info
    raise NodeContradicts(f"the transactions of {address} never end")


async def current(node: Node, addresses: list[str]) -> list[Current | None]:
    """The objects as they are now, in that order; None for what is gone, or never was."""
    keys = [{"address": address} for address in addresses]
    found = (await _read(node, OBJECTS, {"keys": keys}, _CURRENT)).multi_get_objects
    for address, one in zip(addresses, found, strict=False):
        if one is not None and one.address != address:
            raise NodeContradicts("another object than the one asked for")
    if len(found) != len(addresses):
        raise NodeContradicts("not as many objects as were asked for")
    return found


async def user(node: Node, address: str, version: int) -> tuple[User | None, Checkpoint]:
    """The transaction that used an object up at just that version, None where none is shown; and
    the newest checkpoint."""
    variables = {"object": address, "version": version, "last": USERS_MAX, "first": PAGE_ITEMS}
    found = await _read(node, USERS, variables, _USERS)
    shown = [one.previous_transaction for one in found.object_versions.nodes]
    for one in (*shown, *found.transactions.nodes):
        for change in one.effects.object_changes.nodes:
            before = change.input_state
            if change.address == address and before is not None and before.version == version:
                return one, found.checkpoint
    return None, found.checkpoint


async def execute(node: Node, transaction: bytes, signature: bytes) -> str:
    """The digest that the node gives it; a refusal of `outcomes` otherwise."""
    variables = {
        "transaction": base64.b64encode(transaction).decode(),
        "signatures": [base64.b64encode(signature).decode()],
    }
    executed = await _call(
        node, EXECUTE, variables, _EXECUTED, idempotent=False, failed=failure_of_broadcast
    )
    return executed.execute_transaction.effects.digest


def is_sui(kind: MoveType) -> bool:
    """Services spell the package's address in full, or as short as it can be."""
    return kind.repr in {SUI_TYPE, _SHORT_SUI_TYPE}


def decoded_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise NodeMalformed("no Base64") from error


def _coin(held: CoinObject) -> Coin:
    """Move's Coin: its identifier, and the balance."""
    content, digest = decoded_base64(held.contents.bcs), building.digest_bytes(held.digest)
    object_id = to_bytes(held.address)
    if len(content) != _COIN_BYTES or digest is None:
        raise NodeMalformed("no coin")
    if not content.startswith(object_id):
        raise NodeContradicts("the content of another coin")
    reference = ObjectRef(object_id=object_id, version=held.version, digest=digest)
    return Coin(reference=reference, balance=int.from_bytes(content[len(object_id) :], "little"))


async def _read(
    node: Node, document: str, variables: Mapping[str, object], decoder: Decoder[Result]
) -> Result:
    return await _call(node, document, variables, decoder, idempotent=True, failed=failure_of_read)


async def _call(
    node: Node,
    document: str,
    variables: Mapping[str, object],
    decoder: Decoder[Result],
    *,
    idempotent: bool,
    failed: Callable[[Failure], NodeError],
) -> Result:
    response = await node.ask(
        "POST",
        content=msgspec.json.encode({"query": document, "variables": variables}),
        headers={"content-type": "application/json"},
        idempotent=idempotent,
    )
    refused = NodeRefused(f"HTTP {response.status}", str(response.status))
    try:
        answer = _decoded(response.body, _ANSWER)
    except NodeMalformed as error:
        if response.status >= _CLIENT_ERROR:
            raise refused from error
        response.unreadable()
        raise
    if answer.errors:
        raise failed(answer.errors[0])
    if response.status >= _CLIENT_ERROR:
        raise refused
    return _decoded(answer.data, decoder)


def _decoded(content: bytes | msgspec.Raw, decoder: Decoder[Result]) -> Result:
    try:
        return decoder.decode(content)
    except msgspec.MsgspecError as error:
        raise NodeMalformed(str(error)) from error
