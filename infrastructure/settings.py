"""Settings of a process: where things are, who may do what, how much of it at once.

They come from environment variables. What the product charges and allows is data of the domain,
never a setting.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

Context = Literal["wallet", "transaction", "provider", "compliance"]
Commitment = Literal["processed", "confirmed", "finalized"]
Url = Annotated[str, Meta(min_length=1)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]

CONTEXTS: Final[frozenset[str]] = frozenset({"wallet", "transaction", "provider", "compliance"})

JWT_SECRET_BYTES_MIN: Final = 32  # RFC 7518, section 3.2: a key as long as the hash
_POSTGRES_SCHEMES: Final = ("postgresql", "postgres")
_REDIS_SCHEMES: Final = ("redis", "rediss", "unix")
_HTTP_SCHEMES: Final = ("http", "https")


class StartupError(Exception):
    """A process cannot start or go on, and its operator can mend it; the message is one line that
    says how. The command line prints it and exits with 1."""


class SettingsError(StartupError):
    """A setting is missing or wrong; the message is one line that names the variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. The variable of a field is in `VARIABLES`.

    `database_admin_url` is the owner's, for migrations; empty, it is `database_url`. Several
    `solana_rpc_urls` are tried in order. `contexts` are those whose reactors this process runs.
    Below `fee_payer_lamports_min` an alarm is logged: the default is enough for 10,000 sends.
    What is open in strategies is valued every `strategy_watch_seconds`; what protocols offer is
    asked for again after `strategy_offers_seconds`, and stale after `strategy_stale_seconds`.
    `inbound_*_seconds`: how often each chain is asked for what came in by itself; Solana's are of
    SOL, USDC is looked for each second. For `inbound_patience_seconds` it is left to the transaction
    that may wait for it.
    `treasury_address` owns the token account that fees are paid to; empty, the fee payer does.
    """

    database_url: Url
    redis_url: Url
    jwt_secret: str = ""
    database_admin_url: str = ""
    host: str = "127.0.0.1"
    port: Port = 8000
    contexts: frozenset[Context] = frozenset({"wallet", "transaction", "provider", "compliance"})
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    solana_rpc_urls: tuple[Url, ...] = ()
    solana_commitment: Commitment = "confirmed"
    solana_finality: Commitment = "finalized"
    fee_payer_keypair_file: Path | None = None
    fee_payer_lamports_min: Annotated[int, Meta(ge=0)] = 100_000_000
    treasury_address: str = ""
    sandbox_url: str = ""
    sanctions_file: Path | None = None
    figures_file: Path | None = None
    providers_file: Path | None = None

    sign_in_domain: str = "localhost"
    token_lifetime_seconds: Seconds = 3600.0
    allowed_origins: tuple[str, ...] = ()

    database_pool_size_max: Count = 8
    committer_batch_max: Count = 32
    subscribers_max: Count = 2_000
    request_body_bytes_max: Annotated[int, Meta(ge=1_024, le=16_777_216)] = 262_144
    query_timeout_seconds: Seconds = 10.0
    strategy_watch_seconds: Seconds = 60.0
    strategy_offers_seconds: Seconds = 30.0
    strategy_stale_seconds: Seconds = 300.0
    inbound_solana_seconds: Seconds = 5.0
    inbound_bitcoin_seconds: Seconds = 15.0
    inbound_ethereum_seconds: Seconds = 12.0
    inbound_sui_seconds: Seconds = 5.0
    inbound_patience_seconds: Seconds = 900.0
    provider_timeout_seconds: Seconds = 10.0
    shutdown_timeout_seconds: Seconds = 5.0

    def __repr__(self) -> str:
        """Without secrets and URLs, which may carry passwords: this lands in logs."""
        contexts = ",".join(sorted(self.contexts))
        return f"Settings(host={self.host!r}, port={self.port}, contexts={contexts!r})"

    def replace(self, *, port: int) -> "Settings":
        """The same with the port that was found free."""
        return msgspec.structs.replace(self, port=port)

    @property
    def admin_url(self) -> str:
        return self.database_admin_url or self.database_url


_STORES: Final = ("database_url", "redis_url")
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "api": (*_STORES, "jwt_secret"),
    "worker": _STORES,
    "relay": _STORES,
}
"""What each role cannot begin without. Who signs tokens has their secret, nobody else."""

# These two are named the way that every platform names them; the others carry our prefix.
_SHARED_NAMES: Final = frozenset({"database_url", "database_admin_url", "redis_url"})
_LISTS: Final = frozenset({"contexts", "solana_rpc_urls", "allowed_origins"})

VARIABLES: Final[Mapping[str, str]] = {
    field: field.upper() if field in _SHARED_NAMES else f"DIBOAS_{field.upper()}"
    for field in Settings.__struct_fields__
}


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    overrides: Mapping[str, str | int | Path] | None = None,
    needed: Sequence[str] = NEEDED["api"],
) -> Settings:
    """Settings from the environment (the process's own by default), overrides on top.

    Raises `SettingsError` that names all the `needed` ones that are missing, or the first wrong
    variable and what it should be.
    """
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for field, variable in VARIABLES.items():
        text = source.get(variable, "").strip()
        if text:
            values[field] = _split(text) if field in _LISTS else text
    values |= {
        field: _split(str(value)) if field in _LISTS else _plain(value)
        for field, value in (overrides or {}).items()
    }
    if missing := [field for field in needed if not values.get(field)]:
        raise not_set(missing)
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(str(error))) from None
    _check(settings)
    return settings


def owner_url(environment: Mapping[str, str] | None = None) -> str:
    """The URL for migrations, which need no other setting."""
    source = os.environ if environment is None else environment
    url = source.get("DATABASE_ADMIN_URL", "").strip() or source.get("DATABASE_URL", "").strip()
    if not url:
        raise SettingsError("DATABASE_URL is not set")
    _check_url("database_url", url, _POSTGRES_SCHEMES)
    return url


def sanctions_list(environment: Mapping[str, str] | None = None) -> Path | None:
    """The file of sanctioned addresses, for who needs no other setting."""
    source = os.environ if environment is None else environment
    text = source.get(VARIABLES["sanctions_file"], "").strip()
    if text and not Path(text).is_file():
        raise SettingsError(f"{VARIABLES['sanctions_file']}: there is no file {text}")
    return Path(text) if text else None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _plain(value: str | int | Path) -> str | int:
    return str(value) if isinstance(value, Path) else value


def _decode(kind: type, value: object) -> object:
    """msgspec leaves paths to us."""
    return Path(str(value)) if kind is Path else value


def not_set(fields: Iterable[str]) -> SettingsError:
    """The error that names all of these at once."""
    missing = [VARIABLES[field] for field in fields]
    return SettingsError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set")


def _explain(message: str) -> str:
    """msgspec says "Expected `int`, got `str` - at `$.port`"; name the variable instead."""
    problem, _, path = message.partition(" - at `$.")
    field = path.rstrip("`").split("[")[0]
    variable = VARIABLES.get(field, field or "settings")
    return f"{variable}: {problem[:1].lower()}{problem[1:]}"


def _check(settings: Settings) -> None:
    _check_url("database_url", settings.database_url, _POSTGRES_SCHEMES)
    _check_url("database_admin_url", settings.admin_url, _POSTGRES_SCHEMES)
    _check_url("redis_url", settings.redis_url, _REDIS_SCHEMES)
    for url in settings.solana_rpc_urls:
        _check_url("solana_rpc_urls", url, _HTTP_SCHEMES)
    if settings.jwt_secret and len(settings.jwt_secret.encode()) < JWT_SECRET_BYTES_MIN:
        raise SettingsError(
            f"{VARIABLES['jwt_secret']}: expected at least {JWT_SECRET_BYTES_MIN} bytes"
        )
    for field in ("fee_payer_keypair_file", "sanctions_file", "figures_file", "providers_file"):
        path = getattr(settings, field)
        if path is not None and not path.is_file():
            raise SettingsError(f"{VARIABLES[field]}: there is no file {path}")


def _check_url(field: str, url: str, schemes: tuple[str, ...]) -> None:
    """The URL itself stays out of the message: it may carry a password."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        raise SettingsError(f"{VARIABLES[field]}: expected a URL that begins with {schemes[0]}://")
