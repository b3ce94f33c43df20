/*
 * What mends a flaw: a small change of the tables, or work that a sync or push then does. Each looks again, in its own
 * transaction, whether it is still needed; done twice it changes nothing the second time.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_REMEDY_H
#define MMSYNC_REMEDY_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/doc.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"

/*
 *   X(enumerator, name in plans, unattended, what it does, for people)
 *
 * unattended: health --fix may do it, too. What it names of struct mms_mend stands behind it.
 */
#define MMS_REMEDIES(X)                                                                       \
	X(NONE, "none", false, "a person must look")                                          \
	X(PLAN_EVENT, "plan_event", true,                                                     \
	  "its busy blocks are planned anew") /* cursor_id, key */                            \
	X(PLAN_PERSON, "plan_person", true,                                                   \
	  "all busy blocks of the person are planned anew") /* cursor_id */                   \
	X(REMOVE_BLOCK, "remove_block", true,                                                 \
	  "the busy block is removed from its calendar") /* uuid */                           \
	X(FORGET_BLOCK, "forget_block", true,                                                 \
	  "a row of mmsync_busy_block without a state goes")           /* uuid */             \
	X(SEND_EVENT, "send_event", true, "it is put into the outbox") /* uuid */             \
	X(FORGET_STATE, "forget_state", true,                                                 \
	  "what is known of it is forgotten, the calendar read in full") /* cursor_id, key */ \
	X(READ_CALENDAR, "read_calendar", true,                                               \
	  "the calendar is read in full")                              /* cursor_id */        \
	X(PUSH_BOOKING, "push_booking", true, "the booking is pushed") /* booking */          \
	X(LINK_BOOKING, "link_booking", false,                                                \
	  "the booking's link follows its event")                       /* booking */         \
	X(FREE_ROW, "free_row", true, "the deleted row blocks no more") /* row */             \
	X(DROP_LETTER, "drop_letter", true, "the dead letter goes")     /* id */              \
	X(DROP_ENTRY, "drop_entry", true, "the outbox entry goes")      /* id */              \
	X(DROP_DUE, "drop_due", true, "it is due no more")              /* cursor_id, key */  \
	X(PAIR_MEETING, "pair_meeting", true,                                                 \
	  "both events know that they are one meeting") /* uuid */                            \
	X(RAISE_COUNTER, "raise_counter", false,                                              \
	  "tabSeries is raised above the last name") /* -- */                                 \
	X(APPLY_SCHEMA, "apply_schema", false,                                                \
	  "mmsync schema apply") /* a person does it: it may lock tables */

enum mms_remedy {
#define X(name, text, unattended, help) MMS_REMEDY_##name,
	MMS_REMEDIES(X)
#undef X
		MMS_REMEDY_COUNT
};

/* Static. */
const char *mms_remedy_name(enum mms_remedy remedy);
const char *mms_remedy_help(enum mms_remedy remedy);
bool mms_remedy_is_unattended(enum mms_remedy remedy);
/* COUNT: no such name. */
enum mms_remedy mms_remedy_find(const char *name);

/* One of them, and on what. All zero: none. Texts are borrowed. */
struct mms_mend {
	enum mms_remedy remedy;
	uint64_t cursor_id; /* 0: none */
	uint64_t id;        /* of a dead letter or outbox entry */
	bool has_uuid, has_key;
	unsigned char uuid[16], key[MMS_PRINT_BYTES];
	const char *booking, *row; /* names; NULL: none */
	/* Digest of the facts that make it a flaw: with others the world has moved on. */
	unsigned char print[MMS_PRINT_BYTES];
};

#endif
