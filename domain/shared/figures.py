"""The product's figures (decisions, section 5), as data that a file gives and start-up checks.

Amounts are USDC base units (6 decimals), durations seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KycLimits:
    """What a KYC level may move, and in which flows."""

    transaction: int
    flows: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Limits, fees and times that the business changes.

    `estimated_seconds` by type of transaction hold until `estimate_after_completed` of that type
    have been completed: from then on history tells.
    """

    policy_version: str
    send_minimum: int
    fee_reserve: int
    send_fee_millionths: int
    withdraw_minimum: int
    withdraw_fee_millionths: int
    deposit_minimum_cents: int
    deposit_fee_millionths: int
    kyc: Mapping[str, KycLimits]
    approval_window_seconds: int
    rebuilds_max: int
    lamports_per_usdc: int
    lamports_price_source: str
    estimated_seconds: Mapping[str, int]
    estimate_after_completed: int
