/* model, frappe: the table of settings, and texts of configuration files to a site. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/site.h"

/* Environment of a test: name, value, name, value, NULL. */
static const char *
table_env(void *aux, const char *name)
{
	const char *const *at = aux;

	for (; at != NULL && at[0] != NULL; at += 2) {
		if (strcmp(at[0], name) == 0)
			return at[1];
	}
	return NULL;
}

static struct mms_site_text
text_of(const char *file, const char *text)
{
	return (struct mms_site_text){ file, text, text != NULL ? strlen(text) : 0 };
}

static mms_rc
parse(const char *common, const char *site, const char *const *env, struct mms_site *out,
      struct mms_findings *problems, struct mms_err *err)
{
	struct mms_site_text c = text_of("common", common), s = text_of("site", site);
	const char *const *table = env;

	return mms_site_parse(&c, &s, table_env, (void *)(uintptr_t)table, out, problems, err);
}

static mms_rc
parse_mmsync(const char *object, struct mms_site *out, struct mms_err *err)
{
	char text[4096];

	(void)snprintf(text, sizeof text, "{\"db_name\": \"d\", \"mmsync\": %s}", object);
	return parse(NULL, text, NULL, out, NULL, err);
}

static void
every_row_has_a_place_a_range_and_a_sentence(void **state)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	(void)state;
	assert_true(n > 40);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (rows[k].offset == rows[i].offset)
				fail_msg("%s and %s share a field", rows[k].key, rows[i].key);
			if (strcmp(rows[k].key, rows[i].key) == 0)
				fail_msg("%s stands twice", rows[k].key);
		}
		if (rows[i].help[strlen(rows[i].help) - 1] != '.' &&
		    rows[i].help[strlen(rows[i].help) - 1] != '?')
			fail_msg("%s: no sentence", rows[i].key);
		if (rows[i].type == MMS_CONFIG_INT && rows[i].min > rows[i].max)
			fail_msg("%s: empty range", rows[i].key);
		if (rows[i].default_text != NULL && rows[i].type == MMS_CONFIG_INT &&
		    (strtoll(rows[i].default_text, NULL, 10) < rows[i].min ||
		     strtoll(rows[i].default_text, NULL, 10) > rows[i].max))
			fail_msg("%s: the default is out of range", rows[i].key);
	}
}

static void
defaults_are_those_of_the_contract(void **state)
{
	MMS_AUTO(mms_config) c = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_config_init(&c, &err), MMS_OK);
	assert_int_equal(c.http_timeout_s, 30);
	assert_int_equal(c.http_connect_timeout_s, 10);
	assert_int_equal(c.http_max_body_mb, 64);
	assert_false(c.http_allow_private_hosts);
	assert_null(c.http_ca_file);
	assert_int_equal(c.http_allow_hosts.n, 0);
	assert_string_equal(c.sync_user, "Administrator");
	assert_string_equal(c.event_time_zone, "UTC");
	assert_false(c.has_event_time_zone);
	assert_false(c.blocks_enabled);
	assert_string_equal(c.blocks_title, "Busy");
	assert_int_equal(c.blocks_privacy, MMS_PRIVACY_BUSY);
	assert_true(c.bookings_guests);
	assert_int_equal(c.bookings_send_updates, MMS_SEND_NONE);
	assert_false(c.bookings_cancel_on_external_delete);
	assert_true(c.tentative_blocks && c.focus_time_blocks && c.all_day_blocks);
	assert_int_equal(c.stale_after_minutes, 0);
	assert_int_equal(c.unreadable_after_hours, 24);
	assert_int_equal(c.unreadable_policy, MMS_UNREADABLE_BUSY);
	assert_int_equal(c.delete_budget_count, 10);
	assert_int_equal(c.delete_budget_percent, 20);
	assert_int_equal(c.retry_max_attempts, 5);
	assert_int_equal(c.retry_base_ms, 500);
	assert_int_equal(c.retry_max_s, 60);
	assert_int_equal(c.circuit_threshold, 5);
	assert_int_equal(c.circuit_max_open_s, 86400);
	assert_int_equal(c.jobs, 8);
	assert_int_equal(c.db_connections, 8);
	assert_int_equal(c.batch_rows, 500);
	assert_int_equal(c.retention_days, 365);
	assert_false(c.tag_user_events);
	assert_string_equal(c.serve_listen, "127.0.0.1:8765");
	assert_null(c.serve_public_url);
	assert_null(c.serve_token);
	assert_null(c.google.client_id);
	assert_string_equal(c.google.api_base, "https://www.googleapis.com/calendar/v3");
	assert_string_equal(c.google.token_url, "https://oauth2.googleapis.com/token");
	assert_string_equal(c.microsoft.tenant, "common");
	assert_string_equal(c.microsoft.api_base, "https://graph.microsoft.com/v1.0");
	assert_null(c.google.device_url);
}

