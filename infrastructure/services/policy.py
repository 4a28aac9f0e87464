"""Reads the data that handlers decide by, and checks it before anything starts."""

import hashlib
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from domain.compliance.limits import OTHER_REGION
from domain.shared.assets import Chain
from domain.shared.decision import KycLevel, RiskTier
from domain.shared.figures import Figures
from domain.shared.screening import NO_LIST, ScreeningList, normal_form
from infrastructure.chains.parsing import spelling
from infrastructure.sagas.engine import Policy
from infrastructure.settings import StartupError

FIGURES_FILE: Final = Path(__file__).with_name("figures.toml")


def load_policy(sanctions_file: Path | None, figures_file: Path | None = None) -> Policy:
    """Figures, the product's own where no file has others, and the sanctions list; raises
    `StartupError` with one line for a file that is wrong."""
    return Policy(
        figures=load_figures(figures_file or FIGURES_FILE),
        screening=load_screening(sanctions_file),
    )


def load_figures(path: Path) -> Figures:
    """The figures of a TOML file."""
    try:
        figures = msgspec.convert(tomllib.loads(path.read_text()), Figures)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StartupError(f"{path.name}: {error}") from None
    if OTHER_REGION not in figures.regions:
        raise StartupError(f"{path.name}: no limits for countries of no region")
    if unscaled := {tier.value for tier in RiskTier} - set(figures.risk_millionths):
        raise StartupError(f"{path.name}: no share for {', '.join(sorted(unscaled))}")
    for each in figures.usual_times:
        if not any(other.is_for_all and other.type == each.type for other in figures.usual_times):
            raise StartupError(f"{path.name}: no usual time for every other {each.type}")
    missing = {level.value for level in KycLevel} - set(figures.kyc)
    if missing:
        raise StartupError(f"{path.name}: no limits for {', '.join(sorted(missing))}")
    return figures


def load_screening(path: Path | None) -> ScreeningList:
    """One address of any chain a line; `#` begins a comment. Without a file, nobody is on the list.

    Raises `StartupError` for a line that is an address of none.
    """
    if path is None:
        return ScreeningList(version=NO_LIST)
    text = path.read_text()
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    addresses = frozenset(line for line in lines if line)
    for address in addresses:
        if all(spelling(chain, address) is None for chain in Chain):
            raise StartupError(f"{path}: {address} is an address of no chain")
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return ScreeningList(
        version=version, addresses=frozenset(normal_form(address) for address in addresses)
    )
