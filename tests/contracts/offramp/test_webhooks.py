"""Signatures of messages, against signatures that other code than the adapters' library made."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from solders.keypair import Keypair

from domain.provider.ports.answers import WebhookRefused
from infrastructure.http import HttpClient
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from infrastructure.providers.public_keys import InvalidPublicKey
from tests.contracts.offramp.subjects import SandboxSubject, webhook_key
from tests.contracts.offramp.wishes import opened, ordered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
BRIDGE_EVENT = {
    "api_version": "v0",
    "event_id": "wh_1",
    "event_category": "transfer",
    "event_type": "updated",
    "event_object_id": "transfer_1",
    "event_created_at": "2026-03-01T11:59:59Z",
}
DUE_EVENT = {
    "id": "wh_evt__1",
    "type": "transfer.status_changed",
    "data": {"id": "tf_1", "ownerId": "acct_1", "status": "payment_processed"},
    "occurredAt": "2026-03-01T11:59:59Z",
}


def rsa_signature(signed: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 by hand, as RFC 8017 has it."""
    key = load_pem_private_key(webhook_key().encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    length = key.key_size // 8
    digest = SHA256_PREFIX + hashlib.sha256(signed).digest()
    padded = b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
    number = pow(int.from_bytes(padded, "big"), numbers.d, modulus)
    return number.to_bytes(length, "big")


def bridge_public_pem() -> str:
    key = load_pem_private_key(webhook_key().encode(), password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def bridge_headers(body: bytes, *, at: datetime = NOW, hashed_twice: bool = True) -> dict[str, str]:
    milliseconds = str(int(at.timestamp() * 1000))
    message = milliseconds.encode() + b"." + body
    signed = hashlib.sha256(message).digest() if hashed_twice else message
    signature = base64.b64encode(rsa_signature(signed)).decode()
    return {"x-webhook-signature": f"t={milliseconds},v0={signature}"}


def bridge_adapter(*pems: str) -> BridgeOffRamp:
    settings = BridgeSettings(base_url="http://b", api_key="k", webhook_public_keys=pems)
    return BridgeOffRamp(HttpClient(), settings, now=lambda: NOW)


def due_adapter(*pems: str) -> DueOffRamp:
    settings = DueSettings(
        base_url="http://d", api_key="k", quote_account="a", webhook_public_keys=pems
    )
    return DueOffRamp(HttpClient(), settings)


def due_pem(signer: Keypair) -> str:
    key = Ed25519PublicKey.from_public_bytes(bytes(signer.pubkey()))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


# ------------------------------------------------------------------ Bridge


def test_bridges_messages_are_read() -> None:
    body = json.dumps(BRIDGE_EVENT).encode()

    webhook = bridge_adapter(bridge_public_pem()).read_webhook(bridge_headers(body), body, NOW)

    assert webhook.message_id == "wh_1"
    assert webhook.reference == "transfer_1"
    assert webhook.event == "transfer.updated"
    assert webhook.occurred_at == datetime(2026, 3, 1, 11, 59, 59, tzinfo=UTC)


def test_a_qualified_type_of_bridge_stays_as_it_is() -> None:
    body = json.dumps({**BRIDGE_EVENT, "event_type": "transfer.updated"}).encode()

    webhook = bridge_adapter(bridge_public_pem()).read_webhook(bridge_headers(body), body, NOW)

    assert webhook.event == "transfer.updated"


def test_what_is_hashed_once_is_not_bridges() -> None:
    body = json.dumps(BRIDGE_EVENT).encode()
    headers = bridge_headers(body, hashed_twice=False)

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        bridge_adapter(bridge_public_pem()).read_webhook(headers, body, NOW)


@pytest.mark.parametrize(
    ("age", "refused"),
    [(timedelta(minutes=10), False), (timedelta(minutes=10, milliseconds=1), True)],
)
def test_bridges_messages_are_good_for_ten_minutes(age: timedelta, refused: bool) -> None:  # noqa: FBT001 - a parameter of the test
    body = json.dumps(BRIDGE_EVENT).encode()
    headers = bridge_headers(body, at=NOW - age)
    adapter = bridge_adapter(bridge_public_pem())

    if not refused:
        assert adapter.read_webhook(headers, body, NOW).message_id == "wh_1"
        return
    with pytest.raises(WebhookRefused, match="STALE"):
        adapter.read_webhook(headers, body, NOW)


def test_the_time_of_a_message_of_bridge_is_signed_too() -> None:
    body = json.dumps(BRIDGE_EVENT).encode()
    old = bridge_headers(body, at=NOW - timedelta(hours=1))["x-webhook-signature"]
    now = str(int(NOW.timestamp() * 1000))
    headers = {"x-webhook-signature": f"t={now},{old.partition(',')[2]}"}

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        bridge_adapter(bridge_public_pem()).read_webhook(headers, body, NOW)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "SIGNATURE_MISSING"),
        ("t=1", "SIGNATURE_MISSING"),
        ("v0=AAAA", "SIGNATURE_MISSING"),
        ("nonsense", "SIGNATURE_MISSING"),
        ("t=now,v0=AAAA", "SIGNATURE_WRONG"),
        ("t=-1,v0=AAAA", "SIGNATURE_WRONG"),
        ("t=99999999999999999999,v0=AAAA", "SIGNATURE_WRONG"),
        ("t=9999999999999999,v0=AAAA", "SIGNATURE_WRONG"),
        ("t=1772366400000,v0=???", "SIGNATURE_WRONG"),
        ("t=1772366400000,v0=AAAA", "SIGNATURE_WRONG"),
    ],
)
def test_headers_that_are_not_bridges_are_refused(header: str, reason: str) -> None:
    with pytest.raises(WebhookRefused, match=reason):
        bridge_adapter(bridge_public_pem()).read_webhook(
            {"x-webhook-signature": header}, b"{}", NOW
        )


