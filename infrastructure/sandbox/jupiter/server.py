"""mount(world, sender, chain=…): Jupiter's Swap API V2 and Price API V3 below /jupiter.

/swap/v2/build               a quote with instructions
/swap/v2/order, /execute     a quote with a transaction, and its sending
/price/v3                    prices of what trades on Solana
/_simulate/execution         POST {"code": n, "sent": bool}: how the next execution ends
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import uuid4

import msgspec
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from domain.shared.assets import SOL, Asset
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter.execution import Executions, Order, in_base64
from infrastructure.sandbox.jupiter.pool import ASSET_BY_MINT, MINTS, Pool
from infrastructure.sandbox.jupiter.swaps import (
    Json,
    Parts,
    Swap,
    assembled,
    instruction_json,
    parts_of,
    quoted,
)
from infrastructure.sandbox.market import MILLION, Market
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana_chain import SolanaChain

NAME: Final = "jupiter"
POOL_FEE_MILLIONTHS: Final = 1_000
ORDER_FEE_BPS: Final = 10
PRICES_AT_ONCE: Final = 50
ORDER_LIFETIME: Final = timedelta(minutes=2)
_MILLIONTHS_PER_BPS: Final = 100
_BPS_MAX: Final = 10_000
_SLIPPAGE_DEFAULT_BPS: Final = "50"
_SIGNATURE_LAMPORTS: Final = 5_000
_AMOUNT_MAX: Final = 2**64 - 1
_LISTED_AT: Final = "2024-06-05T08:55:25.527Z"


class SimulatedExecution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sent`: it lands all the same."""

    code: int
    sent: bool = False


def mount(world: World, sender: WebhookSender, *, chain: SolanaChain) -> list[BaseRoute]:
    """Jupiter has no webhooks: `sender` stays unused."""
    del sender
    server = JupiterServer(world, chain)
    public = provider_routes(world, NAME, server.operations(), authorise=server.authorise)
    simulate = Operation(
        name="simulate",
        method="POST",
        path="/_simulate/execution",
        carry_out=server.simulate_execution,
    )
    own = provider_routes(world, NAME, [simulate], authorise=_anybody)
    return [Mount(f"/{NAME}", routes=[*public, *own])]


