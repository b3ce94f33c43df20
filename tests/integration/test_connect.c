/*
 * mmsync connect google: the program itself, a browser played by the test, a token endpoint by the fake
 * server.
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/base64.h"
#include "mmsync/clock.h"
#include "mmsync/consent.h"
#include "mmsync/digest.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"
#include "mmsync/tokens.h"
#include "support/dbcheck.h"
#include "support/fake.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define KEY  "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
#define NAME "MM-CI-ann@example.com-0001"
#define FEED "MM-CI-ann@example.com-0002"
#define CODE "4/0AbC-d_e"
#define TOKENS                                                      \
	"{\"access_token\":\"ya29.s3cret\",\"refresh_token\":\"1//" \
	"s3cret\",\"expires_in\":3599,"                             \
	"\"scope\":\"" MMS_GOOGLE_SCOPE "\",\"token_type\":\"Bearer\"}"

static struct mms_test_server server;
static struct fake fake;
static struct mms_db *db;
static struct mms_test_run run;
static char site_dir[MMS_TEST_DIR_MAX], site_env[MMS_TEST_DIR_MAX + 16];
static int stdin_fd = -1; /* the end that the person types into */

static int
start(void **state)
{
	char host[64], url[128], more[700];
	struct mms_site site = { 0 };

	(void)state;
	mms_site_setup();
	mms_test_server_start(&server, NULL);
	mms_test_make_frappe(&server);
	fake_start(&fake, "feed_server", NULL);
	(void)snprintf(more, sizeof more,
		       ", \"encryption_key\": \"" KEY "\", \"mmsync\": {\"event_time_zone\": "
		       "\"UTC\", \"google\": {\"client_id\": \"our-id\", \"client_secret\": "
		       "\"our-s3cret\", \"token_url\": \"%s\"}, \"http\": {\"allow_hosts\": "
		       "[\"%s\"]}, \"retry\": {\"max_attempts\": 2, \"base_ms\": 1}}",
		       fake_url(&fake, "/token", url, sizeof url),
		       fake_host(&fake, host, sizeof host));
	mms_test_site_make(&server, "one.example.com", more, site_dir);
	mms_test_site_load(site_dir, &site);
	OK(mms_db_open(&db, &server.settings, &err));
	mms_test_schema_apply(db, &site);
	mms_site_release(&site);
	(void)snprintf(site_env, sizeof site_env, "MMSYNC_SITE=%s", site_dir);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_db_close(db);
	fake_stop(&fake);
	return mms_test_server_stop(&server);
}

static int
make_ann(void **state)
{
	(void)state;
	mms_test_sql(&server,
		     "DELETE FROM `tabMM Calendar Integration`; DELETE FROM __Auth;"
		     "DELETE FROM mmsync_cursor;"
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
		     "modified_by, owner, user, integration_type, is_active) VALUES "
		     "('" NAME "', '2026-01-01', '2026-02-01', 'ann@example.com', "
		     "'ann@example.com', 'ann@example.com', 'Google Calendar', 1),"
		     "('" FEED "', '2026-01-02', '2026-02-01', 'ann@example.com', "
		     "'ann@example.com', 'ann@example.com', 'iCal', 1)");
	fake_write(&fake, "token", TOKENS);
	fake_conf(&fake, "token", "type application/json");
	fake_clear_log(&fake);
	return 0;
}

static int
end_run(void **state)
{
	(void)state;
	mms_test_run_release(&run);
	if (stdin_fd >= 0)
		(void)close(stdin_fd);
	stdin_fd = -1;
	return 0;
}

/* ---- the program, and what it says while it waits --------------------------------------------- */

static void
begin(const char *const *args)
{
	static const char now[] = "MMSYNC_NOW=2026-03-02T08:00:00Z";
	const char *const env[] = { site_env, now, NULL };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	mms_test_program_start(&run, env, args);
	stdin_fd = ends[1];
}

/* The value of a parameter of the address that the program shows; waits for it. */
static void
shown(const char *name, char out[256])
{
	char text[8192], key[64];
	int64_t end = mms_clock_mono_ms() + 20000;

	(void)snprintf(key, sizeof key, "%s=", name);
	while (mms_clock_mono_ms() < end) {
		ssize_t n = pread(run.err_fd, text, sizeof text - 1, 0);

		text[n > 0 ? n : 0] = '\0';
		char *at = strstr(text, "https://accounts.google.com/o/oauth2/v2/auth?");
		if (at != NULL && strstr(at, "\n\n") != NULL &&
		    (at = strstr(at, key)) != NULL) {
			at += strlen(key);
			(void)snprintf(out, 256, "%.*s", (int)strcspn(at, "&\n"), at);
			return;
		}
		mms_clock_sleep_ms(10);
	}
	fail_msg("the program shows no %s: %s", name, text);
}

static unsigned
shown_port(void)
{
	char uri[256];
	unsigned port = 0;

	shown("redirect_uri", uri);
	const char *colon = strstr(uri, "127.0.0.1%3A");
	assert_non_null(colon);
	port = (unsigned)strtoul(colon + strlen("127.0.0.1%3A"), NULL, 10);
	assert_true(port > 0);
	return port;
}

