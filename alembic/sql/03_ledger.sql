-- Amounts are integers in base units; 38 digits hold any asset's supply.

CREATE TABLE account (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE,
    asset text NOT NULL,
    wallet_id uuid,
    floor numeric(38, 0),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX account_wallet ON account (wallet_id) WHERE wallet_id IS NOT NULL;

-- The authority over what may be spent. No index on what changes, so that updates stay in the page.
CREATE TABLE balance (
    account_id uuid PRIMARY KEY,
    asset text NOT NULL,
    posted numeric(38, 0) NOT NULL DEFAULT 0,
    held numeric(38, 0) NOT NULL DEFAULT 0 CHECK (held >= 0),
    soft numeric(38, 0) NOT NULL DEFAULT 0 CHECK (soft >= 0),
    incoming numeric(38, 0) NOT NULL DEFAULT 0 CHECK (incoming >= 0),
    floor numeric(38, 0),
    sequence bigint NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT balance_covers_floor CHECK (floor IS NULL OR posted - held - soft >= floor)
) WITH (fillfactor = 50);

-- `accounts` leads from a journal to its entries, which are indexed by account alone.
CREATE TABLE journal (
    id uuid PRIMARY KEY,
    stream_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    event_sequence integer NOT NULL,
    at timestamptz NOT NULL,
    accounts uuid[] NOT NULL
);
CREATE INDEX journal_stream ON journal (stream_id);

-- At most one entry of a journal per account. Within an account time never goes back.
CREATE TABLE entry (
    journal_id uuid NOT NULL,
    account_id uuid NOT NULL,
    sequence bigint NOT NULL,
    asset text NOT NULL,
    posted_delta numeric(38, 0) NOT NULL,
    held_delta numeric(38, 0) NOT NULL,
    soft_delta numeric(38, 0) NOT NULL,
    incoming_delta numeric(38, 0) NOT NULL,
    posted_after numeric(38, 0) NOT NULL,
    held_after numeric(38, 0) NOT NULL,
    soft_after numeric(38, 0) NOT NULL,
    incoming_after numeric(38, 0) NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, sequence),
    CHECK (held_after >= 0 AND soft_after >= 0 AND incoming_after >= 0)
) PARTITION BY HASH (account_id);
CREATE INDEX entry_time ON entry (account_id, at);

CREATE TABLE hold (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('HARD', 'SOFT', 'INCOMING')),
    part text NOT NULL,
    amount numeric(38, 0) NOT NULL CHECK (amount > 0),
    captured numeric(38, 0) NOT NULL DEFAULT 0 CHECK (captured >= 0),
    released numeric(38, 0) NOT NULL DEFAULT 0 CHECK (released >= 0),
    expires_at timestamptz,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hold_within_amount CHECK (captured + released <= amount)
) WITH (fillfactor = 70);
CREATE INDEX hold_stream ON hold (stream_id);
CREATE INDEX hold_account ON hold (account_id);

-- The right to book a movement on a chain: given once for ever.
CREATE TABLE chain_claim (
    chain text NOT NULL,
    signature text NOT NULL,
    instruction integer NOT NULL,
    account text NOT NULL,
    stream_id uuid NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (chain, signature, instruction, account)
);

-- What each movement takes of its wallet's limits, in millionths of a US dollar. What is indexed
-- never changes, so that settling stays in the page.
CREATE TABLE limit_use (
    stream_id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL,
    at timestamptz NOT NULL,
    amount numeric(38, 0) NOT NULL CHECK (amount >= 0),
    method text,
    state text NOT NULL DEFAULT 'RESERVED' CHECK (state IN ('RESERVED', 'USED', 'RELEASED'))
) WITH (fillfactor = 70);
CREATE INDEX limit_use_wallet ON limit_use (wallet_id, at);

-- What a wallet has taken within each window (seconds, method, amount, the time of the oldest):
-- a month's rows are read once, those of the day once more for the payment methods.
CREATE FUNCTION limit_usage(wallet uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH clock AS (SELECT clock_timestamp() AS now), taken AS (
        SELECT
            sum(u.amount) FILTER (WHERE u.at > c.now - interval '24 hours') AS day,
            min(u.at) FILTER (WHERE u.at > c.now - interval '24 hours') AS day_oldest,
            sum(u.amount) FILTER (WHERE u.at > c.now - interval '168 hours') AS week,
            min(u.at) FILTER (WHERE u.at > c.now - interval '168 hours') AS week_oldest,
            sum(u.amount) AS month,
            min(u.at) AS month_oldest
        FROM clock c, limit_use u
        WHERE u.wallet_id = wallet AND u.state <> 'RELEASED'
            AND u.at > c.now - interval '720 hours'
    ), line AS (
        SELECT w.seconds, NULL AS method, w.amount, w.oldest
        FROM taken t, LATERAL (VALUES
            (86400, t.day, t.day_oldest),
            (604800, t.week, t.week_oldest),
            (2592000, t.month, t.month_oldest)) AS w(seconds, amount, oldest)
        WHERE w.amount IS NOT NULL
        UNION ALL
        SELECT 86400, u.method, sum(u.amount), min(u.at)
        FROM clock c, limit_use u
        WHERE u.wallet_id = wallet AND u.state <> 'RELEASED' AND u.method IS NOT NULL
            AND u.at > c.now - interval '24 hours'
        GROUP BY u.method
    )
    SELECT coalesce(jsonb_agg(jsonb_build_array(
        l.seconds, l.method, l.amount, extract(epoch FROM l.oldest))), '[]')
    FROM line l;
$$;

CREATE FUNCTION refuse_unbalanced_journal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT a.journal_id INTO wrong FROM added a
    GROUP BY a.journal_id, a.asset HAVING sum(a.posted_delta) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not sum to zero per asset', wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER balanced AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_journal();
ALTER TABLE entry ENABLE ALWAYS TRIGGER balanced;

-- A statement trigger of the parent does not see what is written to a partition by its own name.
DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE entry_%s PARTITION OF entry FOR VALUES WITH (MODULUS 8, REMAINDER %s)',
            part, part);
        EXECUTE format(
            'CREATE TRIGGER balanced AFTER INSERT ON entry_%s REFERENCING NEW TABLE AS added '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_journal()', part);
        EXECUTE format('ALTER TABLE entry_%s ENABLE ALWAYS TRIGGER balanced', part);
    END LOOP;
END
$$;