class JupiterServer:
    def __init__(self, world: World, chain: SolanaChain) -> None:
        self._world = world
        self._chain = chain
        self._market = Market(world)
        self._pool = Pool(world, chain)
        self._executions = Executions(world, self._pool)
        self._key = world.credential(NAME, "api_key")

    def operations(self) -> list[Operation]:
        return [
            Operation(name="build", method="GET", path="/swap/v2/build", carry_out=self.build),
            Operation(name="order", method="GET", path="/swap/v2/order", carry_out=self.order),
            Operation(
                name="execute", method="POST", path="/swap/v2/execute", carry_out=self.execute
            ),
            Operation(name="price", method="GET", path="/price/v3", carry_out=self.price),
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        if request.headers.get("x-api-key") != self._key:
            raise ProviderError(401, {"code": 401, "message": "Unauthorized"})

    async def build(self, request: Request) -> Answer:
        query = request.query_params
        slippage_bps = _slippage(query)
        swap = self._swap("build", query, slippage_bps, POOL_FEE_MILLIONTHS)
        parts = self._parts(swap)
        slot = self._chain.clock.slot("confirmed")
        body = {
            **quoted(swap, self._pool, slippage_bps),
            "computeBudgetInstructions": [instruction_json(item) for item in parts.compute],
            "setupInstructions": [instruction_json(item) for item in parts.setup],
            "swapInstruction": instruction_json(parts.swap),
            "cleanupInstruction": parts.cleanup and instruction_json(parts.cleanup),
            "otherInstructions": [],
            "tipInstruction": None,
            "addressesByLookupTableAddress": None,
            "blockhashWithMetadata": {
                "blockhash": list(bytes(self._chain.clock.blockhash(slot))),
                "lastValidBlockHeight": self._chain.clock.last_valid_height(slot),
                "fetchedAt": {
                    "secs_since_epoch": int(self._world.clock.now().timestamp()),
                    "nanos_since_epoch": 0,
                },
            },
        }
        return Answer(body=self._other_amount("build", body))

    async def order(self, request: Request) -> Answer:
        query = request.query_params
        slippage_bps = _slippage(query)
        fee = POOL_FEE_MILLIONTHS + ORDER_FEE_BPS * _MILLIONTHS_PER_BPS
        swap = self._swap("order", query, slippage_bps, fee)
        platform = swap.amount * ORDER_FEE_BPS // _BPS_MAX
        identifier = str(uuid4())
        body = {
            **quoted(swap, self._pool, slippage_bps),
            "mode": "ultra",
            "feeMint": str(MINTS[swap.source.symbol]),
            "feeBps": ORDER_FEE_BPS,
            "platformFee": {
                "amount": str(platform),
                "feeBps": ORDER_FEE_BPS,
                "feeMint": str(MINTS[swap.source.symbol]),
            },
            "signatureFeeLamports": _SIGNATURE_LAMPORTS,
            "signatureFeePayer": str(swap.payer),
            "prioritizationFeeLamports": 0,
            "prioritizationFeePayer": str(swap.payer),
            "rentFeeLamports": 0,
            "rentFeePayer": str(swap.payer),
            "router": "metis",
            "gasless": swap.payer != swap.taker,
            "requestId": identifier,
            "totalTime": 1,
            "taker": str(swap.taker),
            **self._transaction(swap, identifier),
        }
        return Answer(body=self._other_amount("order", body))

    async def execute(self, request: Request) -> Answer:
        body = dict(self._executions.execute(await request.body()))
        millionths = self._world.faults.millionths(NAME, "execute")
        if "totalInputAmount" in body:
            body["totalInputAmount"] = str(
                int(str(body["totalInputAmount"])) * millionths // MILLION
            )
        return Answer(body=body)

    async def price(self, request: Request) -> Answer:
        mints = [mint for mint in request.query_params.get("ids", "").split(",") if mint]
        if not 0 < len(mints) <= PRICES_AT_ONCE:
            raise ProviderError(400, {"error": "Too many or no ids"})
        slot = self._chain.clock.slot("confirmed")
        known = {mint: ASSET_BY_MINT[mint] for mint in mints if mint in ASSET_BY_MINT}
        body = {
            mint: {
                "createdAt": _LISTED_AT,
                "liquidity": 500_000_000,
                "usdPrice": self._priced(asset),
                "blockId": slot,
                "decimals": asset.decimals,
                "priceChange24h": 0,
            }
            for mint, asset in known.items()
        }
        return Answer(body=body)

    async def simulate_execution(self, request: Request) -> Answer:
        order = await read_body(request, SimulatedExecution, wrong={"error": "not understood"})
        self._executions.end_next_with(order.code, sent=order.sent)
        return Answer(body={"code": order.code})

    def _parts(self, swap: Swap) -> Parts:
        price = self._chain.clock.timing.priority_micro_lamports
        return parts_of(swap, self._pool, priority_micro_lamports=price)

    def _swap(
        self, operation: str, query: Mapping[str, str], slippage_bps: int, fee_millionths: int
    ) -> Swap:
        source = ASSET_BY_MINT.get(query.get("inputMint", ""))
        target = ASSET_BY_MINT.get(query.get("outputMint", ""))
        amount = query.get("amount", "")
        if source is None or target is None or source == target:
            raise ProviderError(400, {"error": "Could not find any route"})
        if not (amount.isascii() and amount.isdigit() and 0 < int(amount) <= _AMOUNT_MAX):
            raise ProviderError(400, {"error": "Invalid amount"})
        terms = self._market.terms(
            int(amount),
            source,
            target,
            fee_millionths=fee_millionths,
            slippage_millionths=slippage_bps * _MILLIONTHS_PER_BPS,
        )
        if terms.target_amount == 0:
            raise ProviderError(400, {"error": "Amount too small"})
        taker = _address(query, "taker")
        receiver = query.get("receiver") or query.get("nativeDestinationAccount")
        account = query.get("destinationTokenAccount")
        return Swap(
            source=source,
            target=target,
            amount=int(amount),
            terms=terms,
            payout=self._paid_out(operation, terms.target_amount),
            taker=taker,
            payer=_address(query, "payer") if "payer" in query else taker,
            receiver=taker if receiver is None else _parsed(receiver),
            target_account=None if account is None else _parsed(account),
        )

    def _paid_out(self, operation: str, amount: int) -> int:
        """`wrong_amount` of the operation "payout": less on the chain than was quoted."""
        return self._world.faults.scaled(amount, NAME, f"{operation}_payout")

    def _other_amount(self, operation: str, body: Json) -> Json:
        """`wrong_amount` of the operation itself: the answer is about another amount."""
        amount = self._world.faults.scaled(int(str(body["inAmount"])), NAME, operation)
        return {**body, "inAmount": str(amount)}

    def _transaction(self, swap: Swap, identifier: str) -> Json:
        slot = self._chain.clock.slot("confirmed")
        refused = self._short_of(swap)
        if refused is not None:
            code, message = refused
            return {
                "transaction": "",
                "errorCode": code,
                "errorMessage": message,
                "error": message,
            }
        parts = self._parts(swap)
        transaction: VersionedTransaction = assembled(
            parts, swap.payer, self._chain.clock.blockhash(slot)
        )
        order = Order(
            identifier,
            in_base64(bytes(transaction.message)),
            self._world.clock.now() + ORDER_LIFETIME,
            input_amount=swap.amount,
            output_amount=swap.payout,
        )
        self._executions.remember(order)
        return {
            "transaction": in_base64(bytes(transaction)),
            "lastValidBlockHeight": str(self._chain.clock.last_valid_height(slot)),
        }

    def _short_of(self, swap: Swap) -> tuple[int, str] | None:
        svm = self._chain.runtime.svm
        lamports = svm.get_balance(swap.taker) or 0
        if swap.source == SOL:
            held = lamports
        else:
            state = token_state(svm.get_account(_token_account(swap)))
            held = 0 if state is None else state.amount
        if held < swap.amount:
            return 1, "Insufficient funds"
        spent = swap.amount if swap.source == SOL else 0
        if swap.payer == swap.taker and lamports - spent < _SIGNATURE_LAMPORTS:
            return 2, "Insufficient SOL for gas"
        return None

    def _priced(self, asset: Asset) -> msgspec.Raw:
        micro_usd = self._market.micro_usd(asset.symbol)
        return msgspec.Raw(f"{micro_usd // MILLION}.{micro_usd % MILLION:06d}".encode())


def _token_account(swap: Swap) -> Pubkey:
    return associated_token_account(swap.taker, MINTS[swap.source.symbol])


def _slippage(query: Mapping[str, str]) -> int:
    text = query.get("slippageBps", _SLIPPAGE_DEFAULT_BPS)
    if not (text.isascii() and text.isdigit() and int(text) <= _BPS_MAX):
        raise ProviderError(400, {"error": "Invalid slippageBps"})
    return int(text)


def _address(query: Mapping[str, str], name: str) -> Pubkey:
    return _parsed(query.get(name, ""))


def _parsed(text: str) -> Pubkey:
    try:
        return parse_address(text)
    except ValueError:
        raise ProviderError(400, {"error": f"Invalid address: {text[:44]}"}) from None


def _anybody(_request: Request, _body: bytes) -> None:
    """The simulation's own endpoints are for whoever runs the sandbox."""
