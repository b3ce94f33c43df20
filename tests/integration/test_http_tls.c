/* TLS: who is believed, and what is said when nobody should be. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/certs.h"
#include "support/client.h"

static const struct cert certs[] = {
	{ "good", "IP:127.0.0.1,DNS:localhost", -1, 10, 0 },
	{ "other-name", "DNS:other.example.com", -1, 10, 0 },
	{ "expired", "IP:127.0.0.1", -10, -1, 0 },
	{ "early", "IP:127.0.0.1", 5, 10, 0 },
	{ "self-signed", "IP:127.0.0.1", -1, 10, 1 },
};

struct bench {
	char dir[128], ca[256];
	struct fake plain;
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_http_setup(&err), MMS_OK);
	temp_dir_make(bench.dir, sizeof bench.dir);
	certs_make(bench.dir, certs, MMS_COUNT(certs));
	(void)snprintf(bench.ca, sizeof bench.ca, "%s/ca.pem", bench.dir);
	fake_start(&bench.plain, "feed_server", NULL);
	fake_write(&bench.plain, "plain.ics", "plain\n");
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	fake_stop(&bench->plain);
	temp_dir_remove(bench->dir);
	mms_http_teardown();
	return 0;
}

static void
start_tls(const struct bench *bench, const char *name, struct fake *fake)
{
	char cert[256], key[256];
	const char *const args[] = { "--tls", cert, key, NULL };

	(void)snprintf(cert, sizeof cert, "%s/%s.pem", bench->dir, name);
	(void)snprintf(key, sizeof key, "%s/%s.key", bench->dir, name);
	fake_start(fake, "feed_server", args);
	fake_write(fake, CLIENT_FEED, "over TLS\n");
}

static void
certificates_are_believed_or_refused(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *cert;
		bool with_ca;
		const char *text, *hint; /* NULL: it works */
	} rows[] = {
		{ "good", true, NULL, NULL },
		{ "good", false, "not signed by a known authority", "http.ca_file" },
		{ "self-signed", true, "not signed by a known authority", "http.ca_file" },
		{ "other-name", true, "for another name", "host name" },
		{ "expired", true, "has expired", "renew" },
		{ "early", true, "not valid yet", "clock" },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct fake fake;
		struct client client;

		start_tls(bench, rows[i].cert, &fake);
		client_init(&client, &fake);
		client.limits.ca_file = rows[i].with_ca ? bench->ca : NULL;
		client_open(&client);
		mms_rc rc = client_get(&client, &answer, &err);
		bool is_good =
			rows[i].text == NULL
				? rc == MMS_OK && answer.body.len == 9
				: rc == MMS_E_CONFIG &&
					  strstr(mms_err_text(&err), rows[i].text) != NULL &&
					  strstr(mms_err_hint(&err), rows[i].hint) != NULL;
		size_t n = fake_count(&fake, NULL);
		client_close(&client);
		fake_stop(&fake);
		if (!is_good || n != (rows[i].text == NULL ? 1 : 0))
			fail_msg("%s: %s %s (%s)", rows[i].cert, mms_rc_name(rc),
				 mms_err_text(&err), mms_err_hint(&err));
	}
}

static void
a_missing_or_broken_ca_file_is_a_setting_to_mend(void **state)
{
	struct bench *bench = *state;
	const char *const files[] = { "/nowhere/ca.pem", "/dev/null" };
	struct fake fake;

	start_tls(bench, "good", &fake);
	for (size_t i = 0; i < MMS_COUNT(files); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct client client;

		client_init(&client, &fake);
		client.limits.ca_file = files[i];
		client_open(&client);
		mms_rc rc = client_get(&client, &answer, &err);
		client_close(&client);
		if (rc != MMS_E_CONFIG || strstr(mms_err_hint(&err), "http.ca_file") == NULL)
			fail_msg("%s: %s", files[i], mms_err_text(&err));
	}
	fake_stop(&fake);
}

