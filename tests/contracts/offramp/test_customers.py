"""Customers of the off-ramps: made once, and nothing is done in the name of somebody unknown."""

from dataclasses import replace

from domain.provider.ports.answers import Declined, Unanswered
from domain.provider.ports.offramp import CustomerKnown, NewCustomer
from tests.contracts.offramp.subjects import HANG_MS, SandboxSubject
from tests.contracts.offramp.wishes import bank, ordered


async def test_a_customer_who_is_not_known_is_refused(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)

    answers = (
        await ramp.adapter.register_bank_account("customer_none", bank(), key="bank-9"),
        await ramp.adapter.initiate_crypto_to_fiat(replace(order, customer="customer_none")),
    )

    assert all(isinstance(answer, Declined) for answer in answers)


async def test_a_customer_that_was_made_and_not_answered_is_the_same(ramp: SandboxSubject) -> None:
    operation = {"bridge": "create_customer", "due": "create_account"}[ramp.name]
    ada = NewCustomer(reference="ada", full_name="Ada Example", country="US")
    ramp.world.fault(
        "timeout_after_executing", ramp.name, operations=[operation], remaining=1, hang_ms=HANG_MS
    )

    lost = await ramp.adapter.ensure_customer(ada)
    found = await ramp.adapter.ensure_customer(ada)

    assert isinstance(lost, Unanswered)
    assert isinstance(found, CustomerKnown)
    assert found == await ramp.adapter.ensure_customer(ada)
    assert found.id.endswith("00000001")
