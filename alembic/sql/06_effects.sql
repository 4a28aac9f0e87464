-- External calls and timers. `unanswered`: a holder may be calling, or died while it called, so
-- whoever takes it over must ask what happened before repeating anything.
CREATE TABLE effect (
    id uuid PRIMARY KEY,
    stream_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    group_name text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL UNIQUE,
    attempt integer NOT NULL,
    state text NOT NULL CHECK (state IN (
        'INTENT', 'PENDING', 'UNKNOWN', 'DONE', 'DECLINED', 'NOT_ATTEMPTED', 'CANCELLED')),
    epoch integer NOT NULL DEFAULT 0,
    unanswered boolean NOT NULL DEFAULT false,
    lease_owner text,
    lease_until timestamptz,
    due_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    request jsonb NOT NULL,
    response jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);
CREATE INDEX effect_open ON effect (group_name, due_at)
    WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN');
CREATE INDEX effect_open_kind ON effect (kind, id)
    WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN');
CREATE INDEX effect_stream ON effect (stream_id);
CREATE INDEX effect_open_reference ON effect ((request->>'reference'))
    WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN') AND request ? 'provider';

-- Takes due effects that nobody holds. MATERIALIZED, or SKIP LOCKED would take more than `most`.
CREATE FUNCTION claim_effects(
    owner text, groups text[], kinds text[], most integer, lease_seconds double precision
) RETURNS TABLE (
    id uuid, stream_id uuid, wallet_id uuid, group_name text, kind text, key text,
    attempt integer, state text, epoch integer, tries integer, taken_over boolean,
    request jsonb, response jsonb
)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS MATERIALIZED (
        SELECT e.id, e.unanswered FROM effect e
        WHERE e.state IN ('INTENT', 'PENDING', 'UNKNOWN')
            AND e.group_name = ANY (groups)
            AND (kinds IS NULL OR e.kind = ANY (kinds))
            AND e.due_at <= clock_timestamp()
            AND (e.lease_until IS NULL OR e.lease_until <= clock_timestamp())
        ORDER BY e.due_at LIMIT most
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE effect e SET
        epoch = e.epoch + 1,
        tries = e.tries + 1,
        unanswered = true,
        lease_owner = owner,
        lease_until = clock_timestamp() + make_interval(secs => lease_seconds),
        updated_at = clock_timestamp()
    FROM due WHERE e.id = due.id
    RETURNING e.id, e.stream_id, e.wallet_id, e.group_name, e.kind, e.key, e.attempt, e.state,
        e.epoch, e.tries, due.unanswered, e.request, e.response;
$$;

-- Whether the lease of this epoch was still held, and lasts longer now.
CREATE FUNCTION renew_effect(effect_id uuid, held_epoch integer, lease_seconds double precision)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH renewed AS (
        UPDATE effect e
        SET lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
        WHERE e.id = effect_id AND e.epoch = held_epoch
            AND e.state IN ('INTENT', 'PENDING', 'UNKNOWN')
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM renewed);
$$;

-- Stores a webhook once for ever and makes what it is about due at once. An effect that somebody
-- is carrying out just now is left to them. True: the message is new.
CREATE FUNCTION receive_webhook(
    source text, message_id text, headers jsonb, body text, reference text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    is_new boolean;
BEGIN
    INSERT INTO inbox (source, message_id, headers, body, readable)
    VALUES (receive_webhook.source, receive_webhook.message_id, receive_webhook.headers,
        receive_webhook.body, receive_webhook.reference IS NOT NULL)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    UPDATE effect e SET due_at = clock_timestamp(), lease_until = NULL, lease_owner = NULL
    WHERE is_new AND e.state IN ('INTENT', 'PENDING', 'UNKNOWN') AND NOT e.unanswered
        AND e.request->>'reference' = receive_webhook.reference
        AND e.request ? 'provider' AND e.request->>'provider' = receive_webhook.source;
    RETURN is_new;
END
$$;
