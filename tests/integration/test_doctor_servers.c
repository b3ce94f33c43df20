/* doctor and the servers of calendars: each way in which they fail is told with what to do. */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/certs.h"
#include "support/fake.h"
#include "support/frappe_site.h"
#include "support/program.h"

static const struct cert certs[] = {
	{ "good", "IP:127.0.0.1,DNS:localhost", -1, 25, 0 },
	{ "soon", "IP:127.0.0.1", -1, 9, 0 },
	{ "other-name", "DNS:other.example.com", -1, 25, 0 },
	{ "expired", "IP:127.0.0.1", -10, -1, 0 },
};

static struct mms_test_server server;
static char site_dir[MMS_TEST_DIR_MAX], cert_dir[128], ca[256];
static struct fake plain;

static int
start(void **state)
{
	char dir[MMS_TEST_DIR_MAX];
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	(void)mms_test_server_start(&server, NULL);
	mms_test_make_frappe(&server);
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"site\"}",
			   dir);
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", dir, "schema",
								 "apply", NULL }),
			 0);
	temp_dir_make(cert_dir, sizeof cert_dir);
	certs_make(cert_dir, certs, MMS_COUNT(certs));
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", cert_dir);
	fake_start(&plain, "feed_server", NULL);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	fake_stop(&plain);
	temp_dir_remove(cert_dir);
	return mms_test_server_stop(&server);
}

/* No integration, nothing that the server was told. */
static int
fresh(void **state)
{
	(void)state;
	mms_test_sql(&server, "DELETE FROM `tabMM Calendar Integration`");
	fake_conf(&plain, "-", "");
	fake_clear_log(&plain);
	return 0;
}

static void
add_feed(const char *name, const char *url)
{
	mms_test_sql(&server,
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, owner, user,"
		     " integration_type, is_active, ical_url) VALUES ('%s', NOW(6), 'a', 'a',"
		     " 'iCal', 1, '%s')",
		     name, url);
}

/* doctor with these members of the mmsync object. */
static void
doctor(struct mms_test_run *run, const char *config, const char *option)
{
	char more[1024];

	(void)snprintf(more, sizeof more, ", \"mmsync\": {\"event_time_zone\": \"site\"%s%s}",
		       config[0] != '\0' ? ", " : "", config);
	mms_test_site_make(&server, "site1", more, site_dir);
	(void)mms_test_program(
		run, NULL, (const char *const[]){ "--site", site_dir, "doctor", option, NULL });
}

static void
must_end(const struct mms_test_run *run, int status, const char *part)
{
	if (run->status != status || strstr(run->out, part) == NULL)
		fail_msg("status %d, no '%s' in: %s%s", run->status, part, run->out, run->err);
	if (strstr(run->out, "secret") != NULL || strstr(run->err, "secret") != NULL)
		fail_msg("a secret: %s%s", run->out, run->err);
}

static void
must_lack(const struct mms_test_run *run, const char *part)
{
	if (strstr(run->out, part) != NULL)
		fail_msg("'%s' in: %s", part, run->out);
}

/* ", "http": {"allow_hosts": ["127.0.0.1:PORT"], ...}" */
static const char *
allow(const struct fake *fake, const char *more)
{
	static char text[600];

	(void)snprintf(text, sizeof text, "\"http\": {\"allow_hosts\": [\"127.0.0.1:%u\"]%s}",
		       fake->port, more);
	return text;
}

