"""/control/solana: how tests and the demo set faults and pace, and hand out money."""

from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

import msgspec
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infrastructure.chains.solana.addresses import (
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.sandbox.solana.faults import Fault
from infrastructure.sandbox.solana.node import FaucetRefused, SolanaNode

_BAD_REQUEST: Final = 400
_U64_MAX: Final = 2**64 - 1
_SLOTS_MAX: Final = 10_000_000

Body = TypeVar("Body")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class MintOrder(Strict, frozen=True):
    """`amount` in USDC, a decimal string; "0" only creates the account."""

    owner: str
    amount: str


class AirdropOrder(Strict, frozen=True):
    address: str
    lamports: int


class AdvanceOrder(Strict, frozen=True):
    slots: int


class TimingOrder(Strict, frozen=True):
    """What is left out stays as it is."""

    confirm_ms: int | None = None
    finalize_ms: int | None = None
    slot_ms: int | None = None
    blockhash_slots: int | None = None
    priority_micro_lamports: int | None = None


class BadOrder(ValueError):
    pass


class SolanaControl:
    def __init__(self, node: SolanaNode) -> None:
        self._node = node

    def routes(self) -> list[Route]:
        return [
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/timing", self.timing, methods=["GET", "POST"]),
            Route("/mint", self.mint, methods=["POST"]),
            Route("/airdrop", self.airdrop, methods=["POST"]),
            Route("/advance", self.advance, methods=["POST"]),
        ]

    async def faults(self, request: Request) -> Response:
        """POST adds one fault or a list of them; DELETE clears all; each answers what is set."""
        faults = self._node.faults
        if request.method == "DELETE":
            faults.clear()
        if request.method == "POST":
            order = await _body(request, Fault | list[Fault])  # type: ignore[arg-type]  # a union
            for fault in order if isinstance(order, list) else [order]:
                faults.add(fault)
        return _answer({"faults": faults.all()})

    async def timing(self, request: Request) -> Response:
        if request.method == "POST":
            order = await _body(request, TimingOrder)
            changes = {
                name: value
                for name, value in msgspec.structs.asdict(order).items()
                if value is not None
            }
            try:
                self._node.retime(msgspec.structs.replace(self._node.clock.timing, **changes))
            except ValueError as error:
                raise BadOrder(str(error)) from error
        return _answer(self._node.clock.timing)

    async def mint(self, request: Request) -> Response:
        order = await _body(request, MintOrder)
        owner = _address(order.owner)
        signature = self._node.mint_usdc(owner, _base_units(order.amount))
        account = str(associated_token_account(owner))
        return _answer({"signature": signature, "account": account, "mint": str(USDC_MINT)})

    async def airdrop(self, request: Request) -> Response:
        order = await _body(request, AirdropOrder)
        if not 0 < order.lamports <= _U64_MAX:
            raise BadOrder("lamports must be positive")
        signature = self._node.airdrop(_address(order.address), order.lamports)
        return _answer({"signature": signature})

    async def advance(self, request: Request) -> Response:
        order = await _body(request, AdvanceOrder)
        if not 0 < order.slots <= _SLOTS_MAX:
            raise BadOrder(f"slots must be between 1 and {_SLOTS_MAX}")
        self._node.advance(order.slots)
        return _answer({"slot": self._node.clock.slot()})


async def refuse(_request: Request, error: Exception) -> Response:
    """Answers orders that cannot be carried out; registered for BadOrder and FaucetRefused."""
    return JSONResponse({"error": str(error)}, status_code=_BAD_REQUEST)


REFUSED: Final = (BadOrder, FaucetRefused)


async def _body(request: Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as error:
        raise BadOrder(str(error)) from error


def _address(text: str) -> Pubkey:
    try:
        return parse_address(text)
    except ValueError as error:
        raise BadOrder(str(error)) from error


def _base_units(amount: str) -> int:
    try:
        units = Decimal(amount).scaleb(USDC_DECIMALS)
        whole = int(units)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadOrder(f"not an amount: {amount!r}") from error
    if whole != units or not 0 <= whole <= _U64_MAX:
        raise BadOrder(f"not an amount of USDC: {amount!r}")
    return whole


def _answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
