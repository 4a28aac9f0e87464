"""What transactions left addresses with, and which transactions credited an address, by the word of
one node.

ETH that a contract passes on leaves no log. It shows in the balances of the block's access list
(EIP-7928), at nodes that keep them; at others it is not seen.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence

from domain.provider.ports.chain import Credit
from domain.shared.assets import ETH
from infrastructure.chains.credits import Holding, credited_to, credits_of
from infrastructure.chains.ethereum import addresses, rpc, tokens
from infrastructure.chains.ethereum.watching import landed, logged, own_value
from infrastructure.chains.ethereum.wire import (
    AccountAccess,
    FullBlock,
    Receipt,
    Transaction,
    quantity,
)
from infrastructure.chains.nodes import Node, NodeMalformed, NodeRefused, NodeUnreached

logger = logging.getLogger(__name__)


async def received_at(
    node: Node, transaction_hash: str, wanted: Collection[str]
) -> tuple[Credit, ...]:
    """What the transaction left those of `wanted` with that have more than before."""
    found = await landed(node, transaction_hash)
    sent = None if found is None else await rpc.proven_transaction(node, transaction_hash)
    if found is None or sent is None:
        return ()
    movements = (*own_value(sent), *logged(found))
    told = credited_to(credits_of(transaction_hash, movements, taken=_taken(found, sent)), wanted)
    unseen = frozenset(wanted) - {one.address for one in movements if one.asset == ETH.symbol}
    return (*told, *await _passed_on(node, found, sent, unseen))


async def final_height_at(node: Node) -> int:
    finalized = await rpc.block(node, "finalized")
    if finalized is None:
        raise NodeMalformed("no finalised block")
    return quantity(finalized.number)


async def credits_at(
    node: Node, wanted: Sequence[str], *, after: int, up_to: int
) -> tuple[Credit, ...]:
    """Looked for in every block and in all transfers of our tokens, which are few: the same work
    for one address as for many."""
    if await final_height_at(node) < up_to:
        raise NodeUnreached("the node is behind")
    if after >= up_to:
        return ()
    ours = frozenset(wanted)
    hashes = await _token_transfers(node, ours, after=after, up_to=up_to)
    keeps_access = True
    for number in range(after + 1, up_to + 1):
        access = await rpc.access_list(node, number) if keeps_access else None
        keeps_access = access is not None
        # No block leaves nothing: an empty list is none, not a block without movements.
        hashes |= dict.fromkeys(await _ether_movers(node, number, access or None, ours))
    found: list[Credit] = []
    for transaction_hash in hashes:
        found += await received_at(node, transaction_hash, ours)
    return tuple(found)


async def _token_transfers(
    node: Node, ours: frozenset[str], *, after: int, up_to: int
) -> dict[str, None]:
    transfers = await rpc.logs(
        node,
        contracts=list(tokens.BY_CONTRACT),
        topic=tokens.TRANSFER_TOPIC,
        first=after + 1,
        last=up_to,
    )
    return dict.fromkeys(
        log.transaction_hash
        for log in transfers
        if (transfer := tokens.read_transfer(log)) is not None and transfer.recipient in ours
    )


async def _ether_movers(
    node: Node, number: int, access: list[AccountAccess] | None, ours: frozenset[str]
) -> list[str]:
    """The block's transactions that may have brought one of ours ETH."""
    if access is None:
        block = await rpc.full_block(node, number)
        return [
            sent.hash
            for sent in block.transactions
            if sent.to is not None and addresses.parse(sent.to.lower()) in ours
        ]
    places = {
        quantity(change.index)
        for account in access
        if addresses.parse(account.address.lower()) in ours
        for change in account.balance_changes
    }
    return _at(await rpc.full_block(node, number), places) if places else []


def _at(block: FullBlock, places: Collection[int]) -> list[str]:
    """By their places in the access list, which counts from 1 and has the block's own doings before
    and behind them."""
    numbered = enumerate(block.transactions, 1)
    return [sent.hash for place, sent in numbered if place in places]


def _taken(found: Receipt, sent: Transaction) -> dict[Holding, int]:
    taken: dict[Holding, int] = defaultdict(int)
    if value := quantity(sent.value):
        taken[ETH.symbol, addresses.parse(sent.sender.lower())] += value
    for log in found.logs:
        transfer = tokens.read_transfer(log)
        if transfer is not None:
            taken[transfer.asset.symbol, transfer.sender] += transfer.amount
    return taken


async def _passed_on(
    node: Node, found: Receipt, sent: Transaction, wanted: Collection[str]
) -> list[Credit]:
    """ETH that contracts of the transaction brought those of `wanted`, fees of their own aside."""
    if not wanted or sent.input in {None, "0x"}:
        return []
    access = await rpc.access_list(node, quantity(found.block_number))
    sender = addresses.parse(sent.sender.lower())
    credits_ = []
    for account in access or ():
        address = addresses.parse(account.address.lower())
        gained = await _gained(node, account, found) if address in wanted else 0
        if gained > 0:
            credits_.append(
                Credit(
                    transaction_hash=found.transaction_hash,
                    index=0,
                    asset=ETH.symbol,
                    address=address,
                    amount=gained,
                    senders=(sender,),
                )
            )
    return credits_


async def _gained(node: Node, account: AccountAccess, found: Receipt) -> int:
    """What the transaction added to the account's balance; 0 where that cannot be told."""
    place = quantity(found.transaction_index) + 1
    balances = {quantity(one.index): quantity(one.value) for one in account.balance_changes}
    if place not in balances:
        return 0
    earlier = [index for index in balances if index < place]
    if earlier:
        return balances[place] - balances[max(earlier)]
    before = quantity(found.block_number) - 1
    try:
        return balances[place] - await rpc.balance(node, account.address, block=hex(before))
    except NodeRefused as error:
        logger.error("the balance of %s at %s is not told: %s", account.address, before, error)  # noqa: TRY400  # the node's no, not a defect
        return 0