static void
https_does_not_lead_to_http(void **state)
{
	struct bench *bench = *state;
	struct fake fake;
	struct client client;

	start_tls(bench, "good", &fake);
	client_init(&client, &fake);
	client.limits.ca_file = bench->ca;
	client_open(&client);
	client_conf(&client, "redirect http://127.0.0.1:%u/plain.ics\n", bench->plain.port);
	client_expect(&client, MMS_E_CONFIG,
		      "redirected to http://127.0.0.1: that would be http after https", 1000);
	client_close(&client);
	assert_int_equal(fake_count(&bench->plain, NULL), 0);
	fake_stop(&fake);
}

static void
https_leads_to_http_inside_an_allowed_network(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct fake fake;
	struct client client;

	start_tls(bench, "good", &fake);
	client_init(&client, &fake);
	client.limits.ca_file = bench->ca;
	client.limits.may_reach_private = true;
	client_open(&client);
	client_conf(&client, "redirect http://127.0.0.1:%u/plain.ics\n", bench->plain.port);
	mms_rc rc = client_get(&client, &answer, &err);
	client_close(&client);
	fake_stop(&fake);
	if (rc != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	assert_string_equal(mms_str_get(&answer.body), "plain\n");
}

static void
a_port_without_tls_is_told(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct client client;
	char url[64];

	client_init(&client, &bench->plain);
	client_open(&client);
	(void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", bench->plain.port);
	mms_rc rc =
		client_run(&client, (struct mms_http_request){ .is_feed = true, .url = url },
			   &answer, &err);
	client_close(&client);
	assert_int_equal(rc, MMS_E_RETRY);
	assert_non_null(strstr(mms_err_text(&err), "TLS connection could not be made"));
	assert_non_null(strstr(mms_err_hint(&err), "TLS 1.2"));
}

static void
cuts_over_tls_are_seen(void **state)
{
	static const char *const confs[] = { "truncate 4\n", "chunked\ntruncate 4\n",
					     "reset-after 4\n" };
	struct bench *bench = *state;
	struct fake fake;
	struct client client;

	start_tls(bench, "good", &fake);
	client_init(&client, &fake);
	client.limits.ca_file = bench->ca;
	client_open(&client);
	for (size_t i = 0; i < MMS_COUNT(confs); i++) {
		client_conf(&client, "%s", confs[i]);
		client_expect(&client, MMS_E_RETRY, "cut off", 1000);
	}
	client_close(&client);
	fake_stop(&fake);
}

static void
tls_connections_are_used_again(void **state)
{
	struct bench *bench = *state;
	enum { ROUNDS = 100, CLIENTS = 10 };
	struct fake fake;
	struct client client;

	start_tls(bench, "good", &fake);
	client_init(&client, &fake);
	client.limits.ca_file = bench->ca;
	client_open(&client);
	int64_t start = mms_clock_mono_ms();
	for (int i = 0; i < ROUNDS; i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(client_get(&client, &answer, &err), MMS_OK);
	}
	int64_t reused_ms = mms_clock_mono_ms() - start;
	client_close(&client);
	start = mms_clock_mono_ms();
	for (int i = 0; i < CLIENTS; i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		client_open(&client);
		assert_int_equal(client_get(&client, &answer, &err), MMS_OK);
		client_close(&client);
	}
	print_message("# over TLS: %.0f us a request, %.0f us with a client of its own\n",
		      (double)reused_ms * 1000 / ROUNDS,
		      (double)(mms_clock_mono_ms() - start) * 1000 / CLIENTS);
	fake_stop(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_believed_or_refused),
		cmocka_unit_test(a_missing_or_broken_ca_file_is_a_setting_to_mend),
		cmocka_unit_test(https_does_not_lead_to_http),
		cmocka_unit_test(https_leads_to_http_inside_an_allowed_network),
		cmocka_unit_test(a_port_without_tls_is_told),
		cmocka_unit_test(cuts_over_tls_are_seen),
		cmocka_unit_test(tls_connections_are_used_again),
	};

	return cmocka_run_group_tests_name("http_tls", tests, set_up, tear_down);
}
