/* Redirects and addresses of feeds, end to end: what is followed, what never gets a packet. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "support/client.h"

/* Two servers: `other` is private like all of this machine, and allowed only where a test says so. */
struct bench {
	struct fake fake, other;
	struct client client;
	char other_host[64];
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_http_setup(&err), MMS_OK);
	fake_start(&bench.fake, "feed_server", NULL);
	fake_start(&bench.other, "feed_server", NULL);
	fake_write(&bench.other, "other.ics", "of the other\n");
	(void)fake_host(&bench.other, bench.other_host, sizeof bench.other_host);
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	fake_stop(&bench->fake);
	fake_stop(&bench->other);
	mms_http_teardown();
	return 0;
}

static int
open_one(void **state)
{
	struct bench *bench = *state;

	client_init(&bench->client, &bench->fake);
	client_conf(&bench->client, "%s", "");
	fake_write(&bench->fake, CLIENT_FEED, "redirected\n");
	fake_write(&bench->fake, "end.ics", "the end\n");
	fake_conf(&bench->fake, "end.ics", "");
	fake_clear_log(&bench->fake);
	fake_clear_log(&bench->other);
	client_open(&bench->client);
	return 0;
}

static int
close_one(void **state)
{
	struct bench *bench = *state;

	client_close(&bench->client);
	return 0;
}

/* Open the client again with both servers allowed. */
static void
allow_both(struct bench *bench)
{
	static const char *both[2];

	client_close(&bench->client);
	both[0] = bench->client.host;
	both[1] = bench->other_host;
	bench->client.limits.allow_hosts = both;
	bench->client.limits.n_allow_hosts = 2;
	MMS_AUTO(mms_err) err = { 0 };
	assert_int_equal(mms_http_open(&bench->client.http, &bench->client.limits, &err),
			 MMS_OK);
}

static void
redirects_of_each_kind_are_followed(void **state)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };
	static const char *const places[] = { "/end.ics",
					      "end.ics",
					      "./x/../end.ics",
					      "//%s/end.ics",
					      "http://%s/end.ics#part",
					      "HTTP://%s/end.ics" };
	struct bench *bench = *state;

	for (size_t s = 0; s < MMS_COUNT(statuses); s++)
		for (size_t i = 0; i < MMS_COUNT(places); i++) {
			MMS_AUTO(mms_http_answer) answer = { 0 };
			MMS_AUTO(mms_err) err = { 0 };
			MMS_AUTO(mms_str) place = { 0 };
			const char *host = strstr(places[i], "%s");

			mms_str_addn(&place, places[i],
				     host != NULL ? (size_t)(host - places[i])
						  : strlen(places[i]));
			if (host != NULL)
				mms_str_addf(&place, "%s%s", bench->client.host, host + 2);
			client_conf(&bench->client, "redirect %s\nstatus %d\n",
				    mms_str_get(&place), statuses[s]);
			mms_rc rc = client_get(&bench->client, &answer, &err);
			if (rc != MMS_OK || strcmp(mms_str_get(&answer.body), "the end\n") != 0)
				fail_msg("%d %s: %s", statuses[s], places[i],
					 mms_err_text(&err));
		}
}

static void
what_is_no_redirect_is_handed_up(void **state)
{
	static const char *const confs[] = { "status 302\n", "redirect /end.ics\nstatus 300\n",
					     "redirect /end.ics\nstatus 304\n",
					     "redirect /end.ics\nstatus 305\n",
					     "redirect /end.ics\nstatus 200\n" };
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(confs); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		client_conf(&bench->client, "%s", confs[i]);
		assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
		assert_true(answer.status == 200 ||
			    (answer.status >= 300 && answer.status < 306));
	}
	assert_int_equal(fake_count(&bench->fake, "/end.ics"), 0);
}

static void
five_redirects_are_followed_and_no_sixth(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char name[16], conf[64];

	for (int i = 1; i < 6; i++) {
		(void)snprintf(name, sizeof name, "hop%d", i);
		(void)snprintf(conf, sizeof conf, "redirect /hop%d\n", i + 1);
		fake_conf(&bench->fake, name, conf);
	}
	fake_conf(&bench->fake, "hop5", "redirect /end.ics\n");
	client_conf(&bench->client, "redirect /hop2\n"); /* hop2 to hop5, the end: 5 */
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_string_equal(mms_str_get(&answer.body), "the end\n");
	assert_int_equal(mms_http_n_requests(bench->client.http), 6);

	client_conf(&bench->client, "redirect /hop1\n");
	client_expect(&bench->client, MMS_E_CONFIG, "redirected more than 5 times", 2000);
	assert_int_equal(fake_count(&bench->fake, "/end.ics"), 1);
}

