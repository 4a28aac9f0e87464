CREATE TABLE app_user (
    id uuid PRIMARY KEY,
    username text NOT NULL CHECK (username ~ '^[A-Za-z][A-Za-z0-9_]{2,19}$'),
    username_lower text NOT NULL UNIQUE GENERATED ALWAYS AS (lower(username)) STORED,
    kyc_level text NOT NULL DEFAULT 'unverified'
        CHECK (kyc_level IN ('unverified', 'basic', 'advanced', 'institutional')),
    country text,
    risk_tier text NOT NULL DEFAULT 'low' CHECK (risk_tier IN ('low', 'medium', 'high')),
    preferred_providers text[] NOT NULL DEFAULT '{}' CHECK (cardinality(preferred_providers) <= 16),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Who raised or lowered a user's level or tier, and why.
CREATE TABLE user_decision (
    id bigserial PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user (id),
    subject text NOT NULL CHECK (subject IN ('kyc_level', 'risk_tier')),
    value_before text NOT NULL,
    value text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    decided_by text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX user_decision_user ON user_decision (user_id, id);

CREATE TABLE wallet (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES app_user (id),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE wallet_address (
    wallet_id uuid NOT NULL REFERENCES wallet (id),
    chain text NOT NULL,
    address text NOT NULL,
    PRIMARY KEY (wallet_id, chain),
    UNIQUE (chain, address)
);

-- A bank account is known by what providers call it; its number is never stored. `fingerprint`: of
-- what came with the idempotency key, salted with that key, which is not stored either.
CREATE TABLE bank_account (
    id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL REFERENCES wallet (id),
    label text NOT NULL,
    currency text NOT NULL,
    country text NOT NULL,
    rail text NOT NULL,
    fingerprint text NOT NULL CHECK (fingerprint <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz
);
CREATE INDEX bank_account_wallet ON bank_account (wallet_id);
-- What a provider calls a user, once it has said so.
CREATE TABLE provider_customer (
    user_id uuid NOT NULL REFERENCES app_user (id),
    provider text NOT NULL,
    customer text NOT NULL CHECK (customer <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, provider)
);
CREATE TABLE bank_account_token (
    bank_account_id uuid NOT NULL REFERENCES bank_account (id),
    provider text NOT NULL,
    customer text NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (bank_account_id, provider)
);

-- What users keep to find again. A payment method is what its provider calls it: digits alone, as
-- cards have them, are refused.
CREATE TABLE saved_item (
    id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL REFERENCES wallet (id),
    kind text NOT NULL CHECK (kind IN ('CONTACT', 'ADDRESS', 'PAYMENT_METHOD')),
    label text NOT NULL CHECK (label <> ''),
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    CHECK ((kind = 'CONTACT') = (content ? 'user_id')),
    CHECK ((kind = 'ADDRESS') = (content ?& '{chain,address}')),
    CHECK ((kind = 'PAYMENT_METHOD') = (content ?& '{provider,payment_method,token}')),
    CHECK (content ->> 'token' !~ '^[0-9 .:_-]*$')
);
CREATE UNIQUE INDEX saved_item_once ON saved_item (wallet_id, kind, content)
    WHERE removed_at IS NULL;

-- Sign-in: a nonce is good once.
CREATE TABLE challenge (
    nonce text PRIMARY KEY,
    address text NOT NULL,
    message text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX challenge_expiry ON challenge (expires_at);

CREATE FUNCTION create_user(
    user_id uuid, wallet_id uuid, username text, kyc_level text, country text, addresses jsonb
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO app_user (id, username, kyc_level, country)
    VALUES (create_user.user_id, create_user.username, create_user.kyc_level, create_user.country);
    INSERT INTO wallet (id, user_id) VALUES (create_user.wallet_id, create_user.user_id);
    INSERT INTO wallet_address (wallet_id, chain, address)
    SELECT create_user.wallet_id, a.key, a.value FROM jsonb_each_text(create_user.addresses) a;
$$;

-- Whether there is such a user; what is decided and the record of it change together.
CREATE FUNCTION decide_on_user(
    name text, subject text, new_value text, why text, operator text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT u.id, u.kyc_level, u.risk_tier INTO known FROM app_user u
    WHERE u.username_lower = lower(name) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE app_user SET
        kyc_level = CASE subject WHEN 'kyc_level' THEN new_value ELSE kyc_level END,
        risk_tier = CASE subject WHEN 'risk_tier' THEN new_value ELSE risk_tier END
    WHERE id = known.id;
    INSERT INTO user_decision (user_id, subject, value_before, value, reason, decided_by)
    VALUES (known.id, subject,
        CASE subject WHEN 'kyc_level' THEN known.kyc_level ELSE known.risk_tier END,
        new_value, why, operator);
    RETURN true;
END
$$;
