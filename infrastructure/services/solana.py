"""The gateway to Solana as the settings want it."""

from pathlib import Path

from solders.keypair import Keypair

from infrastructure.chains.solana.addresses import InvalidAddress, parse_address
from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.http import HttpClient
from infrastructure.settings import VARIABLES, Settings, StartupError, not_set


def open_gateway(settings: Settings, client: HttpClient) -> SolanaGateway:
    """Raises `StartupError` where a setting is missing or wrong."""
    key_file = settings.fee_payer_keypair_file
    if key_file is None or not settings.solana_rpc_urls:
        given = {"solana_rpc_urls": settings.solana_rpc_urls, "fee_payer_keypair_file": key_file}
        raise not_set(name for name, value in given.items() if not value)
    fee_payer = _fee_payer(key_file)
    try:
        treasury = parse_address(settings.treasury_address or str(fee_payer.pubkey()))
    except InvalidAddress as error:
        raise StartupError(f"{VARIABLES['treasury_address']}: {error}") from None
    return SolanaGateway(
        client=client,
        rpc_urls=settings.solana_rpc_urls,
        fee_payer=fee_payer,
        treasury_owner=treasury,
    )


def _fee_payer(path: Path) -> Keypair:
    try:
        return load_keypair(path)
    except InvalidKeyFile as error:
        raise StartupError(f"{VARIABLES['fee_payer_keypair_file']}: {error}") from None