/* "http.timeout_s" and a value to {"http": {"timeout_s": value}}. */
static void
wrap(const char *key, const char *value, char *out, size_t size)
{
	const char *dot = strchr(key, '.');

	if (dot == NULL)
		(void)snprintf(out, size, "{\"%s\": %s}", key, value);
	else
		(void)snprintf(out, size, "{\"%.*s\": {\"%s\": %s}}", (int)(dot - key), key,
			       dot + 1, value);
}

/* A good and some bad values for each type of row. */
static const struct {
	const char *good, *bad[6];
} samples[] = {
	[MMS_CONFIG_TEXT] = { "\"sixteen-letters-x\"",
			      { "\"\"", "\"a\\nb\"", "7", "[]", "\"   \"" } },
	[MMS_CONFIG_SECRET] = { "\"sixteen-letters-x\"", { "\"\"", "\"a\\nb\"", "7", "[]" } },
	[MMS_CONFIG_URL] = { "\"https://calendar.example.org/api\"",
			     { "\"ftp://calendar.example.org\"", "\"calendar.example.org\"",
			       "\"https://\"", "true" } },
	[MMS_CONFIG_LISTEN] = { "\"0.0.0.0:80\"", { "\"8765\"", "\"h:99999\"", "8765" } },
	[MMS_CONFIG_BOOL] = { "true", { "1", "\"true\"", "null" } },
	[MMS_CONFIG_INT] = { NULL, { "\"5\"", "5.0", "true" } },
	[MMS_CONFIG_CHOICE] = { NULL, { "\"neither\"", "1", "null" } },
	[MMS_CONFIG_HOSTS] = { "[\"cal.example.org:8443\", \"[::1]:80\"]",
			       { "\"cal.example.org:8443\"", "[\"cal.example.org\"]",
				 "[\"cal.example.org:0\"]", "[\"https://cal.example.org:80\"]",
				 "[7]" } },
	[MMS_CONFIG_ZONE] = { "\"Europe/Berlin\"",
			      { "\"../../etc/passwd\"", "\"/etc/localtime\"", "\"\"", "7" } },
};

static void
takes(const struct mms_config_row *row, const char *value)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char text[512];

	wrap(row->key, value, text, sizeof text);
	if (parse_mmsync(text, &site, &err) != MMS_OK)
		fail_msg("%s: %s", text, mms_err_text(&err));
}

static void
refuses(const struct mms_config_row *row, const char *value)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char text[512], path[80];

	wrap(row->key, value, text, sizeof text);
	(void)snprintf(path, sizeof path, "site: \"mmsync.%s\" must be", row->key);
	if (parse_mmsync(text, &site, &err) != MMS_E_CONFIG)
		fail_msg("%s was taken", text);
	if (strstr(mms_err_text(&err), path) == NULL)
		fail_msg("%s: '%s'", text, mms_err_text(&err));
}

static void
each_key_takes_its_type_and_refuses_others(void **state)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char number[64];

		for (size_t k = 0; k < 6 && samples[rows[i].type].bad[k] != NULL; k++)
			refuses(&rows[i], samples[rows[i].type].bad[k]);
		if (samples[rows[i].type].good != NULL)
			takes(&rows[i], samples[rows[i].type].good);
		for (size_t k = 0; rows[i].choices != NULL && rows[i].choices[k] != NULL; k++) {
			(void)snprintf(number, sizeof number, "\"%s\"", rows[i].choices[k]);
			takes(&rows[i], number);
		}
		for (int k = 0; rows[i].type == MMS_CONFIG_INT && k < 4; k++) {
			int64_t edge = k < 2 ? rows[i].min - k : rows[i].max + (k - 2);
			(void)snprintf(number, sizeof number, "%lld", (long long)edge);
			if (k % 2 == 0)
				takes(&rows[i], number);
			else
				refuses(&rows[i], number);
		}
	}
}

