/* serve/survey, net/authorities: which servers are asked, and what is said of what came. */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/fault.h"
#include "mmsync/http.h"
#include "mmsync/mem.h"
#include "mmsync/survey.h"
#include "support/certs.h"
#include "support/fake.h"

/* 2026-03-02T08:00:00Z */
#define NOW_MS INT64_C(1772438400000)
#define DAY_MS INT64_C(86400000)

/* "note https://x: detail (remedy)" of each finding that is not OK; OK ones by their detail. */
static void
print(const struct mms_findings *found, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < found->n && n < size; i++) {
		const struct mms_finding *f = &found->items[i];
		n += (size_t)snprintf(out + n, size - n, "%s %s: %s (%s)\n",
				      mms_finding_state_name(f->state), f->object, f->detail,
				      f->remedy != NULL ? f->remedy : "-");
	}
}

/* ---- what is said of one server ------------------------------------------------------------ */

struct answer {
	const char *label;
	mms_rc code;
	const char *text, *hint;
	long status;
	int64_t took_ms, off_s, certificate_days; /* 0 days: not known */
	const char *want[3];                      /* parts; NULL: nothing more */
};

static const struct answer answers[] = {
	{ "an answer",
	  MMS_OK,
	  NULL,
	  NULL,
	  200,
	  5,
	  0,
	  90,
	  { "ok servers: 1 answers: https://h:8443" } },
	{ "nothing there", MMS_OK, NULL, NULL, 404, 5, 0, 0, { "ok servers: 1 answers" } },
	{ "who are you", MMS_OK, NULL, NULL, 401, 5, 0, 0, { "ok servers" } },
	{ "does not know HEAD", MMS_OK, NULL, NULL, 501, 5, 0, 0, { "ok servers" } },
	{ "in trouble",
	  MMS_OK,
	  NULL,
	  NULL,
	  503,
	  5,
	  0,
	  0,
	  { "problem https://h:8443: answers that it is in trouble itself (HTTP status 503)",
	    "run doctor again" } },
	{ "not known",
	  MMS_E_RETRY,
	  "https://h: the host name is not known",
	  "check its spelling",
	  0,
	  5,
	  0,
	  0,
	  { "problem https://h:8443: the host name is not known (check its spelling" } },
	{ "silence",
	  MMS_E_RETRY,
	  "https://h: no connection: no complete answer in time",
	  "the limits are http.timeout_s",
	  0,
	  5001,
	  0,
	  0,
	  { "problem https://h:8443: no connection", "curl -sSI https://h:8443/" } },
	{ "refused",
	  MMS_E_CONFIG,
	  "https://h: it leads to a private network",
	  "add \"h:8443\" to http.allow_hosts",
	  0,
	  1,
	  0,
	  0,
	  { "problem https://h:8443: it leads to a private network", "add \"h:8443\"" } },
	{ "out of time",
	  MMS_E_STOPPED,
	  "https://h: out of time",
	  NULL,
	  0,
	  25000,
	  0,
	  0,
	  { "note https://h:8443: was not asked to the end" } },
	{ "a certificate that ends",
	  MMS_OK,
	  NULL,
	  NULL,
	  200,
	  5,
	  0,
	  13,
	  { "ok servers",
	    "note https://h:8443: the server's certificate ends in 13 days (whoever" } },
	{ "tomorrow", MMS_OK, NULL, NULL, 200, 5, 0, 1, { "ok servers", "ends in 1 day (" } },
	{ "one that does not", MMS_OK, NULL, NULL, 200, 5, 0, 15, { "ok servers" } },
	{ "its clock is behind",
	  MMS_OK,
	  NULL,
	  NULL,
	  200,
	  5,
	  61,
	  0,
	  { "ok servers", "note https://h:8443: its clock is 61 s behind this machine's" } },
	{ "its clock is ahead",
	  MMS_OK,
	  NULL,
	  NULL,
	  200,
	  5,
	  -3600,
	  0,
	  { "ok servers", "its clock is 3600 s ahead of this machine's" } },
	{ "a clock near enough", MMS_OK, NULL, NULL, 200, 5, -60, 0, { "ok servers" } },
};

