"""How LI.FI says things: chains, tokens, steps, statuses and errors as its API spells them."""

import base64
from typing import Final

from domain.shared.assets import ASSETS, BTC, ETH, SOL, SUI, Asset, Chain
from infrastructure.sandbox.bridge_calls import LIFI_DIAMOND, call_data
from infrastructure.sandbox.crossings import Crossing, Stage
from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.market import MILLION, Market, Payment, Terms

NAME: Final = "lifi"
TOOL: Final = "sandboxBridge"
FEE_MILLIONTHS: Final = 2_500
CHAIN_IDS: Final = {
    Chain.SOLANA: 1_151_111_081_099_710,
    Chain.BITCOIN: 20_000_000_000_001,
    Chain.ETHEREUM: 1,
    Chain.SUI: 9_270_000_000_000_000,
}
CHAIN_KEYS: Final = {
    Chain.SOLANA: "SOL",
    Chain.BITCOIN: "BTC",
    Chain.ETHEREUM: "ETH",
    Chain.SUI: "SUI",
}
NATIVE: Final = {
    Chain.SOLANA: "11111111111111111111111111111111",
    Chain.BITCOIN: "bitcoin",
    Chain.ETHEREUM: "0x0000000000000000000000000000000000000000",
    Chain.SUI: "0x2::sui::SUI",
}
# The longest confirmation on the way decides.
SECONDS: Final = {Chain.SOLANA: 20, Chain.BITCOIN: 1_200, Chain.ETHEREUM: 180, Chain.SUI: 30}
GAS: Final = {
    Chain.SOLANA: (SOL, 5_000),
    Chain.BITCOIN: (BTC, 1_000),
    Chain.ETHEREUM: (ETH, 600_000 * 10**9),
    Chain.SUI: (SUI, 4_000_000),
}
# What a call of its contract on Ethereum may cost.
GAS_LIMIT: Final = 300_000
GAS_PRICE_WEI: Final = 2 * 10**9
# Four bytes that name the sandbox's function; the order follows.
SELECTOR: Final = "0x5a0db0a5"
_SUBSTATUSES: Final = {
    Stage.PAID: ("PENDING", "WAIT_DESTINATION_TRANSACTION"),
    Stage.PAYING: ("PENDING", "WAIT_DESTINATION_TRANSACTION"),
    Stage.DELIVERED: ("DONE", "COMPLETED"),
    Stage.PARTIAL: ("DONE", "PARTIAL"),
    Stage.REFUNDED: ("DONE", "REFUNDED"),
    Stage.FAILED: ("FAILED", "UNKNOWN_FAILED_ERROR"),
}

Json = dict[str, object]


def address_of(asset: Asset) -> str:
    return asset.contract or NATIVE[asset.chain]


def asset_at(chain_text: str, token: str) -> Asset | None:
    """By the chain's id or key, and the token's address or symbol."""
    for asset in ASSETS.values():
        on_chain = chain_text in {str(CHAIN_IDS[asset.chain]), CHAIN_KEYS[asset.chain]}
        if on_chain and token.lower() in {address_of(asset).lower(), asset.symbol.lower()}:
            return asset
    return None


def token_json(asset: Asset, market: Market) -> Json:
    micro_usd = market.micro_usd(asset.symbol)
    return {
        "address": address_of(asset),
        "chainId": CHAIN_IDS[asset.chain],
        "symbol": asset.symbol,
        "decimals": asset.decimals,
        "name": asset.symbol,
        "coinKey": asset.symbol,
        "priceUSD": _usd(micro_usd),
        "logoURI": "",
    }


