"""What the fields of the schema answer, from the simulated chain."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from graphql import GraphQLError

from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.sui.ledger import Ledger
from infrastructure.sandbox.sui.transactions import Coin, Executed, Rejected

PROVIDER: Final = "sui"
PAGE_ITEMS_MAX: Final = 50
CHAIN_IDENTIFIER: Final = "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"
_PAGE_ITEMS: Final = 20
_MILLION: Final = 1_000_000
_SUI: Final = f"0x{2:064x}::sui::SUI"
_COIN: Final = f"0x{2:064x}::coin::Coin<{_SUI}>"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)

Json = dict[str, object]
Item = tuple[str, Json]


def refused(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


class Root:
    """The fields of Query and of Mutation; each answers from the chain as it is after what is due."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger

    def fields(self) -> Json:
        """By their names; each is given graphql-core's own information and the arguments."""
        return {
            "address": self.address,
            "chainIdentifier": self.chain_identifier,
            "checkpoint": self.checkpoint,
            "epoch": self.epoch,
            "executeTransaction": self.execute_transaction,
            "multiGetObjects": self.multi_get_objects,
            "object": self.object_of,
            "objectVersions": self.object_versions,
            "transaction": self.transaction,
            "transactions": self.transactions,
        }

    def address(self, _info: object, address: str = "") -> Json:
        owner = _canonical(address)
        millionths = self._millionths("address")

        def balance(_info: object, **asked: str) -> Json:
            held = 0
            if _long(asked["coinType"]) == _SUI:
                held = sum(coin.balance for coin in self._ledger.coins_of(owner))
            text = str(held * millionths // _MILLION)
            return {
                "addressBalance": "0",
                "coinBalance": text,
                "totalBalance": text,
                "coinType": {"repr": _long(asked["coinType"])},
            }

        def objects(_info: object, **asked: object) -> Json:
            kind = asked.get("filter") or {}
            wanted = not isinstance(kind, dict) or _long(kind.get("type") or _COIN) == _COIN
            coins = self._ledger.coins_of(owner) if wanted else []
            return _page([(coin.object_id, _coin(coin, millionths)) for coin in coins], **asked)

        return {"address": owner, "balance": balance, "objects": objects}

    def chain_identifier(self, _info: object) -> str:
        return CHAIN_IDENTIFIER

    def checkpoint(self, _info: object, **asked: int) -> Json | None:
        tip = self._ledger.blocks.tip()
        height = asked.get("sequenceNumber", tip)
        return self._checkpoint(height) if height <= tip else None

    def epoch(self, _info: object) -> Json:
        price = self._ledger.reference_gas_price() * self._millionths("epoch") // _MILLION
        return {"epochId": 1_000, "referenceGasPrice": str(price)}

    def object_of(self, _info: object, address: str) -> Json | None:
        coin = self._ledger.coin(_canonical(address))
        return None if coin is None else _coin(coin, _MILLION)

    def multi_get_objects(self, info: object, keys: list[dict[str, str]]) -> list[Json | None]:
        return [self.object_of(info, key["address"]) for key in keys]

    def object_versions(self, _info: object, address: str, **asked: object) -> Json:
        """Those that transactions made; what the faucet made has no history."""
        wanted = asked.get("filter")
        after = wanted.get("afterVersion", 0) if isinstance(wanted, dict) else 0
        name = _canonical(address)
        items = [
            (str(coin.version), {**_coin(coin, _MILLION), "previousTransaction": made})
            for one in self._ledger.users(name)
            for made in [self._transaction(one, _MILLION)]
            for coin in one.produced
            if coin.object_id == name and coin.version > after
        ]
        return _page(items, **asked)

    def transaction(self, _info: object, digest: str) -> Json | None:
        found = self._ledger.find(digest)
        return None if found is None else self._transaction(found, self._millionths("transaction"))

    def transactions(self, _info: object, **asked: object) -> Json:
        wanted = asked.get("filter")
        if isinstance(wanted, dict) and wanted.get("affectedAddress"):
            return self._of_address(wanted, **asked)
        if not isinstance(wanted, dict) or not wanted.get("affectedObject"):
            raise refused("only the filters affectedObject and affectedAddress are served here")
        found = self._ledger.users(_canonical(wanted["affectedObject"]))
        last = asked.get("last")
        if isinstance(last, int):
            found = found[-_bounded(last) :]
        items = [(one.digest, self._transaction(one, _MILLION)) for one in found]
        return _page(items, first=asked.get("first") or PAGE_ITEMS_MAX)

    def _of_address(self, wanted: dict[str, object], **asked: object) -> Json:
        after, before = wanted.get("afterCheckpoint"), wanted.get("beforeCheckpoint")
        found = [
            one
            for one in self._ledger.touching(_canonical(str(wanted["affectedAddress"])))
            if one.checkpoint is not None
            and (not isinstance(after, int) or one.checkpoint > after)
            and (not isinstance(before, int) or one.checkpoint < before)
        ]
        items = [(one.digest, self._transaction(one, _MILLION)) for one in found]
        return _page(items, first=asked.get("first"), after=asked.get("after"))

    def execute_transaction(self, _info: object, **asked: str | list[str]) -> Json:
        content, signatures = asked["transactionDataBcs"], asked["signatures"]
        try:
            sent = _bytes(str(content))
            executed = self._ledger.accept(sent, [_bytes(one) for one in signatures])
        except Rejected as error:
            raise refused(f"Invalid argument: {error}") from None
        return {"effects": self._effects(executed, _MILLION)}

    def _millionths(self, operation: str) -> int:
        return self._world.faults.millionths(PROVIDER, operation)

    def _transaction(self, one: Executed, millionths: int) -> Json:
        return {
            "digest": one.digest,
            "sender": {"address": one.sender},
            "transactionBcs": base64.b64encode(one.content).decode(),
            "effects": self._effects(one, millionths),
        }

    def _effects(self, one: Executed, millionths: int) -> Json:
        changes: list[Item] = [
            (
                owner,
                {
                    "owner": {"address": owner},
                    "coinType": {"repr": _SUI},
                    "amount": str(amount * millionths // _MILLION),
                },
            )
            for owner, amount in sorted(one.changes.items())
        ]
        return {
            "digest": one.digest,
            "status": "SUCCESS" if one.error is None else "FAILURE",
            "executionError": None if one.error is None else {"message": one.error},
            "checkpoint": None if one.checkpoint is None else self._checkpoint(one.checkpoint),
            "lamportVersion": one.version,
            "gasEffects": {
                "gasSummary": {
                    "computationCost": one.computation,
                    "storageCost": one.storage,
                    "storageRebate": one.rebate,
                    "nonRefundableStorageFee": one.storage - one.rebate,
                }
            },
            "balanceChanges": _paged(changes),
            "objectChanges": _paged(_object_changes(one)),
        }

    def _checkpoint(self, height: int) -> Json:
        when = datetime.fromtimestamp(self._ledger.blocks.time_of(height), UTC)
        return {
            "sequenceNumber": height,
            "digest": self._ledger.checkpoint_digest(height),
            "timestamp": when.isoformat().replace("+00:00", "Z"),
        }


def _coin(coin: Coin, millionths: int) -> Json:
    held = Coin(
        object_id=coin.object_id,
        version=coin.version,
        owner=coin.owner,
        balance=coin.balance * millionths // _MILLION,
    )
    return {
        "address": coin.object_id,
        "version": coin.version,
        "digest": coin.digest,
        "contents": {
            "bcs": base64.b64encode(held.content).decode(),
            "type": {"repr": _COIN},
        },
    }


def _object_changes(one: Executed) -> list[Item]:
    before = {coin.object_id: _coin(coin, _MILLION) for coin in one.consumed}
    after = {coin.object_id: _coin(coin, _MILLION) for coin in one.produced}
    return [
        (name, {"address": name, "inputState": before.get(name), "outputState": after.get(name)})
        for name in sorted(one.affected)
    ]


def _paged(items: Sequence[Item]) -> Callable[..., Json]:
    def page(_info: object, **asked: object) -> Json:
        return _page(items, **asked)

    return page


def _page(items: Sequence[Item], **asked: object) -> Json:
    """A page of what has a key each; the cursor is the key of the last one."""
    first, after = asked.get("first"), asked.get("after")
    keys = [key for key, _ in items]
    if after is not None and after not in keys:
        raise refused("Invalid cursor")
    start = 0 if after is None else keys.index(str(after)) + 1
    end = start + _bounded(first if isinstance(first, int) else _PAGE_ITEMS)
    return {
        "nodes": [item for _, item in items[start:end]],
        "pageInfo": {
            "hasNextPage": end < len(items),
            "endCursor": keys[min(end, len(items)) - 1] if keys[start:end] else None,
        },
    }


def _bounded(items: int) -> int:
    if not 0 < items <= PAGE_ITEMS_MAX:
        raise refused(f"Page size of {items} is not between 1 and {PAGE_ITEMS_MAX}")
    return items


def _canonical(address: str) -> str:
    if _ADDRESS.fullmatch(str(address)) is None:
        raise refused("Invalid SuiAddress")
    return "0x" + address[2:].lower().rjust(64, "0")


def _long(kind: str) -> str:
    """A type with its package's address in full."""
    return re.sub(r"0x0*2::", f"0x{2:064x}::", kind)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise refused("Invalid Base64") from None