static struct mms_survey_place
make_place(const struct answer *a)
{
	struct mms_survey_place place = { .origin = mms_text_copy("https://h:8443"),
					  .is_feed = true,
					  .n = 1,
					  .is_asked = true,
					  .status = a->status,
					  .took_ms = a->took_ms,
					  .has_clock = a->code == MMS_OK,
					  .clock_off_ms = a->off_s * 1000 };

	if (a->certificate_days != 0)
		place.certificate_until_ms = NOW_MS + a->certificate_days * DAY_MS + 1000;
	if (a->code != MMS_OK)
		mms_fail(&place.err, a->code, "%s", a->text);
	if (a->hint != NULL)
		(void)mms_hint(&place.err, "%s", a->hint);
	return place;
}

static void
each_answer_is_told_in_plain_words(void **state)
{
	char text[4096];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(answers); i++) {
		MMS_AUTO(mms_findings) found = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_survey_place place = make_place(&answers[i]);
		const struct mms_survey survey = { .items = &place, .n = 1 };

		assert_int_equal(mms_survey_judge(&survey, NOW_MS, &found, &err), MMS_OK);
		print(&found, text, sizeof text);
		for (size_t k = 0; k < 3 && answers[i].want[k] != NULL; k++) {
			if (strstr(text, answers[i].want[k]) == NULL)
				fail_msg("%s: no '%s' in %s", answers[i].label,
					 answers[i].want[k], text);
		}
		bool has_clock_or_certificate = strstr(answers[i].label, "clock is") != NULL ||
						strstr(text, "ends in") != NULL;
		if (found.n != (has_clock_or_certificate ? 2 : 1))
			fail_msg("%s: %s", answers[i].label, text);
		mms_free(place.origin);
		mms_err_release(&place.err);
	}
}

/* ---- clocks -------------------------------------------------------------------------------- */

static void
several_clocks_outvote_ours(void **state)
{
	static const struct {
		const char *label;
		int64_t off_s[4]; /* 9: says nothing */
		const char *want, *want_not;
	} rows[] = {
		{ "all agree", { 0, 1, -2, 0 }, "4 answer:", "clock" },
		{ "we are ahead",
		  { 300, 301, 299, 0 },
		  "problem clock: this machine's clock is 299 s or more ahead of those of 3 of "
		  "4 "
		  "servers (let this machine take its time from the network: timedatectl "
		  "set-ntp true)",
		  "its clock" },
		{ "we are behind",
		  { -90, -7200, 9, 9 },
		  "is 90 s or more behind those of 2 of 2",
		  "its clock" },
		{ "one is wrong", { 300, 0, 0, 0 }, "its clock is 300 s behind", "problem" },
		{ "two against two",
		  { 300, 300, 0, 0 },
		  "its clock is 300 s behind",
		  "problem" },
		{ "wrong both ways",
		  { 300, -300, 9, 9 },
		  "its clock is 300 s ahead of",
		  "problem" },
		{ "nobody says", { 9, 9, 9, 9 }, "4 answer:", "clock" },
	};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_findings) found = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char origin[] = "https://h";
		struct mms_survey_place places[4] = { 0 };
		const struct mms_survey survey = { .items = places, .n = 4 };

		for (size_t k = 0; k < 4; k++)
			places[k] = (struct mms_survey_place){
				.origin = origin,
				.status = 200,
				.has_clock = rows[i].off_s[k] != 9,
				.clock_off_ms = rows[i].off_s[k] * 1000,
			};
		assert_int_equal(mms_survey_judge(&survey, NOW_MS, &found, &err), MMS_OK);
		print(&found, text, sizeof text);
		if (strstr(text, rows[i].want) == NULL ||
		    strstr(text, rows[i].want_not) != NULL)
			fail_msg("%s: %s", rows[i].label, text);
	}
}

