/*
 * Names that resolve as an attacker likes: on an island (support/island.h) where the test is the
 * name service and owns a public address. Skipped, saying so, where that is not permitted.
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/client.h"
#include "support/island.h"

/* Public by its number; on the island it is ours. */
#define PUBLIC "93.184.215.14"

struct bench {
	bool is_there;
	char why[128];
	struct island island;
	struct fake open;   /* on PUBLIC     */
	struct fake secret; /* on 127.0.0.1, the same port */
	unsigned port;
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };
	char port[16];
	const char *const on_public[] = { "--address", PUBLIC, NULL };
	const char *const on_same_port[] = { "--port", port, NULL };

	*state = &bench;
	bench.is_there = island_enter(&bench.island, PUBLIC, bench.why, sizeof bench.why);
	if (!bench.is_there)
		return 0;
	assert_int_equal(mms_http_setup(&err), MMS_OK);
	fake_start(&bench.open, "feed_server", on_public);
	(void)snprintf(port, sizeof port, "%u", bench.open.port);
	fake_start(&bench.secret, "feed_server", on_same_port);
	bench.port = bench.open.port;
	fake_write(&bench.open, "a.ics", "public\n");
	fake_write(&bench.secret, "a.ics", "internal\n");
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	if (bench->is_there) {
		fake_stop(&bench->open);
		fake_stop(&bench->secret);
		mms_http_teardown();
	}
	island_leave(&bench->island);
	return 0;
}

/* The names of this test; skips it where there is no island. */
static struct bench *
start(void **state, const char *hosts)
{
	struct bench *bench = *state;

	if (!bench->is_there) {
		print_message("# skipped: no namespaces here (%s)\n", bench->why);
		skip();
	}
	island_hosts(&bench->island, hosts);
	fake_conf(&bench->open, "a.ics", "");
	fake_clear_log(&bench->open);
	fake_clear_log(&bench->secret);
	return bench;
}

/* Ask for SCHEME://NAME:PORT/a.ics with a fresh client. */
static mms_rc
ask(const struct bench *bench, const char *scheme, const char *name, const char *allowed,
    bool is_feed, struct mms_str *body, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	const struct mms_http_limits limits = { .timeout_ms = 3000,
						.connect_timeout_ms = 1000,
						.allow_hosts = &allowed,
						.n_allow_hosts = allowed != NULL ? 1 : 0 };
	struct mms_http *http = NULL;
	char url[128];

	(void)snprintf(url, sizeof url, "%s://%s:%u/a.ics", scheme, name, bench->port);
	const struct mms_http_request request = { .is_feed = is_feed, .url = url };
	mms_rc rc = mms_http_open(&http, &limits, err);
	if (rc == MMS_OK)
		rc = mms_http_run(http, &request, &answer, err);
	mms_str_clear(body);
	mms_str_add(body, mms_str_get(&answer.body));
	mms_http_close(http);
	return rc;
}