def step_json(crossing: Crossing, terms: Terms, market: Market) -> Json:
    """A step without its transaction."""
    source, target = crossing.source_asset, crossing.target_asset
    gas_asset, gas = GAS[source.chain]
    tool = {"key": TOOL, "name": "Sandbox bridge", "logoURI": ""}
    action: Json = {
        "fromChainId": CHAIN_IDS[source.chain],
        "toChainId": CHAIN_IDS[target.chain],
        "fromToken": token_json(source, market),
        "toToken": token_json(target, market),
        "fromAmount": str(crossing.amount),
        "fromAddress": crossing.sender,
        "toAddress": crossing.recipient,
    }
    estimate: Json = {
        "tool": TOOL,
        "fromAmount": str(crossing.amount),
        "toAmount": str(terms.target_amount),
        "toAmountMin": str(terms.target_minimum),
        "approvalAddress": LIFI_DIAMOND if source.chain is Chain.ETHEREUM else address_of(source),
        "executionDuration": crossing.seconds,
        "feeCosts": [
            {
                "name": "LIFI Fixed Fee",
                "percentage": _usd(FEE_MILLIONTHS),
                "token": token_json(source, market),
                "amount": str(terms.fee),
                "amountUSD": _value(terms.fee, source, market),
                "included": True,
            }
        ],
        "gasCosts": [
            {
                "type": "SEND",
                "amount": str(gas),
                "amountUSD": _value(gas, gas_asset, market),
                "token": token_json(gas_asset, market),
            }
        ],
    }
    included = {
        "id": f"{crossing.id}:0",
        "type": "cross",
        "tool": TOOL,
        "toolDetails": tool,
        "action": action,
        "estimate": estimate,
    }
    return {
        "id": crossing.id,
        "type": "lifi",
        "tool": TOOL,
        "toolDetails": tool,
        # A copy: a fault may change the one and not the other.
        "action": dict(action),
        "estimate": estimate,
        "includedSteps": [included],
    }


def transaction_request(crossing: Crossing, payment: Payment | None) -> Json | None:
    """In the form of the chain that is paid on; None where nobody can build one."""
    chain = crossing.source_asset.chain
    if chain is Chain.ETHEREUM:
        value = crossing.amount if crossing.source == ETH.symbol else 0
        return {
            "from": crossing.sender,
            "to": LIFI_DIAMOND,
            "data": call_data(SELECTOR, crossing),
            "value": hex(value),
            "gasLimit": hex(GAS_LIMIT),
            "gasPrice": hex(GAS_PRICE_WEI),
            "chainId": CHAIN_IDS[chain],
        }
    if payment is None:
        return None
    if chain is Chain.BITCOIN:
        return {
            "to": payment.address,
            "data": payment.transaction.hex(),
            "value": str(crossing.amount),
        }
    return {"data": base64.b64encode(payment.transaction).decode()}


def status_json(
    crossing: Crossing | None, transaction_hash: str, market: Market, *, chain: int
) -> Json:
    if crossing is None:
        return {
            "status": "NOT_FOUND",
            "tool": TOOL,
            "sending": {
                "txHash": transaction_hash,
                "txLink": _link(transaction_hash),
                "amount": "0",
                "token": _nothing(chain),
                "chainId": chain,
            },
        }
    status, substatus = _SUBSTATUSES[crossing.stage]
    source = crossing.source_asset
    body: Json = {
        "status": status,
        "substatus": substatus,
        "substatusMessage": substatus,
        "tool": TOOL,
        "transactionId": crossing.id,
        "fromAddress": crossing.sender,
        "toAddress": crossing.recipient,
        "sending": {
            "txHash": crossing.transaction_hash,
            "txLink": _link(crossing.transaction_hash or ""),
            "amount": str(crossing.amount),
            "token": token_json(source, market),
            "chainId": CHAIN_IDS[source.chain],
        },
    }
    if crossing.payout_hash is not None and crossing.received_asset is not None:
        asset = ASSETS[crossing.received_asset]
        body["receiving"] = {
            "txHash": crossing.payout_hash,
            "txLink": _link(crossing.payout_hash),
            "amount": str(crossing.received),
            "token": token_json(asset, market),
            "chainId": CHAIN_IDS[asset.chain],
        }
    return body


def refused(status: int, code: int, message: str) -> ProviderError:
    return ProviderError(status, {"message": message, "code": code})


def no_route(tool_code: str, source: Asset, target: Asset) -> ProviderError:
    path = f"{CHAIN_IDS[source.chain]}:{source.symbol}-{TOOL}-{target.symbol}"
    error = {
        "errorType": "NO_QUOTE",
        "code": tool_code,
        "tool": TOOL,
        "message": "No quote from this tool",
    }
    failed = [{"overallPath": path, "subpaths": {path: [error]}}]
    body = {
        "message": "No available quotes for the requested transfer",
        "code": 1002,
        "errors": {"filteredOut": [], "failed": failed},
    }
    return ProviderError(404, body)


def _nothing(chain: int) -> Json:
    return {"address": "", "chainId": chain, "symbol": "", "decimals": 0, "name": ""}


def _link(transaction_hash: str) -> str:
    return f"http://sandbox.test/tx/{transaction_hash}"


def _value(amount: int, asset: Asset, market: Market) -> str:
    return _usd(amount * market.micro_usd(asset.symbol) // int(10**asset.decimals))


def _usd(micro_usd: int) -> str:
    return f"{micro_usd // MILLION}.{micro_usd % MILLION:06d}"
