/*
 * sync: the token port of a turn, against a real server and a token endpoint: what is asked of the
 * service, what is stored, and what happens where an answer is lost.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"
#include "support/dbcheck.h"
#include "support/keeping.h"
#include "support/program.h"

#define FRESH "{\"access_token\":\"ya29.fresh\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"

static struct keeping world;
static struct fake fake;
static struct mms_token_keeper keeper;

static const struct mms_provider_ops ops = { .renew = mms_google_renew };
static const struct mms_provider provider = {
	"google", "Google Calendar", "Google Calendar", 0, &ops, 1
};

static int
start(void **state)
{
	char url[128], settings[300];

	(void)state;
	fake_start(&fake, "feed_server", NULL);
	(void)snprintf(settings, sizeof settings,
		       "\"google\": {\"client_id\": \"our-id\", \"client_secret\": "
		       "\"our-secret\", \"token_url\": \"%s\"}",
		       fake_url(&fake, "/token", url, sizeof url));
	keeping_start(&world, &fake, settings);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	fake_stop(&fake);
	return keeping_stop(&world);
}

/* ---- one test's world ----------------------------------------------------------------------- */

static void
answer(const char *conf, const char *body)
{
	fake_write(&fake, "token", body);
	fake_conf(&fake, "token", conf);
	fake_clear_log(&fake);
}

static size_t
n_requests(void)
{
	return fake_count(&fake, "/token");
}

static int
make_ann(void **state)
{
	(void)state;
	keeping_make(&world, "Google Calendar", "google");
	keeping_put(&world, "ya29.old", "1//old", "2026-03-02 10:00:00"); /* an hour from now */
	answer("type application/json", FRESH);
	keeping_open(&world, &keeper, true, &provider);
	return 0;
}

static int
close_keeper(void **state)
{
	(void)state;
	mms_token_keeper_release(&keeper);
	return 0;
}

static void
assert_gets(struct mms_token_keeper *k, const char *refused, const char *want, size_t requests)
{
	const char *token = NULL;

	OK(keeping_get(k, refused, &token, &err));
	assert_string_equal(token, want);
	assert_int_equal(n_requests(), requests);
}

/* The batch number that the lease's row has is the one that we believe it has. */
static void
assert_lease_is_true(void)
{
	assert_int_equal(mms_test_ask_i64(&world.server, "SELECT batch_no FROM mmsync_cursor"),
			 world.lease.batch_no);
}

/* ---- refreshing ----------------------------------------------------------------------------- */

static void
a_token_that_is_good_is_used_and_nobody_asked(void **state)
{
	uint64_t before = mms_pool_n_statements(world.pool);

	(void)state;
	assert_gets(&keeper, NULL, "ya29.old", 0);
	assert_int_equal(mms_pool_n_statements(world.pool) - before, 1);
	assert_gets(&keeper, NULL, "ya29.old", 0);
	assert_int_equal(mms_pool_n_statements(world.pool) - before, 1);
	assert_int_equal(world.lease.batch_no, 0);
}

static void
a_token_is_renewed_a_minute_before_its_end(void **state)
{
	MMS_AUTO(mms_str) log = { 0 };

	(void)state;
	keeping_put(&world, "ya29.old", "1//old", "2026-03-02 09:01:01");
	assert_gets(&keeper, NULL, "ya29.old", 0);
	mms_token_keeper_release(&keeper);
	keeping_open(&world, &keeper, true, &provider);
	keeping_put(&world, "ya29.old", "1//old", "2026-03-02 09:01:00");
	assert_gets(&keeper, NULL, "ya29.fresh", 1);
	assert_gets(&keeper, NULL, "ya29.fresh", 1);
	/* An answer without a refresh token keeps the old one; its end is in the site's time. */
	keeping_assert_stored(&world, "ya29.fresh", "1//old");
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Integration` "
					  "WHERE token_expiry = '2026-03-02 09:59:59' AND "
					  "modified = '2026-03-02 09:00:00' AND "
					  "access_token = REPEAT('*', 10) AND "
					  "modified_by = 'Administrator'"),
			 1);
	assert_lease_is_true();
	fake_read_log(&fake, &log);
	assert_non_null(strstr(mms_str_get(&log), "\"method\":\"POST\""));
	assert_non_null(strstr(mms_str_get(&log),
			       "\"body\":\"grant_type=refresh_token&refresh_token=1%2F%2Fold"
			       "&client_id=our-id&client_secret=our-secret\""));
	assert_null(strstr(mms_str_get(&log), "authorization"));
}

static void
a_refused_token_is_renewed_once_however_many_need_it(void **state)
{
	struct mms_token_keeper other = { 0 };

	(void)state;
	keeping_open(&world, &other, false, &provider);
	assert_gets(&other, NULL, "ya29.old", 0);
	assert_gets(&keeper, NULL, "ya29.old", 0);
	const char *token = NULL;
	OK(keeping_get(&keeper, NULL, &token, &err));
	OK(keeping_get(&keeper, token, &token, &err)); /* the very text that it gave */
	assert_string_equal(token, "ya29.fresh");
	assert_int_equal(n_requests(), 1);
	/* The other one is refused, too, and finds what was stored meanwhile. */
	assert_gets(&other, "ya29.old", "ya29.fresh", 1);
	mms_token_keeper_release(&other);
	/* So does a refused token that never was ours. */
	assert_gets(&keeper, "ya29.older", "ya29.fresh", 1);
}

static void
an_unknown_end_is_used_until_it_is_refused(void **state)
{
	(void)state;
	keeping_put(&world, "ya29.old", "1//old", NULL);
	assert_gets(&keeper, NULL, "ya29.old", 0);
	answer("type application/json", "{\"access_token\":\"ya29.fresh\"}");
	assert_gets(&keeper, "ya29.old", "ya29.fresh", 1);
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar "
					  "Integration` WHERE token_expiry IS NULL"),
			 1);
}