static void
values_arrive_where_they_belong(void **state)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(
		parse_mmsync(
			"{\"http\": {\"timeout_s\": 7, \"allow_hosts\": [\"a:1\", \"b:2\"]},"
			" \"event_time_zone\": \"site\", \"jobs\": 3,"
			" \"busy_blocks\": {\"enabled\": true, \"privacy\": \"title\","
			" \"title\": \"belegt\"},"
			" \"bookings\": {\"send_updates\": \"externalOnly\"},"
			" \"microsoft\": {\"client_secret\": \"geheim\", \"client_id\": null}}",
			&site, &err),
		MMS_OK);
	assert_int_equal(site.config.http_timeout_s, 7);
	assert_int_equal(site.config.http_connect_timeout_s, 10);
	assert_int_equal(site.config.http_allow_hosts.n, 2);
	assert_string_equal(site.config.http_allow_hosts.items[1], "b:2");
	assert_string_equal(site.config.event_time_zone, "site");
	assert_true(site.config.has_event_time_zone);
	assert_int_equal(site.config.jobs, 3);
	assert_true(site.config.blocks_enabled);
	assert_int_equal(site.config.blocks_privacy, MMS_PRIVACY_TITLE);
	assert_string_equal(site.config.blocks_title, "belegt");
	assert_int_equal(site.config.bookings_send_updates, MMS_SEND_EXTERNAL_ONLY);
	assert_string_equal(site.config.microsoft.client_secret, "geheim");
}

static void
a_title_of_blocks_is_counted_in_characters(void **state)
{
	char good[160], bad[160];
	size_t n, i = 0;
	const struct mms_config_row *rows = mms_config_rows(&n);

	(void)state;
	while (strcmp(rows[i].key, "busy_blocks.title") != 0)
		i++;
	(void)snprintf(good, sizeof good, "\"%0139d\xC3\xBC\"", 0);
	(void)snprintf(bad, sizeof bad, "\"%0140d\xC3\xBC\"", 0);
	takes(&rows[i], good);
	refuses(&rows[i], bad);
}

