"""Transactions and blocks in the form that Esplora answers."""

from dataclasses import asdict, dataclass, field

from embit.transaction import TransactionOutput

from infrastructure.sandbox.bitcoin import scripts
from infrastructure.sandbox.bitcoin.ledger import Kept, Ledger

Json = dict[str, object]


def status(ledger: Ledger, kept: Kept | None) -> Json:
    if kept is None or kept.height is None:
        return {"confirmed": False}
    return {
        "confirmed": True,
        "block_height": kept.height,
        "block_hash": ledger.blocks.hash_of(kept.height),
        "block_time": ledger.blocks.time_of(kept.height),
    }


def transaction(ledger: Ledger, kept: Kept) -> Json:
    parsed = kept.parsed
    size, weight = scripts.sizes(parsed)
    return {
        "txid": kept.txid,
        "version": parsed.version,
        "locktime": parsed.locktime,
        "vin": [
            {
                "txid": spent.txid.hex(),
                "vout": spent.vout,
                "prevout": _prevout(ledger, spent.txid.hex(), spent.vout),
                "scriptsig": spent.script_sig.data.hex(),
                "witness": [item.hex() for item in spent.witness.items],
                "is_coinbase": kept.is_coinbase,
                "sequence": spent.sequence,
            }
            for spent in parsed.vin
        ],
        "vout": [output(one) for one in parsed.vout],
        "size": size,
        "weight": weight,
        "fee": kept.fee,
        "status": status(ledger, kept),
    }


def output(paid: TransactionOutput) -> Json:
    script = paid.script_pubkey.data
    kind = paid.script_pubkey.script_type()
    names = {"p2wpkh": "v0_p2wpkh", "p2wsh": "v0_p2wsh", "p2tr": "v1_p2tr"}
    address = scripts.address_of(script)
    return {
        "scriptpubkey": script.hex(),
        "scriptpubkey_type": names.get(kind, kind or "unknown"),
        **({} if address is None else {"scriptpubkey_address": address}),
        "value": paid.value,
    }


def outspend(ledger: Ledger, txid: str, vout: int) -> Json:
    spender = ledger.spender(txid, vout)
    kept = None if spender is None else ledger.find(spender)
    if kept is None:
        return {"spent": False}
    outpoints = [(one.txid.hex(), one.vout) for one in kept.parsed.vin]
    place = outpoints.index((txid, vout))
    return {"spent": True, "txid": kept.txid, "vin": place, "status": status(ledger, kept)}


def address(ledger: Ledger, text: str) -> Json:
    """Sums of the blocks and of the mempool."""
    parts = {"chain_stats": Stats(), "mempool_stats": Stats()}
    for kept, vout, paid in ledger.outputs_of(text):
        part = parts["mempool_stats" if kept.height is None else "chain_stats"]
        part.funded_txo_count += 1
        part.funded_txo_sum += paid.value
        part.transactions.add(kept.txid)
        spender = ledger.spender(kept.txid, vout)
        rival = None if spender is None else ledger.find(spender)
        if rival is not None:
            part = parts["mempool_stats" if rival.height is None else "chain_stats"]
            part.spent_txo_count += 1
            part.spent_txo_sum += paid.value
            part.transactions.add(rival.txid)
    return {"address": text, **{name: part.json() for name, part in parts.items()}}


@dataclass(slots=True)
class Stats:
    """What an address received and spent, in blocks or in the mempool."""

    funded_txo_count: int = 0
    funded_txo_sum: int = 0
    spent_txo_count: int = 0
    spent_txo_sum: int = 0
    transactions: set[str] = field(default_factory=set)

    def json(self) -> Json:
        figures = asdict(self)
        return {"tx_count": len(figures.pop("transactions")), **figures}


def _prevout(ledger: Ledger, txid: str, vout: int) -> Json | None:
    spent = ledger.output(txid, vout)
    return None if spent is None else output(spent)
