/* A site with one integration whose tokens are kept (see the header). */
#include "support/unit.h"

#include "support/keeping.h"

#include <stdio.h>
#include <string.h>

#include "support/dbcheck.h"
#include "support/program.h"

void
keeping_start(struct keeping *k, const struct fake *fake, const char *settings)
{
	char host[64], more[1500], dir[MMS_TEST_DIR_MAX];

	*k = (struct keeping){ .clock = { .is_fixed = true, .fixed_ms = KEEPING_NOW_MS } };
	mms_site_setup();
	OK(mms_http_setup(&err));
	mms_test_server_start(&k->server, NULL);
	mms_test_make_frappe(&k->server);
	(void)snprintf(more, sizeof more,
		       ", \"encryption_key\": \"" KEEPING_KEY "\", \"mmsync\": {%s, \"http\": "
		       "{\"allow_hosts\": [\"%s\"]}, \"retry\": {\"max_attempts\": 2, "
		       "\"base_ms\": 1}}",
		       settings, fake_host(fake, host, sizeof host));
	mms_test_site_make(&k->server, "one.example.com", more, dir);
	mms_test_site_load(dir, &k->site);
	OK(mms_db_open(&k->db, &k->server.settings, &err));
	mms_test_schema_apply(k->db, &k->site);
	OK(mms_pool_open(&k->pool, &k->server.settings, 2, &err));
	OK(mms_zones_new(&k->zones, &err));
	OK(mms_zones_find(k->zones, "Europe/Berlin", &k->worker.site_zone, &err));
	k->env = (struct mms_sync_env){ .site = &k->site, .clock = &k->clock, .pool = k->pool };
	k->worker.env = &k->env;
	k->worker.provider_env.clock = &k->clock;
	OK(mms_provider_env_open(&k->worker.provider_env, &k->site.config, &err));
	OK(mms_lease_owner_make(k->db, &k->owner, &err));
}

int
keeping_stop(struct keeping *k)
{
	mms_provider_env_release(&k->worker.provider_env);
	mms_zones_free(k->zones);
	mms_pool_close(k->pool);
	mms_db_close(k->db);
	mms_site_release(&k->site);
	mms_http_teardown();
	return mms_test_server_stop(&k->server);
}

void
keeping_make(struct keeping *k, const char *type, const char *provider)
{
	static char name[] = KEEPING_NAME,
		    types[2][20] = { "Google Calendar", "Outlook Calendar" };

	mms_test_sql(&k->server,
		     "DELETE FROM `tabMM Calendar Integration`; DELETE FROM __Auth;"
		     "DELETE FROM mmsync_cursor;"
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, "
		     "modified, modified_by, owner, user, integration_type, is_active) "
		     "VALUES ('%s', '2026-01-01', '2026-02-01', 'ann@example.com',"
		     " 'ann@example.com', 'ann@example.com', '%s', 1);"
		     "INSERT INTO mmsync_cursor (name, provider) VALUES ('%s', '%s')",
		     name, type, name, provider);
	k->source = (struct mms_source){
		.integration = { .name = name, .type = types[strcmp(type, types[0]) != 0] }
	};
	k->source.cursor.id =
		(uint64_t)mms_test_ask_i64(&k->server, "SELECT id FROM mmsync_cursor");
	OK(mms_lease_claim(k->db, k->source.cursor.id, &k->owner, KEEPING_NOW_MS, &k->lease,
			   &err));
}

void
keeping_put(struct keeping *k, const char *access, const char *refresh, const char *expiry)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_new_tokens tokens = { access, refresh, MMS_NO_TIME };

	if (expiry != NULL)
		assert_true(mms_wall_parse(expiry, strlen(expiry), &tokens.expiry_us));
	OK(mms_tx_begin(&tx, k->db, &err));
	OK(mms_tokens_store(&tx, KEEPING_KEY, KEEPING_NAME, k->source.cursor.id, &tokens,
			    "Administrator", 0, KEEPING_NOW_MS, &err));
	OK(mms_tx_commit(&tx, &err));
}

void
keeping_assert_stored(struct keeping *k, const char *access, const char *refresh)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	OK(mms_tokens_load(k->db, KEEPING_KEY, KEEPING_NAME, k->source.cursor.id, &tokens,
			   &err));
	assert_string_equal(tokens.access, access);
	if (refresh == NULL)
		assert_null(tokens.refresh);
	else
		assert_string_equal(tokens.refresh, refresh);
}

bool
keeping_is_parked(struct keeping *k)
{
	return mms_test_ask_i64(&k->server, "SELECT COUNT(*) FROM mmsync_cursor c WHERE %s",
				MMS_SQL_NEEDS_REAUTH) == 1;
}

void
keeping_open(struct keeping *k, struct mms_token_keeper *keeper, bool has_lease,
	     const struct mms_provider *provider)
{
	OK(mms_token_keeper_open(keeper, &k->worker, &k->source, has_lease ? &k->lease : NULL,
				 provider, &err));
}

mms_rc
keeping_get(struct mms_token_keeper *keeper, const char *refused, const char **token,
	    struct mms_err *err)
{
	const struct mms_token_port *port = mms_token_keeper_port(keeper);

	return port->get(port->aux, refused, token, err);
}