static void
unknown_keys_are_refused_with_the_nearest_one(void **state)
{
	static const struct {
		const char *object, *path, *hint;
	} rows[] = {
		{ "{\"htpp\": {}}", "mmsync.htpp", "did you mean \"http\"?" },
		{ "{\"http\": {\"time_out_s\": 3}}", "mmsync.http.time_out_s",
		  "did you mean \"timeout_s\"?" },
		{ "{\"timeout_s\": 3}", "mmsync.timeout_s",
		  "did you mean \"http\": {\"timeout_s\": ...}?" },
		{ "{\"http.timeout_s\": 3}", "mmsync.http.timeout_s",
		  "did you mean \"http\": {\"timeout_s\": ...}?" },
		{ "{\"http\": {\"jobs\": 3}}", "mmsync.http.jobs",
		  "\"jobs\" stands in the mmsync object itself" },
		{ "{\"event_timezone\": \"UTC\"}", "mmsync.event_timezone",
		  "did you mean \"event_time_zone\"?" },
		{ "{\"google\": {\"tenant\": \"x\"}}", "mmsync.google.tenant",
		  "did you mean \"microsoft\": {\"tenant\": ...}?" },
		{ "{\"flux_capacitor\": 3}", "mmsync.flux_capacitor",
		  "man mmsync lists the settings" },
		{ "{\"\": 3}", "mmsync.", "man mmsync lists the settings" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char want[200];

		(void)snprintf(want, sizeof want, "site: \"%s\" is not a setting of mmsync",
			       rows[i].path);
		if (parse_mmsync(rows[i].object, &site, &err) != MMS_E_CONFIG ||
		    strcmp(mms_err_text(&err), want) != 0 ||
		    strcmp(mms_err_hint(&err), rows[i].hint) != 0)
			fail_msg("row %s: '%s', '%s'", rows[i].object, mms_err_text(&err),
				 mms_err_hint(&err));
	}
}

static void
a_wrong_word_or_zone_is_told_with_the_nearest(void **state)
{
	static const struct {
		const char *object, *hint;
	} rows[] = {
		{ "{\"bookings\": {\"send_updates\": \"external\"}}",
		  "without the key it is \"none\"" },
		{ "{\"bookings\": {\"send_updates\": \"externalonly\"}}",
		  "did you mean \"externalOnly\"?" },
		{ "{\"event_time_zone\": \"Site\"}", "without the key it is \"UTC\"" },
		{ "{\"event_time_zone\": \"W. Europe Standard Time\"}",
		  "did you mean \"Europe/Berlin\"?" },
		{ "{\"event_time_zone\": \"Europe/Atlantis\"}",
		  "without the key it is \"UTC\"" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		if (parse_mmsync(rows[i].object, &site, &err) != MMS_E_CONFIG ||
		    strcmp(mms_err_hint(&err), rows[i].hint) != 0)
			fail_msg("row %s: '%s', '%s'", rows[i].object, mms_err_text(&err),
				 mms_err_hint(&err));
	}
}

static void
a_group_must_be_an_object_and_so_must_the_whole(void **state)
{
	static const char *const objects[] = { "{\"http\": 3}", "{\"http\": \"s3cret\"}", "[]",
					       "7" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(objects); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		if (parse_mmsync(objects[i], &site, &err) != MMS_E_CONFIG ||
		    strstr(mms_err_text(&err), "must be an object") == NULL ||
		    strstr(mms_err_text(&err), "s3cret") != NULL)
			fail_msg("%s: '%s'", objects[i], mms_err_text(&err));
	}
}

static void
no_error_shows_a_secret(void **state)
{
	static const char *const texts[] = {
		"{\"db_name\": \"d\", \"db_password\": \"s3cret\" \"x\"}",
		"{\"db_name\": \"d\", \"db_password\": [\"s3cret\"]}",
		"{\"db_name\": \"d\", \"db_password\": \"s3cret",
		"{\"db_name\": \"d\", \"db_password\": s3cret}",
		"{\"db_name\": \"d\", \"mmsync\": {\"serve\": {\"token\": \"s3cret\"}}}",
		"{\"db_name\": \"d\", \"mmsync\": {\"google\": {\"client_secret\": "
		"\"s3cret\\n\"}}}",
		"{\"db_name\": \"d\", \"mmsync\": {\"google\": {\"api_base\": \"s3cret\"}}}",
		"{\"db_name\": \"d\", \"mmsync\": {\"google\": \"s3cret\"}}",
		"{\"db_name\": \"d\", \"mmsync\": {\"http\": {\"ca_file\": "
		"\"s3cret\\u0001\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		if (parse(NULL, texts[i], NULL, &site, NULL, &err) != MMS_E_CONFIG)
			fail_msg("taken: %s", texts[i]);
		if (strstr(mms_err_text(&err), "s3cret") != NULL ||
		    strstr(mms_err_hint(&err), "s3cret") != NULL)
			fail_msg("%s: '%s'", texts[i], mms_err_text(&err));
	}
}

static void
bad_json_is_told_with_file_line_and_column(void **state)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(parse("{}", "{\n  \"db_name\": \"d\",\n}", NULL, &site, NULL, &err),
			 MMS_E_CONFIG);
	assert_string_equal(mms_err_text(&err),
			    "site is not JSON: line 3, column 1: string or '}' expected");
	assert_int_equal(parse("[1]", "{\"db_name\": \"d\"}", NULL, &site, NULL, &err),
			 MMS_E_CONFIG);
	assert_string_equal(mms_err_text(&err), "common must be a JSON object: {...}");
	assert_int_equal(parse("", "{\"db_name\": \"d\"}", NULL, &site, NULL, &err),
			 MMS_E_CONFIG);
}

static void
the_site_wins_over_common_and_the_environment_over_both(void **state)
{
	static const char common[] =
		"{\"db_host\": \"common\", \"db_port\": 3307, \"db_name\": \"c\","
		" \"mmsync\": {\"jobs\": 2, \"batch_rows\": 9}, \"maintenance_mode\": 1}";
	static const char own[] =
		"{\"db_name\": \"own\", \"db_password\": \"pw\", \"db_port\": \"3308\","
		" \"mmsync\": {\"jobs\": 3}, \"maintenance_mode\": 0, \"encryption_key\": "
		"\"k\"}";
	static const char *const env[] = { "FRAPPE_DB_HOST",
					   "env",
					   "FRAPPE_DB_PORT",
					   "3309",
					   "FRAPPE_DB_SOCKET",
					   "/run/s",
					   "FRAPPE_DB_USER",
					   "u",
					   "FRAPPE_DB_PASSWORD",
					   "",
					   "FRAPPE_REDIS_CACHE",
					   "redis://x",
					   NULL };
	MMS_AUTO(mms_site) plain = { 0 };
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(parse(common, own, NULL, &plain, NULL, &err), MMS_OK);
	assert_string_equal(plain.db.host, "common");
	assert_int_equal(plain.db.port, 3308);
	assert_string_equal(plain.db.database, "own");
	assert_string_equal(plain.db.user, "own");
	assert_string_equal(plain.db.password, "pw");
	assert_null(plain.db.socket);
	assert_string_equal(plain.encryption_key, "k");
	assert_false(plain.is_in_maintenance);
	assert_int_equal(plain.config.jobs, 3);
	assert_int_equal(plain.config.batch_rows,
			 500); /* the site's object replaces common's */
	assert_int_equal(parse(common, own, env, &site, NULL, &err), MMS_OK);
	assert_string_equal(site.db.host, "env");
	assert_int_equal(site.db.port, 3309);
	assert_string_equal(site.db.socket, "/run/s");
	assert_string_equal(site.db.user, "u");
	assert_string_equal(site.db.database, "own");
	assert_string_equal(site.db.password, "pw"); /* an empty variable is none */
}

static void
frappes_defaults_hold_for_what_is_not_given(void **state)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_site) other = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(
		parse(NULL, "{\"db_name\": \"d\", \"db_host\": \"\"}", NULL, &site, NULL, &err),
		MMS_OK);
	assert_string_equal(site.db.host, "127.0.0.1");
	assert_int_equal(site.db.port, 3306);
	assert_string_equal(site.db.user, "d");
	assert_null(site.db.password);
	assert_int_equal(parse(NULL, "{\"db_user\": \"u\"}", NULL, &other, NULL, &err), MMS_OK);
	assert_string_equal(other.db.database, "u");
	assert_int_equal(parse(NULL, "{}", NULL, &other, NULL, &err), MMS_E_CONFIG);
	assert_string_equal(mms_err_text(&err), "site: \"db_name\" is missing");
}