/* ---- which servers ------------------------------------------------------------------------- */

static struct mms_calendar_group
group(const char *type, const char *address, int64_t n)
{
	return (struct mms_calendar_group){ .type = mms_text_copy(type),
					    .address = mms_text_copy(address),
					    .name = mms_text_copy("CI-1"),
					    .n = n };
}

static void
plan(const struct mms_config *config, const struct mms_calendar_group *groups, size_t n,
     struct mms_survey *out, struct mms_findings *found)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_calendar_groups all = { 0 };

	for (size_t i = 0; i < n; i++) {
		all.items = mms_grow(all.items, all.n, &all.cap, sizeof *all.items);
		assert_non_null(all.items);
		all.items[all.n++] = groups[i];
	}
	assert_int_equal(mms_survey_plan(config, &all, out, found, &err), MMS_OK);
	mms_calendar_groups_release(&all);
}

static void
each_server_is_asked_once_and_no_secret_is_known_of_it(void **state)
{
	MMS_AUTO(mms_config) config = { 0 };
	MMS_AUTO(mms_survey) survey = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char text[4096];
	const struct mms_calendar_group groups[] = {
		group("iCal", "webcal://Calendar.Example.com", 3),
		group("iCal", "https://ann:secret@calendar.example.com", 2),
		group("iCal", "https://calendar.example.com:8443", 1),
		group("iCal", "http://calendar.example.com", 1),
		group("iCal", "https://[2606:4700::1111]:99", 1),
		group("iCal", "https://10.1.2.3", 4),
		group("iCal", "mailto:ann?secret", 1),
		group("iCal", NULL, 1),
		group("iCal", "", 1),
		group("Outlook Calendar", "https://leftover.example.com", 2),
		group("Exchange", "https://other.example.com", 1),
		group(NULL, "https://none.example.com", 1),
	};
	static const struct {
		const char *origin;
		int64_t n;
		bool is_feed;
	} want[] = { { "https://graph.microsoft.com", 2, false },
		     { "https://login.microsoftonline.com", 2, false },
		     { "https://calendar.example.com", 5, true },
		     { "https://calendar.example.com:8443", 1, true },
		     { "http://calendar.example.com", 1, true },
		     { "https://[2606:4700::1111]:99", 1, true } };

	(void)state;
	assert_int_equal(mms_config_init(&config, &err), MMS_OK);
	plan(&config, groups, MMS_COUNT(groups), &survey, &found);
	assert_int_equal(survey.n, MMS_COUNT(want));
	for (size_t i = 0; i < MMS_COUNT(want); i++) {
		assert_string_equal(survey.items[i].origin, want[i].origin);
		assert_int_equal(survey.items[i].n, want[i].n);
		assert_int_equal(survey.items[i].is_feed, want[i].is_feed);
	}
	print(&found, text, sizeof text);
	assert_int_equal(found.n, 4);
	assert_non_null(strstr(text, "problem feed of CI-1 and 3 more: https://10.1.2.3: it "
				     "leads to an address of a private network"));
	assert_non_null(strstr(text, "add \"10.1.2.3:443\" to http.allow_hosts"));
	assert_non_null(strstr(text, "has no address"));
	assert_null(strstr(text, "secret"));
}

static void
more_servers_than_fifty_are_counted(void **state)
{
	MMS_AUTO(mms_config) config = { 0 };
	MMS_AUTO(mms_survey) survey = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_calendar_group groups[61];
	char text[4096];

	(void)state;
	assert_int_equal(mms_config_init(&config, &err), MMS_OK);
	for (size_t i = 0; i < MMS_COUNT(groups); i++) {
		char address[64];
		(void)snprintf(address, sizeof address, "https://h%zu.example.com", i);
		groups[i] = group("iCal", address, 1);
	}
	plan(&config, groups, MMS_COUNT(groups), &survey, &found);
	assert_int_equal(survey.n, MMS_SURVEY_MAX);
	assert_int_equal(survey.n_left_out, 11);
	for (size_t i = 0; i < survey.n; i++)
		survey.items[i].status = 200;
	assert_int_equal(mms_survey_judge(&survey, NOW_MS, &found, &err), MMS_OK);
	print(&found, text, sizeof text);
	assert_non_null(strstr(text, "h4.example.com and 45 more"));
	assert_non_null(strstr(text, "note servers: 11 more are not asked (50 at most"));
}

