/*
 * mmsync connect outlook in its three ways: the program itself, a browser played by the test, Microsoft's token
 * endpoints by the fake.
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/oauth_client.h"
#include "mmsync/tokens.h"
#include "support/connecting.h"
#include "support/dbcheck.h"
#include "support/gfake.h"

#define NAME    CONNECTING_NAME
#define ANN     "ann@example.com"
#define CODE    "0.AXkA-s3cret"
#define GRANTED "https://graph.microsoft.com/Calendars.ReadWrite"

static struct connecting world = {
	.address = "https://login.microsoftonline.com/example.com/oauth2/v2.0/authorize?",
	.host = "localhost"
};
static struct fake fake;

static int
start(void **state)
{
	char token[128], device[128], settings[600];

	(void)state;
	gfake_start(&fake);
	(void)snprintf(
		settings, sizeof settings,
		"\"microsoft\": {\"client_id\": \"client-1\", \"client_secret\": "
		"\"our-s3cret\", \"tenant\": \"example.com\", \"token_url\": \"%s\", "
		"\"device_url\": \"%s\"}",
		fake_url(&fake, "/{tenant}/oauth2/v2.0/token", token, sizeof token),
		fake_url(&fake, "/{tenant}/oauth2/v2.0/devicecode", device, sizeof device));
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
	connecting_make(&world, "Outlook Calendar");
	gfake_control(&fake, "reset\nnow 2026-03-02T08:00:00Z\nset device-interval 1\n"
			     "client client-1 our-s3cret\naccount " ANN);
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

/* The service has given a code for the consent that is shown. */
static void
give_code(const char *redirect_uri)
{
	char challenge[256];

	connecting_shown(&world, "code_challenge", challenge);
	gfake_control(&fake, "code " CODE " account=" ANN " redirect=%s challenge=%s",
		      redirect_uri, challenge);
}

