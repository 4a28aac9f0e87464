"""What users wish for in these tests, and answers taken as what they should be."""

from domain.provider.ports.offramp import (
    BankAccountDetails,
    BankAccountRegistered,
    OffRampProvider,
    OffRampQuote,
    OffRampQuoteRequest,
    PayoutRail,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalStatus,
)
from domain.shared.assets import USDC, Asset

CUSTOMER = "customer_1"
USER_ADDRESS = "Cq1qjybZgmaYm6imvnmoyQwBnyRPCCKWRRur9MBNT17i"
HUNDRED = 100_000_000

US_ACCOUNT = {
    "account_number": "000123456789",
    "routing_number": "021000021",
    "street_line_1": "1 Example Street",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
}


def bank(
    rail: PayoutRail = PayoutRail.ACH,
    *,
    currency: str = "USD",
    country: str = "US",
    account: dict[str, str] | None = None,
) -> BankAccountDetails:
    return BankAccountDetails(
        owner_name="Ada Example",
        currency=currency,
        country=country,
        rail=rail,
        account=US_ACCOUNT if account is None else account,
    )


SEPA_BANK = bank(
    PayoutRail.SEPA, currency="EUR", country="DE", account={"iban": "DE89 3704 0044 0532 0130 00"}
)
GB_BANK = bank(
    PayoutRail.FASTER_PAYMENTS,
    currency="GBP",
    country="GB",
    account={"account_number": "12345678", "sort_code": "040004"},
)
PIX_BANK = bank(
    PayoutRail.PIX, currency="BRL", country="BR", account={"pix_key": "ada@example.invalid"}
)


def wish(
    *,
    amount: int = HUNDRED,
    asset: Asset = USDC,
    currency: str = "USD",
    rail: PayoutRail = PayoutRail.ACH,
) -> OffRampQuoteRequest:
    return OffRampQuoteRequest(
        asset=asset, asset_amount=amount, fiat_currency=currency, rail=rail, country="US"
    )


async def quoted(adapter: OffRampProvider, request: OffRampQuoteRequest) -> OffRampQuote:
    quote = await adapter.quote(request)
    assert isinstance(quote, OffRampQuote), quote
    return quote


async def registered(
    adapter: OffRampProvider, details: BankAccountDetails | None = None, *, key: str = "bank-1"
) -> BankAccountRegistered:
    account = await adapter.register_bank_account(CUSTOMER, details or bank(), key=key)
    assert isinstance(account, BankAccountRegistered), account
    return account


async def ordered(
    adapter: OffRampProvider,
    *,
    key: str = "order-1",
    developer_fee: int = 0,
    details: BankAccountDetails | None = None,
    request: OffRampQuoteRequest | None = None,
) -> WithdrawalOrder:
    account = await registered(adapter, details)
    quote = await quoted(adapter, request or wish())
    return WithdrawalOrder(
        key=key,
        quote=quote,
        customer=CUSTOMER,
        bank_account=account.token,
        from_address=USER_ADDRESS,
        developer_fee=developer_fee,
    )


async def opened(adapter: OffRampProvider, order: WithdrawalOrder) -> WithdrawalOpened:
    answer = await adapter.initiate_crypto_to_fiat(order)
    assert isinstance(answer, WithdrawalOpened), answer
    return answer


async def status(adapter: OffRampProvider, reference: str) -> WithdrawalStatus:
    answer = await adapter.check_withdrawal_status(reference)
    assert isinstance(answer, WithdrawalStatus), answer
    return answer
