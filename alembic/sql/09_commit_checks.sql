-- The parts of commit_units that decide; nothing here changes a row. A batch is one JSON object of
-- arrays, one per table, whose rows name their unit by `stream_id`: a batch has one unit a stream.

-- One line of the ledger: what a unit changes on an account, and what stands there after it.
CREATE TYPE ledger_move AS (
    n bigint,
    stream_id uuid,
    journal_id uuid,
    account_id uuid,
    sequence bigint,
    asset text,
    posted_delta numeric, held_delta numeric, soft_delta numeric, incoming_delta numeric,
    posted_after numeric, held_after numeric, soft_after numeric, incoming_after numeric,
    at timestamptz
);

-- Whoever waits here has no transaction id yet: so within a stream the order of transaction ids is
-- the order of sequences, and a twin of a key or of a claim is seen committed or not at all.
CREATE FUNCTION commit_lock(batch jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(wanted.lock) FROM (
        SELECT DISTINCT hashtextextended(named.what, 0) AS lock FROM (
            SELECT u->>'stream_id' AS what FROM jsonb_array_elements(batch->'units') u
            UNION ALL
            SELECT concat_ws(E'\n', 'key', k->>'principal', k->>'operation', k->>'key')
            FROM jsonb_array_elements(batch->'keys') k
            UNION ALL
            SELECT concat_ws(E'\n', 'quote', k->>'quote_id')
            FROM jsonb_array_elements(batch->'keys') k WHERE k->>'quote_id' IS NOT NULL
            UNION ALL
            SELECT concat_ws(E'\n', 'claim', c->>'chain', c->>'signature', c->>'instruction',
                c->>'account')
            FROM jsonb_array_elements(batch->'claims') c
            UNION ALL
            SELECT concat_ws(E'\n', 'limits', l->>'wallet_id')
            FROM jsonb_array_elements(batch->'limits_reserved') l
        ) named
        ORDER BY lock
    ) wanted;
END
$$;

-- Which units may not go on, and why: stream → verdict, or NULL. A used key comes first, because a
-- repeated command must get its result whatever happened to the stream since.
CREATE FUNCTION commit_refusals(batch jsonb) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_object_agg(first.stream_id, first.verdict) FROM (
        SELECT DISTINCT ON (r.stream_id) r.stream_id, r.verdict FROM (
            SELECT k.stream_id, 1 AS rank,
                CASE WHEN i.input_hash = k.input_hash
                    THEN jsonb_build_object('result', 'REPLAYED', 'stored', i.result)
                    ELSE jsonb_build_object('result', 'KEY_CONFLICT') END AS verdict
            FROM jsonb_populate_recordset(NULL::idempotency_key, batch->'keys') k
            JOIN idempotency_key i USING (principal, operation, key)
            UNION ALL
            SELECT u.stream_id, 2, jsonb_build_object('result', 'STALE', 'what',
                CASE WHEN coalesce(s.sequence, 0) <> u.expected THEN 'stream' ELSE 'handled' END)
            FROM jsonb_to_recordset(batch->'units') AS u(
                stream_id uuid, expected integer, handled_from jsonb, handled_new text[])
            LEFT JOIN stream s ON s.id = u.stream_id
            WHERE coalesce(s.sequence, 0) <> u.expected
                OR NOT coalesce(s.handled, '{}') @> u.handled_from
                OR coalesce(s.handled, '{}') ?| u.handled_new
            UNION ALL
            SELECT m.stream_id, 3, jsonb_build_object('result', 'STALE', 'what', 'effect:' || m.id)
            FROM jsonb_to_recordset(batch->'effects_moved') AS m(
                stream_id uuid, id uuid, epoch integer)
            LEFT JOIN effect e ON e.id = m.id
            WHERE e.id IS NULL OR e.stream_id <> m.stream_id OR e.epoch <> m.epoch
                OR e.state NOT IN ('INTENT', 'PENDING', 'UNKNOWN')
            UNION ALL
            SELECT c.stream_id, 4, jsonb_build_object(
                'result', 'REJECTED', 'reason', 'ALREADY_BOOKED', 'account', c.account,
                'booked', jsonb_build_object('stream_id', d.stream_id, 'at', d.claimed_at))
            FROM jsonb_populate_recordset(NULL::chain_claim, batch->'claims') c
            JOIN chain_claim d USING (chain, signature, instruction, account)
            UNION ALL
            SELECT k.stream_id, 5, jsonb_build_object(
                'result', 'REJECTED', 'account', k.quote_id,
                'reason', CASE WHEN used.quote_id IS NULL
                    THEN 'TXN_QUOTE_EXPIRED' ELSE 'TXN_QUOTE_USED' END)
            FROM jsonb_populate_recordset(NULL::idempotency_key, batch->'keys') k
            LEFT JOIN quote q ON q.id = k.quote_id
            LEFT JOIN idempotency_key used ON used.quote_id = k.quote_id
            WHERE k.quote_id IS NOT NULL AND (used.quote_id IS NOT NULL OR q.id IS NULL
                OR q.expires_at <= clock_timestamp())
            UNION ALL
            -- Whoever takes of the same wallet's limits waits in commit_lock.
            SELECT l.stream_id, 6, jsonb_build_object(
                'result', 'REJECTED', 'reason', passed.code, 'account', l.wallet_id)
            FROM jsonb_to_recordset(batch->'limits_reserved') AS l(
                stream_id uuid, wallet_id uuid, amount numeric, at timestamptz, caps jsonb),
            LATERAL (
                SELECT c.code
                FROM jsonb_to_recordset(l.caps) AS c(
                    code text, seconds integer, most numeric, method text)
                WHERE l.amount + coalesce((
                    SELECT sum(u.amount) FROM limit_use u
                    WHERE u.wallet_id = l.wallet_id AND u.stream_id <> l.stream_id
                        AND u.at > l.at - make_interval(secs => c.seconds)
                        AND u.state <> 'RELEASED' AND (c.method IS NULL OR u.method = c.method)
                ), 0) > c.most
                ORDER BY c.seconds LIMIT 1
            ) passed
        ) r
        ORDER BY r.stream_id, r.rank
    ) first;
$$;

-- A unit whose very events are stored had been committed before, and its answer was lost. Where a
-- key was used, only its own writer may take it so (`again`); another gets the stored result.
CREATE FUNCTION commit_recognised(batch jsonb, refused jsonb) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT refused || coalesce(jsonb_object_agg(u.stream_id,
        jsonb_build_object('result', 'COMMITTED')), '{}')
    FROM jsonb_to_recordset(batch->'units') AS u(stream_id uuid, again boolean)
    WHERE (refused->u.stream_id::text->>'result' = 'STALE'
            OR refused->u.stream_id::text->>'result' = 'REPLAYED' AND u.again)
        AND EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::outbox, batch->'events') e
            WHERE e.stream_id = u.stream_id)
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::outbox, batch->'events') e
            WHERE e.stream_id = u.stream_id AND NOT EXISTS (
                SELECT FROM outbox o
                WHERE o.event_id = e.event_id AND o.stream_id = e.stream_id
                    AND o.sequence = e.sequence AND o.type = e.type
                    AND o.occurred_at = e.occurred_at AND o.data = e.data));