static void
a_rotated_refresh_token_replaces_the_old_one(void **state)
{
	(void)state;
	answer("type application/json",
	       "{\"access_token\":\"ya29.fresh\",\"refresh_token\":\"1//new\"}");
	assert_gets(&keeper, "ya29.old", "ya29.fresh", 1);
	keeping_assert_stored(&world, "ya29.fresh", "1//new");
	answer("type application/json", "{\"access_token\":\"ya29.third\"}");
	assert_gets(&keeper, "ya29.fresh", "ya29.third", 1);
	keeping_assert_stored(&world, "ya29.third", "1//new");
}

/* What the next save in Frappe would have lost is mended with the next token. */
static void
a_fragile_column_is_mended(void **state)
{
	(void)state;
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` SET refresh_token = NULL");
	assert_gets(&keeper, "ya29.old", "ya29.fresh", 1);
	keeping_assert_stored(&world, "ya29.fresh", "1//old");
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar "
					  "Integration` WHERE refresh_token = '******'"),
			 1);
}

/* ---- consents that die ---------------------------------------------------------------------- */

static void
a_dead_consent_parks_the_calendar_and_is_not_asked_again(void **state)
{
	struct mms_token_keeper next = { 0 };

	(void)state;
	answer("type application/json\nstatus 400",
	       "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\"}");
	for (int i = 0; i < 2; i++) {
		MMS_AUTO(mms_err) err = { 0 };
		const char *token = NULL;

		assert_int_equal(keeping_get(&keeper, "ya29.old", &token, &err), MMS_E_AUTH);
		assert_non_null(strstr(mms_err_text(&err), "consent"));
		assert_non_null(strstr(mms_err_hint(&err),
				       "mmsync connect google --integration " KEEPING_NAME));
		assert_int_equal(n_requests(), 1);
	}
	assert_true(keeping_is_parked(&world));
	assert_lease_is_true();
	keeping_assert_stored(&world, "ya29.old", "1//old");
	/* A later turn does not even try the access token. */
	keeping_open(&world, &next, true, &provider);
	const char *token = NULL;
	FAILS(MMS_E_AUTH, "has refused the consent", keeping_get(&next, NULL, &token, &err));
	assert_int_equal(n_requests(), 1);
	/* Until there are others, whoever stored them. */
	keeping_put(&world, "ya29.again", "1//again", "2026-03-02 10:00:00");
	assert_gets(&next, NULL, "ya29.again", 1);
	assert_false(keeping_is_parked(&world));
	mms_token_keeper_release(&next);
}

static void
a_dry_run_remembers_nothing(void **state)
{
	struct mms_token_keeper dry = { 0 };
	const char *token = NULL;

	(void)state;
	answer("type application/json\nstatus 400", "{\"error\":\"invalid_grant\"}");
	keeping_open(&world, &dry, false, &provider);
	FAILS(MMS_E_AUTH, "invalid_grant", keeping_get(&dry, "ya29.old", &token, &err));
	assert_false(keeping_is_parked(&world));
	/* But a token that was renewed is. */
	answer("type application/json", FRESH);
	assert_gets(&dry, "ya29.old", "ya29.fresh", 1);
	keeping_assert_stored(&world, "ya29.fresh", "1//old");
	assert_int_equal(mms_test_ask_i64(&world.server, "SELECT batch_no FROM mmsync_cursor"),
			 0);
	mms_token_keeper_release(&dry);
}

