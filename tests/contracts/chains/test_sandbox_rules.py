"""What the simulated nodes check of what they are sent, and how they word it."""

from typing import Final

import msgspec
from embit.finalizer import finalize_psbt
from embit.psbt import PSBT
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from eth_account import Account

from domain.provider.ports.answers import Declined
from domain.provider.ports.chain import Signed
from domain.shared.assets import BTC
from infrastructure.sandbox.bitcoin.ledger import Ledger as BitcoinLedger
from tests.contracts.chains.stages import (
    BITCOIN_URL,
    ETHEREUM_URL,
    BitcoinWallet,
    EthereumWallet,
    Stage,
    got,
)
from tests.contracts.chains.talk import call, get, order, post, world_of

WHOLE: Final = False


# ---------------------------------------------------------------------- Bitcoin's rules


async def refused(stage: Stage, raw: bytes) -> str:
    answer = await stage.gateway.broadcast(Signed(raw=raw, transaction_hash=64 * "0"))
    assert isinstance(answer, Declined), answer
    return answer.reason


async def test_bitcoin_checks_signatures(bitcoin: Stage) -> None:
    for taproot in (False, True):
        wallet, thief = BitcoinWallet(taproot=taproot), BitcoinWallet(taproot=taproot)
        await bitcoin.simulator.fund(wallet.address, BTC, 1_000_000)
        prepared = await bitcoin.prepared(wallet, thief.address)
        psbt = PSBT.parse(wallet.sign(prepared.payload))
        signed = Transaction.parse(bitcoin.accept(prepared, wallet).raw)
        unsigned = psbt.tx.serialize()
        signed.vout[0].value -= 1

        assert "script-verify" in await refused(bitcoin, unsigned)
        assert "script-verify" in await refused(bitcoin, signed.serialize())


async def test_bitcoin_checks_amounts(bitcoin: Stage) -> None:
    wallet = await bitcoin.funded()
    transaction = Transaction.parse((await bitcoin.signed(wallet, wallet.address)).raw)

    transaction.vout[0].value = 100
    assert await refused(bitcoin, transaction.serialize()) == "dust"
    transaction.vout[0].value = 2_000_000
    assert await refused(bitcoin, transaction.serialize()) == "bad-txns-in-belowout"
    transaction.vout[0].value = bitcoin.plenty - transaction.vout[1].value - 10
    assert "min relay fee not met" in await refused(bitcoin, transaction.serialize())
    transaction.vin = [*transaction.vin, *transaction.vin]
    assert "inputs-duplicate" in await refused(bitcoin, transaction.serialize())
    assert "decode failed" in await refused(bitcoin, b"\x02\0")


async def test_bitcoin_answers_unknowns_as_esplora_does(bitcoin: Stage) -> None:
    unknown = 64 * "0"
    statuses = {
        path: (await get(bitcoin, path)).status
        for path in (
            f"/tx/{unknown}",
            "/tx/short",
            f"/tx/{unknown}/hex",
            f"/block/{unknown}/status",
            "/address/nobody",
            "/address/nobody/utxo",
            "/block-height/99999999",
        )
    }
    assert list(statuses.values()) == [404, 400, 404, 404, 400, 400, 404]
    assert (await get(bitcoin, f"/tx/{unknown}/status")).body == b'{"confirmed":false}'
    assert (await get(bitcoin, f"/tx/{unknown}/outspend/0")).body == b'{"spent":false}'
    answer = await world_of(bitcoin).client.request("POST", f"{BITCOIN_URL}/tx", content=b"zz")
    assert answer.status == 400


async def test_bitcoin_sums_of_an_address(bitcoin: Stage) -> None:
    wallet, recipient = await bitcoin.funded(), bitcoin.account().address
    signed = await bitcoin.signed(wallet, recipient)
    got(await bitcoin.gateway.broadcast(signed))

    told = msgspec.json.decode((await get(bitcoin, f"/address/{wallet.address}")).body)
    assert told["chain_stats"]["funded_txo_sum"] == bitcoin.plenty
    assert told["chain_stats"]["spent_txo_sum"] == 0
    assert told["mempool_stats"]["spent_txo_sum"] == bitcoin.plenty
    assert told["mempool_stats"]["tx_count"] == 1
    spends = msgspec.json.decode(
        (await get(bitcoin, f"/tx/{signed.transaction_hash}/outspends")).body
    )
    assert [one["spent"] for one in spends] == [False, False]


async def test_a_dropped_parent_takes_its_children_along(bitcoin: Stage) -> None:
    ledger = BitcoinLedger(world_of(bitcoin).world)
    wallet = BitcoinWallet()
    parent = ledger.fund(wallet.script.data, 100_000, confirmed=False)
    spent = await _spend(wallet, parent, 100_000)
    child = ledger.accept(spent)

    assert ledger.drop(parent)

    assert ledger.find(child) is None
    assert not ledger.drop(parent)


async def _spend(wallet: BitcoinWallet, txid: str, value: int) -> bytes:
    outputs = [TransactionOutput(value - 1_000, wallet.script)]
    transaction = Transaction(vin=[TransactionInput(bytes.fromhex(txid), 0)], vout=outputs)
    psbt = PSBT(transaction, unknown={})
    psbt.inputs[0].witness_utxo = TransactionOutput(value, wallet.script)
    psbt.sign_with(wallet.key)
    return bytes(finalize_psbt(psbt).serialize())


