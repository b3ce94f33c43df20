/* Which events of a person are the same meeting (block_plan.h says when). Private to sync/. */
#ifndef SYNC_BLOCK_MEETINGS_H
#define SYNC_BLOCK_MEETINGS_H

#include "block_plan.h"

/* An event of which blocks are made, or may be. */
struct mms_block_member {
	const struct mms_block_event *event;
	size_t calendar; /* the caller's number of its calendar            */
	bool is_busy;    /* else doubtful                                  */
	bool is_copy;    /* its title is one that a block could have       */
	size_t meeting;  /* from 0, by time                                */
};

/*
 * Number the meetings and bring the members into their order; those of one meeting are adjacent, by calendar and
 * UUID. rules: whether blocks bear the titles of events. Errors: NOMEM.
 */
mms_rc mms_block_meetings_find(struct mms_block_member *members, size_t n,
			       const struct mms_block_rules *rules,
			       struct mms_err *err) MMS_MUST_CHECK;
/* Add the pairs of a meeting's n members. Errors: NOMEM. */
mms_rc mms_block_meetings_pair(const struct mms_block_member *members, size_t n,
			       struct mms_block_plan *out, struct mms_err *err) MMS_MUST_CHECK;

/* How much of a title a block takes, in bytes. */
size_t mms_block_title_bytes(const struct mms_block_rules *rules, const char *title);
/* By time, calendar and UUID. */
int mms_block_event_compare(const struct mms_block_event *a, const struct mms_block_event *b);

#endif