static void
one_small_request_to_each_server_and_no_more(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	MMS_AUTO(mms_str) log = { 0 };
	char url[200];

	(void)state;
	(void)snprintf(url, sizeof url, "http://ann:secret@127.0.0.1:%u/secret.ics?key=secret",
		       plain.port);
	add_feed("CI-1", url);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/secret2.ics", plain.port);
	add_feed("CI-2", url);
	mms_test_sql(&server, "UPDATE `tabMM Calendar Integration` SET is_active = 0 WHERE name"
			      " = 'none'");
	doctor(&run, allow(&plain, ""), NULL);
	must_end(&run, 0, "1 answers: http://127.0.0.1:");
	assert_int_equal(fake_count(&plain, NULL), 1);
	fake_read_log(&plain, &log);
	assert_non_null(strstr(mms_str_get(&log), "\"method\":\"HEAD\",\"path\":\"/\""));
	assert_null(strstr(mms_str_get(&log), "authorization"));
	assert_null(strstr(mms_str_get(&log), "secret"));
	/* of those that are not active nobody is asked, nor without the network */
	fake_clear_log(&plain);
	doctor(&run, allow(&plain, ""), "--offline");
	must_end(&run, 0, "are not asked: --offline was given");
	mms_test_sql(&server, "UPDATE `tabMM Calendar Integration` SET is_active = 0");
	doctor(&run, allow(&plain, ""), NULL);
	must_end(&run, 0, "no active integration needs one");
	assert_int_equal(fake_count(&plain, NULL), 0);
}

static void
a_private_server_is_allowed_by_the_remedy(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char url[100], remedy[200], config[200];

	(void)state;
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/secret.ics", plain.port);
	add_feed("CI-1", url);
	(void)snprintf(remedy, sizeof remedy,
		       "add \"127.0.0.1:%u\" to http.allow_hosts of the mmsync object",
		       plain.port);
	doctor(&run, "", NULL);
	must_end(&run, 1, "it leads to a loopback address, which feeds may not reach");
	must_end(&run, 1, remedy);
	/* by a name, where only the socket tells */
	mms_test_sql(&server, "UPDATE `tabMM Calendar Integration` SET ical_url ="
			      " REPLACE(ical_url, '127.0.0.1', 'localhost')");
	doctor(&run, "", NULL);
	must_end(&run, 1, "it leads to a loopback address, which feeds may not reach");
	(void)snprintf(remedy, sizeof remedy, "add \"localhost:%u\" to", plain.port);
	must_end(&run, 1, remedy);
	assert_int_equal(fake_count(&plain, NULL), 0);
	(void)snprintf(config, sizeof config, "\"http\": {\"allow_hosts\": [\"localhost:%u\"]}",
		       plain.port);
	doctor(&run, config, NULL);
	must_end(&run, 0, "1 answers: http://localhost:");
}

static void
each_failure_of_a_server_is_told_with_what_to_do(void **state)
{
	static const struct {
		const char *label, *conf;
		int status;
		const char *words[2];
	} rows[] = {
		{ "nothing at /", "status 404\n", 0, { "1 answers", "" } },
		{ "a log-in", "status 401\n", 0, { "1 answers", "" } },
		{ "a redirect is not followed",
		  "redirect http://127.0.0.1:1/\n",
		  0,
		  { "1 answers", "" } },
		{ "does not know HEAD", "status 501\n", 0, { "1 answers", "" } },
		{ "in trouble",
		  "status 503\n",
		  1,
		  { "in trouble itself (HTTP status 503)", "run doctor again" } },
		{ "hangs",
		  "stall 60000\n",
		  1,
		  { "no complete answer in time", "http.timeout_s" } },
		{ "hangs up",
		  "drop after\n",
		  1,
		  { "closed the connection without an answer", "problem" } },
		{ "a wrong clock",
		  "header Date: Mon, 05 Jan 2026 10:00:00 GMT\n",
		  0,
		  { "its clock is ", "timedatectl" } },
	};
	char url[100];

	(void)state;
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/secret.ics", plain.port);
	add_feed("CI-1", url);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };

		fake_conf(&plain, "-", rows[i].conf);
		doctor(&run,
		       allow(&plain,
			     strstr(rows[i].conf, "stall") != NULL ? ", \"timeout_s\": 1" : ""),
		       NULL);
		for (size_t k = 0; k < 2; k++)
			if (run.status != rows[i].status ||
			    strstr(run.out, rows[i].words[k]) == NULL)
				fail_msg("%s: %d %s", rows[i].label, run.status, run.out);
	}
}

