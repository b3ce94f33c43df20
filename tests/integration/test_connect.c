/*
 * mmsync connect google: the program itself, a browser played by the test, a token endpoint by the fake
 * server.
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/base64.h"
#include "mmsync/consent.h"
#include "mmsync/digest.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"
#include "mmsync/tokens.h"
#include "support/connecting.h"
#include "support/dbcheck.h"

#define NAME CONNECTING_NAME
#define CODE "4/0AbC-d_e"
#define TOKENS                                                      \
	"{\"access_token\":\"ya29.s3cret\",\"refresh_token\":\"1//" \
	"s3cret\",\"expires_in\":3599,"                             \
	"\"scope\":\"" MMS_GOOGLE_SCOPE "\",\"token_type\":\"Bearer\"}"

static struct connecting world = { .address = "https://accounts.google.com/o/oauth2/v2/auth?",
				   .host = "127.0.0.1" };
static struct fake fake;

static int
start(void **state)
{
	char url[128], settings[300];

	(void)state;
	fake_start(&fake, "feed_server", NULL);
	(void)snprintf(settings, sizeof settings,
		       "\"google\": {\"client_id\": \"our-id\", \"client_secret\": "
		       "\"our-s3cret\", \"token_url\": \"%s\"}",
		       fake_url(&fake, "/token", url, sizeof url));
	connecting_start(&world, &fake, settings);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	fake_stop(&fake);
	return connecting_stop(&world);
}

static int
make_ann(void **state)
{
	(void)state;
	connecting_make(&world, "Google Calendar");
	fake_write(&fake, "token", TOKENS);
	fake_conf(&fake, "token", "type application/json");
	fake_clear_log(&fake);
	return 0;
}

static int
end_run(void **state)
{
	(void)state;
	connecting_end_run(&world);
	return 0;
}

static void
assert_ends(int status, const char *part)
{
	connecting_ends(&world, status, part);
	assert_null(strstr(world.run.err, CODE));
}

static void
assert_connected(void)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	OK(mms_tokens_load(world.db, CONNECTING_KEY, NAME, 0, &tokens, &err));
	assert_string_equal(tokens.access, "ya29.s3cret");
	assert_string_equal(tokens.refresh, "1//s3cret");
	/* 08:00 UTC and 3599 s, on the clock of Berlin. */
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Integration` "
					  "WHERE name = '" NAME "' AND token_expiry = "
					  "'2026-03-02 09:59:59' AND access_token = "
					  "REPEAT('*', 11) AND modified = '2026-03-02 09:00'"),
			 1);
}

static void
assert_not_connected(void)
{
	assert_int_equal(mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM __Auth"), 0);
	assert_int_equal(fake_count(&fake, "/token"), 0);
}

/* What the token endpoint was told: the code, our secrets, and the verifier of what was shown. */
static void
assert_exchanged(const char *redirect_uri)
{
	MMS_AUTO(mms_str) log = { 0 };
	char challenge[256], want[256];
	unsigned char digest[MMS_SHA256_BYTES];
	char text[MMS_BASE64_CHARS(MMS_SHA256_BYTES) + 1];

	fake_read_log(&fake, &log);
	const char *at = strstr(mms_str_get(&log), "&code_verifier=");
	(void)snprintf(want, sizeof want,
		       "\"body\":\"grant_type=authorization_code&code=4%%2F0AbC-d_e"
		       "&redirect_uri=%s&code_verifier=",
		       redirect_uri);
	if (at == NULL || strstr(mms_str_get(&log), want) == NULL)
		fail_msg("not %s: %s", want, mms_str_get(&log));
	at += strlen("&code_verifier=");
	OK(mms_sha256(at, strcspn(at, "&"), digest, &err));
	(void)mms_base64_print(digest, sizeof digest, true, text);
	const char *shown_at = strstr(world.run.err, "&code_challenge=");
	assert_non_null(shown_at);
	shown_at += strlen("&code_challenge=");
	(void)snprintf(challenge, sizeof challenge, "%.*s", (int)strcspn(shown_at, "&"),
		       shown_at);
	assert_string_equal(challenge, text);
	assert_non_null(strstr(at, "&client_id=our-id&client_secret=our-s3cret"));
}

/* ---- through the browser ---------------------------------------------------------------------- */

static const char *const by_browser[] = { "connect", "google", "--integration", NAME, NULL };

static void
a_consent_in_the_browser_connects(void **state)
{
	char answer[4096], nonce[256], path[1024], uri[256];

	(void)state;
	connecting_begin(&world, by_browser);
	unsigned port = connecting_port(&world);
	connecting_shown(&world, "state", nonce);
	connecting_shown(&world, "redirect_uri", uri);
	(void)snprintf(path, sizeof path, "/?state=%s&code=4%%2F0AbC-d_e&scope=x", nonce);
	connecting_get(port, path, answer);
	connecting_assert_status(answer, "200");
	assert_non_null(strstr(answer, "You can close this window"));
	assert_ends(0, "");
	assert_non_null(strstr(world.run.out, "next: mmsync sync --integration " NAME));
	assert_connected();
	assert_exchanged(uri);
	assert_non_null(strstr(world.run.err, "&access_type=offline&prompt=consent"
					      "&login_hint=ann%40example.com"));
	assert_non_null(strstr(world.run.err, "code_challenge_method=S256"));
}

/* Whoever else asks gets nothing, ends nothing, and reads nothing of its own in the answer. */
static void
only_the_one_answer_counts(void **state)
{
	static const struct {
		const char *request, *status;
	} rows[] = {
		{ "GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n", "404" },
		{ "GET //?code=evil HTTP/1.1\r\nHost: x\r\n\r\n", "404" },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ncode=evil", "404" },
		{ "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "404" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
		{ "GET /?code=evil HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
		{ "GET /?code=evil&state=evil HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
		{ "GET /?error=evil&state=evil HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
		{ "GET /?code=evil&state= HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
		{ "GET /?code HTTP/1.1\r\nHost: x\r\n\r\n", "400" },
	};
	char answer[4096], nonce[256], path[8000];

	(void)state;
	connecting_begin(&world, by_browser);
	unsigned port = connecting_port(&world);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		connecting_browse(port, rows[i].request, answer);
		connecting_assert_status(answer, rows[i].status);
		assert_null(strstr(answer, "evil"));
		assert_non_null(strstr(answer, "default-src 'none'"));
	}
	connecting_shown(&world, "state", nonce);
	(void)snprintf(path, sizeof path, "/?state=%s&code=a%%0d%%0ab", nonce);
	connecting_get(port, path, answer); /* a code that is none */
	connecting_assert_status(answer, "400");
	(void)snprintf(path, sizeof path, "/?state=%s&code=%05000d", nonce, 1);
	connecting_get(port, path, answer);
	connecting_assert_status(answer, "400");
	assert_not_connected();
	(void)snprintf(path, sizeof path, "/?code=" CODE "&state=%s", nonce);
	connecting_get(port, path, answer);
	connecting_assert_status(answer, "200");
	assert_ends(0, "");
	assert_connected();
}

static void
a_person_who_says_no_is_believed(void **state)
{
	char answer[4096], nonce[256], path[1024];

	(void)state;
	connecting_begin(&world, by_browser);
	unsigned port = connecting_port(&world);
	connecting_shown(&world, "state", nonce);
	(void)snprintf(path, sizeof path, "/?state=%s&error=access_denied", nonce);
	connecting_get(port, path, answer);
	connecting_assert_status(answer, "200");
	assert_non_null(strstr(answer, "There was no consent"));
	assert_ends(1, "the consent was refused (access_denied)");
	assert_not_connected();
}

static void
nobody_waits_for_ever(void **state)
{
	static const char *const args[] = { "connect", "google",    "--integration",
					    NAME,      "--timeout", "1",
					    NULL };

	(void)state;
	connecting_begin(&world, args);
	assert_ends(6, "nobody consented in time");
	connecting_begin(&world, by_browser);
	(void)connecting_port(&world);
	assert_int_equal(kill(world.run.pid, SIGINT), 0);
	assert_ends(6, "interrupted while waiting for the consent");
	assert_not_connected();
}

/* ---- pasted ----------------------------------------------------------------------------------- */

static const char *const by_hand[] = { "connect", "google", "--integration", NAME, "--manual",
				       "--json",  NULL };

static void
what_is_pasted_connects(void **state)
{
	char nonce[256], line[1024];

	for (int i = 0; i < 2; i++) {
		make_ann(state);
		connecting_begin(&world, by_hand);
		connecting_shown(&world, "state", nonce);
		(void)snprintf(line, sizeof line,
			       i == 0 ? "  http://127.0.0.1:8766/?state=%s&code=4%%2F0AbC-d_e"
					"&scope=x\n"
				      : CODE "%.0s\n",
			       nonce);
		connecting_type(&world, line);
		assert_ends(0, "paste it here");
		assert_string_equal(world.run.out,
				    "{\"integration\":\"" NAME "\",\"status\":\"connected\","
				    "\"scope\":\"" MMS_GOOGLE_SCOPE "\",\"expires\":"
				    "\"2026-03-02T08:59:59Z\"}\n");
		assert_connected();
		assert_exchanged("http%3A%2F%2F127.0.0.1%3A8766%2F");
		end_run(state);
	}
}

static void
what_is_pasted_wrongly_does_not(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "http://127.0.0.1:8766/?state=other&code=x\n",
		  "the answer of another consent" },
		{ "http://127.0.0.1:8766/?code=x\n", "no code in what was pasted" },
		{ "http://127.0.0.1:8766/\n", "no code in what was pasted" },
		{ "\n", "no code in what was pasted" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		connecting_begin(&world, by_hand);
		connecting_type(&world, rows[i].line);
		mms_test_program_end(&world.run);
		if (world.run.status != 1 || strstr(world.run.out, rows[i].text) == NULL)
			fail_msg("%s: %d %s", rows[i].line, world.run.status, world.run.out);
		end_run(state);
	}
	connecting_begin(&world, by_hand); /* nothing at all */
	connecting_close_stdin(&world);
	mms_test_program_end(&world.run);
	assert_int_equal(world.run.status, 1);
	assert_not_connected();
}

static void
pasted_texts_are_read(void **state)
{
	static const struct {
		const char *pasted, *code; /* NULL: refused */
	} rows[] = {
		{ "4/0Abc", "4/0Abc" },
		{ "  4%2F0Abc \n", "4/0Abc" },
		{ "http://127.0.0.1:1/?code=a&state=st", "a" },
		{ "http://127.0.0.1:1/?state=st&code=a%2Fb#x", "a/b" },
		{ "?state=st&code=a", "a" },
		{ "state=st&code=a", "a" },
		{ "code=a&state=st&code=b", "a" },
		{ "http://127.0.0.1:1/?state=st&code=a&state=other", "a" },
		{ "http://127.0.0.1:1/?code=a", NULL },
		{ "http://127.0.0.1:1/?state=other&code=a", NULL },
		{ "http://127.0.0.1:1/?state=st", NULL },
		{ "http://127.0.0.1:1/?state=st&code=", NULL },
		{ "http://127.0.0.1:1/?state=st&code=a%0Ab", NULL },
		{ "http://127.0.0.1:1/?state=st&code=a&error=access_denied", NULL },
		{ "", NULL },
		{ "\xC3\xA4", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		char *code = NULL;

		mms_rc rc = mms_consent_read(rows[i].pasted, "st", &code, &err);
		if (rc != (rows[i].code != NULL ? MMS_OK : MMS_E_AUTH) ||
		    (code != NULL && strcmp(code, rows[i].code) != 0))
			fail_msg("%s: %s", rows[i].pasted,
				 code != NULL ? code : mms_err_text(&err));
		mms_secret_free(code);
	}
}

/* ---- what is refused before anybody consents, and after ---------------------------------------- */

static void
what_cannot_be_connected_is_said_before(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *text;
	} rows[] = {
		{ "MM-CI-ann@example.com-0003", 2, NAME },
		{ CONNECTING_FEED, 2, "an iCal feed" },
		{ NULL, 2, "which calendar" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *const args[] = { "connect", "google",
					     rows[i].name != NULL ? "--integration" : NULL,
					     rows[i].name, NULL };

		connecting_begin(&world, args);
		assert_ends(rows[i].status, rows[i].text);
		end_run(state);
	}
	mms_test_sql(&world.server, "UPDATE mmsync_installation SET bound_dir = '/elsewhere'");
	connecting_begin(&world, by_browser);
	assert_ends(3, "schema adopt");
	mms_test_sql(&world.server, "UPDATE mmsync_installation SET bound_dir = '%s'",
		     world.site_dir);
	assert_not_connected();
}

static void
tokens_that_would_not_do_are_not_stored(void **state)
{
	static const struct {
		const char *conf, *body, *text;
		int status;
	} rows[] = {
		{ "type a/b",
		  "{\"access_token\":\"a\",\"refresh_token\":\"b\",\"scope\":\"openid\"}",
		  "the box for calendar events", 1 },
		{ "type a/b", "{\"access_token\":\"a\"}", "no refresh token", 1 },
		{ "status 400", "{\"error\":\"invalid_grant\"}", "does not take the code", 1 },
		{ "status 400", "{\"error\":\"invalid_client\"}", "refuses our OAuth client",
		  3 },
		{ "html", "", "no JSON object", 1 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		static const char *const args[] = { "connect", "google",   "--integration",
						    NAME,      "--manual", NULL };

		fake_write(&fake, "token", rows[i].body);
		fake_conf(&fake, "token", rows[i].conf);
		connecting_begin(&world, args);
		connecting_type(&world, CODE "\n");
		assert_ends(rows[i].status, rows[i].text);
		end_run(state);
		assert_int_equal(mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM __Auth"),
				 0);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_ann, end_run)
	const struct CMUnitTest tests[] = {
		TEST(a_consent_in_the_browser_connects),
		TEST(only_the_one_answer_counts),
		TEST(a_person_who_says_no_is_believed),
		TEST(nobody_waits_for_ever),
		TEST(what_is_pasted_connects),
		TEST(what_is_pasted_wrongly_does_not),
		TEST(pasted_texts_are_read),
		TEST(what_cannot_be_connected_is_said_before),
		TEST(tokens_that_would_not_do_are_not_stored),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