$$;

-- The batch without the refused units.
CREATE FUNCTION commit_without(batch jsonb, refused jsonb) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_object_agg(part.name, part.kept) FROM (
        SELECT p.key AS name, jsonb_agg(r.value ORDER BY r.ordinality) AS kept
        FROM jsonb_each(batch) p, jsonb_array_elements(p.value) WITH ORDINALITY r
        WHERE NOT coalesce(refused ? (r.value->>'stream_id'), false)
        GROUP BY p.key
    ) part;
$$;

-- The ledger's lines of all units that are not refused, in the units' order, and the first unit
-- that an account does not cover. The balances come first in each account's running sums.
CREATE FUNCTION commit_moves(
    batch jsonb, balances balance[], refused jsonb,
    OUT moves ledger_move[], OUT short_stream uuid, OUT short_account uuid, OUT mismatch uuid
)
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH line AS (
        SELECT 0 AS n, NULL::uuid AS stream_id, NULL::uuid AS journal_id, b.account_id, b.asset, b.sequence AS step,
            b.posted, b.held, b.soft, b.incoming, 0 AS leaves, b.floor, b.last_at
        FROM unnest(balances) b
        UNION ALL
        SELECT p.n, p.stream_id, p.journal_id, p.account_id, p.asset, 1,
            p.posted, p.held, p.soft, p.incoming, p.leaves, NULL, clock.now
        FROM (SELECT clock_timestamp() AS now) clock, ROWS FROM (
            jsonb_to_recordset(batch->'postings') AS (
                stream_id uuid, journal_id uuid, account_id uuid, asset text,
                posted numeric, held numeric, soft numeric, incoming numeric, leaves numeric)
        ) WITH ORDINALITY AS p(
            stream_id, journal_id, account_id, asset, posted, held, soft, incoming, leaves, n)
        WHERE NOT refused ? p.stream_id::text
    ), sums AS (
        SELECT l.n, l.stream_id, l.journal_id, l.account_id, l.asset,
            l.posted, l.held, l.soft, l.incoming, l.leaves,
            sum(l.step) OVER w AS sequence,
            first_value(l.asset) OVER w AS account_asset,
            sum(l.posted) OVER w AS posted_after,
            sum(l.held) OVER w AS held_after,
            sum(l.soft) OVER w AS soft_after,
            sum(l.incoming) OVER w AS incoming_after,
            max(l.last_at) OVER w AS at,
            first_value(l.floor) OVER w AS floor
        FROM line l
        WINDOW w AS (PARTITION BY l.account_id ORDER BY l.n)
    )
    SELECT
        array_agg(ROW(s.n, s.stream_id, s.journal_id, s.account_id, s.sequence, s.asset,
            s.posted, s.held, s.soft, s.incoming,
            s.posted_after, s.held_after, s.soft_after, s.incoming_after, s.at
        )::ledger_move ORDER BY s.n),
        (array_agg(s.stream_id ORDER BY s.n)
            FILTER (WHERE s.posted_after - s.held_after - s.soft_after < s.floor + s.leaves))[1],
        (array_agg(s.account_id ORDER BY s.n)
            FILTER (WHERE s.posted_after - s.held_after - s.soft_after < s.floor + s.leaves))[1],
        (array_agg(s.account_id) FILTER (WHERE s.asset <> s.account_asset))[1]
    FROM sums s WHERE s.n > 0;
$$;
