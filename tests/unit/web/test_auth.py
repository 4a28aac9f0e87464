from datetime import timedelta

import jwt
import pytest

from infrastructure.web.auth import AuthCode, AuthError, Principal, TokenAuthority, TokenSettings
from tests.unit.web.driver import SETTINGS, START, Clock


def claims(**changes: object) -> dict[str, object]:
    seconds = int(START.timestamp())
    usual: dict[str, object] = {
        "sub": "u1",
        "username": "ada",
        "iat": seconds,
        "exp": seconds + 60,
        "aud": SETTINGS.audience,
        "iss": SETTINGS.issuer,
    }
    return {name: value for name, value in (usual | changes).items() if value is not ...}


def bearer(secret: str = SETTINGS.secret, algorithm: str = "HS256", **changes: object) -> str:
    return f"Bearer {jwt.encode(claims(**changes), secret, algorithm=algorithm)}"


def code(result: Principal | AuthError | None) -> AuthCode:
    assert isinstance(result, AuthError)
    return result.code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> TokenAuthority:
    return TokenAuthority(SETTINGS, now=clock)


@pytest.mark.parametrize("is_operator", [True, False])
def test_an_issued_token_names_its_principal(
    authority: TokenAuthority, *, is_operator: bool
) -> None:
    token = authority.issue_token(user_id="u1", username="ada", is_operator=is_operator)

    assert authority.authenticate(f"bearer  {token} ") == Principal(
        user_id="u1",
        username="ada",
        is_operator=is_operator,
        expires_at=START + SETTINGS.lifetime,
    )


@pytest.mark.parametrize("header", [None, "", "  "])
def test_nothing_is_missing(authority: TokenAuthority, header: str | None) -> None:
    assert code(authority.authenticate(header)) == AuthCode.MISSING


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer " + "x" * 5_000,
        "Bearer \u2603",
        bearer(secret="o" * 32),
        bearer(secret="s" * 64, algorithm="HS512"),
        bearer(aud="another"),
        bearer(iss="another"),
        bearer(sub=...),
        bearer(sub=""),
        bearer(username=...),
        bearer(username=5),
        bearer(exp=...),
        bearer(iat=...),
        bearer(aud=...),
        bearer(iss=...),
        bearer(exp="soon"),
        bearer(exp=True),
        bearer(exp=10**30),
        bearer(iat="now"),
        bearer(iat=10**30),
        bearer(iat=int(START.timestamp()) + 120),
        "Bearer " + jwt.encode(claims(), "", algorithm="none"),
    ],
)
def test_anything_else_is_invalid(authority: TokenAuthority, header: str) -> None:
    assert code(authority.authenticate(header)) == AuthCode.INVALID


def test_operators_are_named_by_a_true_claim_alone(authority: TokenAuthority) -> None:
    principal = authority.authenticate(bearer(operator="true"))

    assert isinstance(principal, Principal)
    assert not principal.is_operator


def test_tokens_expire_by_the_injected_clock(authority: TokenAuthority, clock: Clock) -> None:
    header = bearer()
    clock.advance(timedelta(seconds=59))
    principal = authority.authenticate(header)
    assert isinstance(principal, Principal)
    assert authority.recheck(principal) is None

    clock.advance(timedelta(seconds=1))

    assert code(authority.authenticate(header)) == AuthCode.EXPIRED
    assert code(authority.recheck(principal)) == AuthCode.EXPIRED


def test_sessions_can_be_ended_early(clock: Clock) -> None:
    revoked: set[str] = set()
    authority = TokenAuthority(SETTINGS, now=clock, is_revoked=lambda p: p.user_id in revoked)
    principal = authority.authenticate(bearer())
    assert isinstance(principal, Principal)

    revoked.add("u1")

    assert code(authority.recheck(principal)) == AuthCode.INVALID
    assert code(authority.authenticate(bearer())) == AuthCode.INVALID


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenAuthority(TokenSettings(secret="s" * 31))
