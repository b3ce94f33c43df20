/* store: OAuth tokens as Frappe keeps them, against a real server; encryption by vectors of Frappe's own library. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/tokens.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define KEY       "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
#define OTHER_KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NAME      "MM-CI-ann@example.com-0001"

/* Made by python3-cryptography, which is what Frappe calls, with KEY. */
#define ACCESS "ya29.access-of-ann"
#define ACCESS_BY_FRAPPE                                                    \
	"gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFycy4kteg2x6bjdvwtLkBWso6bA6wVElmq-" \
	"AwP9KTbcdScp24iuwCEjvRW"                                           \
	"uqcQKhs6VqxMVR6wT-VoUIvZWU2OOh0="
#define REFRESH "1//refresh-of-ann"
#define REFRESH_BY_FRAPPE                                          \
	"gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFyc3bD9EA94GYkw9Wx2G9Fz0f_" \
	"FRWbZtsCqgpLAL9MkPoVgR1tp3dts-k8"                         \
	"tXupVhMaMMZkMBp9lN3qRm6B2WcMs5Y="

static struct mms_test_server server;
static struct mms_db *db;
static uint64_t cursor;

static int
start(void **state)
{
	struct mms_site site = { 0 };
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_site_setup();
	mms_test_server_start(&server, NULL);
	mms_test_make_frappe(&server);
	mms_test_site_make(&server, "one.example.com", "", dir);
	mms_test_site_load(dir, &site);
	OK(mms_db_open(&db, &server.settings, &err));
	mms_test_schema_apply(db, &site);
	mms_site_release(&site);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_db_close(db);
	return mms_test_server_stop(&server);
}

/* Ann's integration as Frappe saved it: asterisks, and what they stand for in __Auth. */
static int
make_ann(void **state)
{
	(void)state;
	mms_test_sql(&server,
		     "DELETE FROM `tabMM Calendar Integration`; DELETE FROM __Auth;"
		     "DELETE FROM tabSingles WHERE doctype = 'Google Settings';"
		     "DELETE FROM mmsync_cursor;"
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
		     "modified_by, owner, user, integration_type, is_active, access_token, "
		     "refresh_token, token_expiry) VALUES ('" NAME "', '2026-01-01', "
		     "'2026-02-01 10:00:00.5', 'ann@example.com', 'ann@example.com', "
		     "'ann@example.com', 'Google Calendar', 1, REPEAT('*', 18), "
		     "REPEAT('*', 17), '2026-03-02 09:00:00');"
		     "INSERT INTO __Auth VALUES"
		     "('MM Calendar Integration', '" NAME "', 'access_token', "
		     "'" ACCESS_BY_FRAPPE "', 1),"
		     "('MM Calendar Integration', '" NAME "', 'refresh_token', "
		     "'" REFRESH_BY_FRAPPE "', 1);"
		     "INSERT INTO mmsync_cursor (name, provider) VALUES ('" NAME
		     "', 'google')");
	cursor = (uint64_t)mms_test_ask_i64(&server, "SELECT id FROM mmsync_cursor");
	return 0;
}

static void
load(struct mms_tokens *out)
{
	OK(mms_tokens_load(db, KEY, NAME, cursor, out, &err));
}

static int64_t
wall(const char *text)
{
	int64_t us = 0;

	assert_true(mms_wall_parse(text, strlen(text), &us));
	return us;
}

static const struct mms_new_tokens fresh = { .access = "ya29.f\xC3\xBCr-ann",
					     .refresh = "1//another",
					     .expiry_us = 0 };

static mms_rc
store(const struct mms_new_tokens *tokens, const char *key, const char *name, const char *now,
      bool commits, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_tokens_store(&tx, key, name, cursor, tokens, "sync@example.com",
				      wall(now), INT64_C(1772445600000), err);
	if (rc == MMS_OK && commits)
		rc = mms_tx_commit(&tx, err);
	return rc;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void
what_frappe_stored_is_read(void **state)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };
	unsigned char sha256[MMS_SHA256_BYTES];

	(void)state;
	load(&tokens);
	assert_string_equal(tokens.access, ACCESS);
	assert_string_equal(tokens.refresh, REFRESH);
	assert_true(tokens.expiry_us == wall("2026-03-02 09:00:00"));
	assert_false(tokens.is_refused);
	assert_false(tokens.is_fragile);
	OK(mms_sha256(REFRESH_BY_FRAPPE, strlen(REFRESH_BY_FRAPPE), sha256, &err));
	assert_true(tokens.has_stored);
	assert_memory_equal(tokens.stored_sha256, sha256, sizeof sha256);
}

