"""Whether a movement may pass: the level's flows and limit, and the sanctions list."""

from domain.compliance.errors import FlowNotAllowed, LimitExceeded, SanctionedAddress
from domain.shared.assets import USDC
from domain.shared.decision import Facts, KycLevel, Profile
from domain.shared.money import format_amount


def assess(
    *, flow: str, amount: int, addresses: tuple[str, ...], profile: Profile | None, facts: Facts
) -> None:
    """Lets the movement pass or raises why not. `amount` is in USDC base units.

    A user whom compliance does not know counts as unverified.
    """
    level = profile.kyc_level if profile else KycLevel.UNVERIFIED
    limits = facts.figures.kyc[level]
    if facts.screening.hits(addresses):
        raise SanctionedAddress
    if flow not in limits.flows:
        raise FlowNotAllowed(level=level)
    if amount > limits.transaction:
        limit = format_amount(limits.transaction, USDC.decimals)
        raise LimitExceeded(field="input.amount", level=level, limit=limit)
