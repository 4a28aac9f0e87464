import asyncio
import base64
from datetime import timedelta

import pytest
from solders.keypair import Keypair

from infrastructure.web.auth import AuthCode, AuthError
from infrastructure.web.siws import (
    SignInChallenge,
    SignInSettings,
    SignInWithSolana,
    create_challenge,
    parse_message,
    verify_message,
)
from tests.unit.web.driver import START, Clock

SETTINGS = SignInSettings(domain="diboas.example", uri="https://diboas.example/sign-in")
KEY = Keypair.from_seed(bytes(range(32)))
ADDRESS = str(KEY.pubkey())
EXPECTED = f"""diboas.example wants you to sign in with your Solana account:
{ADDRESS}

Sign in to diBoaS. This moves no money and costs nothing.

URI: https://diboas.example/sign-in
Version: 1
Chain ID: mainnet
Nonce: abcdefgh12345678
Issued At: 2026-01-01T00:00:00Z
Expiration Time: 2026-01-01T00:05:00Z"""


class MemoryStore:
    def __init__(self) -> None:
        self.waiting: dict[str, SignInChallenge] = {}

    async def put(self, challenge: SignInChallenge) -> None:
        self.waiting[challenge.nonce] = challenge

    async def take(self, nonce: str) -> SignInChallenge | None:
        return self.waiting.pop(nonce, None)


def sign(message: str, key: Keypair = KEY) -> str:
    return str(key.sign_message(message.encode()))


def code(result: object) -> AuthCode:
    assert isinstance(result, AuthError)
    return result.code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def sign_in(store: MemoryStore, clock: Clock) -> SignInWithSolana:
    return SignInWithSolana(SETTINGS, store, now=clock)


async def issued(sign_in: SignInWithSolana) -> SignInChallenge:
    challenge = await sign_in.challenge(ADDRESS)
    assert isinstance(challenge, SignInChallenge)
    return challenge


def test_the_message_is_the_standards() -> None:
    challenge = create_challenge(SETTINGS, address=ADDRESS, nonce="abcdefgh12345678", at=START)

    assert challenge.message == EXPECTED
    assert parse_message(EXPECTED) == challenge


async def test_a_signed_challenge_proves_its_address(sign_in: SignInWithSolana) -> None:
    message = (await issued(sign_in)).message

    assert await sign_in.verify(message=message, signature=sign(message)) == ADDRESS


async def test_base64_signatures_count_too(sign_in: SignInWithSolana) -> None:
    message = (await issued(sign_in)).message
    signature = base64.b64encode(bytes(KEY.sign_message(message.encode()))).decode()

    assert await sign_in.verify(message=message, signature=signature) == ADDRESS


async def test_a_challenge_counts_once(sign_in: SignInWithSolana) -> None:
    message = (await issued(sign_in)).message
    proof = sign(message)

    results = await asyncio.gather(
        *(sign_in.verify(message=message, signature=proof) for _ in range(5))
    )

    assert [result for result in results if result == ADDRESS] == [ADDRESS]
    assert {code(result) for result in results if result != ADDRESS} == {AuthCode.INVALID}


async def test_a_challenge_expires(sign_in: SignInWithSolana, clock: Clock) -> None:
    message = (await issued(sign_in)).message
    clock.advance(timedelta(minutes=5))

    result = await sign_in.verify(message=message, signature=sign(message))

    assert code(result) == AuthCode.EXPIRED


async def test_a_foreign_signature_uses_no_nonce_up(
    sign_in: SignInWithSolana, store: MemoryStore
) -> None:
    message = (await issued(sign_in)).message

    result = await sign_in.verify(message=message, signature=sign(message, Keypair()))

    assert code(result) == AuthCode.INVALID
    assert len(store.waiting) == 1


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("diboas.example wants", "evil.example wants"),
        ("https://diboas.example", "https://evil.example"),
        ("mainnet", "devnet"),
        ("costs nothing", "costs something"),
        ("Expiration Time: 2026-01-01T00:05", "Expiration Time: 2027-01-01T00:05"),
    ],
)
async def test_a_signed_but_altered_message_is_refused(
    sign_in: SignInWithSolana, found: str, put: str
) -> None:
    message = (await issued(sign_in)).message
    assert found in message
    altered = message.replace(found, put)

    result = await sign_in.verify(message=altered, signature=sign(altered))

    assert code(result) == AuthCode.INVALID


async def test_somebody_elses_challenge_is_refused(sign_in: SignInWithSolana) -> None:
    other = Keypair()
    stolen = (await issued(sign_in)).message.replace(ADDRESS, str(other.pubkey()))

    result = await sign_in.verify(message=stolen, signature=sign(stolen, other))

    assert code(result) == AuthCode.INVALID


async def test_an_unknown_challenge_is_refused(sign_in: SignInWithSolana) -> None:
    result = await sign_in.verify(message=EXPECTED, signature=sign(EXPECTED))

    assert code(result) == AuthCode.INVALID


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        EXPECTED + "\n",
        " " + EXPECTED,
        EXPECTED.replace("Version: 1", "Version: 2"),
        EXPECTED.replace("\nNonce: abcdefgh12345678", ""),
        EXPECTED.replace("abcdefgh12345678", "short"),
        EXPECTED.replace("2026-01-01T00:05:00Z", "tomorrow"),
        EXPECTED.replace("2026-01-01T00:05:00Z", "2026-01-01T00:05:00"),
        EXPECTED.replace("2026-01-01T00:05:00Z", "2026-13-01T00:05:00Z"),
        EXPECTED.replace("\n", "\r\n"),
        EXPECTED + "x" * 3_000,
    ],
)
def test_what_is_no_challenge_is_refused(message: str) -> None:
    assert code(verify_message(message=message, signature=sign(message))) == AuthCode.INVALID


@pytest.mark.parametrize(
    "signature", ["", "x", "0" * 88, "==", "A" * 86 + "==", "AAAA" * 10 + "AA==", "1" * 500]
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert code(verify_message(message=EXPECTED, signature=signature)) == AuthCode.INVALID


@pytest.mark.parametrize("address", ["", "x", "0" * 44, ADDRESS[:-4], "@ada"])
async def test_challenges_are_for_addresses(
    sign_in: SignInWithSolana, store: MemoryStore, address: str
) -> None:
    assert code(await sign_in.challenge(address)) == AuthCode.INVALID
    assert store.waiting == {}
