"""The outside client of `make bench-send`, a process of its own: it reads an order, sends, and
writes what it saw."""

import asyncio
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import uvloop
from solders.keypair import Keypair

from bench.socket_client import Event, SocketClient, signed_in
from infrastructure.demo.device import Device

_INITIATE: Final = """mutation ($input: InitiateSendInput!) {
  initiateSend(input: $input) { transaction { id } errors { code why } } }"""
_ACTIONS: Final = "query ($id: ID!) { transaction(id: $id) { userActions { id status payload } } }"
_SUBMIT: Final = """mutation ($input: SubmitUserActionInput!) {
  submitUserAction(input: $input) { errors { code why } } }"""
_WAITS_FOR_USER: Final = "UserActionRequired"
_TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
_SEND_SECONDS_MAX: Final = 60.0
_BASE_UNITS: Final = 1_000_000

Data = TypeVar("Data")


class Customer(msgspec.Struct, frozen=True):
    """`key` is the keypair in base58; `recipient` is paid again and again."""

    token: str
    key: str
    recipient: str


class Order(msgspec.Struct, frozen=True):
    """Each customer makes `sends` of `amount` USDC, one after another, and rests in between."""

    url: str
    customers: list[Customer]
    sends: int
    amount: int
    pause_seconds: float = 0.0


class Sent(msgspec.Struct, frozen=True):
    """One send: its transaction, from begin to end (Unix seconds), and the events between."""

    transaction_id: str
    began_at: float
    ended_at: float
    events: list[Event]


class _Identified(msgspec.Struct):
    id: str


class _Refusal(msgspec.Struct):
    code: str
    why: str


class _Payload(msgspec.Struct):
    transaction: _Identified | None = None
    errors: list[_Refusal] = []


class _Initiated(msgspec.Struct, rename="camel"):
    initiate_send: _Payload


class _Submitted(msgspec.Struct, rename="camel"):
    submit_user_action: _Payload


class _Action(msgspec.Struct):
    id: str
    status: str
    payload: str


class _Transaction(msgspec.Struct, rename="camel"):
    user_actions: list[_Action]


class _Found(msgspec.Struct):
    transaction: _Transaction


async def run(order: Order) -> list[Sent]:
    """Every send of every customer, all customers at once."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(signed_in(order.url, customer.token))
            for customer in order.customers
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_serve(client, customer, order))
                for client, customer in zip(clients, order.customers, strict=True)
            ]
    return [sent for task in tasks for sent in task.result()]


async def _serve(client: SocketClient, customer: Customer, order: Order) -> Sequence[Sent]:
    device = Device(Keypair.from_base58_string(customer.key))
    done = []
    for _ in range(order.sends):
        async with asyncio.timeout(_SEND_SECONDS_MAX):
            done.append(await _send(client, device, customer.recipient, order.amount))
        await asyncio.sleep(order.pause_seconds)
    return done


async def _send(client: SocketClient, device: Device, recipient: str, amount: int) -> Sent:
    began_at = time.time()
    wish = {"amount": str(amount), "recipient": recipient, "idempotencyKey": uuid.uuid4().hex}
    initiated = _read(await client.ask(_INITIATE, input=wish), _Initiated).initiate_send
    assert initiated.transaction is not None, initiated.errors
    transaction_id = initiated.transaction.id
    events: list[Event] = []
    while True:
        event = await client.events.get()
        events.append(event)
        if event.type == _WAITS_FOR_USER:
            await _sign(client, device, transaction_id, amount)
        if event.state in _TERMINAL:
            assert event.state == "COMPLETED", event
            return Sent(transaction_id, began_at, time.time(), events)


async def _sign(client: SocketClient, device: Device, transaction_id: str, amount: int) -> None:
    found = _read(await client.ask(_ACTIONS, id=transaction_id), _Found).transaction
    action = next(action for action in found.user_actions if action.status == "PENDING")
    signed = device.sign(action.payload, spends_at_most=amount * _BASE_UNITS)
    answer = {"actionId": action.id, "signedTransaction": signed}
    submitted = _read(await client.ask(_SUBMIT, input=answer), _Submitted).submit_user_action
    assert not submitted.errors, submitted.errors


def _read(data: msgspec.Raw, kind: type[Data]) -> Data:
    return msgspec.json.decode(data, type=kind)


def main() -> None:
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sent = runner.run(run(order))
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(sent))


if __name__ == "__main__":
    main()
