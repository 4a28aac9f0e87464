from collections.abc import Mapping

import pytest

from infrastructure.settings import (
    CONTEXTS,
    NEEDED,
    VARIABLES,
    SettingsError,
    load_settings,
    owner_url,
)

LEAST: Mapping[str, str] = {
    "DATABASE_URL": "postgresql://diboas_app@/diboas?host=/run/diboas",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "DIBOAS_JWT_SECRET": "s" * 32,
}


def test_three_settings_suffice() -> None:
    settings = load_settings(LEAST)

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.contexts == CONTEXTS
    assert settings.admin_url == LEAST["DATABASE_URL"]


def test_lists_are_divided_by_commas() -> None:
    settings = load_settings({**LEAST, "DIBOAS_CONTEXTS": "wallet, compliance,"})

    assert settings.contexts == {"wallet", "compliance"}


def test_overrides_win() -> None:
    settings = load_settings(
        {**LEAST, "DIBOAS_PORT": "1"}, overrides={"port": 0, "contexts": "wallet"}
    )

    assert settings.port == 0
    assert settings.contexts == {"wallet"}


@pytest.mark.parametrize("variable", LEAST)
def test_what_is_missing_is_named(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} is not set$"):
        load_settings({**LEAST, variable: " "})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DIBOAS_PORT", "eighty"),
        ("DIBOAS_PORT", "65536"),
        ("DIBOAS_PORT", "-1"),
        ("DIBOAS_CONTEXTS", "wallet,treasury"),
        ("DIBOAS_LOG_LEVEL", "loud"),
        ("DIBOAS_SOLANA_COMMITMENT", "certain"),
        ("DIBOAS_SOLANA_RPC_URLS", "ftp://node"),
        ("DIBOAS_TOKEN_LIFETIME_SECONDS", "0"),
        ("DIBOAS_TOKEN_LIFETIME_SECONDS", "nan"),
        ("DIBOAS_FEE_PAYER_KEYPAIR_FILE", "/nonexistent/key.json"),
        ("DIBOAS_JWT_SECRET", "short"),
        ("DATABASE_URL", "sqlite:///file"),
        ("DATABASE_ADMIN_URL", "mysql://host"),
        ("REDIS_URL", "http://host"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: ") as caught:
        load_settings({**LEAST, variable: value})

    assert "\n" not in str(caught.value)


def test_neither_errors_nor_representations_show_secrets() -> None:
    secret = "the-password-of-the-database"
    settings = load_settings({**LEAST, "DATABASE_URL": f"postgresql://u:{secret}@host/db"})
    assert secret not in repr(settings)
    assert LEAST["DIBOAS_JWT_SECRET"] not in repr(settings)

    with pytest.raises(SettingsError) as caught:
        load_settings({**LEAST, "DATABASE_URL": f"mysql://u:{secret}@host/db"})
    assert secret not in str(caught.value)


def test_migrations_need_the_owner_alone() -> None:
    both = {"DATABASE_URL": "postgresql://app@h/d", "DATABASE_ADMIN_URL": "postgresql://owner@h/d"}

    assert owner_url(both) == "postgresql://owner@h/d"
    assert owner_url({"DATABASE_URL": "postgresql://app@h/d"}) == "postgresql://app@h/d"
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        owner_url({})


def test_every_field_has_a_variable_of_its_own() -> None:
    assert len(set(VARIABLES.values())) == len(VARIABLES)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL, DIBOAS_JWT_SECRET are not set$"):
        load_settings({"DATABASE_URL": LEAST["DATABASE_URL"]})


def test_who_signs_no_tokens_needs_no_secret() -> None:
    stores = {name: LEAST[name] for name in ("DATABASE_URL", "REDIS_URL")}
    for role in ("worker", "relay"):
        assert load_settings(stores, needed=NEEDED[role]).jwt_secret == ""