static void
a_server_that_is_not_there_is_told(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char url[100], host[600];
	struct fake gone;

	(void)state;
	add_feed("CI-1", "webcal://calendar.invalid/secret.ics");
	doctor(&run, "", NULL);
	must_end(&run, 1, "https://calendar.invalid");
	must_end(&run, 1, "the host name is not known");
	must_end(&run, 1, "check its spelling, and this machine's name server");
	fresh(NULL);
	fake_start(&gone, "feed_server", NULL);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/secret.ics", gone.port);
	(void)snprintf(host, sizeof host, "%s", allow(&gone, ""));
	fake_stop(&gone);
	add_feed("CI-1", url);
	doctor(&run, host, NULL);
	must_end(&run, 1, "no connection could be made");
	must_end(&run, 1, "check that the server runs and that the port is open from here");
}

static void
start_tls(const char *name, struct fake *fake)
{
	char cert[300], key[300], url[100];
	const char *const args[] = { "--tls", cert, key, NULL };

	(void)snprintf(cert, sizeof cert, "%s/%s.pem", cert_dir, name);
	(void)snprintf(key, sizeof key, "%s/%s.key", cert_dir, name);
	fake_start(fake, "feed_server", args);
	(void)snprintf(url, sizeof url, "https://127.0.0.1:%u/secret.ics", fake->port);
	mms_test_sql(&server, "DELETE FROM `tabMM Calendar Integration`");
	add_feed("CI-1", url);
}

static void
certificates_of_servers_are_judged(void **state)
{
	static const struct {
		const char *cert;
		bool has_ca;
		int status;
		const char *words[2];
	} rows[] = {
		{ "good", true, 0, { "1 answers", "1 authorities in" } },
		{ "soon", true, 0, { "certificate ends in 8 days", "must renew it" } },
		{ "good", false, 1, { "not signed by a known authority", "http.ca_file" } },
		{ "other-name", true, 1, { "for another name", "check the host name" } },
		{ "expired", true, 1, { "has expired", "must renew it" } },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };
		char more[400] = "";
		struct fake fake;

		start_tls(rows[i].cert, &fake);
		if (rows[i].has_ca)
			(void)snprintf(more, sizeof more, ", \"ca_file\": \"%s\"", ca);
		doctor(&run, allow(&fake, more), NULL);
		fake_stop(&fake);
		for (size_t k = 0; k < 2; k++)
			if (run.status != rows[i].status ||
			    strstr(run.out, rows[i].words[k]) == NULL)
				fail_msg("row %zu: %d %s", i, run.status, run.out);
	}
}

static void
a_bad_file_of_authorities_is_told_before_any_server(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char config[400];

	(void)state;
	doctor(&run, "\"http\": {\"ca_file\": \"/dev/null\"}", "--offline");
	must_end(&run, 1, "/dev/null holds no certificate (PEM)");
	doctor(&run, "\"http\": {\"ca_file\": \"/nowhere.pem\"}", "--offline");
	must_end(&run, 1, "/nowhere.pem cannot be read: No such file or directory");
	must_end(&run, 1, "or leave the key out");
	(void)snprintf(config, sizeof config, "\"http\": {\"ca_file\": \"%s/expired.pem\"}",
		       cert_dir);
	doctor(&run, config, "--offline");
	must_end(&run, 1, "all 1 in ");
	doctor(&run, "", "--offline");
	must_end(&run, 0, "authorities in /etc/ssl/certs/ca-certificates.crt");
}

