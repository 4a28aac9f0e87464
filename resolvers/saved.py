"""Keeping and removing what a user wants to find again."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import strawberry

from domain.contracts.saved import ContactInput, PaymentMethodInput, SavedAddressInput
from domain.contracts.views import UserView
from domain.shared.errors import DomainError
from domain.shared.ids import UserId
from resolvers.context import Info
from resolvers.ids import Kind, decode
from schema.errors import Error
from schema.fields import described
from schema.saved import (
    AddContactInput,
    AddPaymentMethodInput,
    AddSavedAddressInput,
    Contact,
    ContactsPayload,
    PaymentMethodsPayload,
    PreferredProvidersPayload,
    RemoveContactInput,
    RemovePaymentMethodInput,
    RemoveSavedAddressInput,
    SavedAddress,
    SavedAddressesPayload,
    SavedPaymentMethod,
    SetPreferredProvidersInput,
)

Doing: TypeAlias = Callable[[UserId], Awaitable[None]]


@strawberry.type
class SavedMutations:
    @described("Keeps another user.")
    async def add_contact(self, info: Info, input: AddContactInput) -> ContactsPayload:  # noqa: A002 (the API's name)
        wish = ContactInput(
            username=input.username, label=input.label, idempotency_key=input.idempotency_key
        )
        return await _contacts(
            info, lambda user_id: info.context.ports.saved.add_contact(user_id, wish)
        )

    @described("Removes a contact.")
    async def remove_contact(self, info: Info, input: RemoveContactInput) -> ContactsPayload:  # noqa: A002 (the API's name)
        remove = info.context.ports.saved.remove_contact
        return await _contacts(info, _removing(Kind.CONTACT, input.id, remove))

    @described("Keeps an address that is one of its chain and on no sanctions list.")
    async def add_saved_address(
        self,
        info: Info,
        input: AddSavedAddressInput,  # noqa: A002 (the API's name)
    ) -> SavedAddressesPayload:
        wish = SavedAddressInput(
            chain=input.chain,
            address=input.address,
            label=input.label,
            idempotency_key=input.idempotency_key,
        )
        return await _addresses(
            info, lambda user_id: info.context.ports.saved.add_address(user_id, wish)
        )

    @described("Removes a saved address; what is under way to it goes on.")
    async def remove_saved_address(
        self,
        info: Info,
        input: RemoveSavedAddressInput,  # noqa: A002 (the API's name)
    ) -> SavedAddressesPayload:
        remove = info.context.ports.saved.remove_address
        return await _addresses(info, _removing(Kind.SAVED_ADDRESS, input.id, remove))

    @described("Keeps what a provider calls a payment method.")
    async def add_payment_method(
        self,
        info: Info,
        input: AddPaymentMethodInput,  # noqa: A002 (the API's name)
    ) -> PaymentMethodsPayload:
        wish = PaymentMethodInput(
            provider=input.provider,
            payment_method=input.payment_method,
            token=input.token,
            label=input.label,
            idempotency_key=input.idempotency_key,
        )
        return await _methods(
            info, lambda user_id: info.context.ports.saved.add_payment_method(user_id, wish)
        )

    @described("Removes a payment method; what is paid with it goes on.")
    async def remove_payment_method(
        self,
        info: Info,
        input: RemovePaymentMethodInput,  # noqa: A002 (the API's name)
    ) -> PaymentMethodsPayload:
        remove = info.context.ports.saved.remove_payment_method
        return await _methods(info, _removing(Kind.PAYMENT_METHOD, input.id, remove))

    @described("Says which providers are chosen where others are hardly better.")
    async def set_preferred_providers(
        self,
        info: Info,
        input: SetPreferredProvidersInput,  # noqa: A002 (the API's name)
    ) -> PreferredProvidersPayload:
        saved = info.context.ports.saved
        viewer = await _after(info, lambda user_id: saved.prefer(user_id, input.providers))
        if not isinstance(viewer, UserView):
            return PreferredProvidersPayload(errors=viewer)
        return PreferredProvidersPayload(preferred_providers=list(await saved.preferred(viewer.id)))


def _removing(
    kind: Kind, item_id: strawberry.ID, remove: Callable[[UserId, UUID], Awaitable[None]]
) -> Doing:
    async def doing(user_id: UserId) -> None:
        await remove(user_id, decode(kind, item_id, field="input.id"))

    return doing


async def _contacts(info: Info, doing: Doing) -> ContactsPayload:
    viewer = await _after(info, doing)
    if not isinstance(viewer, UserView):
        return ContactsPayload(errors=viewer)
    views = await info.context.ports.saved.contacts(viewer.wallet_id)
    return ContactsPayload(contacts=[Contact.of(view) for view in views])


async def _addresses(info: Info, doing: Doing) -> SavedAddressesPayload:
    viewer = await _after(info, doing)
    if not isinstance(viewer, UserView):
        return SavedAddressesPayload(errors=viewer)
    views = await info.context.ports.saved.addresses(viewer.wallet_id)
    return SavedAddressesPayload(saved_addresses=[SavedAddress.of(view) for view in views])


async def _methods(info: Info, doing: Doing) -> PaymentMethodsPayload:
    viewer = await _after(info, doing)
    if not isinstance(viewer, UserView):
        return PaymentMethodsPayload(errors=viewer)
    views = await info.context.ports.saved.payment_methods(viewer.wallet_id)
    return PaymentMethodsPayload(payment_methods=[SavedPaymentMethod.of(view) for view in views])


async def _after(info: Info, doing: Doing) -> UserView | list[Error]:
    """The viewer, for whom it was done; or why it was not."""
    try:
        viewer = await info.context.viewer()
        await doing(viewer.id)
    except DomainError as error:
        return [Error.of(info.context.explain_error(error))]
    return viewer