static void
the_main_column_is_read_as_frappe_reads_it(void **state)
{
	static const struct {
		const char *label, *access, *refresh; /* columns, as SQL */
		const char *is_access, *is_refresh;
		bool is_fragile;
	} rows[] = {
		{ "asterisks", "'****'", "'*'", ACCESS, REFRESH, false },
		{ "NULL: the next save deletes", "NULL", "'****'", ACCESS, REFRESH, true },
		{ "empty", "'*'", "''", ACCESS, REFRESH, true },
		{ "a text is the secret itself", "'ya29.typed'", "'*'", "ya29.typed", REFRESH,
		  true },
		{ "so is one with an asterisk", "'*'", "'**1//typed'", ACCESS, "**1//typed",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_tokens) tokens = { 0 };

		mms_test_sql(&server,
			     "UPDATE `tabMM Calendar Integration` SET access_token = %s, "
			     "refresh_token = %s",
			     rows[i].access, rows[i].refresh);
		load(&tokens);
		if (strcmp(tokens.access, rows[i].is_access) != 0 ||
		    strcmp(tokens.refresh, rows[i].is_refresh) != 0 ||
		    tokens.is_fragile != rows[i].is_fragile)
			fail_msg("%s: %s %s %d", rows[i].label, tokens.access, tokens.refresh,
				 tokens.is_fragile);
	}
}

static void
what_is_missing_is_said(void **state)
{
	static const struct {
		const char *damage, *key;
		mms_rc rc;
		const char *text, *hint;
	} rows[] = {
		{ "DO 0", NULL, MMS_E_CONFIG, "no encryption_key",
		  "bench --site SITE execute frappe.utils.password.get_encryption_key" },
		{ "DO 0", OTHER_KEY, MMS_E_CONFIG, "another encryption_key",
		  "mmsync connect google --integration " NAME },
		{ "DO 0", "short", MMS_E_CONFIG, "no key of Frappe's", "site_config_backup" },
		{ "UPDATE __Auth SET password = 'x' WHERE fieldname = 'refresh_token'", KEY,
		  MMS_E_CONFIG, "another encryption_key",
		  "encryption_key of the site's backup" },
		{ "UPDATE __Auth SET encrypted = 0", KEY, MMS_E_AUTH, "not connected",
		  "mmsync connect google --integration " NAME },
		{ "DELETE FROM __Auth; UPDATE `tabMM Calendar Integration` SET "
		  "integration_type = 'Outlook Calendar'",
		  NULL, MMS_E_AUTH, "not connected", "mmsync connect outlook" },
		{ "DELETE FROM `tabMM Calendar Integration`", KEY, MMS_E_GONE, "no integration",
		  "" },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_tokens) tokens = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		make_ann(state);
		mms_test_sql(&server, "%s", rows[i].damage);
		mms_rc rc = mms_tokens_load(db, rows[i].key, NAME, cursor, &tokens, &err);
		if (rc != rows[i].rc || strstr(mms_err_text(&err), rows[i].text) == NULL ||
		    strstr(mms_err_hint(&err), rows[i].hint) == NULL || tokens.access != NULL)
			fail_msg("row %zu: %s: %s (%s)", i, mms_rc_name(rc), mms_err_text(&err),
				 mms_err_hint(&err));
		if (strstr(mms_err_text(&err), ACCESS) || strstr(mms_err_text(&err), REFRESH))
			fail_msg("row %zu tells a secret", i);
	}
}

/* ---- writing -------------------------------------------------------------------------------- */

/* What __Auth has of a field, decrypted. */
static void
assert_stored(const char *field, const char *secret)
{
	char *stored = mms_test_ask_text(&server,
					 "SELECT password FROM __Auth WHERE doctype = "
					 "'MM Calendar Integration' AND name = '" NAME "' AND "
					 "fieldname = '%s' AND encrypted = 1",
					 field);
	char *text = NULL;

	OK(mms_fernet_decrypt(KEY, stored, &text, &err));
	assert_string_equal(text, secret);
	mms_secret_free(text);
	free(stored);
}

#define ASK(sql)                  \
	mms_test_ask_i64(&server, \
			 "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE " sql)

static void
what_is_stored_is_read_back_and_masked(void **state)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };
	struct mms_new_tokens new_tokens = fresh;

	(void)state;
	new_tokens.expiry_us = wall("2026-03-02 11:00:00.25");
	OK(store(&new_tokens, KEY, NAME, "2026-03-02 10:00:00.123456", true, &err));
	load(&tokens);
	assert_string_equal(tokens.access, fresh.access);
	assert_string_equal(tokens.refresh, fresh.refresh);
	assert_true(tokens.expiry_us == new_tokens.expiry_us);
	assert_false(tokens.is_fragile);
	assert_stored("access_token", fresh.access);
	assert_stored("refresh_token", fresh.refresh);
	/* Asterisks are counted in characters. */
	assert_int_equal(ASK("access_token = REPEAT('*', 12)"), 1);
	assert_int_equal(ASK("refresh_token = REPEAT('*', 10)"), 1);
	assert_int_equal(ASK("modified = '2026-03-02 10:00:00.123456' AND "
			     "modified_by = 'sync@example.com' AND owner = 'ann@example.com'"),
			 1);
}