static void
a_loop_ends(void **state)
{
	struct bench *bench = *state;

	client_conf(&bench->client, "redirect /" CLIENT_FEED "\n");
	client_expect(&bench->client, MMS_E_CONFIG, "redirected more than 5 times", 2000);
	assert_int_equal(fake_count(&bench->fake, NULL), 6);
}

static void
a_redirect_to_another_private_place_is_refused(void **state)
{
	struct bench *bench = *state;

	/* The same machine, another port: allowed is only the one. */
	client_conf(&bench->client, "redirect http://%s/other.ics\n", bench->other_host);
	client_expect(
		&bench->client, MMS_E_CONFIG,
		"http://127.0.0.1: redirected to http://127.0.0.1: it leads to a loopback",
		1000);
	client_conf(&bench->client, "redirect http://localhost:%u/other.ics\n",
		    bench->other.port);
	client_expect(&bench->client, MMS_E_CONFIG,
		      "redirected to http://localhost: it leads to", 1000);
	assert_int_equal(fake_count(&bench->other, NULL), 0);
}

static void
a_redirect_to_another_scheme_is_refused(void **state)
{
	static const char *const places[] = { "file:///etc/passwd",      "ftp://127.0.0.1/x",
					      "gopher://127.0.0.1:25/x", "dict://127.0.0.1/x",
					      "javascript:alert(1)",     "data:text/plain,x" };
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(places); i++) {
		client_conf(&bench->client, "redirect %s\n", places[i]);
		client_expect(&bench->client, MMS_E_CONFIG, "begins with none of", 1000);
	}
}

static const char *const headers[] = { "Authorization: Bearer s3cret-t0ken",
				       "X-Api-Key: s3cret-key", "Accept: text/calendar", NULL };

static mms_rc
get_with_headers(const struct bench *bench, bool with_user, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	char url[128];
	struct mms_http_request request = { .is_feed = true };

	if (!with_user) {
		request.headers = headers;
		request.url = fake_url(&bench->fake, "/" CLIENT_FEED, url, sizeof url);
	}
	return client_run(&bench->client, request, &answer, err);
}

static void
credentials_stay_with_their_host(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) mine = { 0 }, theirs = { 0 };

	allow_both(bench);
	client_conf(&bench->client, "redirect http://%s/other.ics\n", bench->other_host);
	assert_int_equal(get_with_headers(bench, true, &err), MMS_OK);
	assert_int_equal(get_with_headers(bench, false, &err), MMS_OK);
	fake_read_log(&bench->fake, &mine);
	fake_read_log(&bench->other, &theirs);
	assert_non_null(strstr(mms_str_get(&mine), "\"authorization\":\"Basic "));
	assert_non_null(
		strstr(mms_str_get(&mine), "\"authorization\":\"Bearer s3cret-t0ken\""));
	assert_int_equal(fake_count(&bench->other, "/other.ics"), 2);
	assert_null(strstr(mms_str_get(&theirs), "authorization"));
	assert_null(strstr(mms_str_get(&theirs), CLIENT_SECRET));
	assert_non_null(strstr(mms_str_get(&theirs), "\"accept\":\"text/calendar\""));
}

static void
credentials_follow_on_their_own_host(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	client_conf(&bench->client, "redirect /end.ics\nauth s3cret-user s3cret-word\n");
	fake_conf(&bench->fake, "end.ics", "auth s3cret-user s3cret-word\n");
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_string_equal(mms_str_get(&answer.body), "the end\n");
}

static void
a_user_in_a_redirect_is_not_used(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	allow_both(bench);
	fake_conf(&bench->other, "other.ics", "auth them word\n");
	client_conf(&bench->client, "redirect http://them:word@%s/other.ics\n",
		    bench->other_host);
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	fake_conf(&bench->other, "other.ics", "");
	assert_int_equal(answer.status, 401);
}

static void
a_wrong_password_is_a_status(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	client_conf(&bench->client, "auth s3cret-user other\n");
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_int_equal(answer.status, 401);
	assert_int_equal(fake_count(&bench->fake, NULL),
			 1); /* asked once, not again and again */
}

