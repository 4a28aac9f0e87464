"""The simulated Stripe's sessions: opened, paid, delivered or rejected, each step told by webhook.

Time moves them when they are looked at; what is paid and not delivered the world itself looks at as
time goes by, so that its webhooks come without anybody asking.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from infrastructure.sandbox.frame.ongoing import Ongoing
from infrastructure.sandbox.frame.webhooks import Message, WebhookSender
from infrastructure.sandbox.frame.world import CarriedOut, World
from infrastructure.sandbox.market import Deliver
from infrastructure.sandbox.stripe.forms import SessionWish
from infrastructure.sandbox.stripe.model import OPEN, Session, session_json
from infrastructure.sandbox.stripe.pricing import LISTED, Terms

logger = logging.getLogger(__name__)

PROVIDER: Final = "stripe"
DELIVERY_SECONDS: Final = 3.0
"""Between payment and delivery."""
PAGE_SECONDS: Final = 24 * 3600
"""How long a session's page takes a payment."""
EVENT: Final = "crypto.onramp_session.updated"
_SESSIONS: Final = "stripe_session"
_TOKENS: Final = "stripe_token"


class Sessions:
    def __init__(self, world: World, sender: WebhookSender, deliver: Deliver | None) -> None:
        self._world = world
        self._sender = sender
        self._deliver = deliver or self._pretend_to_deliver
        self._secret = world.credential(
            PROVIDER, "webhook_secret", lambda: f"whsec_{secrets.token_hex(24)}"
        )
        # Nothing is delivered twice, however many look at once.
        self._delivering = asyncio.Lock()
        self._ongoing = Ongoing(world, _SESSIONS, self.by_id)
        world.books.append(self._carried_out)
        world.chores.append(self._ongoing.go_on)

    def open(self, wish: SessionWish, terms: Terms) -> Session:
        identifier = f"cos_{secrets.token_hex(12)}"
        session = Session(
            id=identifier,
            client_secret=f"{identifier}_secret_{secrets.token_hex(16)}",
            token=secrets.token_hex(16),
            terms=terms,
            address=wish.address,
            locked=wish.locked,
            metadata=wish.metadata,
            created_at=self._world.clock.now(),
        )
        self._world.memory.put(_SESSIONS, session.id, session)
        self._world.memory.put(_TOKENS, session.token, session.id)
        return session

    async def by_id(self, identifier: str) -> Session | None:
        """As it stands now."""
        session = self._world.memory.get(_SESSIONS, identifier, Session)
        return None if session is None else await self._advanced(session)

    async def by_token(self, token: str) -> Session | None:
        identifier = self._world.memory.get(_TOKENS, token, str)
        return None if identifier is None else await self.by_id(identifier)

    async def newest_first(self) -> list[Session]:
        sessions = self._world.memory.all(_SESSIONS, Session)
        return [await self._advanced(session) for session in sessions][::-1]

    def expired(self, session: Session) -> bool:
        age = self._world.clock.now() - session.created_at
        return session.stage in OPEN and age > timedelta(seconds=PAGE_SECONDS)

    def visit(self, session: Session) -> Session:
        """The user came to the page of payment."""
        if session.stage != "initialized":
            return session
        return self._changed(session, stage="requires_payment")

    def pay(self, session: Session) -> Session:
        """Nothing where it is paid already."""
        if session.stage not in OPEN:
            return session
        now = self._world.clock.now()
        return self._changed(session, stage="fulfillment_processing", paid_at=now)

    def reject(self, session: Session) -> Session:
        """Stripe does not serve this user."""
        if session.stage == "fulfillment_complete":
            return session
        return self._changed(session, stage="rejected")

    async def complete(self, session: Session) -> Session:
        """Paid where it was not, and delivered now."""
        paid = self.pay(session)
        return await self._delivered(paid) if paid.stage == "fulfillment_processing" else paid

    def say(self, session: Session, status: str) -> Session:
        """From now on this is its status, known to anybody or not."""
        return self._changed(session, status=status)

    async def _advanced(self, session: Session) -> Session:
        if session.stage != "fulfillment_processing" or session.paid_at is None:
            return session
        if self._world.clock.now() - session.paid_at < timedelta(seconds=DELIVERY_SECONDS):
            return session
        return await self._delivered(session)

    async def _delivered(self, session: Session) -> Session:
        async with self._delivering:
            current = self._world.memory.get(_SESSIONS, session.id, Session) or session
            if current.stage != "fulfillment_processing":
                return current
            terms = current.terms
            amount = self._world.faults.scaled(terms.destination_amount, PROVIDER, "deliver")
            terms = msgspec.structs.replace(terms, destination_amount=amount)
            asset = LISTED[terms.destination_currency, terms.destination_network]
            try:
                transaction_id = await self._deliver(
                    asset=asset.symbol,
                    chain=asset.chain.value,
                    address=current.address,
                    amount=terms.destination_amount,
                )
            except Exception:
                # It has no word for this: what cannot be sent ends as rejected.
                logger.exception("stripe: session %s cannot be delivered", current.id)
                return self.reject(current)
            return self._changed(
                current, stage="fulfillment_complete", terms=terms, transaction_id=transaction_id
            )

    async def _pretend_to_deliver(
        self, *, asset: str, chain: str, address: str, amount: int
    ) -> str:
        """A hash that follows from what is delivered and how many were before."""
        number = self._world.memory.number("stripe_delivery")
        text = f"stripe {number} {asset} {chain} {address} {amount}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _changed(self, session: Session, **changes: object) -> Session:
        """Each change of a session is told."""
        changed = msgspec.structs.replace(session, **changes)
        self._world.memory.put(_SESSIONS, session.id, changed)
        self._ongoing.keep(session.id, settled=changed.stage != "fulfillment_processing")
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": None,
            "created": int(self._world.clock.now().timestamp()),
            "data": {"object": session_json(changed, self._world.public_url)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": EVENT,
        }
        body = msgspec.json.encode(event)
        self._sender.send(Message(provider=PROVIDER, event=EVENT, body=body, sign=self._sign))
        return changed

    def _sign(self, body: bytes, forged: bool) -> Mapping[str, str]:  # noqa: FBT001 - as Sign says
        secret = b"nobody's" if forged else self._secret.encode()
        at = str(int(self._world.clock.shared().timestamp()))
        signature = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"stripe-signature": f"t={at},v1={signature}"}

    def _carried_out(self) -> Iterator[CarriedOut]:
        for session in self._world.memory.all(_SESSIONS, Session):
            if session.stage == "fulfillment_complete":
                terms = session.terms
                asset = LISTED[terms.destination_currency, terms.destination_network]
                yield CarriedOut(
                    provider=PROVIDER,
                    reference=session.id,
                    asset=asset.symbol,
                    amount=terms.destination_amount,
                    transaction_hash=session.transaction_id,
                )
