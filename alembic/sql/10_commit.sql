-- The only way to write money, events and transactions: up to 32 units in one transaction.

-- Opens what is missing, locks the balances in one order for all writers, and decides each unit in
-- turn: one that an account does not cover is refused and the rest is summed again without it.
CREATE FUNCTION commit_book(batch jsonb, INOUT refused jsonb, OUT moves ledger_move[])
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted uuid[];
    balances balance[];
    answer record;
BEGIN
    IF batch ? 'accounts' THEN
        WITH opened AS (
            INSERT INTO account (id, code, asset, wallet_id, floor)
            SELECT DISTINCT ON (a.id) a.id, a.code, a.asset, a.wallet_id, a.floor
            FROM jsonb_populate_recordset(NULL::account, batch->'accounts') a
            WHERE NOT EXISTS (SELECT FROM balance b WHERE b.account_id = a.id)
            ORDER BY a.id
            ON CONFLICT DO NOTHING
            RETURNING id, asset, floor
        )
        INSERT INTO balance (account_id, asset, floor)
        SELECT o.id, o.asset, o.floor FROM opened o;
    END IF;

    SELECT array_agg(DISTINCT (p->>'account_id')::uuid) INTO wanted
    FROM jsonb_array_elements(batch->'postings') p;
    SELECT array_agg(locked.line) INTO balances FROM (
        SELECT b AS line FROM balance b WHERE b.account_id = ANY (wanted)
        ORDER BY b.account_id FOR NO KEY UPDATE
    ) locked;
    IF cardinality(balances) IS DISTINCT FROM cardinality(wanted) THEN
        RAISE EXCEPTION 'postings to accounts that are not open';
    END IF;

    LOOP
        answer := commit_moves(batch, balances, refused);
        IF answer.mismatch IS NOT NULL THEN
            RAISE EXCEPTION 'a posting names another asset than account %', answer.mismatch;
        END IF;
        EXIT WHEN answer.short_stream IS NULL;
        refused := refused || jsonb_build_object(answer.short_stream, jsonb_build_object(
            'result', 'REJECTED', 'reason', 'INSUFFICIENT_BALANCE',
            'account', (SELECT a.code FROM account a WHERE a.id = answer.short_account)));
    END LOOP;
    moves := answer.moves;
END
$$;

