/* What the files of the busy blocks' phase share: a person, and what is known of the person. Private to sync/. */
#ifndef SYNC_BLOCK_WORLD_H
#define SYNC_BLOCK_WORLD_H

#include "block_phase.h"

/* All integrations of one user. All zero is empty. */
struct mms_block_whom {
	const char *user;            /* borrowed                                          */
	struct mms_source **sources; /* owned array, by cursor; those without one left out */
	size_t n;
	uint64_t *cursors;                    /* owned; of the same order */
	struct mms_block_calendar *calendars; /* owned; of the same order */
	bool is_on;                           /* one of them makes blocks in another */
	/* Digest of what blocks depend on beside events; all zero: nothing takes part. */
	unsigned char print[MMS_READ_PRINT_BYTES];
};
void mms_block_whom_release(struct mms_block_whom *whom);
/* block_phase.c: were the blocks of one of the person's calendars planned under something else? */
bool mms_block_whom_is_other(const struct mms_block_whom *whom);
struct mms_block_people {
	struct mms_block_whom *items;
	size_t n;
};
void mms_block_people_release(struct mms_block_people *people);
/* block_people.c: the users of the integrations, each with theirs. Errors: NOMEM. */
mms_rc mms_block_people_make(const struct mms_outward *o, struct mms_sources *sources,
			     struct mms_block_people *out, struct mms_err *err) MMS_MUST_CHECK;

/* What a plan is made of. All zero is empty. */
struct mms_block_world {
	int64_t plans;                    /* of the person, before anything was read  */
	struct mms_block_sources sources; /* of the events: the same order            */
	struct mms_block_event *events;   /* owned array, texts of the sources        */
	struct mms_blocks blocks;
	struct mms_block_twins twins; /* as they were remembered                      */
	bool is_whole, is_more;       /* is_more: not all that is due was read        */
	unsigned tries; /* plans of this before that could not be committed           */
};
void mms_block_world_release(struct mms_block_world *world);
/* block_read.c: everything of the person, or what is due and what depends on it. */
mms_rc mms_block_read_whole(const struct mms_outward *o, const struct mms_block_whom *whom,
			    struct mms_block_world *out, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_block_read_due(const struct mms_outward *o, const struct mms_block_whom *whom,
			  struct mms_block_world *out, struct mms_err *err) MMS_MUST_CHECK;

/* block_phase.c: what the settings make of it. Borrows: from the world. */
mms_rc mms_block_world_plan(const struct mms_outward *o, const struct mms_block_whom *whom,
			    const struct mms_block_world *world, struct mms_block_plan *plan,
			    struct mms_err *err) MMS_MUST_CHECK;

/*
 * block_put.c: commit a plan, in a few transactions where it is long; with the last one what was planned is due no
 * more. Errors: CONFLICT (somebody else has planned or made one: read again), RETRY, DB, NOMEM.
 */
mms_rc mms_block_put(const struct mms_outward *o, struct mms_block_whom *whom,
		     const struct mms_block_world *world, const struct mms_block_plan *plan,
		     struct mms_err *err) MMS_MUST_CHECK;

#endif
