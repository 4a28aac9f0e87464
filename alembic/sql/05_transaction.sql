-- The present state of each transaction; its id is its stream's. Nothing that changes is indexed.
CREATE TABLE transaction (
    id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL,
    user_id uuid NOT NULL,
    type text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'INITIATED', 'BALANCE_RESERVED', 'PROVIDER_SELECTED', 'PROVIDER_PROCESSING',
        'PROVIDER_FAILOVER', 'BLOCKCHAIN_PENDING', 'BLOCKCHAIN_CONFIRMED', 'BALANCE_UPDATED',
        'COMPENSATING', 'COMPLETED', 'FAILED')),
    sub_state text,
    amount numeric(38, 0) NOT NULL CHECK (amount >= 0),
    asset text NOT NULL,
    target_amount numeric(38, 0),
    target_asset text,
    received_amount numeric(38, 0),
    sender_username text,
    sender_address text,
    recipient_wallet_id uuid,
    recipient_user_id uuid,
    recipient_username text,
    recipient_address text,
    platform_fee numeric(38, 0) NOT NULL DEFAULT 0,
    network_fee numeric(38, 0) NOT NULL DEFAULT 0,
    provider_fee numeric(38, 0) NOT NULL DEFAULT 0,
    fee_due numeric(38, 0) NOT NULL DEFAULT 0 CHECK (fee_due >= 0),
    fees jsonb NOT NULL DEFAULT '[]',
    memo text,
    reason text,
    waiting_on text NOT NULL DEFAULT 'NONE'
        CHECK (waiting_on IN ('USER', 'PROVIDER', 'CHAIN', 'OPERATOR', 'NONE')),
    outcome_certainty text NOT NULL DEFAULT 'CERTAIN'
        CHECK (outcome_certainty IN ('CERTAIN', 'UNKNOWN')),
    funds_location text NOT NULL DEFAULT 'WALLET' CHECK (funds_location IN (
        'WALLET', 'RESERVED', 'PROVIDER', 'CHAIN', 'SUSPENSE', 'RETURNED', 'DELIVERED')),
    progress_percent integer NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    attempt integer NOT NULL DEFAULT 1,
    provider text,
    provider_explanation text,
    provider_reference text,
    chain text,
    chain_signature text,
    delivery_chain text,
    delivery_hash text,
    strategy_id text,
    position_id uuid,
    definition_version integer NOT NULL DEFAULT 1,
    linked_id uuid,
    correlation_id text,
    cancellable boolean NOT NULL DEFAULT true,
    approval_deadline timestamptz,
    estimated_completion timestamptz,
    estimated_as text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    details jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 70);
CREATE INDEX transaction_completed ON transaction (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX transaction_wallet ON transaction (wallet_id, created_at, id);
CREATE INDEX transaction_recipient ON transaction (recipient_wallet_id, created_at, id)
    WHERE recipient_wallet_id IS NOT NULL;

CREATE FUNCTION refuse_leaving_terminal_state() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'transaction % is % and cannot become %', OLD.id, OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER terminal_states_stay BEFORE UPDATE ON transaction FOR EACH ROW
    WHEN (OLD.state IN ('COMPLETED', 'FAILED') AND NEW.state <> OLD.state
        AND NOT (OLD.state = 'FAILED' AND NEW.state = 'COMPENSATING'))
    EXECUTE FUNCTION refuse_leaving_terminal_state();

CREATE TABLE transaction_history (
    transaction_id uuid NOT NULL,
    event_sequence integer NOT NULL,
    position integer NOT NULL,
    wallet_id uuid NOT NULL,
    state text NOT NULL,
    sub_state text,
    event_type text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    PRIMARY KEY (transaction_id, event_sequence, position)
);

CREATE TABLE transaction_step (
    transaction_id uuid NOT NULL,
    event_sequence integer NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('STARTED', 'COMPLETED', 'FAILED', 'SKIPPED')),
    wallet_id uuid NOT NULL,
    type text NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    detail text,
    PRIMARY KEY (transaction_id, event_sequence, name, status)
);

CREATE TABLE provider_interaction (
    id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    provider text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    request jsonb NOT NULL,
    response jsonb NOT NULL
);
CREATE INDEX provider_interaction_transaction ON provider_interaction (transaction_id);
-- What landed and failed: it cost whoever pays the network.
CREATE INDEX provider_interaction_failed ON provider_interaction (wallet_id, at)
    WHERE operation = 'confirm' AND outcome = 'FAILED';
CREATE INDEX provider_interaction_opened ON provider_interaction (at) WHERE operation = 'open';

CREATE TABLE recovery_attempt (
    id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    strategy text NOT NULL,
    reason text NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    result text NOT NULL
);
CREATE INDEX recovery_attempt_transaction ON recovery_attempt (transaction_id);

CREATE TABLE user_action (
    id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    summary text NOT NULL,
    attempt integer NOT NULL,
    expires_at timestamptz,
    at timestamptz NOT NULL,
    chain text,
    options jsonb NOT NULL
);
CREATE INDEX user_action_transaction ON user_action (transaction_id);
CREATE INDEX user_action_wallet ON user_action (wallet_id, at);

-- The newest row by `id` is the present status. PENDING is written with the action.
CREATE TABLE user_action_status (
    id bigserial PRIMARY KEY,
    action_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    status text NOT NULL
        CHECK (status IN ('PENDING', 'SUBMITTED', 'COMPLETED', 'EXPIRED', 'CANCELLED')),
    at timestamptz NOT NULL,
    approval jsonb NOT NULL,
    UNIQUE (action_id, status)
);
CREATE UNIQUE INDEX user_action_ends_once ON user_action_status (action_id)
    WHERE status IN ('COMPLETED', 'EXPIRED', 'CANCELLED');
