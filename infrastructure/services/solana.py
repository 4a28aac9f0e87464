"""The gateway to Solana as the settings want it."""

from solders.keypair import Keypair

from infrastructure.chains.solana.addresses import InvalidAddress, parse_address
from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.http import HttpClient
from infrastructure.settings import VARIABLES, Settings, StartupError


def open_gateway(settings: Settings, client: HttpClient) -> SolanaGateway:
    """Raises `StartupError` where a setting is missing or wrong."""
    if not settings.solana_rpc_urls:
        raise StartupError(f"{VARIABLES['solana_rpc_urls']} is not set")
    fee_payer = _fee_payer(settings)
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


def _fee_payer(settings: Settings) -> Keypair:
    variable = VARIABLES["fee_payer_keypair_file"]
    if settings.fee_payer_keypair_file is None:
        raise StartupError(f"{variable} is not set")
    try:
        return load_keypair(settings.fee_payer_keypair_file)
    except InvalidKeyFile as error:
        raise StartupError(f"{variable}: {error}") from None
