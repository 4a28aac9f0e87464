-- The owner owns everything and never logs in; the application logs in and owns nothing.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'diboas_owner') THEN
        CREATE ROLE diboas_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'diboas_app') THEN
        CREATE ROLE diboas_app LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- roles belong to the cluster: a migration of another database was faster
END
$$;

-- An open write transaction holds every reader of the event log back. Settings of a role last for
-- the cluster, and two migrations at once would collide over them.
DO $$
DECLARE
    wanted text[] := ARRAY[
        'idle_in_transaction_session_timeout=5s', 'statement_timeout=5s', 'transaction_timeout=5s'
    ];
    present text[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('diboas:roles', 0));
    SELECT array_agg(setting ORDER BY setting) INTO present
    FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
    WHERE s.setrole = 'diboas_app'::regrole AND s.setdatabase = 0;
    IF present IS DISTINCT FROM wanted THEN
        ALTER ROLE diboas_app SET transaction_timeout = '5s';
        ALTER ROLE diboas_app SET statement_timeout = '5s';
        ALTER ROLE diboas_app SET idle_in_transaction_session_timeout = '5s';
    END IF;
    -- Who makes a role may administer it, yet not become it.
    IF NOT pg_has_role(current_user, 'diboas_owner', 'SET') THEN
        EXECUTE format('GRANT diboas_owner TO %I', current_user);
    END IF;
    IF NOT pg_has_role(current_user, 'diboas_app', 'SET') THEN
        EXECUTE format('GRANT diboas_app TO %I', current_user);
    END IF;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO diboas_owner;
GRANT USAGE ON SCHEMA public TO diboas_app;
ALTER TABLE alembic_version OWNER TO diboas_owner;
SET LOCAL ROLE diboas_owner;
