/* Judging rows of a table (see the header). */
#include "support/unit.h"

#include <string.h>

#include "support/rules_table.h"

static struct world world;
static struct mms_email *email;

int
rules_set_up(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	world_load(&world);
	return mms_email_new(&email, true, &err) == MMS_OK ? 0 : -1;
}

int
rules_tear_down(void **state)
{
	(void)state;
	mms_email_free(email);
	world_release(&world);
	return 0;
}

void
rules_judge(enum mms_doctype_id type, const char *base, const char *changes,
	    const struct mms_field_limits *limits, struct mms_str *got)
{
	MMS_AUTO(mms_doc) doc = { 0 };
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) line = { 0 };
	MMS_AUTO(mms_str) problem = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_rules rules = { .email = email,
				   .look = world_lookups(),
				   .aux = &world,
				   .limits = limits,
				   .now_us = world.now_us };

	mms_str_addf(&line, "{%s%s%s}", base, changes[0] != '\0' ? ", " : "", changes);
	assert_int_equal(mms_doc_read_json(&doc, type, line.ptr, line.len, &problem, &err),
			 MMS_OK);
	if (problem.len > 0)
		mms_verdict_addn(&v, MMS_SEVERITY_ERROR, MMS_RULE_JSON, problem.ptr,
				 problem.len);
	else
		assert_int_equal(mms_rules_judge(&rules, &doc, &v, &err), MMS_OK);
	for (size_t i = 0; i < v.n; i++) {
		struct mms_text text = mms_verdict_text(&v, &v.items[i]);
		mms_str_addf(got, "%s%s%s: ", i > 0 ? "\n" : "",
			     v.items[i].severity == MMS_SEVERITY_ERROR ? "!" : "?",
			     mms_rule_name(v.items[i].rule));
		mms_str_addn(got, text.ptr, text.len);
	}
}

void
rules_check(enum mms_doctype_id type, const char *base, const struct rules_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		MMS_AUTO(mms_str) got = { 0 };
		rules_judge(type, base, rows[i].changes, NULL, &got);
		if (strcmp(mms_str_get(&got), rows[i].want) != 0)
			fail_msg("row '%s'\n%s\nwant\n%s", rows[i].label, mms_str_get(&got),
				 rows[i].want);
	}
}
