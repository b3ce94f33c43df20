/* What the files of the audit share. */
#ifndef AUDIT_AUDIT_P_H
#define AUDIT_AUDIT_P_H

#include "mmsync/audit.h"
#include "mmsync/keymap.h"
#include "mmsync/lookups.h"
#include "mmsync/rules.h"

/*
 * The look-ups of an audit. What many rows ask about (users, integrations, meeting types) is asked
 * once and remembered, up to a bound; which rows share what must be unique is found out at the
 * start; what a row alone points to comes joined with it.
 */
struct mms_audit_known {
	struct mms_site_lookups site; /* asks on the connection for look-ups */
	struct mms_keymap users, integrations, types;
	struct mms_audit_fact *facts; /* owned: the answers, by the maps' values */
	size_t n_facts, facts_cap;
	struct mms_keymap twin_ids, shared_bookings, twin_names; /* names of rows */
	struct mms_keymap primaries; /* integration to its index in titles */
	char **titles;               /* owned: names of the other primary ones; NULL: none */
	size_t n_titles, titles_cap;
	/* of the row being judged: what it points to, as joined */
	bool has_booking, has_event;
	struct mms_known_booking booking;
	struct mms_text event;
};
void mms_audit_known_release(struct mms_audit_known *k);
const struct mms_lookups *mms_audit_lookups(void);
/* Which rows share what must be unique. */
mms_rc mms_audit_known_load(struct mms_audit_known *k, const struct mms_audit_options *options,
			    struct mms_err *err) MMS_MUST_CHECK;

/* An audit under way. */
struct audit {
	struct mms_db *db;
	const struct mms_columns *columns;
	const struct mms_audit_options *options;
	const struct mms_audit_output *output;
	struct mms_audit_totals *totals;
	struct mms_email *email; /* owned */
	struct mms_field_limits limits;
	struct mms_audit_known known;
	struct mms_rules rules;
	struct mms_verdict verdict;
	struct mms_doc doc;
};

/* Where a column of a page goes in the document. */
struct audit_column {
	size_t at, field;
};

/* Fill fields from a row. */
void mms_audit_fill(struct mms_field *fields, const struct audit_column *columns, size_t n,
		    const struct mms_value *row);
/* Judge a document of a row, and tell what is wrong with it. */
mms_rc
mms_audit_judge(struct audit *a, struct mms_doc *doc, struct mms_err *err) MMS_MUST_CHECK;
/* A page has been read: *done more rows. */
mms_rc mms_audit_page(struct audit *a, enum mms_doctype_id doctype,
		      struct mms_err *err) MMS_MUST_CHECK;

mms_rc mms_audit_integrations(struct audit *a, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_audit_events(struct audit *a, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_audit_bookings(struct audit *a, struct mms_err *err) MMS_MUST_CHECK;

#endif