static void
a_public_name_is_reached_without_any_setting(void **state)
{
	struct bench *bench = start(state, PUBLIC " cal.example.com\n");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (ask(bench, "http", "cal.example.com", NULL, true, &body, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	assert_string_equal(mms_str_get(&body), "public\n");
}

static void
a_name_of_private_addresses_is_refused(void **state)
{
	static const char *const addresses[] = { "127.0.0.1",        "127.1.2.3",
						 "0.0.0.0",          "::1",
						 "::ffff:127.0.0.1", "10.0.0.1",
						 "169.254.169.254",  "fd00:ec2::254" };
	struct bench *bench = start(state, "");
	char hosts[256];

	for (size_t i = 0; i < MMS_COUNT(addresses); i++) {
		MMS_AUTO(mms_str) body = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		(void)snprintf(hosts, sizeof hosts, "%s evil.example.com\n", addresses[i]);
		island_hosts(&bench->island, hosts);
		if (ask(bench, "http", "evil.example.com", NULL, true, &body, &err) !=
			    MMS_E_CONFIG ||
		    strstr(mms_err_text(&err), "http://evil.example.com: it leads to ") ==
			    NULL ||
		    strstr(mms_err_hint(&err), "\"evil.example.com:") == NULL)
			fail_msg("%s: %s (%s)", addresses[i], mms_err_text(&err),
				 mms_err_hint(&err));
		/* Where the address leads is the operator's business, not the feed owner's. */
		assert_null(strstr(mms_err_text(&err), addresses[i]));
	}
	assert_int_equal(fake_count(&bench->secret, NULL), 0);
}

static void
of_a_name_with_both_only_the_public_address_is_reached(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1 both.example.com\n" PUBLIC " both.example.com\n",
		PUBLIC " both.example.com\n127.0.0.1 both.example.com\n",
		"::1 both.example.com\n127.0.0.1 both.example.com\n" PUBLIC
		" both.example.com\n",
	};
	struct bench *bench = start(state, "");

	for (size_t i = 0; i < MMS_COUNT(hosts); i++) {
		MMS_AUTO(mms_str) body = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		island_hosts(&bench->island, hosts[i]);
		if (ask(bench, "http", "both.example.com", NULL, true, &body, &err) != MMS_OK)
			fail_msg("%zu: %s", i, mms_err_text(&err));
		assert_string_equal(mms_str_get(&body), "public\n");
	}
	assert_int_equal(fake_count(&bench->secret, NULL), 0);
}

static void
a_name_that_changes_its_address_is_refused_when_it_does(void **state)
{
	struct bench *bench = start(state, PUBLIC " rebind.example.com\n");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(ask(bench, "http", "rebind.example.com", NULL, true, &body, &err),
			 MMS_OK);
	island_hosts(&bench->island, "127.0.0.1 rebind.example.com\n");
	assert_int_equal(ask(bench, "http", "rebind.example.com", NULL, true, &body, &err),
			 MMS_E_CONFIG);
	assert_int_equal(fake_count(&bench->secret, NULL), 0);
}

static void
a_public_server_cannot_lead_inside(void **state)
{
	static const char *const places[] = { "http://127.0.0.1:%u/a.ics",
					      "http://inside.example.com:%u/a.ics",
					      "//inside.example.com:%u/a.ics",
					      "http://localhost:%u/a.ics" };
	struct bench *bench =
		start(state, PUBLIC " cal.example.com\n127.0.0.1 inside.example.com\n");

	for (size_t i = 0; i < MMS_COUNT(places); i++) {
		MMS_AUTO(mms_str) body = { 0 }, conf = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const char *port = strstr(places[i], "%u");

		mms_str_add(&conf, "redirect ");
		mms_str_addn(&conf, places[i], (size_t)(port - places[i]));
		mms_str_addf(&conf, "%u%s\n", bench->port, port + 2);
		fake_conf(&bench->open, "a.ics", mms_str_get(&conf));
		if (ask(bench, "http", "cal.example.com", NULL, true, &body, &err) !=
			    MMS_E_CONFIG ||
		    strstr(mms_err_text(&err), "redirected to http://") == NULL ||
		    strstr(mms_err_hint(&err), "a redirect leads there") == NULL)
			fail_msg("%s: %s", places[i], mms_err_text(&err));
	}
	assert_int_equal(fake_count(&bench->secret, NULL), 0);
}

static void
an_allowed_name_is_allowed_by_name_and_port_only(void **state)
{
	struct bench *bench =
		start(state, "127.0.0.1 intranet.example.com alias.example.com\n");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char entry[64], other[64];

	(void)snprintf(entry, sizeof entry, "intranet.example.com:%u", bench->port);
	(void)snprintf(other, sizeof other, "intranet.example.com:%u", bench->port + 1);
	assert_int_equal(ask(bench, "http", "Intranet.Example.COM", entry, true, &body, &err),
			 MMS_OK);
	assert_string_equal(mms_str_get(&body), "internal\n");
	assert_int_equal(ask(bench, "webcal", "intranet.example.com", entry, true, &body, &err),
			 MMS_OK);
	assert_int_equal(ask(bench, "http", "intranet.example.com", entry, false, &body, &err),
			 MMS_OK);
	assert_int_equal(ask(bench, "http", "alias.example.com", entry, true, &body, &err),
			 MMS_E_CONFIG);
	assert_int_equal(ask(bench, "http", "127.0.0.1", entry, true, &body, &err),
			 MMS_E_CONFIG);
	assert_int_equal(ask(bench, "http", "intranet.example.com", other, true, &body, &err),
			 MMS_E_CONFIG);
	assert_int_equal(fake_count(&bench->secret, NULL), 3);
}

static void
unprotected_http_of_services_stays_inside(void **state)
{
	struct bench *bench = start(state, PUBLIC " cal.example.com\n");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char entry[64];

	(void)snprintf(entry, sizeof entry, "cal.example.com:%u", bench->port);
	assert_int_equal(ask(bench, "http", "cal.example.com", entry, false, &body, &err),
			 MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_text(&err), "its address is not private"));
	assert_int_equal(ask(bench, "webcal", "cal.example.com", entry, true, &body, &err),
			 MMS_E_CONFIG);
	assert_int_equal(fake_count(&bench->open, NULL), 0);
}

