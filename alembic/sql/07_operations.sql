-- What the workers keep about their own work: no money, so the application writes it directly.

-- Tenure of the relay and of watchers. The epoch fences late writers.
CREATE TABLE lease (
    name text PRIMARY KEY,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    until timestamptz NOT NULL
);

-- Everything up to here has been heard by the group. It only ever moves on, so several processes
-- of a group may write it.
CREATE TABLE reactor_cursor (
    group_name text PRIMARY KEY,
    generation integer NOT NULL DEFAULT 0,
    xid xid8 NOT NULL DEFAULT '0',
    id bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Up to which transaction the receipts of an address on Solana have been looked at.
CREATE TABLE deposit_cursor (
    address text NOT NULL,
    asset text NOT NULL,
    signature text NOT NULL,
    PRIMARY KEY (address, asset)
) WITH (fillfactor = 50);

-- Up to which block the receipts of all addresses on another chain have been looked at.
CREATE TABLE deposit_height (
    chain text PRIMARY KEY,
    height bigint NOT NULL
) WITH (fillfactor = 50);

-- What came in and is left to the open transaction that may be waiting for it, but not for ever.
CREATE TABLE deposit_left (
    chain text NOT NULL,
    signature text NOT NULL,
    instruction integer NOT NULL,
    account text NOT NULL,
    wallet_id uuid NOT NULL,
    asset text NOT NULL,
    amount numeric(38, 0) NOT NULL CHECK (amount > 0),
    senders text[] NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (chain, signature, instruction, account)
);

-- A stream that a group cannot go on with waits here for an operator, its funds held.
CREATE TABLE parked (
    group_name text NOT NULL,
    stream_id uuid NOT NULL,
    sequence integer NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_name, stream_id)
);

-- An effect whose outcome cannot be committed waits here for an operator, and is tried again seldom.
CREATE TABLE parked_effect (
    effect_id uuid PRIMARY KEY,
    reason text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Those that nobody has claimed since.
CREATE VIEW effect_waiting_for_operator AS
    SELECT e.id, e.stream_id, e.kind, p.reason, p.attempts, p.at
    FROM parked_effect p JOIN effect e ON e.id = p.effect_id
    WHERE e.state IN ('INTENT', 'PENDING', 'UNKNOWN') AND e.updated_at < p.at;

CREATE TABLE relay_cursor (
    name text PRIMARY KEY,
    generation integer NOT NULL DEFAULT 0,
    xid xid8 NOT NULL DEFAULT '0',
    id bigint NOT NULL DEFAULT 0,
    epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE relay_channel (
    channel smallint PRIMARY KEY,
    "offset" bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Who switched a provider off or on, when and why; the last row of a provider holds.
CREATE TABLE provider_switch (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL,
    enabled boolean NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    operator text NOT NULL CHECK (operator <> ''),
    login text NOT NULL DEFAULT session_user,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX provider_switch_last ON provider_switch (provider, id DESC);

-- What the last health checks said. Whoever moves `asked_at` on is the one who asks.
CREATE TABLE provider_health (
    provider text PRIMARY KEY,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failures_in_row integer NOT NULL DEFAULT 0 CHECK (failures_in_row >= 0)
) WITH (fillfactor = 50);