CREATE FUNCTION commit_ledger(batch jsonb, moves ledger_move[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted bigint;
    found_rows bigint;
BEGIN
    INSERT INTO journal (id, stream_id, wallet_id, event_sequence, at, accounts)
    SELECT j.journal_id, j.stream_id, u.wallet_id, u.sequence, j.at, j.accounts
    FROM (
        SELECT m.journal_id, m.stream_id, max(m.at) AS at, array_agg(m.account_id) AS accounts
        FROM unnest(moves) m GROUP BY m.journal_id, m.stream_id
    ) j
    JOIN jsonb_to_recordset(batch->'units') AS u(
        stream_id uuid, wallet_id uuid, sequence integer) USING (stream_id);

    INSERT INTO entry (journal_id, account_id, sequence, asset,
        posted_delta, held_delta, soft_delta, incoming_delta,
        posted_after, held_after, soft_after, incoming_after, at)
    SELECT m.journal_id, m.account_id, m.sequence, m.asset,
        m.posted_delta, m.held_delta, m.soft_delta, m.incoming_delta,
        m.posted_after, m.held_after, m.soft_after, m.incoming_after, m.at
    FROM unnest(moves) m;

    UPDATE balance b SET posted = l.posted_after, held = l.held_after, soft = l.soft_after,
        incoming = l.incoming_after, sequence = l.sequence, last_at = l.at
    FROM (
        SELECT DISTINCT ON (m.account_id) m.* FROM unnest(moves) m
        ORDER BY m.account_id, m.sequence DESC
    ) l
    WHERE b.account_id = l.account_id;

    IF batch ? 'holds_placed' THEN
        INSERT INTO hold (id, account_id, stream_id, wallet_id, kind, part, amount, expires_at)
        SELECT p.id, p.account_id, p.stream_id, p.wallet_id, p.kind, p.part, p.amount, p.expires_at
        FROM jsonb_populate_recordset(NULL::hold, batch->'holds_placed') p;
    END IF;
    IF batch ? 'holds_settled' THEN
        SELECT count(DISTINCT s.id) INTO wanted
        FROM jsonb_populate_recordset(NULL::hold, batch->'holds_settled') s;
        UPDATE hold h SET captured = h.captured + s.captured, released = h.released + s.released
        FROM (
            SELECT p.id, p.account_id, p.kind, sum(p.captured) AS captured,
                sum(p.released) AS released
            FROM jsonb_populate_recordset(NULL::hold, batch->'holds_settled') p
            GROUP BY p.id, p.account_id, p.kind
        ) s
        WHERE h.id = s.id AND h.account_id = s.account_id AND h.kind = s.kind;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        IF found_rows <> wanted THEN
            RAISE EXCEPTION 'a hold that is settled does not exist as described';
        END IF;
    END IF;
END
$$;

CREATE FUNCTION commit_transactions(batch jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted bigint;
    found_rows bigint;
BEGIN
    IF batch ? 'transactions_opened' THEN
        INSERT INTO transaction SELECT r.*
        FROM jsonb_to_recordset(batch->'transactions_opened') AS o(
            stream_id uuid, wallet_id uuid, fields jsonb),
        LATERAL jsonb_populate_record(NULL::transaction, jsonb_build_object(
            'platform_fee', 0, 'network_fee', 0, 'provider_fee', 0, 'fee_due', 0,
            'fees', '[]'::jsonb,
            'waiting_on', 'NONE', 'outcome_certainty', 'CERTAIN', 'funds_location', 'WALLET',
            'progress_percent', 0, 'attempt', 1, 'definition_version', 1, 'cancellable', true,
            'created_at', clock_timestamp(), 'updated_at', clock_timestamp(),
            'details', '{}'::jsonb
        ) || o.fields || jsonb_build_object('id', o.stream_id, 'wallet_id', o.wallet_id)) r;
    END IF;
    IF batch ? 'transactions_moved' THEN
        UPDATE transaction t SET (
            state, sub_state, amount, asset, target_amount, target_asset, received_amount,
            recipient_wallet_id, recipient_user_id, recipient_username, recipient_address,
            platform_fee, network_fee, provider_fee, fee_due, fees, reason, waiting_on,
            outcome_certainty, funds_location, progress_percent, attempt, provider,
            provider_explanation, provider_reference, chain, chain_signature,
            delivery_chain, delivery_hash, strategy_id, position_id, linked_id,
            cancellable, approval_deadline, estimated_completion, estimated_as,
            updated_at, completed_at, details
        ) = (
            SELECT r.state, r.sub_state, r.amount, r.asset, r.target_amount, r.target_asset,
                r.received_amount, r.recipient_wallet_id, r.recipient_user_id,
                r.recipient_username, r.recipient_address, r.platform_fee, r.network_fee,
                r.provider_fee, r.fee_due, r.fees, r.reason, r.waiting_on,
                r.outcome_certainty, r.funds_location, r.progress_percent, r.attempt, r.provider,
                r.provider_explanation, r.provider_reference, r.chain, r.chain_signature,
                r.delivery_chain, r.delivery_hash, r.strategy_id, r.position_id,
                r.linked_id, r.cancellable, r.approval_deadline, r.estimated_completion,
                r.estimated_as,
                coalesce((m.fields->>'updated_at')::timestamptz, clock_timestamp()),
                r.completed_at, t.details || coalesce(m.fields->'details', '{}')
            FROM jsonb_populate_record(t, m.fields) r
        )
        FROM jsonb_to_recordset(batch->'transactions_moved') AS m(stream_id uuid, fields jsonb)
        WHERE t.id = m.stream_id;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        wanted := jsonb_array_length(batch->'transactions_moved');
        IF found_rows <> wanted THEN
            RAISE EXCEPTION 'a transaction that moves was never opened';
        END IF;
    END IF;
END
$$;

CREATE FUNCTION commit_records(batch jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF batch ? 'history' THEN
        INSERT INTO transaction_history
        SELECT r.* FROM jsonb_populate_recordset(NULL::transaction_history, batch->'history') r;
    END IF;
    IF batch ? 'steps' THEN
        INSERT INTO transaction_step
        SELECT r.* FROM jsonb_populate_recordset(NULL::transaction_step, batch->'steps') r;
    END IF;
    IF batch ? 'interactions' THEN
        INSERT INTO provider_interaction
        SELECT r.* FROM jsonb_populate_recordset(
            NULL::provider_interaction, batch->'interactions') r;
    END IF;
    IF batch ? 'recoveries' THEN
        INSERT INTO recovery_attempt
        SELECT r.* FROM jsonb_populate_recordset(NULL::recovery_attempt, batch->'recoveries') r;
    END IF;
    IF batch ? 'actions_opened' THEN
        INSERT INTO user_action
        SELECT r.* FROM jsonb_populate_recordset(NULL::user_action, batch->'actions_opened') r;
    END IF;
    IF batch ? 'actions_moved' THEN
        INSERT INTO user_action_status (action_id, wallet_id, status, at, approval)
        SELECT r.action_id, r.wallet_id, r.status, r.at, r.approval
        FROM jsonb_populate_recordset(NULL::user_action_status, batch->'actions_moved') r;
    END IF;
    IF batch ? 'keys' THEN
        INSERT INTO idempotency_key (
            principal, operation, key, input_hash, result, stream_id, quote_id)
        SELECT r.principal, r.operation, r.key, r.input_hash, r.result, r.stream_id, r.quote_id
        FROM jsonb_populate_recordset(NULL::idempotency_key, batch->'keys') r;
    END IF;
    IF batch ? 'limits_reserved' THEN
        INSERT INTO limit_use (stream_id, wallet_id, at, amount, method)
        SELECT r.stream_id, r.wallet_id, r.at, r.amount, r.method
        FROM jsonb_populate_recordset(NULL::limit_use, batch->'limits_reserved') r
        -- One that goes on with another payment method takes of that one's limits instead.
        ON CONFLICT (stream_id) DO UPDATE SET method = EXCLUDED.method;
    END IF;
    IF batch ? 'limits_settled' THEN
        UPDATE limit_use l SET state = r.state
        FROM jsonb_populate_recordset(NULL::limit_use, batch->'limits_settled') r
        WHERE l.stream_id = r.stream_id;
    END IF;
    IF batch ? 'claims' THEN
        INSERT INTO chain_claim (chain, signature, instruction, account, stream_id)
        SELECT r.chain, r.signature, r.instruction, r.account, r.stream_id
        FROM jsonb_populate_recordset(NULL::chain_claim, batch->'claims') r;
    END IF;
END
$$;

-- The epochs of the new effects that the writer holds. One that is due later is held by nobody;
-- the tolerance is for clocks that differ between the writer and the database.
CREATE FUNCTION commit_effects(batch jsonb, writer text, lease_seconds double precision)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    epochs jsonb;
BEGIN
    IF batch ? 'effects_moved' THEN
        UPDATE effect e SET
            state = m.state,
            response = e.response || m.response,
            due_at = coalesce(m.due_at, e.due_at),
            unanswered = false,
            lease_owner = CASE WHEN m.state IN ('INTENT', 'PENDING', 'UNKNOWN')
                THEN e.lease_owner END,
            lease_until = CASE WHEN m.state IN ('INTENT', 'PENDING', 'UNKNOWN')
                THEN coalesce(m.due_at, e.lease_until) END,
            updated_at = moment
        FROM jsonb_populate_recordset(NULL::effect, batch->'effects_moved') m
        WHERE e.id = m.id;
    END IF;
    IF batch ? 'effects_requested' THEN
        WITH added AS (
            INSERT INTO effect (id, stream_id, wallet_id, group_name, kind, key, attempt, state,
                epoch, tries, unanswered, lease_owner, lease_until, due_at, request, response)
            SELECT r.id, r.stream_id, r.wallet_id, r.group_name, r.kind, r.key, r.attempt,
                r.state, l.held::int, l.held::int, l.held, CASE WHEN l.held THEN writer END,
                CASE WHEN l.held THEN moment + make_interval(secs => lease_seconds) END,
                r.due_at, r.request, coalesce(r.response, '{}')
            FROM jsonb_populate_recordset(NULL::effect, batch->'effects_requested') r,
            LATERAL (SELECT writer IS NOT NULL AND r.state = 'INTENT'
                AND r.due_at <= moment + interval '100 milliseconds' AS held) l
            RETURNING id, epoch
        )
        SELECT jsonb_object_agg(a.id, a.epoch) FILTER (WHERE a.epoch > 0) INTO epochs FROM added a;
    END IF;
    RETURN coalesce(epochs, '{}');
END
$$;

CREATE FUNCTION commit_log(batch jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    inserted bigint;
    wanted bigint;
BEGIN
    INSERT INTO stream AS s (id, wallet_id, sequence, handled)
    SELECT u.stream_id, u.wallet_id, u.sequence, u.handled
    FROM jsonb_to_recordset(batch->'units') AS u(
        stream_id uuid, wallet_id uuid, sequence integer, handled jsonb)
    ON CONFLICT (id) DO UPDATE
        SET sequence = EXCLUDED.sequence, handled = s.handled || EXCLUDED.handled;

    IF batch ? 'events' THEN
        INSERT INTO outbox (generation, event_id, stream_id, wallet_id, user_id,
            counterparty_wallet_id, sequence, type, kind, attempt, skipped, state, sub_state,
            occurred_at, causation_id, correlation_id, traceparent, data)
        SELECT (SELECT g.current FROM generation g), e.event_id, e.stream_id, e.wallet_id,
            e.user_id, e.counterparty_wallet_id, e.sequence, e.type, e.kind, e.attempt, e.skipped,
            e.state, e.sub_state, e.occurred_at, e.causation_id, e.correlation_id, e.traceparent, e.data
        FROM jsonb_populate_recordset(NULL::outbox, batch->'events') e;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        SELECT sum(u.sequence - u.expected) INTO wanted
        FROM jsonb_to_recordset(batch->'units') AS u(sequence integer, expected integer);
        IF inserted <> wanted THEN
            RAISE EXCEPTION 'the events do not fill their streams without gaps';
        END IF;
    END IF;
END
$$;

-- What providers told. What a message is about is looked at soon, unless it was since it came.
CREATE FUNCTION commit_messages(batch jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO inbox (source, message_id, headers, body, readable)
    SELECT m.source, m.message_id, m.headers, m.body, m.reference IS NOT NULL
    FROM jsonb_to_recordset(batch->'messages') AS m(
        source text, message_id text, headers jsonb, body text, reference text, answered boolean)
    WHERE m.answered
    ORDER BY m.source, m.message_id
    ON CONFLICT DO NOTHING;
    PERFORM receive_webhook(m.source, m.message_id, m.headers, m.body, m.reference)
    FROM (
        SELECT * FROM jsonb_to_recordset(batch->'messages') AS told(
            source text, message_id text, headers jsonb, body text, reference text,
            answered boolean)
        WHERE NOT told.answered ORDER BY told.source, told.message_id
    ) m;
END
$$;

-- {"refused": {stream: verdict}, "epochs": {effect: epoch}}; every other unit is committed.
-- `writer` holds the effects that are due at once for `lease_seconds`; NULL: nobody holds them.
-- Plans are made while tables are small and used when they are large: indexes alone, always.
CREATE FUNCTION commit_units(
    batch jsonb, writer text DEFAULT NULL, lease_seconds double precision DEFAULT 0
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    refused jsonb;
    booked record;
    epochs jsonb := '{}';
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'commit_units must be the first to write in its transaction';
    END IF;
    IF jsonb_array_length(batch->'units') > 32 THEN
        RAISE EXCEPTION 'more than 32 units in a batch';
    END IF;
    IF (SELECT count(DISTINCT l->>'wallet_id') <> count(*)
        FROM jsonb_array_elements(batch->'limits_reserved') l) THEN
        RAISE EXCEPTION 'one batch takes of a wallet''s limits twice';
    END IF;
    PERFORM commit_lock(batch);
    IF batch ? 'effects_moved' THEN
        PERFORM FROM effect e WHERE e.id IN (
            SELECT (m->>'id')::uuid FROM jsonb_array_elements(batch->'effects_moved') m
        ) ORDER BY e.id FOR NO KEY UPDATE;
    END IF;
    refused := commit_refusals(batch);
    IF refused IS NOT NULL THEN
        refused := commit_recognised(batch, refused);
        batch := commit_without(batch, refused);
    ELSE
        refused := '{}';
    END IF;
    IF batch ? 'postings' THEN
        booked := commit_book(batch, refused);
        IF booked.refused <> refused THEN
            refused := booked.refused;
            batch := commit_without(batch, refused);
        END IF;
    END IF;
    IF batch ? 'units' THEN
        PERFORM commit_log(batch);
        PERFORM commit_transactions(batch);
        PERFORM commit_records(batch);
        IF batch ? 'effects_requested' OR batch ? 'effects_moved' THEN
            epochs := commit_effects(batch, writer, lease_seconds);
        END IF;
        IF batch ? 'postings' THEN
            PERFORM commit_ledger(batch, booked.moves);
        END IF;
    END IF;
    IF batch ? 'messages' THEN
        PERFORM commit_messages(batch);
    END IF;
    IF refused <> '{}' THEN
        -- What a unit that is recognised had leased to its writer is still the writer's.
        SELECT epochs || coalesce(jsonb_object_agg(e.id, e.epoch), '{}') INTO epochs FROM effect e
        WHERE e.lease_owner = writer AND e.lease_until > clock_timestamp()
            AND e.stream_id IN (SELECT r.key::uuid FROM jsonb_each(refused) r
                WHERE r.value->>'result' = 'COMMITTED');
    END IF;
    RETURN jsonb_build_object('refused', refused, 'epochs', epochs);
END
$$;
