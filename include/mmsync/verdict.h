/*
 * What was found wrong with one document: severity, rule, message, in the order of the DocType's
 * own checks. Reused from document to document, so that judging a row allocates nothing.
 *
 * Layer: model.
 */
#ifndef MMSYNC_VERDICT_H
#define MMSYNC_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/doc.h"
#include "mmsync/err.h"
#include "mmsync/json.h"
#include "mmsync/str.h"

/* enumerator, name in output */
#define MMS_RULES(X)                                          \
	X(INTEGRATION_EXISTS, "calendar_integration_exists")  \
	X(EXTERNAL_ID_UNIQUE, "external_event_id_unique")     \
	X(EVENT_TIMING, "event_timing")                       \
	X(ATTENDEES, "attendees_json")                        \
	X(ORGANIZER, "organizer_email")                       \
	X(BOOKING_LINK, "meeting_booking_link")               \
	X(USER_EXISTS, "user_exists")                         \
	X(INTEGRATION_NAME, "integration_name_unique")        \
	X(TYPE_REQUIREMENTS, "integration_type_requirements") \
	X(SYNC_SETTINGS, "sync_settings")                     \
	X(TOKEN_EXPIRY, "token_expiry")                       \
	X(PRIMARY, "primary_calendar")                        \
	X(MEETING_TYPE, "meeting_type_exists")                \
	X(TIMING, "timing")                                   \
	X(CUSTOMER, "customer_details")                       \
	X(ASSIGNED_USERS, "assigned_users")                   \
	X(PARTICIPANTS, "participants")                       \
	X(APPROVAL, "approval_workflow")                      \
	X(CALENDAR_SYNC, "calendar_sync")                     \
	X(LOCATION, "location_settings")                      \
	X(STATUS, "booking_status")                           \
	X(FIELD_LENGTH, "field_length")                       \
	X(SELECT, "select_option")                            \
	X(LINK, "link")                                       \
	X(JSON, "json")

/*
 * What must hold between tables: the consistency rules of audit (mmsync/flaws.h), in the order in which they are
 * looked at. docs/consistency.md has a row on each.
 */
#define MMS_FLAW_RULES(X)                                      \
	X(BLOCK_SOURCE_MISSING, "busy_block_source_missing")   \
	X(BLOCK_SOURCE_IS_BLOCK, "busy_block_source_is_block") \
	X(BLOCK_CIRCLE, "busy_block_circle")                   \
	X(BLOCK_SOURCE_OF_OTHER, "busy_block_source_of_other") \
	X(BLOCK_MISSING, "busy_block_missing")                 \
	X(BLOCK_INACTIVE, "busy_block_inactive")               \
	X(BLOCK_TWICE, "busy_block_twice")                     \
	X(BLOCK_UNWANTED, "busy_block_unwanted")               \
	X(BLOCK_DIFFERS, "busy_block_differs")                 \
	X(BLOCK_UNSENT, "busy_block_unsent")                   \
	X(BLOCK_WITHOUT_STATE, "busy_block_without_state")     \
	X(BLOCK_WITHOUT_ROW, "busy_block_without_row")         \
	X(BLOCK_AS_EVENT, "busy_block_as_event")               \
	X(BLOCK_DUE_ORPHANED, "busy_block_due_orphaned")       \
	X(MEETING_ONE_WAY, "same_meeting_one_way")             \
	X(EVENT_WITHOUT_STATE, "event_without_state")          \
	X(STATE_WITHOUT_EVENT, "state_without_event")          \
	X(EVENT_WITH_TWO_STATES, "event_with_two_states")      \
	X(STATE_KEY, "state_key")                              \
	X(EVENT_TWICE, "event_twice")                          \
	X(EVENT_GONE_BLOCKS, "event_gone_blocks")              \
	X(SERIES_BEYOND_WINDOW, "series_beyond_window")        \
	X(BOOKING_EVENT_MISSING, "booking_event_missing")      \
	X(BOOKING_EVENT_UNWANTED, "booking_event_unwanted")    \
	X(BOOKING_EVENT_TWICE, "booking_event_twice")          \
	X(BOOKING_EVENT_UNKNOWN, "booking_event_unknown")      \
	X(BOOKING_EVENT_TIMES, "booking_event_times")          \
	X(BOOKING_EVENT_UNLINKED, "booking_event_unlinked")    \
	X(BOOKING_LINK_WRONG, "booking_link")                  \
	X(BOOKING_SYNCED, "booking_synced")                    \
	X(CREATION_FORGOTTEN, "creation_forgotten")            \
	X(OUTBOX_ORPHANED, "outbox_orphaned")                  \
	X(LETTER_ORPHANED, "dead_letter_orphaned")             \
	X(STATE_ORPHANED, "state_orphaned")                    \
	X(CURSOR_ORPHANED, "cursor_orphaned")                  \
	X(CURSOR_WITHOUT_SYNC, "cursor_without_sync")          \
	X(WINDOW_GAP, "window_gap")                            \
	X(TOKENS_UNREADABLE, "tokens_unreadable")              \
	X(COUNTER_BEHIND, "counter_behind")                    \
	X(SCHEMA_LOST, "schema_lost")