static void
the_environments_proxy_is_not_asked_for_feeds(void **state)
{
	struct bench *bench = start(state, PUBLIC " cal.example.com\n");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char proxy[64];

	/* The proxy would be the internal server: it must not see the request. */
	(void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", bench->port);
	(void)setenv("http_proxy", proxy, 1);
	(void)setenv("ALL_PROXY", proxy, 1);
	mms_rc rc = ask(bench, "http", "cal.example.com", NULL, true, &body, &err);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
	assert_int_equal(rc, MMS_OK);
	assert_string_equal(mms_str_get(&body), "public\n");
	assert_int_equal(fake_count(&bench->secret, NULL), 0);
}

/* ---- a name service that says nothing ----------------------------------------------------- */

static int
bind_silent_resolver(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	return fd;
}

static void *
stop_after_query(void *aux)
{
	atomic_bool *is_stopped = aux;

	mms_clock_sleep_ms(100);
	atomic_store(is_stopped, true);
	return NULL;
}

static void
a_silent_name_service_holds_nobody_up(void **state)
{
	struct bench *bench = start(state, "");
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_http_answer) answer = { 0 };
	const struct mms_http_limits limits = { .timeout_ms = 5000 };
	struct mms_http *http = NULL;
	atomic_bool is_stopped = false;
	pthread_t thread;

	island_resolver(&bench->island, "nameserver 127.0.0.1\noptions timeout:3 attempts:1\n");
	int fd = bind_silent_resolver();
	int64_t start_ms = mms_clock_mono_ms();
	assert_int_equal(ask(bench, "http", "slow.example.com", NULL, true, &body, &err),
			 MMS_E_RETRY);
	int64_t limit_ms = mms_clock_mono_ms() - start_ms;

	assert_int_equal(mms_http_open(&http, &limits, &err), MMS_OK);
	assert_int_equal(pthread_create(&thread, NULL, stop_after_query, &is_stopped), 0);
	start_ms = mms_clock_mono_ms();
	mms_rc rc = mms_http_run(http,
				 &(struct mms_http_request){ .is_feed = true,
							     .url = "http://slow.example.com/",
							     .is_stopped = &is_stopped },
				 &answer, &err);
	mms_http_close(http);
	int64_t stop_ms = mms_clock_mono_ms() - start_ms;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(fd), 0);
	island_resolver(&bench->island, "");
	assert_int_equal(rc, MMS_E_STOPPED);
	if (limit_ms > 1500 || stop_ms > 400)
		fail_msg("limit after %lld ms, stop after %lld ms", (long long)limit_ms,
			 (long long)stop_ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_public_name_is_reached_without_any_setting),
		cmocka_unit_test(a_name_of_private_addresses_is_refused),
		cmocka_unit_test(of_a_name_with_both_only_the_public_address_is_reached),
		cmocka_unit_test(a_name_that_changes_its_address_is_refused_when_it_does),
		cmocka_unit_test(a_public_server_cannot_lead_inside),
		cmocka_unit_test(an_allowed_name_is_allowed_by_name_and_port_only),
		cmocka_unit_test(unprotected_http_of_services_stays_inside),
		cmocka_unit_test(the_environments_proxy_is_not_asked_for_feeds),
		cmocka_unit_test(a_silent_name_service_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("http_names", tests, set_up, tear_down);
}