static void
nothing_to_ask_is_no_fault(void **state)
{
	const struct mms_survey none = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_survey_judge(&none, NOW_MS, &found, &err), MMS_OK);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.items[0].state, MMS_FINDING_OK);
}

static void
kinds_that_cannot_be_read_are_told(void **state)
{
	static const struct {
		int64_t policy;
		const char *want;
	} rows[] = {
		{ MMS_UNREADABLE_BUSY, "their owners as never free (make them not active" },
		{ MMS_UNREADABLE_WARN, "that is only said" },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_findings) found = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_config) config = { 0 };
		struct mms_calendar_group items[] = { group("iCal", NULL, 5),
						      group("Exchange", NULL, 2),
						      group(NULL, NULL, 1) };
		const struct mms_calendar_groups groups = { .items = items, .n = 3 };

		assert_int_equal(mms_config_init(&config, &err), MMS_OK);
		config.unreadable_policy = rows[i].policy;
		assert_int_equal(mms_survey_judge_calendars(&groups, &config, &found, &err),
				 MMS_OK);
		print(&found, text, sizeof text);
		if (strstr(text, "note calendars: 3 active ones") == NULL ||
		    strstr(text, rows[i].want) == NULL)
			fail_msg("%s", text);
		for (size_t k = 0; k < 3; k++) {
			mms_free(items[k].type);
			mms_free(items[k].name);
		}
	}
}

/* ---- authorities --------------------------------------------------------------------------- */

static void
write_text(const char *dir, const char *name, const char *text)
{
	char path[300];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void
files_of_authorities_are_judged(void **state)
{
	static const struct cert certs[] = { { "old", "DNS:a.example.com", -10, -1, 1 } };
	static const struct {
		const char *file;
		const char *want[2];
	} rows[] = {
		{ "ca.pem", { "ok mmsync.http.ca_file: 1 authorities in ", NULL } },
		{ "missing.pem",
		  { "problem mmsync.http.ca_file: ", "cannot be read: No such file" } },
		{ "empty.pem", { "problem ", "holds no certificate (PEM)" } },
		{ "text.pem", { "problem ", "holds no certificate (PEM)" } },
		{ "broken.pem", { "problem ", "is damaged after 0 certificates" } },
		{ "ca.key", { "problem ", "holds no certificate (PEM)" } },
		{ ".", { "problem ", "cannot be read: Is a directory" } },
		{ "old.pem", { "problem ", "all 1 in " } },
		{ "mixed.pem", { "note ", "1 of 2 in " } },
	};
	char dir[128], command[512], text[2048], path[300];

	(void)state;
	temp_dir_make(dir, sizeof dir);
	certs_make(dir, certs, MMS_COUNT(certs));
	write_text(dir, "empty.pem", "");
	write_text(dir, "text.pem", "no certificate here\n");
	write_text(dir, "broken.pem",
		   "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	(void)snprintf(command, sizeof command, "cat %s/ca.pem %s/old.pem > %s/mixed.pem", dir,
		       dir, dir);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_authorities) authorities = { 0 };
		MMS_AUTO(mms_findings) found = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		(void)snprintf(path, sizeof path, "%s/%s", dir, rows[i].file);
		assert_int_equal(
			mms_authorities_load(path, mms_clock_now_ms(NULL), &authorities, &err),
			MMS_OK);
		assert_int_equal(mms_survey_judge_authorities(&authorities, &found, &err),
				 MMS_OK);
		print(&found, text, sizeof text);
		for (size_t k = 0; k < 2 && rows[i].want[k] != NULL; k++)
			if (strstr(text, rows[i].want[k]) == NULL)
				fail_msg("%s: %s", rows[i].file, text);
	}
	temp_dir_remove(dir);
}

