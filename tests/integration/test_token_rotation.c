/*
 * sync: refresh tokens that rotate, against a real server and the fake of Microsoft's token endpoint: each
 * renewal brings another one, and the old one lives a while, or not.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/fernet.h"
#include "mmsync/oauth_client.h"
#include "support/dbcheck.h"
#include "support/gfake.h"
#include "support/keeping.h"
#include "support/program.h"

#define ANN "ann@example.com"

static struct keeping world;
static struct fake fake;
static struct mms_token_keeper keeper;

static const struct mms_provider_ops ops = { .renew = mms_outlook_renew };
static const struct mms_provider provider = { "outlook", "Outlook Calendar", "Outlook", 0, &ops,
					      1 };

static int
start(void **state)
{
	char url[128], settings[400];

	(void)state;
	gfake_start(&fake);
	(void)snprintf(settings, sizeof settings,
		       "\"microsoft\": {\"client_id\": \"client-1\", \"client_secret\": "
		       "\"secret-1\", \"tenant\": \"example.com\", \"token_url\": \"%s\"}",
		       fake_url(&fake, "/{tenant}/oauth2/v2.0/token", url, sizeof url));
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

static int
make_ann(void **state)
{
	(void)state;
	keeping_make(&world, "Outlook Calendar", "outlook");
	keeping_put(&world, "EwCo.old", "R0", "2026-03-02 10:00:00");
	gfake_control(&fake, "reset\nnow 2026-03-02T08:00:00Z\n"
			     "account " ANN " access=EwCo.old refresh=R0");
	fake_clear_log(&fake);
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

/* A token that the service takes now, after so many requests. */
static void
assert_gets(struct mms_token_keeper *k, const char *refused, size_t requests)
{
	const char *token = NULL;
	char header[300];
	struct gfake_answer answer = { 0 };

	OK(keeping_get(k, refused, &token, &err));
	assert_int_equal(gfake_count(&fake, "POST", "/token"), requests);
	(void)snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
	assert_true(gfake_ask(&fake, "GET", "/calendar/v3/users/me/calendarList/none", header,
			      NULL, &answer));
	assert_int_equal(answer.status, 404); /* 401: it is none */
	gfake_answer_release(&answer);
}

/* What is stored renews: nothing was lost. */
static void
assert_alive(void)
{
	struct mms_token_keeper later = { 0 };
	size_t before = gfake_count(&fake, "POST", "/token");
	MMS_AUTO(mms_tokens) stored = { 0 };

	assert_false(keeping_is_parked(&world));
	OK(mms_tokens_load(world.db, KEEPING_KEY, KEEPING_NAME, world.source.cursor.id, &stored,
			   &err));
	keeping_open(&world, &later, false, &provider);
	assert_gets(&later, stored.access, before + 1);
	mms_token_keeper_release(&later);
}

/* ---- what is sent, and what is kept ----------------------------------------------------------- */

static void
each_renewal_stores_another_refresh_token(void **state)
{
	MMS_AUTO(mms_str) log = { 0 };
	char first[300], second[300];
	const char *token = NULL;

	(void)state;
	OK(keeping_get(&keeper, "EwCo.old", &token, &err));
	(void)snprintf(first, sizeof first, "%s", token);
	OK(keeping_get(&keeper, first, &token, &err));
	(void)snprintf(second, sizeof second, "%s", token);
	assert_string_not_equal(first, second);
	assert_int_equal(gfake_count(&fake, "POST", "/token"), 2);
	keeping_assert_stored(&world, second, "1//" ANN ".3");
	fake_read_log(&fake, &log);
	/* {tenant} is filled in, and the second sends what the first brought. */
	assert_non_null(
		strstr(mms_str_get(&log), "\"path\":\"/example.com/oauth2/v2.0/token\""));
	assert_non_null(strstr(mms_str_get(&log),
			       "\"body\":\"grant_type=refresh_token&refresh_token=R0"
			       "&client_id=client-1&client_secret=secret-1&scope=offline_access"
			       "%20Calendars.ReadWrite\""));
	assert_non_null(strstr(mms_str_get(&log), "refresh_token=1%2F%2Fann%40example.com.1&"));
	assert_alive();
}

