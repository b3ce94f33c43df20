/* What the files of the rules share. */
#ifndef MODEL_RULES_P_H
#define MODEL_RULES_P_H

#include "mmsync/rules.h"

/* One document being judged. */
struct judge {
	const struct mms_rules *r;
	struct mms_doc *doc;
	struct mms_field *f; /* doc->f */
	struct mms_verdict *v;
};

#define MMS_FAULT_OF(j, rule, ...) \
	mms_verdict_add((j)->v, MMS_SEVERITY_ERROR, (rule), __VA_ARGS__)
#define MMS_DOUBT_OF(j, rule, ...) \
	mms_verdict_add((j)->v, MMS_SEVERITY_WARNING, (rule), __VA_ARGS__)

mms_rc mms_rules_integration(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_rules_event(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_rules_booking(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
/* Defaults of an insert, for the document and the new rows of its tables. */
void mms_rules_fill_defaults(struct judge *j);
/* field_length, select_option, link. */
mms_rc mms_rules_frappe(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;

/* The name by which the document itself is left out of a look-up; none when it is new. */
struct mms_text mms_judge_self(const struct judge *j);

/* The start and end of an event or a booking. */
struct span {
	bool is_known; /* both are clock readings, and can be compared with others */
	int64_t start_us, end_us;
	enum mms_doctime start, end; /* MMS_DOCTIME_BAD also when missing */
};
/* Required, readable, in order: the four messages that both DocTypes have. */
void mms_rules_span(struct judge *j, enum mms_rule rule, const struct mms_field *start,
		    const struct mms_field *end, struct span *out);

/*
 * Is a field that is set a text? If not, a finding with the exception that Python's re.match()
 * raises, or with attribute, that of a missing method of str.
 */
bool mms_rules_is_text(struct judge *j, enum mms_rule rule, const struct mms_field *field,
		       const char *attribute);

bool mms_text_starts_with(struct mms_text text, const char *start);

/*
 * The name behind a link field of users, and whether it exists: the field takes the spelling of
 * the row.
 */
mms_rc mms_rules_find_user(struct judge *j, struct mms_field *field, bool *found,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif
