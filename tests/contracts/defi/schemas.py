"""The least that requests and answers must have: schemas of our own, of public facts alone."""

Json = dict[str, object]

TEXT = {"type": "string", "minLength": 1}
ADDRESS = {"type": "string", "pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$"}
AMOUNT = {"type": "string", "pattern": "^[0-9]+$"}
DECIMAL = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}
BASE64 = {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"}


def an_object(**members: object) -> Json:
    return {"type": "object", "required": list(members), "properties": members}


def a_list(of: Json) -> Json:
    return {"type": "array", "minItems": 1, "items": of}


VAULT = an_object(
    address=ADDRESS,
    programId=ADDRESS,
    state=an_object(
        tokenMint=ADDRESS,
        tokenMintDecimals={"const": 6},
        sharesMint=ADDRESS,
        sharesMintDecimals={"type": "integer"},
        minDepositAmount=DECIMAL,
        name=TEXT,
    ),
)
SHARES = an_object(
    vaultAddress=ADDRESS, stakedShares=DECIMAL, unstakedShares=DECIMAL, totalShares=DECIMAL
)
KAMINO_INSTRUCTIONS = an_object(
    instructions=a_list(
        an_object(
            programAddress=ADDRESS,
            data=BASE64,
            accounts=a_list(
                an_object(
                    address=ADDRESS,
                    role={"enum": ["READONLY", "WRITABLE", "READONLY_SIGNER", "WRITABLE_SIGNER"]},
                )
            ),
        )
    ),
    lutsByAddress={"type": "object"},
)
TOKEN = an_object(
    address=ADDRESS,
    assetAddress=ADDRESS,
    totalAssets=AMOUNT,
    totalSupply=AMOUNT,
    totalRate=AMOUNT,
    liquiditySupplyData=an_object(withdrawable=AMOUNT),
)
LEND_INSTRUCTION = an_object(
    programId=ADDRESS,
    data=BASE64,
    accounts=a_list(
        an_object(pubkey=ADDRESS, isSigner={"type": "boolean"}, isWritable={"type": "boolean"})
    ),
)
ANSWERS: dict[str, Json] = {
    "/kamino/kvaults/vaults": a_list(VAULT),
    "/kamino/kvaults/vaults/{id}": VAULT,
    "/kamino/kvaults/vaults/{id}/metrics": an_object(
        apy=DECIMAL, tokensAvailable=DECIMAL, tokensInvested=DECIMAL, tokensPerShare=DECIMAL
    ),
    "/kamino/kvaults/users/{id}/positions/{id}": SHARES,
    "/kamino/kvaults/users/{id}/transactions": {
        "type": "array",
        "items": an_object(createdOn=TEXT, instruction=TEXT, kvault=ADDRESS),
    },
    "/kamino/ktx/kvault/deposit-instructions": KAMINO_INSTRUCTIONS,
    "/kamino/ktx/kvault/withdraw-instructions": KAMINO_INSTRUCTIONS,
    "/jupiter_lend/lend/v1/earn/tokens": a_list(TOKEN),
    "/jupiter_lend/lend/v1/earn/positions": a_list(
        an_object(token=TOKEN, ownerAddress=ADDRESS, shares=AMOUNT, underlyingAssets=AMOUNT)
    ),
    "/jupiter_lend/lend/v1/earn/deposit-instructions": LEND_INSTRUCTION,
    "/jupiter_lend/lend/v1/earn/redeem-instructions": LEND_INSTRUCTION,
}
REFUSALS: dict[int, Json] = {
    400: {"anyOf": [an_object(message=TEXT, statusCode={"const": 400}), an_object(error=TEXT)]},
    404: an_object(metadata=TEXT),
}
KAMINO_AMOUNT: Json = {
    **an_object(wallet=ADDRESS, kvault=ADDRESS, amount=DECIMAL),
    "additionalProperties": False,
}
BODIES: dict[str, Json] = {
    "/kamino/ktx/kvault/deposit-instructions": KAMINO_AMOUNT,
    "/kamino/ktx/kvault/withdraw-instructions": KAMINO_AMOUNT,
    "/jupiter_lend/lend/v1/earn/deposit-instructions": {
        **an_object(asset=ADDRESS, signer=ADDRESS, amount=AMOUNT),
        "additionalProperties": False,
    },
    "/jupiter_lend/lend/v1/earn/redeem-instructions": {
        **an_object(asset=ADDRESS, signer=ADDRESS, shares=AMOUNT),
        "additionalProperties": False,
    },
}