static void
a_public_client_sends_no_secret(void **state)
{
	char *secret = world.site.config.microsoft.client_secret;
	const char *token = NULL;

	(void)state;
	gfake_control(&fake, "client client-1 \"\"");
	FAILS(MMS_E_CONFIG, "invalid_client", keeping_get(&keeper, "EwCo.old", &token, &err));
	assert_false(keeping_is_parked(&world));
	world.site.config.microsoft.client_secret = NULL;
	assert_gets(&keeper, "EwCo.old", 2);
	gfake_control(&fake, "client client-1 secret-1");
	OK(keeping_get(&keeper, NULL, &token, &err));
	FAILS(MMS_E_CONFIG, "invalid_client", keeping_get(&keeper, token, &token, &err));
	world.site.config.microsoft.client_secret = secret;
	assert_alive();
}

static void
a_client_that_is_not_there_is_told(void **state)
{
	struct mms_config_client *microsoft = &world.site.config.microsoft;
	char *id = microsoft->client_id, *tenant = microsoft->tenant;
	MMS_AUTO(mms_err) failure = { 0 };
	static char odd[][24] = { "a/b", "", "..", "a?b=c", "-x", "a b", "{tenant}" };
	const char *token = NULL;

	(void)state;
	microsoft->client_id = NULL;
	assert_int_equal(keeping_get(&keeper, "EwCo.old", &token, &failure), MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&failure), "no OAuth client for Microsoft"));
	assert_non_null(strstr(mms_err_hint(&failure), "docs/outlook.md"));
	microsoft->client_id = id;
	for (size_t i = 0; i < MMS_COUNT(odd); i++) {
		microsoft->tenant = odd[i];
		FAILS(MMS_E_CONFIG, "microsoft.tenant",
		      keeping_get(&keeper, "EwCo.old", &token, &err));
	}
	microsoft->tenant = tenant;
	assert_int_equal(gfake_count(&fake, "POST", NULL), 0);
	assert_gets(&keeper, "EwCo.old", 1);
}

static void
a_dead_consent_names_the_command_of_its_service(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *token = NULL;

	(void)state;
	gfake_control(&fake, "token " ANN " revoke");
	assert_int_equal(keeping_get(&keeper, "EwCo.old", &token, &err), MMS_E_AUTH);
	assert_non_null(strstr(mms_err_text(&err), "(invalid_grant, bad_token)"));
	assert_non_null(strstr(mms_err_hint(&err),
			       "mmsync connect outlook --integration " KEEPING_NAME));
	assert_null(strstr(mms_err_text(&err), "AADSTS"));
	assert_true(keeping_is_parked(&world));
}

/* ---- what is lost on the way ------------------------------------------------------------------ */

/* The n-th visit from now on fails; once. */
static void
arm(enum mms_fault_kind kind, unsigned long n)
{
	char text[80];

	(void)snprintf(text, sizeof text, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + n);
	assert_true(mms_fault_arm_text(text));
}

/* The new one is stored before its access token is used, which is when the old one dies, or at once. */
static void
whatever_is_lost_of_a_store_the_account_lives(void **state)
{
	static const struct {
		enum mms_fault_kind kind;
		unsigned long last;
	} rows[] = {
		{ MMS_FAULT_COMMIT_BEFORE, 1 }, { MMS_FAULT_COMMIT_AFTER, 1 },
		{ MMS_FAULT_STMT_BEFORE, 8 },   { MMS_FAULT_STMT_AFTER, 8 },
		{ MMS_FAULT_FETCH, 2 },
	};
	static const char *const hows[] = { "rotate", "rotate-hard" };

	for (size_t i = 0; i < MMS_COUNT(rows) * MMS_COUNT(hows); i++) {
		enum mms_fault_kind kind = rows[i / 2].kind;

		for (unsigned long n = 1; n <= rows[i / 2].last; n++) {
			MMS_AUTO(mms_err) failure = { 0 };
			const char *token = NULL;

			make_ann(state);
			gfake_control(&fake, "token " ANN " %s", hows[i % 2]);
			OK(keeping_get(&keeper, NULL, &token, &err));
			arm(kind, n);
			unsigned long before = mms_fault_count(kind);
			mms_rc rc = keeping_get(&keeper, "EwCo.old", &token, &failure);
			assert_true(mms_fault_count(kind) >= before + n);
			if (rc != MMS_OK && gfake_count(&fake, "POST", "/token") != 0)
				fail_msg("%s %lu %s: %s", mms_fault_name(kind), n, hows[i % 2],
					 mms_err_text(&failure));
			assert_gets(&keeper, rc == MMS_OK ? NULL : "EwCo.old", 1);
			assert_alive();
			mms_token_keeper_release(&keeper);
		}
	}
}

/*
 * An answer that never came: the service has rotated, we know nothing of it. The old one is good until the new
 * access token is used, which nobody has.
 */