static void
modified_is_always_later_than_it_was(void **state)
{
	(void)state;
	OK(store(&fresh, KEY, NAME, "2026-01-15 00:00:00", true, &err)); /* a clock behind */
	assert_int_equal(ASK("modified = '2026-02-01 10:00:00.500001'"), 1);
	OK(store(&fresh, KEY, NAME, "2026-02-01 10:00:00.500001", true, &err));
	assert_int_equal(ASK("modified = '2026-02-01 10:00:00.500002'"), 1);
	mms_test_sql(&server, "UPDATE `tabMM Calendar Integration` SET modified = NULL");
	OK(store(&fresh, KEY, NAME, "2026-02-01 10:00:00", true, &err));
	assert_int_equal(ASK("modified = '2026-02-01 10:00:00'"), 1);
}

static void
without_a_new_refresh_token_the_old_one_stays(void **state)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };
	const struct mms_new_tokens only_access = { .access = "ya29.next",
						    .expiry_us = MMS_NO_TIME };

	(void)state;
	OK(store(&only_access, KEY, NAME, "2026-03-02 10:00:00", true, &err));
	load(&tokens);
	assert_string_equal(tokens.access, "ya29.next");
	assert_string_equal(tokens.refresh, REFRESH);
	assert_true(tokens.expiry_us == MMS_NO_TIME);
	assert_int_equal(ASK("refresh_token = REPEAT('*', 17)"), 1);
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM __Auth WHERE password = '%s'",
					  REFRESH_BY_FRAPPE),
			 1);
}

static void
a_first_store_makes_the_rows(void **state)
{
	(void)state;
	mms_test_sql(&server, "DELETE FROM __Auth; UPDATE `tabMM Calendar Integration` SET "
			      "access_token = NULL, refresh_token = NULL, token_expiry = NULL");
	OK(store(&fresh, KEY, NAME, "2026-03-02 10:00:00", true, &err));
	assert_stored("access_token", fresh.access);
	assert_stored("refresh_token", fresh.refresh);
	assert_int_equal(ASK("access_token LIKE '**%%' AND refresh_token LIKE '**%%'"), 1);
}

/* Every statement of the store in turn cannot be done: whatever went before it is undone. */
static void
all_of_a_store_or_nothing(void **state)
{
	static const char *const obstacles[] = {
		"BEFORE UPDATE ON __Auth FOR EACH ROW IF NEW.fieldname = 'access_token' THEN",
		"BEFORE UPDATE ON __Auth FOR EACH ROW IF NEW.fieldname = 'refresh_token' THEN",
		"BEFORE UPDATE ON mmsync_cursor FOR EACH ROW IF TRUE THEN",
		"BEFORE UPDATE ON `tabMM Calendar Integration` FOR EACH ROW IF TRUE THEN",
	};

	(void)state;
	mms_test_sql(&server, "UPDATE mmsync_cursor SET reauth_token_sha256 = REPEAT('x', 32)");
	for (size_t i = 0; i < MMS_COUNT(obstacles); i++) {
		MMS_AUTO(mms_tokens) tokens = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_test_sql(&server,
			     "CREATE TRIGGER obstacle %s SIGNAL SQLSTATE '45000' SET "
			     "MESSAGE_TEXT = 'not now'; END IF",
			     obstacles[i]);
		mms_rc rc = store(&fresh, KEY, NAME, "2026-03-02 10:00:00", true, &err);
		mms_test_sql(&server, "DROP TRIGGER obstacle");
		if (rc == MMS_OK)
			fail_msg("obstacle %zu was none", i);
		load(&tokens);
		if (strcmp(tokens.access, ACCESS) != 0 ||
		    strcmp(tokens.refresh, REFRESH) != 0 ||
		    ASK("access_token = REPEAT('*', 18) AND modified_by = 'ann@example.com'") !=
			    1)
			fail_msg("obstacle %zu: half of it was written", i);
	}
	OK(store(&fresh, KEY, NAME, "2026-03-02 10:00:00", false, &err)); /* never committed */
	assert_stored("access_token", ACCESS);
	assert_int_equal(ASK("access_token = REPEAT('*', 18)"), 1);
}

static void
a_store_that_cannot_be_says_why(void **state)
{
	(void)state;
	FAILS(MMS_E_CONFIG, "no encryption_key",
	      store(&fresh, NULL, NAME, "2026-03-02 10:00:00", true, &err));
	FAILS(MMS_E_GONE, "no integration",
	      store(&fresh, KEY, "MM-CI-nobody", "2026-03-02 10:00:00", true, &err));
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM __Auth"), 2);
	assert_stored("access_token", ACCESS);
}