static void
the_services_of_active_integrations_are_asked(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char config[900];

	(void)state;
	mms_test_sql(
		&server,
		"INSERT INTO `tabMM Calendar Integration` (name, is_active, integration_type)"
		" VALUES ('G-1', 1, 'Google Calendar'), ('G-2', 1, 'Google Calendar'), "
		"('O-1', 0, 'Outlook Calendar')");
	(void)snprintf(
		config, sizeof config,
		"%s, \"google\": {\"api_base\": \"http://127.0.0.1:%u/calendar/secret\", "
		"\"token_url\": \"http://127.0.0.1:%u/token\"}",
		allow(&plain, ""), plain.port, plain.port);
	doctor(&run, config, NULL);
	must_end(&run, 1, "1 answers: http://127.0.0.1:");
	must_lack(&run, "of a kind that this version does not read");
	must_lack(&run, "microsoft");
	assert_int_equal(fake_count(&plain, NULL), 1);
	/* over http only where that is allowed */
	(void)snprintf(config, sizeof config,
		       "\"google\": {\"api_base\": \"http://127.0.0.1:%u/secret\", "
		       "\"token_url\": \"https://127.0.0.1:%u/token\"}",
		       plain.port, plain.port);
	doctor(&run, config, NULL);
	must_end(&run, 1, "mmsync.google.api_base");
	must_end(&run, 1, "services are asked over https only");
	must_end(&run, 1, "the TLS connection could not be made");
}

static void
silent_servers_are_waited_for_at_the_same_time(void **state)
{
	enum { SERVERS = 6 };
	static const char *const args[] = { "--address", "127.0.0.2", NULL };
	MMS_AUTO(mms_test_run) run = { 0 };
	struct fake fakes[SERVERS];
	char url[100], name[16];

	(void)state;
	for (unsigned i = 0; i < SERVERS; i++) {
		fake_start(&fakes[i], "feed_server", args);
		fake_conf(&fakes[i], "-", "stall 60000\n");
		(void)snprintf(name, sizeof name, "CI-%u", i);
		(void)snprintf(url, sizeof url, "http://127.0.0.2:%u/secret.ics",
			       fakes[i].port);
		add_feed(name, url);
	}
	int64_t start_ms = mms_clock_mono_ms();
	doctor(&run, "\"http\": {\"allow_private_hosts\": true, \"timeout_s\": 6}", NULL);
	int64_t took_ms = mms_clock_mono_ms() - start_ms;
	for (unsigned i = 0; i < SERVERS; i++)
		fake_stop(&fakes[i]);
	must_end(&run, 1, "no complete answer in time");
	must_end(&run, 1, "\n6 problems");
	/* each is given up after three seconds of silence (http.timeout_s / 2) */
	if (took_ms < 2500 || took_ms > 12000)
		fail_msg("%d ms", (int)took_ms);
}

static void
an_interrupt_ends_it(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char url[100];

	(void)state;
	fake_conf(&plain, "-", "stall 60000\n");
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/secret.ics", plain.port);
	add_feed("CI-1", url);
	doctor(&run, allow(&plain, ""), "--offline"); /* writes the configuration */
	mms_test_run_release(&run);
	fake_clear_log(&plain);
	mms_test_program_start(&run, NULL,
			       (const char *const[]){ "--site", site_dir, "doctor", NULL });
	int64_t until = mms_clock_mono_ms() + 20000;
	while (fake_count(&plain, NULL) == 0 && mms_clock_mono_ms() < until)
		mms_clock_sleep_ms(5);
	(void)kill(run.pid, SIGINT);
	mms_test_program_end(&run);
	assert_int_equal(run.status, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, fresh)
		TEST(one_small_request_to_each_server_and_no_more),
		TEST(a_private_server_is_allowed_by_the_remedy),
		TEST(each_failure_of_a_server_is_told_with_what_to_do),
		TEST(a_server_that_is_not_there_is_told),
		TEST(certificates_of_servers_are_judged),
		TEST(a_bad_file_of_authorities_is_told_before_any_server),
		TEST(the_services_of_active_integrations_are_asked),
		TEST(silent_servers_are_waited_for_at_the_same_time),
		TEST(an_interrupt_ends_it),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}
