-- Reading everywhere; writing only where no money is, or through the functions above.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO diboas_app;
GRANT INSERT, UPDATE, DELETE ON
    lease, reactor_cursor, deposit_cursor, deposit_height, deposit_left, relay_cursor,
    relay_channel, parked, parked_effect, challenge, provider_health TO diboas_app;
GRANT INSERT, DELETE ON quote TO diboas_app;
GRANT INSERT ON provider_switch, provider_customer, bank_account_token TO diboas_app;
GRANT INSERT, UPDATE ON bank_account, saved_item TO diboas_app;
GRANT UPDATE (preferred_providers) ON app_user TO diboas_app;
GRANT EXECUTE ON FUNCTION
    commit_units(jsonb, text, double precision),
    claim_effects(text, text[], text[], integer, double precision),
    renew_effect(uuid, integer, double precision),
    receive_webhook(text, text, jsonb, text, text),
    create_user(uuid, uuid, text, text, text, jsonb),
    decide_on_user(text, text, text, text, text),
    limit_usage(uuid),
    assert_generation()
TO diboas_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO diboas_app;
RESET ROLE;
