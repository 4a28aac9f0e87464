"""The door for webhooks: what is not the provider's own leaves no trace."""

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest

from bench.platform import Platform
from infrastructure.db.pool import connect
from tests.integration.payments.payer import Payer

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.fixture
def secret(platform: Platform, data_dir: Path) -> str:
    """What Stripe signs with."""
    content = json.loads((data_dir / "keys" / "providers.json").read_bytes())
    secret: str = content["stripe"]["webhook_secret"]
    return secret


def signed(body: bytes, secret: str, *, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={stamp},v1={mac}", "content-type": "application/json"}


async def stored(platform: Platform) -> list[tuple[str, bool]]:
    connection = await connect(platform.ready.database_url)
    rows = await connection.fetch("SELECT body, readable FROM inbox WHERE source = 'stripe'")
    await connection.close()
    return [(row["body"], row["readable"]) for row in rows]


async def test_what_is_not_the_providers_own_is_refused_and_not_stored(
    alice: Payer, platform: Platform, secret: str
) -> None:
    before = await stored(platform)
    body = b'{"id": "evt_forged"}'

    assert alice.webhook("nobody", content=body) == 404
    assert alice.webhook("stripe", content=body) == 401
    assert alice.webhook("stripe", content=body, headers=signed(body, "whsec_wrong")) == 401
    stale = signed(body, secret, at=time.time() - 3600)
    assert alice.webhook("stripe", content=body, headers=stale) == 401
    assert alice.webhook("stripe", content=body + b" ", headers=signed(body, secret)) == 401
    large = b'"' + b"x" * 300_000 + b'"'
    assert alice.webhook("stripe", content=large, headers=signed(large, secret)) == 413

    assert await stored(platform) == before


async def test_what_is_signed_and_cannot_be_read_is_kept_as_it_is(
    alice: Payer, platform: Platform, secret: str
) -> None:
    body = b"not even JSON"

    for _ in range(3):
        assert alice.webhook("stripe", content=body, headers=signed(body, secret)) == 200

    kept = [row for row in await stored(platform) if row[0] == body.decode()]
    assert kept == [(body.decode(), False)]
