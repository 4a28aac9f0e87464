"""The sandbox as others see it: another process, a socket, and a client library that is not ours."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.models import TokenAccountOpts, TxOpts
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from spl.token.instructions import (
    create_idempotent_associated_token_account,
    get_associated_token_address,
    transfer_checked,
)
from spl.token.models import TransferCheckedParams

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM, USDC_MINT

SERVE = """
import socket, sys, uvicorn
from pathlib import Path
from infrastructure.sandbox.app import create_sandbox
from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.sandbox.solana.timing import Timing

listener = socket.create_server(("127.0.0.1", 0))
timing = Timing(confirm_ms=50, finalize_ms=100, slot_ms=20, blockhash_slots=5000)
app = create_sandbox(SandboxSettings(data_dir=Path(sys.argv[1]), timing=timing))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="warning")
uvicorn.Server(config).run(sockets=[listener])
"""

Serve = Callable[[Path], tuple[subprocess.Popen[str], str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(data_dir)], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        return process, f"http://127.0.0.1:{int(process.stdout.readline())}"

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def order(url: str, path: str, body: dict[str, object]) -> None:
    answer = httpx.post(f"{url}/control/solana/{path}", json=body, trust_env=False)
    assert answer.status_code == 200, answer.text


def usdc_transfer(
    sender: Keypair, recipient: Pubkey, amount: int, blockhash: Hash
) -> VersionedTransaction:
    source = get_associated_token_address(sender.pubkey(), USDC_MINT)
    target = get_associated_token_address(recipient, USDC_MINT)
    instructions = [
        create_idempotent_associated_token_account(sender.pubkey(), recipient, USDC_MINT),
        transfer_checked(
            TransferCheckedParams(
                program_id=TOKEN_PROGRAM,
                source=source,
                mint=USDC_MINT,
                dest=target,
                owner=sender.pubkey(),
                amount=amount,
                decimals=6,
                signers=[],
            )
        ),
    ]
    message = Message.new_with_blockhash(instructions, sender.pubkey(), blockhash)
    return VersionedTransaction(message, [sender])


async def test_an_outside_client_sends_usdc(serve: Serve, tmp_path: Path) -> None:
    _process, url = serve(tmp_path)
    alice, bob = Keypair(), Keypair().pubkey()
    order(url, "mint", {"owner": str(alice.pubkey()), "amount": "50"})
    async with AsyncClient(f"{url}/solana", commitment=Confirmed) as client:
        airdrop = await client.request_airdrop(alice.pubkey(), 10**9)
        await client.confirm_transaction(airdrop.value, Confirmed, sleep_seconds=0.05)
        latest = (await client.get_latest_blockhash()).value

        sent = await client.send_transaction(
            usdc_transfer(alice, bob, 20_000_000, latest.blockhash)
        )
        await client.confirm_transaction(
            sent.value,
            Confirmed,
            sleep_seconds=0.05,
            last_valid_block_height=latest.last_valid_block_height,
        )

        account = get_associated_token_address(bob, USDC_MINT)
        balance = await client.get_token_account_balance(account)
        assert balance.value.amount == "20000000"
        owned = await client.get_token_accounts_by_owner_json_parsed(
            bob, TokenAccountOpts(mint=USDC_MINT)
        )
        assert [item.pubkey for item in owned.value] == [account]
        record = await client.get_transaction(sent.value, "jsonParsed", Confirmed, 0)
        assert record.value is not None
        assert record.value.transaction.meta is not None
        assert record.value.transaction.meta.err is None
        history = await client.get_signatures_for_address(account, commitment=Confirmed)
        assert [item.signature for item in history.value] == [sent.value]


async def test_every_read_of_an_outside_client_is_understood(serve: Serve, tmp_path: Path) -> None:
    _process, url = serve(tmp_path)
    owner = Keypair().pubkey()
    order(url, "mint", {"owner": str(owner), "amount": "1"})
    account = get_associated_token_address(owner, USDC_MINT)
    async with AsyncClient(f"{url}/solana", commitment=Processed) as client:
        assert await client.is_connected()
        assert (await client.get_version()).value.solana_core
        assert (await client.get_genesis_hash()).value != Hash.default()
        assert (await client.get_slot()).value > (await client.get_block_height()).value
        assert (await client.get_epoch_info()).value.slots_in_epoch == 432_000
        assert (await client.get_recent_prioritization_fees()).value
        assert (await client.get_balance(owner)).value == 0
        assert (await client.get_minimum_balance_for_rent_exemption(165)).value == 2_039_280
        assert (await client.get_token_supply(USDC_MINT)).value.amount == "1000000"
        plain = (await client.get_account_info(account)).value
        assert plain is not None
        assert plain.owner == TOKEN_PROGRAM
        assert (await client.get_account_info_json_parsed(USDC_MINT)).value is not None
        both = await client.get_multiple_accounts([account, Keypair().pubkey()])
        assert [item is None for item in both.value] == [False, True]
        latest = (await client.get_latest_blockhash()).value
        message = MessageV0.try_compile(owner, [], [], latest.blockhash)
        assert (await client.get_fee_for_message(message)).value == 5000


async def test_what_was_acknowledged_survives_kill_9(serve: Serve, tmp_path: Path) -> None:
    process, url = serve(tmp_path)
    payer, target = Keypair(), Keypair().pubkey()
    order(url, "airdrop", {"address": str(payer.pubkey()), "lamports": 10**10})
    sent = []
    async with AsyncClient(f"{url}/solana", commitment=Processed) as client:
        latest = (await client.get_latest_blockhash()).value
        for lamports in range(1_000_000, 1_000_020):
            params = TransferParams(from_pubkey=payer.pubkey(), to_pubkey=target, lamports=lamports)
            message = Message.new_with_blockhash(
                [transfer(params)], payer.pubkey(), latest.blockhash
            )
            transaction = VersionedTransaction(message, [payer])
            options = TxOpts(skip_confirmation=True, preflight_commitment=Processed)
            sent.append((await client.send_transaction(transaction, options)).value)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    _again, url = serve(tmp_path)

    async with AsyncClient(f"{url}/solana", commitment=Processed) as client:
        statuses = (await client.get_signature_statuses(sent)).value
        assert all(status is not None and status.err is None for status in statuses)
        expected = sum(range(1_000_000, 1_000_020))
        assert (await client.get_balance(target)).value == expected
        assert (await client.get_latest_blockhash()).value.blockhash != latest.blockhash