static void
assert_connected(void)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };

	OK(mms_tokens_load(world.db, CONNECTING_KEY, NAME, 0, &tokens, &err));
	assert_non_null(strstr(tokens.access, "EwCo." ANN));
	assert_non_null(strstr(tokens.refresh, "1//" ANN));
	assert_null(strstr(world.run.err, tokens.access));
	assert_null(strstr(world.run.out, tokens.access));
	assert_null(strstr(world.run.err, tokens.refresh));
	/* 08:00 UTC and 3599 s, on the clock of Berlin. */
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Integration` "
					  "WHERE name = '" NAME "' AND token_expiry = "
					  "'2026-03-02 09:59:59'"),
			 1);
}

static void
assert_not_connected(void)
{
	assert_int_equal(mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM __Auth"), 0);
}

/* ---- a browser, here or elsewhere --------------------------------------------------------------- */

static const char *const by_browser[] = { "connect", "outlook", "--integration", NAME, NULL };

static void
a_consent_in_the_browser_connects(void **state)
{
	char answer[4096], nonce[256], path[1024], uri[64];
	MMS_AUTO(mms_str) log = { 0 };

	(void)state;
	connecting_begin(&world, by_browser);
	unsigned port = connecting_port(&world);
	(void)snprintf(uri, sizeof uri, "http://localhost:%u", port);
	give_code(uri);
	connecting_shown(&world, "state", nonce);
	(void)snprintf(path, sizeof path, "/?code=" CODE "&state=%s&session_state=x", nonce);
	connecting_get(port, path, answer);
	connecting_assert_status(answer, "200");
	connecting_ends(&world, 0, "");
	assert_non_null(strstr(world.run.out, "next: mmsync sync --integration " NAME));
	assert_connected();
	/* What was asked for, and what was not. */
	assert_non_null(
		strstr(world.run.err, "&scope=offline_access%20Calendars.ReadWrite&state="));
	assert_non_null(strstr(world.run.err,
			       "&code_challenge_method=S256&prompt=select_account"
			       "&login_hint=ann%40example.com"));
	assert_null(strstr(world.run.err, "access_type"));
	fake_read_log(&fake, &log);
	assert_non_null(strstr(mms_str_get(&log), "&client_id=client-1&client_secret=our-s3cret"
						  "&scope=offline_access%20Calendars"));
}

static void
what_is_pasted_connects(void **state)
{
	static const char *const args[] = { "connect", "outlook",  "--integration",
					    NAME,      "--manual", "--json",
					    NULL };
	char nonce[256], line[1024];

	(void)state;
	connecting_begin(&world, args);
	give_code("http://localhost:8766");
	connecting_shown(&world, "state", nonce);
	(void)snprintf(line, sizeof line,
		       "http://localhost:8766/?code=" CODE "&state=%s&session_state=x\n",
		       nonce);
	connecting_type(&world, line);
	connecting_ends(&world, 0, "paste it here");
	assert_string_equal(world.run.out,
			    "{\"integration\":\"" NAME "\",\"status\":\"connected\","
			    "\"scope\":\"" GRANTED "\",\"expires\":"
			    "\"2026-03-02T08:59:59Z\"}\n");
	assert_connected();
}

static void
tokens_that_would_not_do_are_not_stored(void **state)
{
	static const struct {
		const char *label, *control, *text;
		int status;
	} rows[] = {
		{ "another permission", "grant " ANN " \"User.Read openid profile\"",
		  "seeing and editing events", 1 },
		{ "reading only", "grant " ANN " https://graph.microsoft.com/Calendars.Read",
		  "seeing and editing events", 1 },
		{ "the short name", "grant " ANN " \"openid calendars.readwrite\"", "", 0 },
		{ "a national cloud",
		  "grant " ANN " https://microsoftgraph.chinacloudapi.cn/Calendars.ReadWrite",
		  "", 0 },
		{ "another name that ends so", "grant " ANN " MyCalendars.ReadWrite",
		  "seeing and editing events", 1 },
		{ "shared calendars, too", "grant " ANN " Calendars.ReadWrite.Shared", "", 0 },
		{ "a secret that is over", "client client-1 another",
		  "refuses our OAuth client", 3 },
		{ "a public client", "client client-1 \"\"", "docs/outlook.md", 3 },
		{ "another application", "client client-2 our-s3cret", "unauthorized_client",
		  3 },
		{ "another consent's challenge", "code " CODE " account=" ANN " challenge=x",
		  "does not take the code", 1 },
		{ "no JSON", "fault 1 POST /token html", "no JSON object", 1 },
	};
	static const char *const args[] = { "connect", "outlook",  "--integration",
					    NAME,      "--manual", NULL };

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		make_ann(state);
		connecting_begin(&world, args);
		give_code("http://localhost:8766");
		gfake_control(&fake, "%s", rows[i].control);
		connecting_type(&world, CODE "\n");
		connecting_ends(&world, rows[i].status, rows[i].text);
		if (rows[i].status != 0)
			assert_not_connected();
		else
			assert_connected();
		end_run(state);
	}
}

/* ---- a code that is typed in elsewhere ------------------------------------------------------------ */

static const char *const by_device[] = { "connect", "outlook",  "--integration",
					 NAME,      "--device", NULL };

/* Start it, and wait until it shows its code. */
static void
begin_device(const char *const *args)
{
	char text[8192];

	connecting_begin(&world, args);
	connecting_await(&world, "https://microsoft.com/devicelogin\nFAKE", text);
}

/* Wait until so many polls were made. */
static void
await_polls(size_t n)
{
	int64_t end = mms_clock_mono_ms() + 20000;

	while (gfake_count(&fake, "POST", "/token") < n) {
		if (mms_clock_mono_ms() > end)
			fail_msg("there are no %zu polls", n);
		mms_clock_sleep_ms(20);
	}
}

static void
a_code_that_is_typed_in_connects(void **state)
{
	MMS_AUTO(mms_str) log = { 0 };

	(void)state;
	begin_device(by_device);
	await_polls(2); /* it goes on while nobody has consented */
	gfake_control(&fake, "device * approve account=" ANN);
	connecting_ends(&world, 0, "");
	assert_connected();
	fake_read_log(&fake, &log);
	assert_non_null(
		strstr(mms_str_get(&log), "\"path\":\"/example.com/oauth2/v2.0/devicecode\""));
	assert_non_null(strstr(mms_str_get(&log),
			       "\"body\":\"client_id=client-1&client_secret=our-s3cret"
			       "&scope=offline_access%20Calendars"));
	assert_non_null(strstr(mms_str_get(&log),
			       "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_"
			       "code&device_code="));
}

static void
a_device_that_is_refused_or_too_late_is_told(void **state)
{
	static const struct {
		const char *control, *text;
		int status;
	} rows[] = {
		{ "device * deny", "the consent was refused (authorization_declined)", 1 },
		{ "device * expire", "while the code was good (expired_token)", 1 },
		{ "reset", "refuses our OAuth client", 3 }, /* secret-1 is its secret again */
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		make_ann(state);
		begin_device(by_device);
		gfake_control(&fake, "%s", rows[i].control);
		connecting_ends(&world, rows[i].status, rows[i].text);
		assert_not_connected();
		end_run(state);
	}
}

/* Five seconds more from then on, as the service wants it; trouble on the way ends nothing. */
static void
polls_slow_down_when_they_are_told_to(void **state)
{
	static const char *const args[] = { "connect", "outlook",  "--integration",
					    NAME,      "--device", "--timeout",
					    "20",      NULL };

	(void)state;
	begin_device(args);
	gfake_control(&fake, "device * slow");
	await_polls(1);
	int64_t told_ms = mms_clock_mono_ms();
	gfake_control(&fake, "device * approve account=" ANN);
	connecting_ends(&world, 0, "");
	assert_true(mms_clock_mono_ms() - told_ms > 5500);
	assert_int_equal(gfake_count(&fake, "POST", "/token"), 2);
	assert_connected();
}

static void
trouble_between_polls_is_waited_out(void **state)
{
	(void)state;
	begin_device(by_device);
	gfake_control(&fake, "fault 2 POST /token status 503");
	await_polls(2);
	gfake_control(&fake, "device * approve account=" ANN);
	connecting_ends(&world, 0, "");
	assert_connected();
}

static void
nobody_waits_for_ever(void **state)
{
	static const char *const args[] = { "connect", "outlook",  "--integration",
					    NAME,      "--device", "--timeout",
					    "3",       NULL };

	(void)state;
	begin_device(args);
	connecting_ends(&world, 6, "nobody consented in time");
	end_run(state);
	begin_device(by_device);
	assert_int_equal(kill(world.run.pid, SIGINT), 0);
	connecting_ends(&world, 6, "interrupted while waiting for the consent");
	end_run(state);
	/* The service does not answer at all: that is what is said. */
	begin_device(args);
	gfake_control(&fake, "fault 20 POST /token status 503");
	connecting_ends(&world, 1, "answers 503");
	assert_not_connected();
}

/* ---- what is refused before -------------------------------------------------------------------- */

static void
what_cannot_be_connected_is_said_before(void **state)
{
	static const struct {
		const char *args[7];
		const char *type, *text, *more;
	} rows[] = {
		{ { "connect", "outlook", "--integration", CONNECTING_FEED },
		  "Outlook Calendar",
		  "is no Outlook Calendar but an iCal feed",
		  "a feed needs no consent" },
		{ { "connect", "outlook", "--integration", NAME },
		  "Google Calendar",
		  "is no Outlook Calendar but Google Calendar",
		  "mmsync connect google --integration " NAME },
		{ { "connect", "google", "--integration", NAME },
		  "Outlook Calendar",
		  "is no Google Calendar but Outlook Calendar",
		  "mmsync connect outlook --integration " NAME },
		{ { "connect", "outlook" },
		  "Outlook Calendar",
		  "which calendar",
		  "mmsync connect outlook --integration NAME" },
		{ { "connect", "outlook", "--integration", NAME, "--manual", "--device" },
		  "Outlook Calendar",
		  "--manual and --device",
		  "" },
		{ { "connect", "google", "--integration", NAME, "--device" },
		  "Google Calendar",
		  "--device",
		  "" },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		connecting_make(&world, rows[i].type);
		connecting_begin(&world, rows[i].args);
		connecting_ends(&world, 2, rows[i].text);
		if (strstr(world.run.err, rows[i].more) == NULL)
			fail_msg("row %zu: %s", i, world.run.err);
		end_run(state);
	}
	assert_int_equal(gfake_count(&fake, NULL, NULL), 0);
	assert_not_connected();
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_ann, end_run)
	const struct CMUnitTest tests[] = {
		TEST(a_consent_in_the_browser_connects),
		TEST(what_is_pasted_connects),
		TEST(tokens_that_would_not_do_are_not_stored),
		TEST(a_code_that_is_typed_in_connects),
		TEST(a_device_that_is_refused_or_too_late_is_told),
		TEST(polls_slow_down_when_they_are_told_to),
		TEST(trouble_between_polls_is_waited_out),
		TEST(nobody_waits_for_ever),
		TEST(what_cannot_be_connected_is_said_before),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
