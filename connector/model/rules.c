/* Judging a document: what the DocTypes have in common (see the header). */
#include "mmsync/rules.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "rules_p.h"

void
mms_field_limits_release(struct mms_field_limits *limits)
{
	if (limits == NULL)
		return;
	for (size_t d = 0; d < MMS_DT_COUNT; d++) {
		for (size_t i = 0; i < MMS_PARENT_FIELDS; i++)
			mms_free(limits->options[d][i]);
	}
	*limits = (struct mms_field_limits){ 0 };
}

struct mms_text
mms_judge_self(const struct judge *j)
{
	const struct mms_text none = { 0 };

	return j->doc->is_new ? none : j->f[MMS_DOC_NAME].text;
}

bool
mms_text_starts_with(struct mms_text text, const char *start)
{
	size_t len = strlen(start);

	return text.len >= len && memcmp(text.ptr, start, len) == 0;
}

bool
mms_rules_is_text(struct judge *j, enum mms_rule rule, const struct mms_field *field,
		  const char *attribute)
{
	if (field->type == MMS_F_TEXT)
		return true;
	const char *name = mms_field_type_name(field);
	struct mms_field type = mms_field_text(name, strlen(name));
	if (attribute == NULL) {
		MMS_FAULT_OF(j, rule, "expected string or bytes-like object, got '{}'", &type);
	} else {
		struct mms_field what = mms_field_text(attribute, strlen(attribute));
		MMS_FAULT_OF(j, rule, "'{}' object has no attribute '{}'", &type, &what);
	}
	return false;
}

mms_rc
mms_rules_find_user(struct judge *j, struct mms_field *field, bool *found, struct mms_err *err)
{
	struct mms_text name = { 0 };

	*found = false;
	mms_rc rc = j->r->look->user(j->r->aux, field->text, found, &name, err);
	if (rc == MMS_OK && *found)
		*field = mms_field_text(name.ptr, name.len);
	return rc;
}

static void
blame_span(struct judge *j, enum mms_rule rule, const struct span *s)
{
	bool has_both = s->start != MMS_DOCTIME_BAD && s->end != MMS_DOCTIME_BAD;

	/* Python refuses to compare a time with a zone to one without. */
	if (has_both && s->start != s->end)
		MMS_FAULT_OF(j, rule, "can't compare offset-naive and offset-aware datetimes");
	else if (has_both && s->end_us <= s->start_us)
		MMS_FAULT_OF(j, rule, "End DateTime must be after Start DateTime.");
}

void
mms_rules_span(struct judge *j, enum mms_rule rule, const struct mms_field *start,
	       const struct mms_field *end, struct span *out)
{
	bool has_start = mms_field_is_set(start), has_end = mms_field_is_set(end);

	*out = (struct span){ .start = MMS_DOCTIME_BAD, .end = MMS_DOCTIME_BAD };
	if (!has_start)
		MMS_FAULT_OF(j, rule, "Start DateTime is required.");
	else
		out->start = mms_doctime_read(start, &out->start_us);
	if (!has_end)
		MMS_FAULT_OF(j, rule, "End DateTime is required.");
	else
		out->end = mms_doctime_read(end, &out->end_us);
	if ((has_start && out->start == MMS_DOCTIME_BAD) ||
	    (has_end && out->end == MMS_DOCTIME_BAD))
		MMS_FAULT_OF(j, rule, "Invalid datetime format for Start or End DateTime.");
	blame_span(j, rule, out);
	out->is_known = out->start == MMS_DOCTIME_NAIVE && out->end == MMS_DOCTIME_NAIVE;
}

mms_rc
mms_rules_judge(const struct mms_rules *rules, struct mms_doc *doc, struct mms_verdict *out,
		struct mms_err *err)
{
	struct judge j = { .r = rules, .doc = doc, .f = doc->f, .v = out };
	mms_rc rc = MMS_OK;

	rules->look->begin(rules->aux);
	mms_rules_fill_defaults(&j);
	if (doc->type == MMS_DT_INTEGRATION)
		rc = mms_rules_integration(&j, err);
	else if (doc->type == MMS_DT_EVENT)
		rc = mms_rules_event(&j, err);
	else
		rc = mms_rules_booking(&j, err);
	if (rc == MMS_OK)
		rc = mms_rules_frappe(&j, err);
	return rc == MMS_OK ? mms_verdict_check(out, err) : rc;
}
