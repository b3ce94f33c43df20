/* The consistency rules, one row each, in the order of enum mms_rule. docs/consistency.md says what each means. */
#include "flaws_p.h"

#define INTEGRATION "MM Calendar Integration"
#define EVENT       "MM Calendar Event Sync"
#define BOOKING     "MM Meeting Booking"
#define BLOCK       "mmsync_busy_block"
#define STATE       "mmsync_event_state"
#define CURSOR      "mmsync_cursor"

#define REMEDY(name)     MMS_REMEDY_##name, MMS_REMEDY_NONE
#define BOOKED(name, by) MMS_REMEDY_##name, MMS_REMEDY_##by
#define BY_SQL(name)     MMS_STMT_FLAW_##name, NULL
#define BY(function)     MMS_STMT_COUNT, function

/* clang-format off */
static const struct flaw_rule rules[] = {
	{ MMS_RULE_BLOCK_SOURCE_MISSING, BLOCK, FLAW_OF_BLOCKS, REMEDY(REMOVE_BLOCK),
	  BY_SQL(BLOCK_SOURCE_MISSING), "The event that this busy block was made for is not known any more." },
	{ MMS_RULE_BLOCK_SOURCE_IS_BLOCK, BLOCK, FLAW_OF_BLOCKS, REMEDY(REMOVE_BLOCK),
	  BY_SQL(BLOCK_SOURCE_IS_BLOCK), "This busy block was made from another busy block." },
	{ MMS_RULE_BLOCK_CIRCLE, BLOCK, FLAW_OF_BLOCKS, REMEDY(REMOVE_BLOCK),
	  BY_SQL(BLOCK_CIRCLE), "The sources of this busy block lead back to itself." },
	{ MMS_RULE_BLOCK_SOURCE_OF_OTHER, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(REMOVE_BLOCK),
	  BY_SQL(BLOCK_SOURCE_OF_OTHER), "This busy block comes from a calendar of another person: {a}." },
	{ MMS_RULE_BLOCK_MISSING, EVENT, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(PLAN_EVENT),
	  BY(mms_flaws_of_plans), "It has no busy block in {i}." },
	{ MMS_RULE_BLOCK_INACTIVE, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(PLAN_PERSON),
	  BY(mms_flaws_of_plans), "A busy block of a calendar that takes no part: {a}." },
	{ MMS_RULE_BLOCK_TWICE, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(PLAN_EVENT),
	  BY(mms_flaws_of_plans), "Another busy block of the same meeting is in this calendar." },
	{ MMS_RULE_BLOCK_UNWANTED, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(PLAN_EVENT),
	  BY(mms_flaws_of_plans), "This busy block should not be there: {a}." },
	{ MMS_RULE_BLOCK_DIFFERS, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(PLAN_EVENT),
	  BY(mms_flaws_of_plans), "This busy block is not as its event: {a}." },
	{ MMS_RULE_BLOCK_UNSENT, BLOCK, FLAW_OF_BLOCKS | FLAW_OF_EVENTS, REMEDY(SEND_EVENT),
	  BY_SQL(BLOCK_UNSENT), "This busy block should say something else, or go, and nothing in the outbox does it." },
	{ MMS_RULE_BLOCK_WITHOUT_STATE, BLOCK, FLAW_OF_EVENTS, REMEDY(FORGET_BLOCK),
	  BY_SQL(BLOCK_WITHOUT_STATE), "What this busy block should say is known, and not whether it is there." },
	{ MMS_RULE_BLOCK_WITHOUT_ROW, STATE, FLAW_OF_EVENTS, REMEDY(FORGET_STATE),
	  BY_SQL(BLOCK_WITHOUT_ROW), "This busy block is there, and it is not known what it should say." },
	{ MMS_RULE_BLOCK_AS_EVENT, EVENT, FLAW_OF_EVENTS, REMEDY(NONE),
	  BY_SQL(BLOCK_AS_EVENT), "A busy block of mmsync has a row: it takes its time twice." },
	{ MMS_RULE_BLOCK_DUE_ORPHANED, "mmsync_block_due", FLAW_IS_CHEAP | FLAW_IS_WARNING, REMEDY(DROP_DUE),
	  BY_SQL(BLOCK_DUE_ORPHANED), "Busy blocks are to be planned for a calendar that is not there any more." },
	{ MMS_RULE_MEETING_ONE_WAY, "mmsync_same_meeting", FLAW_OF_EVENTS, REMEDY(PAIR_MEETING),
	  BY_SQL(MEETING_ONE_WAY), "The same meeting as another event, which does not know it." },
	{ MMS_RULE_EVENT_WITHOUT_STATE, EVENT, FLAW_OF_EVENTS, REMEDY(READ_CALENDAR),
	  BY_SQL(EVENT_WITHOUT_STATE), "No state is known of this event, though its calendar was read in full." },
	{ MMS_RULE_STATE_WITHOUT_EVENT, STATE, FLAW_OF_EVENTS, BOOKED(READ_CALENDAR, SEND_EVENT),
	  BY_SQL(STATE_WITHOUT_EVENT), "The event is known to be there, and has no row." },
	{ MMS_RULE_EVENT_WITH_TWO_STATES, EVENT, FLAW_OF_EVENTS, REMEDY(FORGET_STATE),
	  BY_SQL(EVENT_WITH_TWO_STATES), "A state of another event claims this row, too." },
	{ MMS_RULE_STATE_KEY, STATE, FLAW_OF_EVENTS, REMEDY(FORGET_STATE),
	  BY_SQL(STATE_KEY), "The key of this state is not that of its event's id: it is not found." },
	{ MMS_RULE_EVENT_TWICE, EVENT, FLAW_OF_EVENTS | FLAW_IS_WARNING, REMEDY(READ_CALENDAR),
	  BY_SQL(EVENT_TWICE), "{b} rows of this calendar have the same iCalUID and start, among them {a}." },
	{ MMS_RULE_EVENT_GONE_BLOCKS, EVENT, FLAW_OF_EVENTS, BOOKED(READ_CALENDAR, FREE_ROW),
	  BY_SQL(EVENT_GONE_BLOCKS), "The event is gone, and its row still takes time." },
	{ MMS_RULE_SERIES_BEYOND_WINDOW, EVENT, FLAW_OF_EVENTS | FLAW_IS_WARNING, REMEDY(NONE),
	  BY_SQL(SERIES_BEYOND_WINDOW), "{a} dates of its series are stored beyond the window: no listing keeps them up to date." },
	{ MMS_RULE_BOOKING_EVENT_MISSING, BOOKING, FLAW_OF_EVENTS, REMEDY(PUSH_BOOKING),
	  BY(mms_flaws_of_bookings), "The booking is not in {i}: {a}." },
	{ MMS_RULE_BOOKING_EVENT_UNWANTED, BOOKING, FLAW_OF_EVENTS, REMEDY(PUSH_BOOKING),
	  BY_SQL(BOOKING_EVENT_UNWANTED), "The booking is {a}, and its event is still in {i}." },
	{ MMS_RULE_BOOKING_EVENT_TWICE, BOOKING, FLAW_OF_EVENTS, REMEDY(PUSH_BOOKING),
	  BY_SQL(BOOKING_EVENT_TWICE), "The booking has {a} events in {i}." },
	{ MMS_RULE_BOOKING_EVENT_UNKNOWN, EVENT, FLAW_OF_EVENTS | FLAW_IS_WARNING, REMEDY(PUSH_BOOKING),
	  BY_SQL(BOOKING_EVENT_UNKNOWN), "The row is of a booking's event, and no state is known of it." },
	{ MMS_RULE_BOOKING_EVENT_TIMES, EVENT, FLAW_OF_EVENTS, REMEDY(SEND_EVENT),
	  BY_SQL(BOOKING_EVENT_TIMES), "The event is from {a}, its booking from {b}." },
	{ MMS_RULE_BOOKING_EVENT_UNLINKED, EVENT, FLAW_OF_EVENTS, REMEDY(SEND_EVENT),
	  BY_SQL(BOOKING_EVENT_UNLINKED), "The event is of a booking that its row does not name." },
	{ MMS_RULE_BOOKING_LINK_WRONG, BOOKING, FLAW_OF_EVENTS, REMEDY(LINK_BOOKING),
	  BY_SQL(BOOKING_LINK), "The booking has an event, and its Calendar Event does not name it." },
	{ MMS_RULE_BOOKING_SYNCED, BOOKING, FLAW_OF_EVENTS | FLAW_IS_WARNING, REMEDY(LINK_BOOKING),
	  BY_SQL(BOOKING_SYNCED), "Calendar Event Synced and Calendar Event contradict each other." },
	{ MMS_RULE_CREATION_FORGOTTEN, STATE, FLAW_OF_EVENTS, REMEDY(SEND_EVENT),
	  BY_SQL(CREATION_FORGOTTEN), "The event was announced, and nothing in the outbox makes it." },
	{ MMS_RULE_OUTBOX_ORPHANED, "mmsync_outbox", FLAW_OF_EVENTS | FLAW_IS_CHEAP, REMEDY(DROP_ENTRY),
	  BY_SQL(OUTBOX_ORPHANED), "Something waits in the outbox ({a}) for an event or a calendar that is not known." },
	{ MMS_RULE_LETTER_ORPHANED, "mmsync_dead_letter", FLAW_OF_EVENTS | FLAW_IS_CHEAP | FLAW_IS_WARNING,
	  REMEDY(DROP_LETTER),
	  BY_SQL(LETTER_ORPHANED), "A dead letter ({a}) of an event or a calendar that is not known." },
	{ MMS_RULE_STATE_ORPHANED, STATE, 0, REMEDY(NONE),
	  BY_SQL(STATE_ORPHANED), "{b} rows of {a} are of a calendar that has no cursor." },
	{ MMS_RULE_CURSOR_ORPHANED, CURSOR, FLAW_IS_CHEAP | FLAW_IS_WARNING, REMEDY(NONE),
	  BY_SQL(CURSOR_ORPHANED), "The integration of this cursor is not there any more." },
	{ MMS_RULE_CURSOR_WITHOUT_SYNC, INTEGRATION, FLAW_IS_CHEAP, REMEDY(READ_CALENDAR),
	  BY_SQL(CURSOR_WITHOUT_SYNC), "There is a sync token, and no time of a reading that it goes back to." },
	{ MMS_RULE_WINDOW_GAP, INTEGRATION, FLAW_IS_CHEAP | FLAW_IS_WARNING, REMEDY(READ_CALENDAR),
	  BY_SQL(WINDOW_GAP), "What was read from {a} to {b} (UTC) does not cover Sync Past Days and Sync Future Days." },
	{ MMS_RULE_TOKENS_UNREADABLE, INTEGRATION, 0, REMEDY(NONE),
	  BY(mms_flaws_of_tokens), "The stored tokens were encrypted with another encryption_key than the site's." },
	{ MMS_RULE_COUNTER_BEHIND, EVENT, 0, REMEDY(RAISE_COUNTER),
	  BY_SQL(COUNTER_BEHIND), "tabSeries is at {a}: a number of a name that is there will be given again." },
	{ MMS_RULE_SCHEMA_LOST, EVENT, FLAW_IS_CHEAP, REMEDY(APPLY_SCHEMA),
	  BY(mms_flaws_of_schema), "{a}" },
};
/* clang-format on */

const struct flaw_rule *
mms_flaw_rule(enum mms_rule rule)
{
	/* The rows stand in the order of the rules, behind those of the DocTypes. */
	return &rules[rule - MMS_RULE_BLOCK_SOURCE_MISSING];
}
