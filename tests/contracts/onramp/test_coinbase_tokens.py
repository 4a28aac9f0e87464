"""Coinbase's bearer tokens: made by the adapter, checked by the sandbox."""

import base64
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domain.provider.ports.answers import Declined
from domain.provider.ports.onramp import PaymentMethod
from infrastructure.providers.coinbase.signing import CdpKey, InvalidApiKey
from infrastructure.sandbox.frame.world import World
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SandboxSubject,
    coinbase_subject,
)
from tests.contracts.worlds import BASE_URL

ORDERS = f"{BASE_URL}/coinbase/platform/v2/onramp/orders"
URL = "https://api.cdp.coinbase.com/platform/v2/onramp/orders"


def pem_of(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_token_is_for_one_request_and_two_minutes() -> None:
    bearer = CdpKey(stubs.API_KEY_ID, stubs.ED25519_SECRET).bearer("POST", URL, stubs.noon())

    scheme, _, token = bearer.partition(" ")
    public = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).public_key()
    claims = jwt.decode(
        token, public, algorithms=["EdDSA"], options={"verify_exp": False, "verify_nbf": False}
    )
    at = int(stubs.noon().timestamp())
    assert scheme == "Bearer"
    assert claims == {
        "iss": "cdp",
        "sub": stubs.API_KEY_ID,
        "nbf": at,
        "exp": at + 120,
        "uri": "POST api.cdp.coinbase.com/platform/v2/onramp/orders",
    }
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["kid"]) == ("EdDSA", stubs.API_KEY_ID)
    assert len(header["nonce"]) == 32


def test_two_tokens_of_a_second_differ() -> None:
    key = CdpKey(stubs.API_KEY_ID, stubs.ED25519_SECRET)

    assert key.bearer("GET", URL, stubs.noon()) != key.bearer("GET", URL, stubs.noon())


def test_an_elliptic_key_signs_with_es256() -> None:
    private = ec.generate_private_key(ec.SECP256R1())

    bearer = CdpKey("key", pem_of(private)).bearer("GET", URL + "?page=1", stubs.noon())

    claims = jwt.decode(
        bearer.removeprefix("Bearer "),
        private.public_key(),
        algorithms=["ES256"],
        options={"verify_exp": False, "verify_nbf": False},
    )
    assert claims["uri"] == "GET api.cdp.coinbase.com/platform/v2/onramp/orders"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "not base64!",
        base64.b64encode(b"\x01" * 32).decode(),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        pem_of(ec.generate_private_key(ec.SECP384R1())),
        pem_of(Ed25519PrivateKey.generate()),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidApiKey) as refused:
        CdpKey("key", secret)

    assert not secret or secret not in str(refused.value)


async def test_the_sandbox_takes_an_elliptic_key() -> None:
    pem = pem_of(ec.generate_private_key(ec.SECP256R1()))

    def prepare(world: World) -> None:
        world.credential("coinbase", "api_key_secret", lambda: pem)

    async with coinbase_subject(PaymentMethod.CARD, prepare) as subject:
        assert await subject.adapter.healthy()


async def test_another_key_is_declined(coinbase_order: SandboxSubject) -> None:
    stranger = stubs.coinbase(coinbase_order.recorder)
    stranger._platform_url = f"{BASE_URL}/coinbase/platform"

    answer = await stranger.check_payment_status("123e4567-e89b-12d3-a456-426614174000")

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == ("PRV_UNAUTHORISED", "unauthorized")


@pytest.mark.parametrize(
    ("method", "url", "seconds"),
    [
        ("GET", ORDERS, 0),
        ("POST", f"{ORDERS}/other", 0),
        ("POST", ORDERS.replace("sandbox.test", "other.test"), 0),
        ("POST", ORDERS, -121),
        ("POST", ORDERS, 60),
    ],
)
async def test_a_token_for_something_else_is_refused(
    coinbase_order: SandboxSubject, method: str, url: str, seconds: int
) -> None:
    shared = coinbase_order.world.world.credential
    key = CdpKey(shared("coinbase", "api_key_id"), shared("coinbase", "api_key_secret"))
    bearer = key.bearer(method, url, coinbase_order.now() + timedelta(seconds=seconds))

    answer = await coinbase_order.world.client.request(
        "POST", ORDERS, content=b"{}", headers={"authorization": bearer}
    )

    assert answer.status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a.b.c", "Basic abc"])
async def test_no_token_is_refused(coinbase_order: SandboxSubject, header: str) -> None:
    answer = await coinbase_order.world.client.request(
        "POST", ORDERS, content=b"{}", headers={"authorization": header}
    )

    assert answer.status == 401


async def test_tokens_are_of_the_time_that_both_share(coinbase_session: SandboxSubject) -> None:
    """Days that are skipped in the sandbox are not skipped by the platform."""
    coinbase_session.world.skip(days=2)

    assert await coinbase_session.adapter.healthy()