/* One request as a browser sends it; the whole answer. */
static void
browse(unsigned port, const char *request, char answer[4096])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (n < 4095 && (got = recv(fd, answer + n, 4095 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	(void)close(fd);
}

static void
get(unsigned port, const char *path, char answer[4096])
{
	char request[8192];

	(void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
		       path, port);
	browse(port, request, answer);
}

static void
assert_status(const char *answer, const char *status)
{
	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0)
		fail_msg("not %s: %s", status, answer);
}

static void
assert_ends(int status, const char *part)
{
	mms_test_program_end(&run);
	if (run.status != status || strstr(run.err, part) == NULL)
		fail_msg("status %d, not %d with '%s': %s%s", run.status, status, part, run.out,
			 run.err);
	assert_null(strstr(run.err, "s3cret"));
	assert_null(strstr(run.out, "s3cret"));
	assert_null(strstr(run.err, CODE));
}

static void
assert_connected(void)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	OK(mms_tokens_load(db, KEY, NAME, 0, &tokens, &err));
	assert_string_equal(tokens.access, "ya29.s3cret");
	assert_string_equal(tokens.refresh, "1//s3cret");
	/* 08:00 UTC and 3599 s, on the clock of Berlin. */
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Integration` "
					  "WHERE name = '" NAME "' AND token_expiry = "
					  "'2026-03-02 09:59:59' AND access_token = "
					  "REPEAT('*', 11) AND modified = '2026-03-02 09:00'"),
			 1);
}

static void
assert_not_connected(void)
{
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM __Auth"), 0);
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
	const char *shown_at = strstr(run.err, "&code_challenge=");
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
	begin(by_browser);
	unsigned port = shown_port();
	shown("state", nonce);
	shown("redirect_uri", uri);
	(void)snprintf(path, sizeof path, "/?state=%s&code=4%%2F0AbC-d_e&scope=x", nonce);
	get(port, path, answer);
	assert_status(answer, "200");
	assert_non_null(strstr(answer, "You can close this window"));
	assert_ends(0, "");
	assert_non_null(strstr(run.out, "next: mmsync sync --integration " NAME));
	assert_connected();
	assert_exchanged(uri);
	assert_non_null(strstr(run.err, "&access_type=offline&prompt=consent"
					"&login_hint=ann%40example.com"));
	assert_non_null(strstr(run.err, "code_challenge_method=S256"));
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
	begin(by_browser);
	unsigned port = shown_port();
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		browse(port, rows[i].request, answer);
		assert_status(answer, rows[i].status);
		assert_null(strstr(answer, "evil"));
		assert_non_null(strstr(answer, "default-src 'none'"));
	}
	shown("state", nonce);
	(void)snprintf(path, sizeof path, "/?state=%s&code=a%%0d%%0ab", nonce);
	get(port, path, answer); /* a code that is none */
	assert_status(answer, "400");
	(void)snprintf(path, sizeof path, "/?state=%s&code=%05000d", nonce, 1);
	get(port, path, answer);
	assert_status(answer, "400");
	assert_not_connected();
	(void)snprintf(path, sizeof path, "/?code=" CODE "&state=%s", nonce);
	get(port, path, answer);
	assert_status(answer, "200");
	assert_ends(0, "");
	assert_connected();
}

static void
a_person_who_says_no_is_believed(void **state)
{
	char answer[4096], nonce[256], path[1024];

	(void)state;
	begin(by_browser);
	unsigned port = shown_port();
	shown("state", nonce);
	(void)snprintf(path, sizeof path, "/?state=%s&error=access_denied", nonce);
	get(port, path, answer);
	assert_status(answer, "200");
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
	begin(args);
	assert_ends(6, "nobody consented in time");
	begin(by_browser);
	(void)shown_port();
	assert_int_equal(kill(run.pid, SIGINT), 0);
	assert_ends(6, "interrupted while waiting for the consent");
	assert_not_connected();
}

/* ---- pasted ----------------------------------------------------------------------------------- */

static const char *const by_hand[] = { "connect", "google", "--integration", NAME, "--manual",
				       "--json",  NULL };

static void
type(const char *text)
{
	assert_int_equal(write(stdin_fd, text, strlen(text)), strlen(text));
}

static void
what_is_pasted_connects(void **state)
{
	char nonce[256], line[1024];

	for (int i = 0; i < 2; i++) {
		make_ann(state);
		begin(by_hand);
		shown("state", nonce);
		(void)snprintf(line, sizeof line,
			       i == 0 ? "  http://127.0.0.1:8766/?state=%s&code=4%%2F0AbC-d_e"
					"&scope=x\n"
				      : CODE "%.0s\n",
			       nonce);
		type(line);
		assert_ends(0, "paste it here");
		assert_string_equal(run.out,
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
		begin(by_hand);
		type(rows[i].line);
		mms_test_program_end(&run);
		if (run.status != 1 || strstr(run.out, rows[i].text) == NULL)
			fail_msg("%s: %d %s", rows[i].line, run.status, run.out);
		end_run(state);
	}
	begin(by_hand); /* nothing at all */
	(void)close(stdin_fd);
	stdin_fd = -1;
	mms_test_program_end(&run);
	assert_int_equal(run.status, 1);
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
		{ FEED, 2, "an iCal feed" },
		{ NULL, 2, "which calendar" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *const args[] = { "connect", "google",
					     rows[i].name != NULL ? "--integration" : NULL,
					     rows[i].name, NULL };

		begin(args);
		assert_ends(rows[i].status, rows[i].text);
		end_run(state);
	}
	mms_test_sql(&server, "UPDATE mmsync_installation SET bound_dir = '/elsewhere'");
	begin(by_browser);
	assert_ends(3, "schema adopt");
	mms_test_sql(&server, "UPDATE mmsync_installation SET bound_dir = '%s'", site_dir);
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
		begin(args);
		type(CODE "\n");
		assert_ends(rows[i].status, rows[i].text);
		end_run(state);
		assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM __Auth"), 0);
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