static void
frappes_own_keys_are_checked_too(void **state)
{
	static const struct {
		const char *more, *want; /* want NULL: taken */
	} rows[] = {
		{ "\"db_port\": 0", NULL },
		{ "\"db_port\": \"\"", NULL },
		{ "\"db_port\": null", NULL },
		{ "\"db_port\": 65536", "\"db_port\" must be a port" },
		{ "\"db_port\": -1", "\"db_port\" must be a port" },
		{ "\"db_port\": \"33o6\"", "\"db_port\" must be a port" },
		{ "\"db_port\": 3306.5", "\"db_port\" must be a port" },
		{ "\"db_type\": \"mariadb\"", NULL },
		{ "\"db_type\": \"postgres\"", "\"db_type\" is \"postgres\"" },
		{ "\"db_type\": \"sqlite\"", "\"db_type\" is \"sqlite\"" },
		{ "\"db_host\": 7", "\"db_host\" must be a text" },
		{ "\"encryption_key\": 7", "\"encryption_key\" must be a text" },
		{ "\"db_ssl_ca\": \"a\", \"db_ssl_key\": \"k\"", "\"db_ssl_cert\" is missing" },
		{ "\"db_ssl_ca\": \"a\", \"db_ssl_key\": \"k\", \"db_ssl_cert\": \"c\"", NULL },
		{ "\"maintenance_mode\": {}", "\"maintenance_mode\" must be 0 or 1" },
		{ "\"read_from_replica\": 1, \"replica_host\": \"r\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char text[200];

		(void)snprintf(text, sizeof text, "{\"db_name\": \"d\", %s}", rows[i].more);
		mms_rc rc = parse(NULL, text, NULL, &site, NULL, &err);
		if (rows[i].want == NULL ? rc != MMS_OK
					 : rc != MMS_E_CONFIG || strstr(mms_err_text(&err),
									rows[i].want) == NULL)
			fail_msg("%s: %s '%s'", rows[i].more, mms_rc_name(rc),
				 mms_err_text(&err));
	}
}

static void
switches_are_read_as_python_reads_them(void **state)
{
	static const struct {
		const char *value;
		bool want;
	} rows[] = {
		{ "1", true },     { "0", false },    { "true", true },  { "false", false },
		{ "null", false }, { "\"\"", false }, { "\"1\"", true }, { "2", true },
		{ "0.0", false },  { "\"0\"", true }, /* Frappe takes any text for on */
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char text[200];

		(void)snprintf(text, sizeof text,
			       "{\"db_name\": \"d\", \"maintenance_mode\": %s,"
			       " \"disable_scheduler\": %s}",
			       rows[i].value, rows[i].value);
		assert_int_equal(parse(NULL, text, NULL, &site, NULL, &err), MMS_OK);
		if (site.is_in_maintenance != rows[i].want ||
		    site.is_scheduler_paused != rows[i].want)
			fail_msg("value %s", rows[i].value);
	}
}

static void
a_bad_environment_is_told_by_its_variable(void **state)
{
	static const char *const port[] = { "FRAPPE_DB_PORT", "many", NULL };
	static const char *const type[] = { "FRAPPE_DB_TYPE", "postgres", NULL };
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(parse(NULL, "{\"db_name\": \"d\"}", port, &site, NULL, &err),
			 MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&err), "the environment: \"FRAPPE_DB_PORT\""));
	assert_int_equal(parse(NULL, "{\"db_name\": \"d\"}", type, &site, NULL, &err),
			 MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&err), "the environment: \"db_type\""));
}