@pytest.mark.parametrize("body", [b"not json", b"{}", b"[1]"])
def test_a_message_of_bridge_that_cannot_be_read_is_kept_apart(body: bytes) -> None:
    webhook = bridge_adapter(bridge_public_pem()).read_webhook(bridge_headers(body), body, NOW)

    assert webhook.reference is None
    assert webhook.message_id == hashlib.sha256(body).hexdigest()


def test_without_a_key_of_bridge_nothing_is_accepted() -> None:
    body = json.dumps(BRIDGE_EVENT).encode()

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        bridge_adapter().read_webhook(bridge_headers(body), body, NOW)


# ------------------------------------------------------------------ Due


def test_dues_messages_are_read() -> None:
    signer = Keypair.from_seed(bytes(range(32)))
    body = json.dumps(DUE_EVENT).encode()
    headers = {"x-webhook-signature": bytes(signer.sign_message(body)).hex()}

    webhook = due_adapter(due_pem(signer)).read_webhook(headers, body, NOW)

    assert webhook.message_id == "wh_evt__1"
    assert webhook.reference == "acct_1/tf_1"
    assert webhook.event == "transfer.status_changed"
    assert webhook.occurred_at == datetime(2026, 3, 1, 11, 59, 59, tzinfo=UTC)


def test_each_of_dues_keys_will_do() -> None:
    signers = [Keypair.from_seed(bytes([number]) * 32) for number in (1, 2)]
    adapter = due_adapter(*(due_pem(signer) for signer in signers))
    body = json.dumps(DUE_EVENT).encode()

    for signer in signers:
        headers = {"x-webhook-signature": bytes(signer.sign_message(body)).hex()}
        assert adapter.read_webhook(headers, body, NOW).message_id == "wh_evt__1"


@pytest.mark.parametrize("header", ["zz", "00", "0" * 128])
def test_headers_that_are_not_dues_are_refused(header: str) -> None:
    signer = Keypair.from_seed(bytes(range(32)))

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        due_adapter(due_pem(signer)).read_webhook({"x-webhook-signature": header}, b"{}", NOW)


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b'{"id":"1","type":"bp.tos_accepted","data":{"x":1}}']
)
def test_a_message_of_due_about_nothing_known_has_no_reference(body: bytes) -> None:
    signer = Keypair.from_seed(bytes(range(32)))
    headers = {"x-webhook-signature": bytes(signer.sign_message(body)).hex()}

    assert due_adapter(due_pem(signer)).read_webhook(headers, body, NOW).reference is None


# ------------------------------------------------------------------ both


def test_keys_of_another_kind_are_refused_at_start() -> None:
    with pytest.raises(InvalidPublicKey):
        due_adapter(bridge_public_pem())
    with pytest.raises(InvalidPublicKey):
        due_adapter("nonsense")
    with pytest.raises(InvalidPublicKey):
        bridge_adapter(due_pem(Keypair.from_seed(bytes(32))))
    with pytest.raises(InvalidPublicKey):
        bridge_adapter("nonsense")


async def test_a_strangers_message_is_refused(ramp: SandboxSubject) -> None:
    ramp.world.fault("webhook_forged", ramp.name)
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))

    (headers, body), *_ = await ramp.messages(answer.reference)

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        ramp.adapter.read_webhook(headers, body, ramp.now())


async def test_a_message_that_comes_ten_times_has_one_id(ramp: SandboxSubject) -> None:
    ramp.world.fault("webhook_duplicated", ramp.name)
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))

    messages = await ramp.messages(answer.reference)

    assert len(messages) == 10
    ids = {ramp.adapter.read_webhook(*message, ramp.now()).message_id for message in messages}
    assert len(ids) == 1
