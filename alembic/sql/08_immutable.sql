-- What happened is never changed, by the owner neither.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is immutable: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'account', 'journal', 'entry', 'entry_0', 'entry_1', 'entry_2', 'entry_3', 'entry_4',
        'entry_5', 'entry_6', 'entry_7', 'chain_claim', 'outbox', 'idempotency_key', 'inbox',
        'transaction_history', 'transaction_step', 'provider_interaction', 'recovery_attempt',
        'user_action', 'user_action_status', 'provider_switch', 'user_decision'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER immutable', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['balance', 'hold', 'transaction', 'effect', 'stream', 'limit_use'] LOOP
        EXECUTE format(
            'CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER kept', name);
    END LOOP;
END
$$;