static void
private_addresses_get_no_packet(void **state)
{
	static const char *const forms[] = {
		"http://127.0.0.1:%u/x",
		"http://localhost:%u/x",
		"http://LOCALHOST:%u/x",
		"http://localhost.:%u/x",
		"http://foo.localhost:%u/x",
		"http://[::1]:%u/x",
		"http://[::ffff:127.0.0.1]:%u/x",
		"http://0.0.0.0:%u/x",
		"http://[::]:%u/x",
		"http://2130706433:%u/x",
		"http://0x7f.1:%u/x",
		"http://127.1:%u/x",
		"http://127.255.255.254:%u/x",
		"https://127.0.0.1:%u/x",
		"webcal://127.0.0.1:%u/x",
		"http://u:p@localhost:%u/x",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(forms); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) url = { 0 };
		const char *port = strstr(forms[i], "%u");

		mms_str_addn(&url, forms[i], (size_t)(port - forms[i]));
		mms_str_addf(&url, "%u%s", bench->other.port, port + 2);
		mms_rc rc = client_run(
			&bench->client,
			(struct mms_http_request){ .is_feed = true, .url = mms_str_get(&url) },
			&answer, &err);
		/* Whether a final dot resolves depends on the machine's name server. */
		bool may_be_unknown =
			strstr(forms[i], "localhost.:") != NULL && rc == MMS_E_RETRY;
		if (!may_be_unknown && (rc != MMS_E_CONFIG || mms_err_hint(&err)[0] == '\0'))
			fail_msg("%s: %s %s", forms[i], mms_rc_name(rc), mms_err_text(&err));
	}
	assert_int_equal(fake_count(&bench->other, NULL), 0);
}

static void
a_refused_name_says_what_to_allow(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char url[64], entry[64];
	const char *added[1] = { entry };

	(void)snprintf(entry, sizeof entry, "localhost:%u", bench->other.port);
	(void)snprintf(url, sizeof url, "http://localhost:%u/other.ics", bench->other.port);
	const struct mms_http_request request = { .is_feed = true, .url = url };
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&err), "http://localhost: it leads to a loopback"));
	assert_non_null(strstr(mms_err_hint(&err), entry));

	/* What the hint says works. */
	client_close(&bench->client);
	bench->client.limits.allow_hosts = added;
	assert_int_equal(mms_http_open(&bench->client.http, &bench->client.limits, &err),
			 MMS_OK);
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
	assert_string_equal(mms_str_get(&answer.body), "of the other\n");
}

static void
webcal_means_http_on_an_allowed_host_only(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char url[128];
	struct mms_http_request request = { .is_feed = true, .url = url };

	(void)snprintf(url, sizeof url, "webcal://%s/end.ics", bench->client.host);
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
	assert_string_equal(mms_str_get(&answer.body), "the end\n");
	mms_http_answer_release(&answer);
	/* webcals is https, and the fake does not speak it. */
	(void)snprintf(url, sizeof url, "webcals://%s/end.ics", bench->client.host);
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_E_RETRY);
	assert_non_null(strstr(mms_err_text(&err), "TLS"));
}

static void
services_speak_http_only_to_an_allowed_host(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char url[128];
	struct mms_http_request request = { .url = fake_url(&bench->other, "/s3cret", url,
							    sizeof url) };

	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&err), "https only"));
	assert_int_equal(fake_count(&bench->other, NULL), 0);
	allow_both(bench);
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)
	const struct CMUnitTest tests[] = {
		TEST(redirects_of_each_kind_are_followed),
		TEST(what_is_no_redirect_is_handed_up),
		TEST(five_redirects_are_followed_and_no_sixth),
		TEST(a_loop_ends),
		TEST(a_redirect_to_another_private_place_is_refused),
		TEST(a_redirect_to_another_scheme_is_refused),
		TEST(credentials_stay_with_their_host),
		TEST(credentials_follow_on_their_own_host),
		TEST(a_user_in_a_redirect_is_not_used),
		TEST(a_wrong_password_is_a_status),
		TEST(private_addresses_get_no_packet),
		TEST(a_refused_name_says_what_to_allow),
		TEST(webcal_means_http_on_an_allowed_host_only),
		TEST(services_speak_http_only_to_an_allowed_host),
	};
#undef TEST

	return cmocka_run_group_tests_name("http_redirects", tests, set_up, tear_down);
}