# ---------------------------------------------------------------------- Ethereum's rules


async def sent(stage: Stage, wallet: EthereumWallet, **changes: object) -> str:
    """What the node says to a transaction with one thing wrong."""
    fields = {
        "nonce": 0,
        "to": wallet.address,
        "value": 1,
        "gas": 21_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "chainId": 1,
        "type": 2,
        **changes,
    }
    raw = wallet.account.sign_transaction(fields).raw_transaction
    answer = await call(stage, "eth_sendRawTransaction", "0x" + bytes(raw).hex())
    error = answer.get("error")
    return str(error["message"]) if isinstance(error, dict) else "taken"


async def test_ethereum_checks_what_it_is_sent(ethereum: Stage) -> None:
    wallet = EthereumWallet()
    await ethereum.simulator.fund(wallet.address, ethereum.asset, 10**18)

    assert "invalid chain id" in await sent(ethereum, wallet, chainId=5)
    assert "intrinsic gas" in await sent(ethereum, wallet, gas=20_999)
    assert "block gas limit" in await sent(ethereum, wallet, gas=10**8)
    assert "insufficient funds" in await sent(ethereum, wallet, value=10**18)
    assert "max priority fee" in await sent(ethereum, wallet, maxPriorityFeePerGas=10**11)
    legacy = {"gasPrice": 10**10, "nonce": 0, "gas": 21_000, "to": wallet.address, "value": 1}
    raw = wallet.account.sign_transaction({**legacy, "chainId": 1}).raw_transaction
    answer = await call(ethereum, "eth_sendRawTransaction", "0x" + bytes(raw).hex())
    assert answer["error"] == {"code": -32000, "message": "transaction type not supported"}
    assert await sent(ethereum, wallet) == "taken"
    assert await sent(ethereum, wallet) == "already known"
    assert "underpriced" in await sent(ethereum, wallet, value=2)
    await ethereum.simulator.mine(1)
    assert "nonce too low" in await sent(ethereum, wallet)


async def test_ethereum_executes_nonces_in_order_and_waits_for_gaps(ethereum: Stage) -> None:
    wallet = EthereumWallet()
    await ethereum.simulator.fund(wallet.address, ethereum.asset, 10**18)
    for nonce in (2, 1):
        assert await sent(ethereum, wallet, nonce=nonce) == "taken"
    await ethereum.simulator.mine(1)
    assert (await call(ethereum, "eth_getTransactionCount", wallet.address, "latest"))[
        "result"
    ] == "0x0"

    assert await sent(ethereum, wallet, nonce=0) == "taken"
    assert (await call(ethereum, "eth_getTransactionCount", wallet.address, "pending"))[
        "result"
    ] == "0x3"
    await ethereum.simulator.mine(1)

    counts = [
        (await call(ethereum, "eth_getTransactionCount", wallet.address, tag))["result"]
        for tag in ("latest", "finalized")
    ]
    assert counts == ["0x3", "0x0"]


async def test_ethereum_takes_back_what_a_reorganisation_drops(ethereum: Stage) -> None:
    sender, recipient = await ethereum.funded(), ethereum.account().address
    got(await ethereum.gateway.broadcast(await ethereum.signed(sender, recipient)))
    await ethereum.simulator.mine(1)
    assert await ethereum.gateway.balance(recipient, ethereum.asset) == ethereum.amount

    await ethereum.simulator.reorganise(1)

    assert await ethereum.gateway.balance(recipient, ethereum.asset) == 0
    assert await ethereum.gateway.balance(sender.address, ethereum.asset) == ethereum.plenty


async def test_a_fee_below_the_base_fee_waits_in_the_pool(ethereum: Stage) -> None:
    signed = await ethereum.signed(await ethereum.funded(), ethereum.account().address)
    got(await ethereum.gateway.broadcast(signed))
    fees = f"{ETHEREUM_URL}/_simulate/fees"
    assert await order(ethereum, fees, {"base_fee_wei": 10**11}) == 200

    await ethereum.simulator.mine(3)
    assert got(await ethereum.gateway.sighting(signed.transaction_hash)).depth == 0

    assert await order(ethereum, fees, {"base_fee_wei": 10**9}) == 200
    await ethereum.simulator.mine(1)
    assert got(await ethereum.gateway.sighting(signed.transaction_hash)).depth >= 1


async def test_ethereum_speaks_json_rpc(ethereum: Stage) -> None:
    address = Account.create().address

    codes = [
        (await post(ethereum, b"{"))["error"],
        (await post(ethereum, b"[]"))["error"],
        (await call(ethereum, "eth_mining"))["error"],
        (await call(ethereum, "eth_getBalance"))["error"],
        (await call(ethereum, "eth_getBlockByNumber", "newest", WHOLE))["error"],
        (await call(ethereum, "eth_getBalance", address, "0x1"))["error"],
        (await call(ethereum, "eth_sendRawTransaction", "0xzz"))["error"],
    ]

    assert [one["code"] for one in codes if isinstance(one, dict)] == [
        -32700,
        -32600,
        -32601,
        -32602,
        -32602,
        -32000,
        -32602,
    ]
    assert (await call(ethereum, "eth_chainId")) == {"jsonrpc": "2.0", "id": 7, "result": "0x1"}
    assert (await call(ethereum, "eth_getBlockByNumber", "0xfffffff", WHOLE))["result"] is None
    assert (await call(ethereum, "eth_call", {"to": address}, "latest"))["result"] == "0x"