static void
an_answer_that_is_lost_is_asked_for_again(void **state)
{
	static const char *const faults[] = { "drop after", "truncate 30", "reset-after 10" };

	for (size_t i = 0; i < MMS_COUNT(faults); i++) {
		make_ann(state);
		gfake_control(&fake, "token " ANN " rotate\nfault 1 POST /token %s", faults[i]);
		assert_gets(&keeper, "EwCo.old", 2); /* the retry of the request itself */
		assert_alive();
		mms_token_keeper_release(&keeper);
	}
	/* The same where the process ends between the answer and the store. */
	make_ann(state);
	gfake_control(&fake, "token " ANN " rotate");
	MMS_AUTO(mms_oauth_tokens) lost = { 0 };
	struct mms_account_client account = { 0 };
	OK(mms_account_load(world.db, &world.site, "outlook", &account, &err));
	const struct mms_oauth_client client = mms_account_client_get(&account);
	OK(mms_outlook_renew(&world.worker.provider_env, &client, "R0", &lost, &err));
	mms_account_client_release(&account);
	assert_string_not_equal(lost.refresh_token, "R0");
	assert_gets(&keeper, "EwCo.old", 2);
	assert_alive();
}

/* An old token that is really dead: a person has to consent, and is told so; nothing is asked twice. */
static void
an_old_refresh_token_that_is_dead_parks(void **state)
{
	const char *token = NULL;

	(void)state;
	keeping_put(&world, "EwCo.older", "R-older", "2026-03-02 10:00:00");
	FAILS(MMS_E_AUTH, "invalid_grant", keeping_get(&keeper, "EwCo.older", &token, &err));
	assert_true(keeping_is_parked(&world));
	FAILS(MMS_E_AUTH, "has refused the consent",
	      keeping_get(&keeper, "EwCo.older", &token, &err));
	assert_int_equal(gfake_count(&fake, "POST", "/token"), 1);
}

/* ---- two at once -------------------------------------------------------------------------------- */

static void
renew_first(void)
{
	struct mms_token_keeper first = { 0 };
	const char *token = NULL;

	keeping_open(&world, &first, false, &provider);
	OK(keeping_get(&first, "EwCo.old", &token, &err));
	mms_token_keeper_release(&first);
}

/* Another process renews, and stores, between our read and our request. */
static mms_rc
renew_second(const struct mms_provider_env *provider_env, const struct mms_oauth_client *client,
	     const char *refresh_token, struct mms_oauth_tokens *out, struct mms_err *err)
{
	if (strcmp(refresh_token, "R0") == 0)
		renew_first();
	return mms_outlook_renew(provider_env, client, refresh_token, out, err);
}

static const struct mms_provider_ops second_ops = { .renew = renew_second };
static const struct mms_provider second = { "outlook", "Outlook Calendar", "Outlook",
					    0,         &second_ops,        1 };

static void
who_renews_second_takes_what_the_first_has_stored(void **state)
{
	static const char *const hows[] = { "allow", "rotate", "rotate-hard" };

	for (size_t i = 0; i < MMS_COUNT(hows) * 2; i++) {
		struct mms_token_keeper k = { 0 };
		MMS_AUTO(mms_tokens) stored = { 0 };
		const char *token = NULL;

		make_ann(state);
		gfake_control(&fake, "token " ANN " %s", hows[i / 2]);
		keeping_open(&world, &k, i % 2 != 0, &second);
		OK(keeping_get(&k, "EwCo.old", &token, &err));
		OK(mms_tokens_load(world.db, KEEPING_KEY, KEEPING_NAME, world.source.cursor.id,
				   &stored, &err));
		assert_string_equal(token, stored.access);
		assert_gets(&k, NULL, 2);
		assert_alive();
		mms_token_keeper_release(&k);
		close_keeper(state);
	}
}

/* What the first stored is over by then, too: it is renewed, with what is stored. */
static mms_rc
renew_after_an_old_store(const struct mms_provider_env *provider_env,
			 const struct mms_oauth_client *client, const char *refresh_token,
			 struct mms_oauth_tokens *out, struct mms_err *err)
{
	if (strcmp(refresh_token, "R0") == 0) {
		keeping_put(&world, "EwCo.first", "R1", "2026-03-02 09:00:30");
		gfake_control(&fake, "account " ANN " refresh=R1");
	}
	return mms_outlook_renew(provider_env, client, refresh_token, out, err);
}