/* ---- refused tokens ------------------------------------------------------------------------- */

/* What health and status say of it: MMS_SQL_NEEDS_REAUTH. */
static bool
needs_reauth(void)
{
	return mms_test_ask_i64(&server, "SELECT %s FROM mmsync_cursor c WHERE c.id = %llu",
				MMS_SQL_NEEDS_REAUTH, (unsigned long long)cursor) == 1;
}

static void
refuse(const struct mms_tokens *tokens)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_tokens_put_refused(&tx, cursor, tokens->stored_sha256, &err));
	OK(mms_tx_commit(&tx, &err));
}

static void
refused_tokens_are_known_until_there_are_others(void **state)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	(void)state;
	load(&tokens);
	refuse(&tokens);
	mms_tokens_release(&tokens);
	load(&tokens);
	assert_true(tokens.is_refused);
	assert_true(needs_reauth());
	/* New ones through us clear the mark. */
	OK(store(&fresh, KEY, NAME, "2026-03-02 10:00:00", true, &err));
	mms_tokens_release(&tokens);
	load(&tokens);
	assert_false(tokens.is_refused);
	assert_false(needs_reauth());
	/* New ones through Frappe are others than those that were refused. */
	refuse(&tokens);
	assert_true(needs_reauth());
	mms_test_sql(&server, "UPDATE __Auth SET password = '" REFRESH_BY_FRAPPE
			      "' WHERE fieldname = 'refresh_token'");
	mms_tokens_release(&tokens);
	load(&tokens);
	assert_false(tokens.is_refused);
	assert_false(needs_reauth());
}

static void
without_a_refresh_token_the_access_token_is_what_was_refused(void **state)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	(void)state;
	mms_test_sql(&server, "DELETE FROM __Auth WHERE fieldname = 'refresh_token'; UPDATE "
			      "`tabMM Calendar Integration` SET refresh_token = NULL");
	load(&tokens);
	assert_null(tokens.refresh);
	assert_false(tokens.is_fragile);
	refuse(&tokens);
	mms_tokens_release(&tokens);
	load(&tokens);
	assert_true(tokens.is_refused);
	assert_true(needs_reauth());
}

/* ---- Google Settings ------------------------------------------------------------------------ */

static void
the_client_of_google_settings_is_read(void **state)
{
	char *id = NULL, *secret = NULL;

	(void)state;
	OK(mms_tokens_google_settings(db, KEY, &id, &secret, &err));
	assert_null(id);
	assert_null(secret);
	mms_test_sql(
		&server,
		"INSERT INTO tabSingles (doctype, field, value) VALUES ('Google Settings', "
		"'client_id', 'id.example.com'), ('Google Settings', 'client_secret', "
		"'*****');"
		"INSERT INTO __Auth VALUES ('Google Settings', 'Google Settings', "
		"'client_secret', '" ACCESS_BY_FRAPPE "', 1)");
	OK(mms_tokens_google_settings(db, KEY, &id, &secret, &err));
	assert_string_equal(id, "id.example.com");
	assert_string_equal(secret, ACCESS);
	mms_secret_free(id);
	mms_secret_free(secret);
	id = secret = NULL;
	FAILS(MMS_E_CONFIG, "Google Settings cannot be read",
	      mms_tokens_google_settings(db, OTHER_KEY, &id, &secret, &err));
	FAILS(MMS_E_CONFIG, "no encryption_key",
	      mms_tokens_google_settings(db, NULL, &id, &secret, &err));
	assert_null(id);
	assert_null(secret);
	mms_test_sql(&server, "DELETE FROM __Auth WHERE doctype = 'Google Settings'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_frappe_stored_is_read, make_ann),
		cmocka_unit_test_setup(the_main_column_is_read_as_frappe_reads_it, make_ann),
		cmocka_unit_test_setup(what_is_missing_is_said, make_ann),
		cmocka_unit_test_setup(what_is_stored_is_read_back_and_masked, make_ann),
		cmocka_unit_test_setup(modified_is_always_later_than_it_was, make_ann),
		cmocka_unit_test_setup(without_a_new_refresh_token_the_old_one_stays, make_ann),
		cmocka_unit_test_setup(a_first_store_makes_the_rows, make_ann),
		cmocka_unit_test_setup(all_of_a_store_or_nothing, make_ann),
		cmocka_unit_test_setup(a_store_that_cannot_be_says_why, make_ann),
		cmocka_unit_test_setup(refused_tokens_are_known_until_there_are_others,
				       make_ann),
		cmocka_unit_test_setup(
			without_a_refresh_token_the_access_token_is_what_was_refused, make_ann),
		cmocka_unit_test_setup(the_client_of_google_settings_is_read, make_ann),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
