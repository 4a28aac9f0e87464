"""The simulated Coinbase's payments: opened, paid, delivered or failed, each step told by webhook.

Time moves them when they are looked at; what is paid and not delivered the world itself looks at as
time goes by, so that its webhooks come without anybody asking.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from domain.shared.assets import Asset
from infrastructure.sandbox.coinbase.model import Kind, Payment, webhook_json
from infrastructure.sandbox.coinbase.pricing import LISTED, Terms
from infrastructure.sandbox.frame.ongoing import Ongoing
from infrastructure.sandbox.frame.webhooks import Message, WebhookSender
from infrastructure.sandbox.frame.world import CarriedOut, World
from infrastructure.sandbox.market import Deliver

logger = logging.getLogger(__name__)

PROVIDER: Final = "coinbase"
DELIVERY_SECONDS: Final = 3.0
"""Between payment and delivery."""
SESSION_SECONDS: Final = 300
"""How long a session's link can be opened."""
_PAYMENTS: Final = "coinbase_payment"
_TOKENS: Final = "coinbase_token"
_USERS: Final = "coinbase_user"


class Payments:
    def __init__(self, world: World, sender: WebhookSender, deliver: Deliver | None) -> None:
        self._world = world
        self._sender = sender
        self._deliver = deliver or self._pretend_to_deliver
        self._secret = world.credential(PROVIDER, "webhook_secret")
        # Nothing is delivered twice, however many look at once.
        self._delivering = asyncio.Lock()
        self._ongoing = Ongoing(world, _PAYMENTS, self.by_id)
        world.books.append(self._carried_out)
        world.chores.append(self._ongoing.go_on)

    def open(
        self,
        kind: Kind,
        terms: Terms,
        *,
        address: str,
        method: str,
        partner_user_ref: str,
        redirect_url: str | None,
    ) -> Payment:
        now = self._world.clock.now()
        payment = Payment(
            id=str(uuid.uuid4()),
            kind=kind,
            token=secrets.token_hex(16),
            terms=terms,
            address=address,
            method=method,
            partner_user_ref=partner_user_ref,
            redirect_url=redirect_url,
            created_at=now,
            updated_at=now,
        )
        self._world.memory.put(_PAYMENTS, payment.id, payment)
        self._world.memory.put(_TOKENS, payment.token, payment.id)
        if partner_user_ref:
            known = [payment.id, *self._of_user(partner_user_ref)]
            self._world.memory.put(_USERS, partner_user_ref, known)
        if kind == "order":
            self._tell(payment, "onramp.transaction.created")
        return payment

    async def by_id(self, identifier: str) -> Payment | None:
        """As it stands now."""
        payment = self._world.memory.get(_PAYMENTS, identifier, Payment)
        return None if payment is None else await self._advanced(payment)

    async def by_token(self, token: str) -> Payment | None:
        identifier = self._world.memory.get(_TOKENS, token, str)
        return None if identifier is None else await self.by_id(identifier)

    async def by_user(self, partner_user_ref: str) -> list[Payment]:
        """Newest first."""
        found = [await self.by_id(identifier) for identifier in self._of_user(partner_user_ref)]
        return [payment for payment in found if payment is not None]

    def _of_user(self, partner_user_ref: str) -> list[str]:
        return self._world.memory.get(_USERS, partner_user_ref, list[str]) or []

    async def by_reference(self, reference: str) -> Payment | None:
        """An order's or transaction's identifier, or the newest of a partner reference."""
        found = await self.by_id(reference)
        if found is None:
            of_user = await self.by_user(reference)
            found = of_user[0] if of_user else None
        return found

    def link_expired(self, payment: Payment) -> bool:
        age = self._world.clock.now() - payment.created_at
        return payment.kind == "session" and age > timedelta(seconds=SESSION_SECONDS)

    def pay(self, payment: Payment) -> Payment:
        """The user has paid; nothing where they have already."""
        if payment.stage != "open":
            return payment
        paid = self._changed(payment, stage="paying", paid_at=self._world.clock.now())
        if payment.kind == "session":
            self._tell(paid, "onramp.transaction.created")
        self._tell(paid, "onramp.transaction.updated")
        return paid

    def fail(self, payment: Payment) -> Payment:
        """The card was refused, or the user gave up."""
        if payment.stage in {"delivered", "failed"}:
            return payment
        failed = self._changed(payment, stage="failed")
        self._tell(failed, "onramp.transaction.failed")
        return failed

    async def complete(self, payment: Payment) -> Payment:
        """Paid where it was not, and delivered now."""
        paid = self.pay(payment)
        return await self._delivered(paid) if paid.stage == "paying" else paid

    async def complete_in(self, payment: Payment, asset: Asset) -> Payment:
        """Paid where it was not, and delivered now: the least of another asset than was bought."""
        paid = self.pay(payment)
        async with self._delivering:
            current = self._world.memory.get(_PAYMENTS, paid.id, Payment) or paid
            if current.stage != "paying":
                return current
            transaction_hash = await self._deliver(
                asset=asset.symbol,
                chain=asset.chain.value,
                address=current.address,
                amount=asset.minimum_base_units,
            )
            delivered = self._changed(current, stage="delivered", transaction_hash=transaction_hash)
        self._tell(delivered, "onramp.transaction.success")
        return delivered

    def say(self, payment: Payment, status: str) -> Payment:
        """From now on this is its status, known to anybody or not."""
        changed = self._changed(payment, status=status)
        self._tell(changed, "onramp.transaction.updated")
        return changed

    async def _advanced(self, payment: Payment) -> Payment:
        if payment.stage != "paying" or payment.paid_at is None:
            return payment
        if self._world.clock.now() - payment.paid_at < timedelta(seconds=DELIVERY_SECONDS):
            return payment
        return await self._delivered(payment)

    async def _delivered(self, payment: Payment) -> Payment:
        async with self._delivering:
            current = self._world.memory.get(_PAYMENTS, payment.id, Payment) or payment
            if current.stage != "paying":
                return current
            terms = current.terms
            amount = self._world.faults.scaled(terms.purchase_amount, PROVIDER, "deliver")
            terms = msgspec.structs.replace(terms, purchase_amount=amount)
            try:
                transaction_hash = await self._deliver(
                    asset=terms.asset,
                    chain=LISTED[terms.asset, terms.network].chain.value,
                    address=current.address,
                    amount=terms.purchase_amount,
                )
            except Exception:
                # Coinbase gives the money back where it cannot send what was bought.
                logger.exception("coinbase: payment %s cannot be delivered", current.id)
                return self.fail(current)
            delivered = self._changed(
                current, stage="delivered", terms=terms, transaction_hash=transaction_hash
            )
        self._tell(delivered, "onramp.transaction.success")
        return delivered

    async def _pretend_to_deliver(
        self, *, asset: str, chain: str, address: str, amount: int
    ) -> str:
        """A hash that follows from what is delivered and how many were before."""
        number = self._world.memory.number("coinbase_delivery")
        text = f"coinbase {number} {asset} {chain} {address} {amount}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _changed(self, payment: Payment, **changes: object) -> Payment:
        changed = msgspec.structs.replace(payment, updated_at=self._world.clock.now(), **changes)
        self._world.memory.put(_PAYMENTS, payment.id, changed)
        self._ongoing.keep(payment.id, settled=changed.stage != "paying")
        return changed

    def _carried_out(self) -> Iterator[CarriedOut]:
        for payment in self._world.memory.all(_PAYMENTS, Payment):
            if payment.stage == "delivered":
                terms = payment.terms
                yield CarriedOut(
                    provider=PROVIDER,
                    reference=payment.reference,
                    asset=LISTED[terms.asset, terms.network].symbol,
                    amount=terms.purchase_amount,
                    transaction_hash=payment.transaction_hash,
                )

    def _tell(self, payment: Payment, event: str) -> None:
        body = msgspec.json.encode(webhook_json(payment, event))
        self._sender.send(Message(provider=PROVIDER, event=event, body=body, sign=self._sign))

    def _sign(self, body: bytes, forged: bool) -> Mapping[str, str]:  # noqa: FBT001 - as Sign says
        secret = b"nobody's" if forged else self._secret.encode()
        at = str(int(self._world.clock.shared().timestamp()))
        plain = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        bound = f"{at}.content-type.application/json.".encode() + body
        full = hmac.new(secret, bound, hashlib.sha256).hexdigest()
        return {"x-hook0-signature": f"t={at},v0={plain},h=content-type,v1={full}"}