static void
the_systems_authorities_have_the_packages_remedy(void **state)
{
	static const struct {
		struct mms_authorities facts;
		const char *want;
	} rows[] = {
		{ { .open_errno = ENOENT },
		  "problem certificates: /etc/x cannot be read: No such file" },
		{ { .open_errno = EACCES },
		  "Permission denied (as root: apt-get install --reinstall "
		  "ca-certificates && update-ca-certificates --fresh)" },
		{ { .n = 0 }, "holds no certificate" },
		{ { .n = 140, .n_expired = 140 },
		  "all 140 in /etc/x have expired (as root: apt-get" },
		{ { .n = 140, .n_expired = 3 }, "ok certificates: 140 authorities" },
	};
	char text[1024], path[] = "/etc/x";

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_findings) found = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_authorities facts = rows[i].facts;

		facts.is_system = true;
		facts.path = path;
		assert_int_equal(mms_survey_judge_authorities(&facts, &found, &err), MMS_OK);
		print(&found, text, sizeof text);
		if (strstr(text, rows[i].want) == NULL)
			fail_msg("row %zu: %s", i, text);
	}
	MMS_AUTO(mms_authorities) system = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	assert_int_equal(mms_authorities_load(NULL, NOW_MS, &system, &err), MMS_OK);
	assert_true(system.is_system);
	assert_string_equal(system.path, "/etc/ssl/certs/ca-certificates.crt");
}

/* ---- without memory ------------------------------------------------------------------------ */

static mms_rc
judge_all(struct mms_err *err)
{
	MMS_AUTO(mms_survey) survey = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_config) config = { 0 };
	char type[] = "iCal", address[] = "https://a.example.com", name[] = "CI-1",
	     google[] = "Google Calendar", local[] = "http://localhost.";
	struct mms_calendar_group items[] = { { type, address, name, 1 },
					      { google, NULL, name, 1 },
					      { type, local, name, 1 } };
	const struct mms_calendar_groups groups = { .items = items, .n = 3 };

	mms_rc rc = mms_config_init(&config, err);
	if (rc == MMS_OK)
		rc = mms_survey_plan(&config, &groups, &survey, &found, err);
	for (size_t i = 0; rc == MMS_OK && i < survey.n; i++)
		survey.items[i].status = 500 + (long)i;
	if (rc == MMS_OK)
		rc = mms_survey_judge(&survey, NOW_MS, &found, err);
	if (rc == MMS_OK)
		rc = mms_survey_judge_calendars(&groups, &config, &found, err);
	return rc;
}

static void
without_memory_it_is_refused_or_whole(void **state)
{
	unsigned n_whole = 0;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (unsigned long n = 1; n_whole < 3; n++) {
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 2000);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = judge_all(&err);
		(void)mms_fault_arm_text("alloc:1000000000");
		assert_true(rc == MMS_OK || rc == MMS_E_NOMEM);
		n_whole += rc == MMS_OK;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_is_told_in_plain_words),
		cmocka_unit_test(several_clocks_outvote_ours),
		cmocka_unit_test(each_server_is_asked_once_and_no_secret_is_known_of_it),
		cmocka_unit_test(more_servers_than_fifty_are_counted),
		cmocka_unit_test(nothing_to_ask_is_no_fault),
		cmocka_unit_test(kinds_that_cannot_be_read_are_told),
		cmocka_unit_test(files_of_authorities_are_judged),
		cmocka_unit_test(the_systems_authorities_have_the_packages_remedy),
		cmocka_unit_test(without_memory_it_is_refused_or_whole),
	};
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_http_setup(&err) != MMS_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
