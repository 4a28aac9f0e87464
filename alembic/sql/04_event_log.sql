-- The head of each stream: only this row and the transaction's are ever updated by a unit.
-- `handled` maps each group to the last sequence that it has reacted to.
CREATE TABLE stream (
    id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL,
    sequence integer NOT NULL,
    handled jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);

-- A restore into another cluster begins a new generation, because transaction ids begin anew.
CREATE TABLE generation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    current integer NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO generation (current) VALUES (1);

-- Readers take (generation, xid, id) above their cursor and below the oldest running transaction.
-- Within a stream that order is the order of `sequence`: see commit_units.
CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    generation integer NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    stream_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    user_id uuid,
    counterparty_wallet_id uuid,
    sequence integer NOT NULL CHECK (sequence > 0),
    type text NOT NULL,
    kind text NOT NULL,
    attempt integer NOT NULL,
    skipped boolean NOT NULL,
    state text,
    sub_state text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    causation_id uuid,
    correlation_id text NOT NULL,
    traceparent text,
    data jsonb NOT NULL,
    UNIQUE (stream_id, sequence)
);
CREATE INDEX outbox_order ON outbox (generation, xid, id);
CREATE INDEX outbox_wallet ON outbox (wallet_id, generation, xid, id);
CREATE INDEX outbox_counterparty ON outbox (counterparty_wallet_id, generation, xid, id)
    WHERE counterparty_wallet_id IS NOT NULL;
-- Positions in strategies: those that were opened, and what was told of each.
CREATE INDEX outbox_opened ON outbox (stream_id) WHERE type = 'StrategyBalanceUpdated';
CREATE INDEX outbox_valued ON outbox ((data->>'position_id'), ((data->>'number')::integer))
    WHERE type = 'PositionValued';

-- What a person of compliance was asked to decide, the oldest first.
CREATE INDEX outbox_reviewed ON outbox (occurred_at, stream_id)
    WHERE type = 'ComplianceReviewRequired';

-- Terms that a user was shown and may begin by, until they expire: what the flow's beginning needs
-- stands in `terms`. It moves no money, so the application writes it directly.
CREATE TABLE quote (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    operation text NOT NULL,
    input_hash text NOT NULL,
    provider text NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX quote_expiry ON quote (expires_at);

-- The result of a command, given again to whoever repeats it. A quote is used by one of them.
CREATE TABLE idempotency_key (
    principal text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    input_hash text NOT NULL,
    result jsonb NOT NULL,
    stream_id uuid NOT NULL,
    quote_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (principal, operation, key)
);
CREATE UNIQUE INDEX idempotency_key_quote ON idempotency_key (quote_id) WHERE quote_id IS NOT NULL;

-- Webhooks: stored once for ever, then reacted to.
CREATE TABLE inbox (
    source text NOT NULL,
    message_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    readable boolean NOT NULL DEFAULT true,
    headers jsonb NOT NULL DEFAULT '{}',
    body text NOT NULL,
    PRIMARY KEY (source, message_id)
);
CREATE INDEX inbox_received ON inbox (received_at);

-- Refuses to go on where rows of the current generation were written by transactions that this
-- cluster has not begun yet: readers would never see them in order.
CREATE FUNCTION assert_generation() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    newest xid8;
BEGIN
    SELECT o.xid INTO newest FROM outbox o
    WHERE o.generation = (SELECT g.current FROM generation g)
    ORDER BY o.generation DESC, o.xid DESC, o.id DESC LIMIT 1;
    IF newest >= pg_snapshot_xmax(pg_current_snapshot()) THEN
        RAISE EXCEPTION 'the event log comes from another cluster (a restore)'
            USING ERRCODE = 'DB001', HINT = 'Run: diboas migrate --after-restore';
    END IF;
END
$$;

-- After a restore: what was written stays readable as it is, what follows is newer.
CREATE FUNCTION open_generation() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE generation SET current = current + 1, opened_at = clock_timestamp() RETURNING current;
$$;
