/*
 * Out of memory at the n-th allocation of a request, ours or the library's, and requests that
 * are lost: an ordinary error each time, and the client still works. Under a sanitizer also
 * proof that nothing leaks.
 */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/guard.h"
#include "support/client.h"

/* Far more than any of these requests allocates. */
#define ROUNDS_MAX 5000

struct bench {
	struct fake fake;
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_http_setup(&err), MMS_OK);
	fake_start(&bench.fake, "feed_server", NULL);
	fake_write(&bench.fake, CLIENT_FEED, "moved\n");
	fake_write(&bench.fake, "end.ics", "the end\n");
	fake_conf(&bench.fake, CLIENT_FEED, "redirect http://%s/end.ics");
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	fake_stop(&bench->fake);
	mms_http_teardown();
	return 0;
}

/* Fail the n-th visit from now on; false where the build has no fault points. */
static bool
arm(enum mms_fault_kind kind, unsigned long n, bool is_sticky)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%s:%lu%s", mms_fault_name(kind),
		       mms_fault_count(kind) + n, is_sticky ? ":sticky" : "");
	return mms_fault_arm_text(text);
}

static void
disarm(enum mms_fault_kind kind)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + 1000000000UL);
	(void)mms_fault_arm_text(text);
}

/* A client, a request with a redirect, an answer: everything from open to close. */
static mms_rc
whole_turn(const struct bench *bench, struct mms_err *err)
{
	static const char *const headers[] = { "Accept: text/calendar", NULL };
	MMS_AUTO(mms_http_answer) answer = { 0 };
	char url[128], host[64];
	const char *const allowed[] = { host };
	const struct mms_http_limits limits = { .timeout_ms = 4000,
						.allow_hosts = allowed,
						.n_allow_hosts = 1 };
	const struct mms_http_request request = {
		.is_feed = true, .url = url, .headers = headers, .if_none_match = "\"x\""
	};
	struct mms_http *http = NULL;

	(void)fake_host(&bench->fake, host, sizeof host);
	(void)snprintf(url, sizeof url, "http://u:p@%s/" CLIENT_FEED, host);
	mms_rc rc = mms_http_open(&http, &limits, err);
	if (rc == MMS_OK)
		rc = mms_http_run(http, &request, &answer, err);
	if (rc == MMS_OK && strcmp(mms_str_get(&answer.body), "the end\n") != 0)
		rc = mms_fail(err, MMS_E_BUG, "the answer is '%s'", mms_str_get(&answer.body));
	mms_http_close(http);
	return rc;
}

/* Fail allocation n of whole_turn(); false when it had fewer. */
static bool
fail_one(const struct bench *bench, unsigned long n, bool is_sticky)
{
	MMS_AUTO(mms_err) err = { 0 }, after = { 0 };

	if (!arm(MMS_FAULT_ALLOC, n, is_sticky))
		return false;
	unsigned long before = mms_fault_count(MMS_FAULT_ALLOC);
	mms_rc rc = whole_turn(bench, &err);
	bool is_past = mms_fault_count(MMS_FAULT_ALLOC) - before < n;
	disarm(MMS_FAULT_ALLOC);
	if (rc != MMS_OK && rc != MMS_E_NOMEM)
		fail_msg("allocation %lu%s: %s: %s", n, is_sticky ? " and all later" : "",
			 mms_rc_name(rc), mms_err_text(&err));
	if (!is_past && whole_turn(bench, &after) != MMS_OK)
		fail_msg("after allocation %lu: %s", n, mms_err_text(&after));
	return !is_past;
}

static void
each_allocation_may_fail(void **state)
{
	const struct bench *bench = *state;
	MMS_AUTO(mms_str) conf = { 0 };
	char host[64];
	unsigned long n[2] = { 1, 1 };

	mms_str_addf(&conf, "redirect http://%s/end.ics\ngzip\netag \"y\"\n",
		     fake_host(&bench->fake, host, sizeof host));
	fake_conf(&bench->fake, CLIENT_FEED, mms_str_get(&conf));
	fake_conf(&bench->fake, "end.ics",
		  "gzip\netag \"y\"\nlast-modified x\nretry-after 1\n");
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip(); /* a build without fault points */
	for (int is_sticky = 0; is_sticky < 2; is_sticky++)
		while (n[is_sticky] < ROUNDS_MAX &&
		       fail_one(bench, n[is_sticky], is_sticky != 0))
			n[is_sticky]++;
	print_message("# %lu and %lu allocations\n", n[0] - 1, n[1] - 1);
	assert_true(n[0] > 100 && n[0] < ROUNDS_MAX);
	assert_true(n[1] > 100 && n[1] < ROUNDS_MAX);
}

static void
a_request_that_never_left_is_not_counted_as_sent(void **state)
{
	const struct bench *bench = *state;
	MMS_AUTO(mms_err) err = { 0 };

	if (!arm(MMS_FAULT_REQUEST_BEFORE, 1, false))
		skip();
	fake_clear_log(&bench->fake);
	assert_int_equal(whole_turn(bench, &err), MMS_E_RETRY);
	assert_int_equal(fake_count(&bench->fake, NULL), 0);
	/* The second visit is the request that a redirect leads to. */
	(void)arm(MMS_FAULT_REQUEST_BEFORE, 2, false);
	assert_int_equal(whole_turn(bench, &err), MMS_E_RETRY);
	assert_int_equal(fake_count(&bench->fake, NULL), 1);
	assert_int_equal(whole_turn(bench, &err), MMS_OK);
}

static void
a_lost_answer_is_a_failure_although_the_request_was_taken(void **state)
{
	const struct bench *bench = *state;
	MMS_AUTO(mms_err) err = { 0 };

	if (!arm(MMS_FAULT_REQUEST_AFTER, 1, false))
		skip();
	fake_clear_log(&bench->fake);
	assert_int_equal(whole_turn(bench, &err), MMS_E_RETRY);
	assert_non_null(strstr(mms_err_text(&err), "not known"));
	assert_int_equal(fake_count(&bench->fake, NULL), 1);
	assert_int_equal(whole_turn(bench, &err), MMS_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(a_request_that_never_left_is_not_counted_as_sent),
		cmocka_unit_test(a_lost_answer_is_a_failure_although_the_request_was_taken),
	};

	return cmocka_run_group_tests_name("http_faults", tests, set_up, tear_down);
}