static void
what_the_first_stored_is_renewed_where_it_is_over(void **state)
{
	static const struct mms_provider_ops old_ops = { .renew = renew_after_an_old_store };
	static const struct mms_provider old = { "outlook", "Outlook Calendar", "Outlook",
						 0,         &old_ops,           1 };
	struct mms_token_keeper k = { 0 };

	(void)state;
	keeping_open(&world, &k, true, &old);
	assert_gets(&k, "EwCo.old", 2);
	assert_alive();
	mms_token_keeper_release(&k);
}

/* Somebody who stores others again and again: no endless loop. */
static mms_rc
renew_never(const struct mms_provider_env *provider_env, const struct mms_oauth_client *client,
	    const char *refresh_token, struct mms_oauth_tokens *out, struct mms_err *err)
{
	static int n;
	char refresh[20];

	(void)refresh_token;
	(void)snprintf(refresh, sizeof refresh, "R-none.%d", n++);
	keeping_put(&world, "EwCo.none", refresh, "2026-03-02 09:00:30");
	return mms_outlook_renew(provider_env, client, "R-none", out, err);
}

static void
tokens_that_never_rest_end_the_turn(void **state)
{
	static const struct mms_provider_ops never_ops = { .renew = renew_never };
	static const struct mms_provider never = { "outlook", "Outlook Calendar", "Outlook",
						   0,         &never_ops,         1 };
	struct mms_token_keeper k = { 0 };
	const char *token = NULL;

	(void)state;
	keeping_open(&world, &k, true, &never);
	FAILS(MMS_E_RETRY, "again and again", keeping_get(&k, "EwCo.old", &token, &err));
	assert_true(gfake_count(&fake, "POST", "/token") <= 3);
	assert_false(keeping_is_parked(&world));
	mms_token_keeper_release(&k);
}

/* A person consents while the service is asked: theirs is what counts. */
static mms_rc
renew_while_someone_connects(const struct mms_provider_env *provider_env,
			     const struct mms_oauth_client *client, const char *refresh_token,
			     struct mms_oauth_tokens *out, struct mms_err *err)
{
	mms_rc rc = mms_outlook_renew(provider_env, client, refresh_token, out, err);

	keeping_put(&world, "EwCo.of-the-person", "R-person", "2026-03-02 10:30:00");
	gfake_control(&fake, "account " ANN
			     " access=EwCo.of-the-person refresh=R-person expires=5400");
	return rc;
}

static void
a_consent_that_is_given_meanwhile_wins(void **state)
{
	static const struct mms_provider_ops meanwhile_ops = {
		.renew = renew_while_someone_connects
	};
	static const struct mms_provider meanwhile = { "outlook", "Outlook Calendar", "Outlook",
						       0,         &meanwhile_ops,     1 };

	for (int is_dead = 0; is_dead < 2; is_dead++) {
		struct mms_token_keeper k = { 0 };

		make_ann(state);
		if (is_dead) /* the renewal fails, the consent is there all the same */
			keeping_put(&world, "EwCo.old", "R-dead", "2026-03-02 10:00:00");
		keeping_open(&world, &k, true, &meanwhile);
		assert_gets(&k, "EwCo.old", 1);
		keeping_assert_stored(&world, "EwCo.of-the-person", "R-person");
		assert_alive();
		mms_token_keeper_release(&k);
		close_keeper(state);
	}
}

/* Whoever took the lease over works with what is stored: the one that we got must be there. */
static void
a_new_refresh_token_outlives_a_lost_lease(void **state)
{
	const char *token = NULL;

	(void)state;
	gfake_control(&fake, "token " ANN " rotate-hard");
	mms_test_sql(&world.server, "UPDATE mmsync_cursor SET fence = fence + 1");
	FAILS(MMS_E_HELD, "taken over", keeping_get(&keeper, "EwCo.old", &token, &err));
	keeping_assert_stored(&world, "EwCo." ANN ".2", "1//" ANN ".1");
	assert_alive();
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_ann, close_keeper)
	const struct CMUnitTest tests[] = {
		TEST(each_renewal_stores_another_refresh_token),
		TEST(a_public_client_sends_no_secret),
		TEST(a_client_that_is_not_there_is_told),
		TEST(a_dead_consent_names_the_command_of_its_service),
		TEST(whatever_is_lost_of_a_store_the_account_lives),
		TEST(an_answer_that_is_lost_is_asked_for_again),
		TEST(an_old_refresh_token_that_is_dead_parks),
		TEST(who_renews_second_takes_what_the_first_has_stored),
		TEST(what_the_first_stored_is_renewed_where_it_is_over),
		TEST(tokens_that_never_rest_end_the_turn),
		TEST(a_consent_that_is_given_meanwhile_wins),
		TEST(a_new_refresh_token_outlives_a_lost_lease),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