/* What must hold between tables and services: mmsync/remote.h. */
#define MMS_REMOTE_RULES(X)                         \
	X(REMOTE_ROW_MISSING, "remote_row_missing") \
	X(REMOTE_DIFFERS, "remote_differs")         \
	X(REMOTE_GONE, "remote_gone")               \
	X(REMOTE_UNREAD, "remote_unread")

enum mms_rule {
#define X(name, text) MMS_RULE_##name,
	MMS_RULES(X) MMS_FLAW_RULES(X) MMS_REMOTE_RULES(X)
#undef X
		MMS_RULE_COUNT
};

/* The rules of MMS_FLAW_RULES(): from the first to before the other. */
#define MMS_RULE_FLAWS     MMS_RULE_BLOCK_SOURCE_MISSING
#define MMS_RULE_FLAWS_END MMS_RULE_REMOTE_ROW_MISSING

/* Borrows: static. */
const char *mms_rule_name(enum mms_rule rule);

enum mms_severity { MMS_SEVERITY_ERROR, MMS_SEVERITY_WARNING };

/* Findings of one document that are kept; further ones are counted. */
#define MMS_VERDICT_MAX 1000
/* Bytes of their messages that are kept. */
#define MMS_VERDICT_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* One finding; its message stands in texts. */
struct mms_verdict_item {
	enum mms_severity severity;
	enum mms_rule rule;
	size_t at, len;
};

/* All zero is empty. */
struct mms_verdict {
	struct mms_verdict_item *items; /* owned                            */
	size_t n, cap;
	struct mms_str texts;
	size_t n_errors, n_warnings; /* all of them                         */
	size_t n_left_out;           /* counted above, but not kept         */
	bool is_short;               /* memory ran out: mms_verdict_check() */
};

void mms_verdict_release(struct mms_verdict *v);
/* Forget the findings, keep the memory. */
void mms_verdict_clear(struct mms_verdict *v);

/*
 * Add a finding. Each "{}" of the pattern takes one more argument, a const struct mms_field *,
 * and becomes what Python's str() makes of it.
 */
void mms_verdict_add(struct mms_verdict *v, enum mms_severity severity, enum mms_rule rule,
		     const char *pattern, ...);
void mms_verdict_addn(struct mms_verdict *v, enum mms_severity severity, enum mms_rule rule,
		      const char *text, size_t len);

/* Errors: NOMEM when a finding was lost. */
mms_rc mms_verdict_check(const struct mms_verdict *v, struct mms_err *err) MMS_MUST_CHECK;

/* The message of a finding. Borrows: until the next change; not NUL-terminated. */
struct mms_text
mms_verdict_text(const struct mms_verdict *v, const struct mms_verdict_item *item);

/* {"index","name","errors":[{"rule","message"}],"warnings":[...]}; name may be NONE. */
void mms_verdict_print(const struct mms_verdict *v, int64_t index, const struct mms_field *name,
		       struct mms_json *j);

#endif