static void
all_problems_are_listed_when_asked_for(void **state)
{
	static const char own[] =
		"{\"db_name\": \"d\", \"db_port\": \"x\", \"db_type\": \"postgres\","
		" \"mmsync\": {\"jobs\": 0, \"htpp\": 1, \"http\": {\"timeout_s\": \"y\","
		" \"allow_hosts\": [1]}, \"batch_rows\": 77}}";
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_findings) problems = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(parse("{", own, NULL, &site, &problems, &err), MMS_OK);
	assert_int_equal(problems.n, 7);
	assert_int_equal(mms_findings_count(&problems, MMS_FINDING_PROBLEM), 7);
	assert_string_equal(problems.items[0].object, "common");
	assert_string_equal(site.db.database, "d");
	assert_int_equal(site.config.jobs, 8);
	assert_int_equal(site.config.batch_rows, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_place_a_range_and_a_sentence),
		cmocka_unit_test(defaults_are_those_of_the_contract),
		cmocka_unit_test(each_key_takes_its_type_and_refuses_others),
		cmocka_unit_test(values_arrive_where_they_belong),
		cmocka_unit_test(a_title_of_blocks_is_counted_in_characters),
		cmocka_unit_test(unknown_keys_are_refused_with_the_nearest_one),
		cmocka_unit_test(a_wrong_word_or_zone_is_told_with_the_nearest),
		cmocka_unit_test(a_group_must_be_an_object_and_so_must_the_whole),
		cmocka_unit_test(no_error_shows_a_secret),
		cmocka_unit_test(bad_json_is_told_with_file_line_and_column),
		cmocka_unit_test(the_site_wins_over_common_and_the_environment_over_both),
		cmocka_unit_test(frappes_defaults_hold_for_what_is_not_given),
		cmocka_unit_test(frappes_own_keys_are_checked_too),
		cmocka_unit_test(switches_are_read_as_python_reads_them),
		cmocka_unit_test(a_bad_environment_is_told_by_its_variable),
		cmocka_unit_test(all_problems_are_listed_when_asked_for),
	};

	mms_site_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
