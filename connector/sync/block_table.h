/*
 * What a plan of busy blocks knows, laid out for its walk: calendars by cursor, events by meeting, blocks beside the
 * meeting that they are of, in the order of the calendars outside. Private to block_plan.c.
 */
#ifndef SYNC_BLOCK_TABLE_H
#define SYNC_BLOCK_TABLE_H

#include "block_meetings.h"
#include "mmsync/keymap.h"

/* No index. */
#define MMS_NO_INDEX SIZE_MAX

/* A calendar, in the order of their cursors. */
struct mms_block_place {
	const struct mms_block_calendar *calendar;
	size_t group; /* calendars that are one outside have the same */
	char *title;  /* owned: of blocks from it, unless they bear that of the event */
};

/* A block, and what is known of it. */
struct mms_block_seat {
	const struct mms_block *block;
	size_t index;        /* among all: the older the lower               */
	size_t place, group; /* where it is; MMS_NO_INDEX: not a calendar of this person */
	size_t event;        /* its source: index among the events; MMS_NO_INDEX     */
	size_t member;       /* index among the members; MMS_NO_INDEX                */
	size_t meeting;      /* that of its source; MMS_NO_INDEX                     */
	size_t next;         /* of what could be taken over: the next of its print */
	bool is_live;        /* it is there, as far as is known              */
	bool is_elsewhere;   /* made in another calendar or service          */
	bool is_settled;     /* decided                                      */
	bool is_extra;       /* another one is there for its meeting         */
};

/* What blocks from an event say; made when it is first asked for. */
struct mms_block_saying {
	char *title; /* owned */
	unsigned char print[MMS_PRINT_BYTES];
};

struct mms_block_table {
	const struct mms_block_plan_input *in;
	struct mms_digest *digest;
	struct mms_block_plan *out;
	struct mms_err *err;
	struct mms_block_place *places; /* owned */
	size_t n_groups;
	size_t *targets; /* owned; of each group: its first target; MMS_NO_INDEX   */
	size_t *located; /* owned; of each group: the last meeting that is there, + 1 */
	struct mms_keymap event_of, block_of, free_of; /* free_of: group and print */
	struct mms_keymap uid_of;                      /* iCalUIDs of blocks       */
	struct mms_block_member *members;              /* owned */
	size_t n_members;
	size_t *member_of; /* owned; of each event: its member; MMS_NO_INDEX */
	struct mms_block_saying *sayings;
	struct mms_block_seat *seats; /* owned; by meeting, group, source, age */
	size_t n_seats;
};

/* All but in, digest and err is zero before. Errors: NOMEM. */
mms_rc mms_block_table_make(struct mms_block_table *p) MMS_MUST_CHECK;
void mms_block_table_release(struct mms_block_table *p);

/* What blocks from a member say. Errors: NOMEM. */
mms_rc mms_block_saying_find(struct mms_block_table *p, size_t member,
			     const struct mms_block_saying **out) MMS_MUST_CHECK;

/* The index of a calendar; MMS_NO_INDEX: it is none of this person's. */
size_t mms_block_place_of(const struct mms_block_table *p, uint64_t cursor_id);
bool mms_block_is_target(const struct mms_block_table *p, size_t place);
bool mms_block_is_source(const struct mms_block_table *p, size_t place);
/* Did it end before the window of its calendar? */
bool
mms_block_has_ended(const struct mms_block_table *p, const struct mms_block_member *member);
/* Older first. */
int mms_block_seat_compare(const struct mms_block_seat *a, const struct mms_block_seat *b);

#endif
