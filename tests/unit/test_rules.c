/* model: the rules of the DocTypes, against the verdicts of a model of their controllers. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/attendees.h"
#include "mmsync/fault.h"
#include "mmsync/json.h"
#include "mmsync/mem.h"
#include "mmsync/rules.h"
#include "mmsync/timetext.h"
#include "support/rules_world.h"

static struct world world;
static struct mms_email *email;

static int
set_up(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	world_load(&world);
	return mms_email_new(&email, true, &err) == MMS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	mms_email_free(email);
	world_release(&world);
	return 0;
}

static struct mms_rules
rules_of_world(void)
{
	return (struct mms_rules){
		.email = email, .look = world_lookups(), .aux = &world, .now_us = world.now_us
	};
}

/* The verdict on one line, as validate prints it. */
static void
judge_line(enum mms_doctype_id type, char *line, int64_t index, struct mms_str *out)
{
	MMS_AUTO(mms_doc) doc = { 0 };
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_str) problem = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_rules rules = rules_of_world();

	mms_str_clear(out);
	assert_int_equal(mms_json_open_str(&j, out, false, &err), MMS_OK);
	assert_int_equal(mms_doc_read_json(&doc, type, line, strlen(line), &problem, &err),
			 MMS_OK);
	if (problem.len > 0)
		mms_verdict_addn(&v, MMS_SEVERITY_ERROR, MMS_RULE_JSON, mms_str_get(&problem),
				 problem.len);
	else
		assert_int_equal(mms_rules_judge(&rules, &doc, &v, &err), MMS_OK);
	mms_verdict_print(&v, index, &doc.f[MMS_DOC_NAME], &j);
	assert_int_equal(mms_json_check(&j, &err), MMS_OK);
}

/* The next line of a text, NUL-terminated; NULL at the end. */
static char *
next_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	if (*line == '\0' || end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

static void
compare_files(enum mms_doctype_id type, const char *in_name, const char *out_name)
{
	MMS_AUTO(mms_str) got = { 0 };
	size_t len;
	char *in = world_read_file(world_path(in_name), &len);
	char *out = world_read_file(world_path(out_name), &len);
	char *in_rest = in, *out_rest = out, *line, *want;
	int64_t i = 0;

	while ((line = next_line(&in_rest)) != NULL) {
		char *original = mms_text_copy(line);
		want = next_line(&out_rest);
		assert_non_null(want);
		judge_line(type, line, i, &got);
		mms_str_cut(&got, got.len - 1); /* its newline */
		if (strcmp(mms_str_get(&got), want) != 0)
			fail_msg("%s line %d\n  document %s\n  got      %s\n  want     %s",
				 in_name, (int)i + 1, original, mms_str_get(&got), want);
		mms_free(original);
		i++;
	}
	assert_true(i > 100);
	assert_null(next_line(&out_rest));
	mms_free(in);
	mms_free(out);
}

static void
events_are_judged_as_the_model_does(void **state)
{
	(void)state;
	compare_files(MMS_DT_EVENT, "event.in.jsonl", "event.out.jsonl");
}

static void
integrations_are_judged_as_the_model_does(void **state)
{
	(void)state;
	compare_files(MMS_DT_INTEGRATION, "integration.in.jsonl", "integration.out.jsonl");
}

static void
bookings_are_judged_as_the_model_does(void **state)
{
	(void)state;
	compare_files(MMS_DT_BOOKING, "booking.in.jsonl", "booking.out.jsonl");
}

/* The n-th allocation from here fails; 0: none does. */
static void
fail_allocation(unsigned long n)
{
	char text[64];

	(void)snprintf(text, sizeof text, "alloc:%lu",
		       mms_fault_count(MMS_FAULT_ALLOC) + (n > 0 ? n : 1000000000));
	(void)mms_fault_arm_text(text);
}

/* Judge a line with fresh memory everywhere. Returns the first failure. */
static mms_rc
judge_fresh(enum mms_doctype_id type, const char *document, size_t *n_findings)
{
	MMS_AUTO(mms_doc) doc = { 0 };
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) problem = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_email *own = NULL;
	struct mms_rules rules = rules_of_world();
	char *line = mms_text_copy(document);

	mms_rc rc = line != NULL ? mms_email_new(&own, true, &err) : MMS_E_NOMEM;
	rules.email = own;
	if (rc == MMS_OK)
		rc = mms_doc_read_json(&doc, type, line, strlen(line), &problem, &err);
	if (rc == MMS_OK)
		rc = mms_rules_judge(&rules, &doc, &v, &err);
	*n_findings = v.n;
	mms_email_free(own);
	mms_free(line);
	return rc;
}

static void
running_out_of_memory_anywhere_is_an_ordinary_error(void **state)
{
	static const struct {
		enum mms_doctype_id type;
		const char *line;
	} rows[] = {
		{ MMS_DT_EVENT,
		  "{\"attendees_json\":\"[\\\"bad\\\",5]\",\"event_type\":\"Foo\"}" },
		{ MMS_DT_INTEGRATION, "{\"user\":\"x\",\"integration_type\":\"Foo\"}" },
		{ MMS_DT_BOOKING,
		  "{\"assigned_users\":[{\"user\":\"x\"},{\"user\":\"x\"}],"
		  "\"participants\":[{},{}],\"created_by\":\"x\",\"meeting_type\":\"y\"}" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		size_t want = 0, got = 0;
		assert_int_equal(judge_fresh(rows[i].type, rows[i].line, &want), MMS_OK);
		assert_in_range(want, 3, 100);
		mms_rc rc = MMS_E_NOMEM;
		for (unsigned long n = 1; rc == MMS_E_NOMEM && n < 1000; n++) {
			fail_allocation(n);
			rc = judge_fresh(rows[i].type, rows[i].line, &got);
			fail_allocation(0);
		}
		assert_int_equal(rc, MMS_OK);
		assert_int_equal(got, want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_judged_as_the_model_does),
		cmocka_unit_test(integrations_are_judged_as_the_model_does),
		cmocka_unit_test(bookings_are_judged_as_the_model_does),
		cmocka_unit_test(running_out_of_memory_anywhere_is_an_ordinary_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
