/*
 * Every validation rule of the three DocTypes, as pure functions of a document, a look-up port
 * and the time: what the DocType's Python controller would say if the document were saved now,
 * all of it, in its order and its words; then what Frappe itself would refuse. What the rules
 * are, where they come from and where they differ: docs/validation.md.
 *
 * Layer: model.
 */
#ifndef MMSYNC_RULES_H
#define MMSYNC_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/doc.h"
#include "mmsync/email.h"
#include "mmsync/err.h"
#include "mmsync/verdict.h"

/* What the site knows of a row. name is spelled as the row has it. */
struct mms_known_integration {
	struct mms_text name;
	bool is_active;
};
struct mms_known_booking {
	struct mms_text name, status;
	int64_t start_us, end_us; /* wall time; MMS_NO_TIME: none */
};
struct mms_known_meeting_type {
	struct mms_text name, location_type, custom_location;
	bool is_active, is_internal, is_public, requires_approval;
};
struct mms_known_availability {
	int64_t max_days_advance, min_notice_hours;
};

/*
 * Questions to the site. Names are compared as the database compares them, by the collation of
 * their column. Every text that comes out lives until the next begin(). except.ptr NULL: none;
 * else the row of that name does not count (the document itself).
 * Errors of each: those of the port.
 */
struct mms_lookups {
	/* A new document is about to be judged. */
	void (*begin)(void *aux);
	mms_rc (*user)(void *aux, struct mms_text name, bool *found, struct mms_text *out,
		       struct mms_err *err);
	mms_rc (*integration)(void *aux, struct mms_text name, bool *found,
			      struct mms_known_integration *out, struct mms_err *err);
	/* Has the user another integration of this integration_name? */
	mms_rc (*name_taken)(void *aux, struct mms_text user, struct mms_text integration_name,
			     struct mms_text except, bool *out, struct mms_err *err);
	/* Another active primary one of the user; *out is its integration_name. */
	mms_rc (*other_primary)(void *aux, struct mms_text user, struct mms_text except,
				bool *found, struct mms_text *out, struct mms_err *err);
	mms_rc (*event)(void *aux, struct mms_text name, bool *found, struct mms_text *out,
			struct mms_err *err);
	/* Is there another event of this external id in the integration? */
	mms_rc (*external_id_taken)(void *aux, struct mms_text integration, struct mms_text id,
				    struct mms_text except, bool *out, struct mms_err *err);
	mms_rc (*booking)(void *aux, struct mms_text name, bool *found,
			  struct mms_known_booking *out, struct mms_err *err);
	/* Is another event linked to this booking? */
	mms_rc (*booking_linked)(void *aux, struct mms_text booking, struct mms_text except,
				 bool *out, struct mms_err *err);
	mms_rc (*meeting_type)(void *aux, struct mms_text name, bool *found,
			       struct mms_known_meeting_type *out, struct mms_err *err);
	/* The user's active default availability rule. */
	mms_rc (*availability)(void *aux, struct mms_text user, bool *found,
			       struct mms_known_availability *out, struct mms_err *err);
};

/* What a site changed of the DocTypes' fields. All zero: nothing. */
struct mms_field_limits {
	uint32_t max_chars[MMS_DT_COUNT][MMS_PARENT_FIELDS]; /* 0: 140            */
	char *options[MMS_DT_COUNT][MMS_PARENT_FIELDS];      /* owned; NULL: the DocType's  */
};
void mms_field_limits_release(struct mms_field_limits *limits);

/* What the judging needs. All pointers are borrowed. */
struct mms_rules {
	const struct mms_email *email;
	const struct mms_lookups *look;
	void *aux;                             /* of the look-ups                       */
	const struct mms_field_limits *limits; /* NULL: nothing changed                 */
	int64_t now_us; /* wall time in the site's zone: Frappe's now_datetime()          */
};

/*
 * Judge a document as if it were saved now. Defaults of an insert and the names that links
 * really have are filled into the document, as Frappe does before it asks the controller.
 * Findings are added to *out. Errors: NOMEM, and those of the look-ups.
 */
mms_rc mms_rules_judge(const struct mms_rules *rules, struct mms_doc *doc,
		       struct mms_verdict *out, struct mms_err *err) MMS_MUST_CHECK;

/* How a datetime reads to Frappe and to the column that is to hold it. */
enum mms_doctime {
	MMS_DOCTIME_NAIVE, /* a clock reading: *out_us is its wall time      */
	MMS_DOCTIME_AWARE, /* it carries a zone; *out_us is in UTC           */
	MMS_DOCTIME_BAD,   /* frappe.utils.get_datetime() or the column refuses it */
};
enum mms_doctime mms_doctime_read(const struct mms_field *field, int64_t *out_us);

/*
 * Is this a phone number to the booking: digits, at least seven, beside blanks - ( ) +? With
 * Python's notion of digits and blanks (Unicode).
 */
bool mms_phone_is_valid(const char *text, size_t len);

/* The text without what Python's str.strip() takes off. */
struct mms_text mms_text_strip(struct mms_text text);

#endif