static void
without_a_refresh_token_there_is_only_the_access_token(void **state)
{
	const char *token = NULL;

	(void)state;
	mms_test_sql(&world.server,
		     "DELETE FROM __Auth WHERE fieldname = 'refresh_token'; UPDATE "
		     "`tabMM Calendar Integration` SET refresh_token = NULL, "
		     "token_expiry = '2026-03-01'");
	assert_gets(&keeper, NULL, "ya29.old", 0); /* its end may be wrong */
	FAILS(MMS_E_AUTH, "no refresh token", keeping_get(&keeper, "ya29.old", &token, &err));
	assert_true(keeping_is_parked(&world));
	assert_int_equal(n_requests(), 0);
}

/* ---- trouble -------------------------------------------------------------------------------- */

static void
no_answer_stores_nothing_and_parks_nobody(void **state)
{
	static const struct {
		const char *conf, *body;
		mms_rc rc;
		const char *text;
		size_t requests;
	} rows[] = {
		{ "html", "", MMS_E_RETRY, "no JSON object", 1 },
		{ "status 503", FRESH, MMS_E_RETRY, "answers 503", 2 },
		{ "truncate 20", FRESH, MMS_E_RETRY, "", 2 },
		{ "wrong-length 500", FRESH, MMS_E_RETRY, "", 2 },
		{ "drop after", FRESH, MMS_E_RETRY, "", 2 },
		{ "status 429\nretry-after 3600", "", MMS_E_WAIT, "3600", 1 },
		{ "redirect http://127.0.0.1:1/", FRESH, MMS_E_RETRY, "answers 302", 1 },
		{ "status 400", "{\"error\":\"invalid_client\"}", MMS_E_CONFIG,
		  "invalid_client", 1 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		const char *token = NULL;

		answer(rows[i].conf, rows[i].body);
		mms_rc rc = keeping_get(&keeper, "ya29.old", &token, &err);
		if (rc != rows[i].rc || strstr(mms_err_text(&err), rows[i].text) == NULL ||
		    n_requests() != rows[i].requests)
			fail_msg("%s: %s: %s, %zu requests", rows[i].conf, mms_rc_name(rc),
				 mms_err_text(&err), n_requests());
		assert_false(keeping_is_parked(&world));
		keeping_assert_stored(&world, "ya29.old", "1//old");
	}
	answer("type application/json", FRESH);
	assert_gets(&keeper, "ya29.old", "ya29.fresh", 1);
}

/* The n-th visit from now on fails; once. */
static void
arm(enum mms_fault_kind kind, unsigned long n)
{
	char text[80];

	(void)snprintf(text, sizeof text, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + n);
	assert_true(mms_fault_arm_text(text));
}

/* Two reads, then a transaction: BEGIN, the lease, the row, what it has, three writes, COMMIT. */
static void
whatever_is_lost_of_a_store_it_is_done_once(void **state)
{
	static const struct {
		enum mms_fault_kind kind;
		unsigned long last;
	} rows[] = {
		{ MMS_FAULT_COMMIT_BEFORE, 1 }, { MMS_FAULT_COMMIT_AFTER, 1 },
		{ MMS_FAULT_STMT_BEFORE, 8 },   { MMS_FAULT_STMT_AFTER, 8 },
		{ MMS_FAULT_FETCH, 2 },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		for (unsigned long n = 1; n <= rows[i].last; n++) {
			MMS_AUTO(mms_err) err = { 0 };
			const char *token = NULL;

			make_ann(state);
			assert_gets(&keeper, NULL, "ya29.old", 0);
			arm(rows[i].kind, n);
			unsigned long before = mms_fault_count(rows[i].kind);
			mms_rc rc = keeping_get(&keeper, "ya29.old", &token, &err);
			assert_true(mms_fault_count(rows[i].kind) >= before + n);
			/* A read that failed is the turn's to try again; nothing was asked. */
			if (rc == MMS_E_RETRY && n_requests() == 0)
				rc = keeping_get(&keeper, "ya29.old", &token, &err);
			if (rc != MMS_OK || strcmp(token, "ya29.fresh") != 0)
				fail_msg("%s %lu: %s", mms_fault_name(rows[i].kind), n,
					 mms_err_text(&err));
			keeping_assert_stored(&world, "ya29.fresh", "1//old");
			assert_lease_is_true();
			assert_int_equal(n_requests(), 1);
			mms_token_keeper_release(&keeper);
		}
	}
}

static void
who_has_lost_the_lease_stores_nothing(void **state)
{
	const char *token = NULL;

	(void)state;
	mms_test_sql(&world.server, "UPDATE mmsync_cursor SET fence = fence + 1");
	FAILS(MMS_E_HELD, "taken over", keeping_get(&keeper, "ya29.old", &token, &err));
	keeping_assert_stored(&world, "ya29.old", "1//old");
	answer("type application/json\nstatus 400", "{\"error\":\"invalid_grant\"}");
	FAILS(MMS_E_HELD, "taken over", keeping_get(&keeper, "ya29.old", &token, &err));
	assert_false(keeping_is_parked(&world));
}

/* A person consents anew while the service is asked: what they got is stored, and is what counts. */
static mms_rc
renew_while_someone_connects(const struct mms_provider_env *provider_env,
			     const struct mms_oauth_client *client, const char *refresh_token,
			     struct mms_oauth_tokens *out, struct mms_err *err)
{
	keeping_put(&world, "ya29.of-the-person", "1//of-the-person", "2026-03-02 10:30:00");
	return mms_google_renew(provider_env, client, refresh_token, out, err);
}

static void
a_consent_that_is_given_meanwhile_is_not_written_over(void **state)
{
	static const struct mms_provider_ops meanwhile_ops = {
		.renew = renew_while_someone_connects
	};
	static const struct mms_provider meanwhile = { "google",          "Google Calendar",
						       "Google Calendar", 0,
						       &meanwhile_ops,    1 };

	(void)state;
	for (int has_lease = 0; has_lease < 2; has_lease++) {
		struct mms_token_keeper k = { 0 };

		keeping_put(&world, "ya29.old", "1//old", "2026-03-02 10:00:00");
		keeping_open(&world, &k, has_lease, &meanwhile);
		assert_gets(&k, "ya29.old", "ya29.of-the-person", (size_t)has_lease + 1);
		keeping_assert_stored(&world, "ya29.of-the-person", "1//of-the-person");
		assert_lease_is_true();
		mms_token_keeper_release(&k);
	}
}

/* ---- the client ----------------------------------------------------------------------------- */

static void
the_client_is_of_the_settings_or_of_frappe(void **state)
{
	char *id = world.site.config.google.client_id,
	     *secret = world.site.config.google.client_secret;
	const char *token = NULL;
	char *encrypted = NULL;
	MMS_AUTO(mms_str) log = { 0 };

	(void)state;
	world.site.config.google.client_id = world.site.config.google.client_secret = NULL;
	FAILS(MMS_E_CONFIG, "no OAuth client", keeping_get(&keeper, "ya29.old", &token, &err));
	mms_test_sql(&world.server, "INSERT INTO tabSingles (doctype, field, value) VALUES "
				    "('Google Settings', 'client_id', 'id-of-frappe')");
	FAILS(MMS_E_CONFIG, "no secret of its OAuth client",
	      keeping_get(&keeper, "ya29.old", &token, &err));
	OK(mms_fernet_encrypt(KEEPING_KEY, "secret-of-frappe", 0, &encrypted, &err));
	mms_test_sql(&world.server,
		     "INSERT INTO __Auth VALUES ('Google Settings', 'Google Settings', "
		     "'client_secret', '%s', 1)",
		     encrypted);
	mms_free(encrypted);
	assert_int_equal(n_requests(), 0);
	assert_gets(&keeper, "ya29.old", "ya29.fresh", 1);
	world.site.config.google.client_id = id;
	world.site.config.google.client_secret = secret;
	fake_read_log(&fake, &log);
	assert_non_null(strstr(mms_str_get(&log),
			       "client_id=id-of-frappe&client_secret=secret-of-frappe"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_ann, close_keeper)
	const struct CMUnitTest tests[] = {
		TEST(a_token_that_is_good_is_used_and_nobody_asked),
		TEST(a_token_is_renewed_a_minute_before_its_end),
		TEST(a_refused_token_is_renewed_once_however_many_need_it),
		TEST(an_unknown_end_is_used_until_it_is_refused),
		TEST(a_rotated_refresh_token_replaces_the_old_one),
		TEST(a_fragile_column_is_mended),
		TEST(a_dead_consent_parks_the_calendar_and_is_not_asked_again),
		TEST(a_dry_run_remembers_nothing),
		TEST(without_a_refresh_token_there_is_only_the_access_token),
		TEST(no_answer_stores_nothing_and_parks_nobody),
		TEST(whatever_is_lost_of_a_store_it_is_done_once),
		TEST(who_has_lost_the_lease_stores_nothing),
		TEST(a_consent_that_is_given_meanwhile_is_not_written_over),
		TEST(the_client_is_of_the_settings_or_of_frappe),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
