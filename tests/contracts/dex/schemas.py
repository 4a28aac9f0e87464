"""The least that requests and answers must have: schemas of our own, of public facts alone."""

Json = dict[str, object]

AMOUNT = {"type": "string", "pattern": "^[0-9]+$"}
TEXT = {"type": "string", "minLength": 1}
TOKEN: Json = {
    "type": "object",
    "required": ["address", "chainId", "decimals", "symbol"],
    "properties": {"chainId": {"type": "integer"}, "decimals": {"type": "integer"}},
}


def an_object(**members: object) -> Json:
    return {"type": "object", "required": list(members), "properties": members}


QUOTED = {
    "inputMint": TEXT,
    "outputMint": TEXT,
    "inAmount": AMOUNT,
    "outAmount": AMOUNT,
    "otherAmountThreshold": AMOUNT,
    "slippageBps": {"type": "integer"},
    "routePlan": {"type": "array", "items": {"type": "object", "required": ["swapInfo"]}},
}
INSTRUCTION = an_object(programId=TEXT, accounts={"type": "array"}, data={"type": "string"})
TRANSFER = an_object(txHash=TEXT, amount=AMOUNT, token=TOKEN, chainId={"type": "integer"})
ANSWERS: dict[str, Json] = {
    "/jupiter/swap/v2/build": an_object(
        **QUOTED,
        swapInstruction=INSTRUCTION,
        setupInstructions={"type": "array", "items": INSTRUCTION},
        computeBudgetInstructions={"type": "array", "items": INSTRUCTION},
    ),
    "/jupiter/swap/v2/order": an_object(**QUOTED, requestId=TEXT, transaction={"type": "string"}),
    "/jupiter/swap/v2/execute": an_object(status={"enum": ["Success", "Failed"]}),
    "/jupiter/price/v3": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": an_object(usdPrice={"type": "number"}),
    },
    "/lifi/v1/quote": an_object(
        id=TEXT,
        tool=TEXT,
        action=an_object(fromAmount=AMOUNT, fromToken=TOKEN, toToken=TOKEN, toAddress=TEXT),
        estimate=an_object(toAmount=AMOUNT, toAmountMin=AMOUNT, approvalAddress=TEXT),
        transactionRequest=an_object(data=TEXT),
    ),
    "/lifi/v1/status": {
        **an_object(status={"enum": ["NOT_FOUND", "PENDING", "DONE", "FAILED"]}, sending=TRANSFER),
        "if": {"properties": {"status": {"const": "DONE"}}},
        "then": an_object(receiving=TRANSFER, substatus=TEXT),
    },
    "/lifi/v1/token": TOKEN,
    "/debridge/v1.0/dln/order/create-tx": an_object(
        estimation=an_object(
            srcChainTokenIn={**TOKEN, "properties": {"amount": AMOUNT}},
            dstChainTokenOut={**TOKEN, "properties": {"amount": AMOUNT}},
            costsDetails={"type": "array"},
        ),
        tx=an_object(data={"type": "string", "pattern": "^0x[0-9a-f]+$"}),
        orderId={"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
        fixFee=AMOUNT,
    ),
    "/debridge/v1.0/dln/order/{id}/status": an_object(status=TEXT, orderId=TEXT),
    "/debridge/v1.0/dln/tx/{id}/order-ids": an_object(orderIds={"type": "array"}),
    "/debridge/v1.0/supported-chains-info": an_object(chains={"type": "array"}),
}
REFUSALS = {
    "jupiter": an_object(error=TEXT),
    "lifi": an_object(message=TEXT, code={"type": "integer"}),
    "debridge": an_object(errorCode={"type": "integer"}, errorId=TEXT, errorMessage=TEXT),
}
QUERIES: dict[str, Json] = {
    "/jupiter/swap/v2/build": {"required": ["inputMint", "outputMint", "amount", "taker", "payer"]},
    "/jupiter/swap/v2/order": {"required": ["inputMint", "outputMint", "amount", "taker"]},
    "/jupiter/price/v3": {"required": ["ids"]},
    "/lifi/v1/quote": {
        "required": ["fromChain", "toChain", "fromToken", "toToken", "fromAddress", "fromAmount"],
        "properties": {"slippage": {"pattern": "^0\\.[0-9]{6}$"}, "fromAmount": AMOUNT},
    },
    "/lifi/v1/status": {"required": ["txHash", "fromChain", "toChain"]},
    "/debridge/v1.0/dln/order/create-tx": {
        "required": [
            "srcChainId",
            "srcChainTokenIn",
            "srcChainTokenInAmount",
            "dstChainId",
            "dstChainTokenOut",
            "dstChainTokenOutRecipient",
            "srcChainOrderAuthorityAddress",
            "dstChainOrderAuthorityAddress",
        ],
    },
}
