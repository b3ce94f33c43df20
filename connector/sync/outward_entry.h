/* What is the same for every entry of the outbox, a booking's or a busy block's. Private to sync/. */
#ifndef SYNC_OUTWARD_ENTRY_H
#define SYNC_OUTWARD_ENTRY_H

#include "outward_job.h"

/* Writes of one entry: somebody else changes the event between each look and each of them. Enough of it. */
#define MMS_ENTRY_ROUNDS 4

/* Is a failure one of this event alone, after which the next is tried? */
bool mms_entry_fails_alone(mms_rc rc);

/*
 * Some services give an event another id, and what had the old one seems gone: by its mark it is found. What
 * is known under the id that it has then is a person's copy. *is_found: *seen is the event, under another id than
 * this one; what *seen had is released. Errors: as the service's get(), RETRY, NOMEM.
 */
mms_rc mms_entry_look_by_mark(const struct mms_job_env *env, const unsigned char uuid[16],
			      const char *external_id, struct mms_event *seen, bool *is_found,
			      struct mms_err *err) MMS_MUST_CHECK;

/* What is announced of an event that the service says is gone. Borrowed. */
struct mms_entry_announced {
	enum mms_state_status status;
	enum mms_removed_by removed_by;
	int64_t created_at_ms;
	const char *external_id;
};
/*
 * Is what is gone the event that was announced? One that was gone before is of an
 * earlier life of this database (restored from a backup): its id stays taken, a new one is needed. So
 * it is where we have removed it ourselves and had no answer, and it is wanted again.
 */
bool mms_entry_is_of_earlier_life(const struct mms_entry_announced *announced,
				  const struct mms_event *seen);
/*
 * A service that says, when it is to create it, that it has made an event under this UUID, and does not find it
 * by its mark, may only be slow to show it. After a while it is one of an earlier life.
 */
bool
mms_entry_is_slow(const struct mms_outward *o, const struct mms_entry_announced *announced);
/* What such a one has failed with: RETRY. */
mms_rc mms_entry_fail_slow(struct mms_err *err);

/* One that failed: is it tried again, or given up? */
enum mms_entry_end
mms_entry_failed(const struct mms_outbox_entry *entry, const struct mms_err *why);
/* Not before then. The first tries are made by the next runs as they come; then they are spread. */
int64_t mms_entry_next_try_ms(const struct mms_outward *o, const struct mms_outbox_entry *entry,
			      const struct mms_err *why);
/* The text of a failure, with its hint, as it is stored. Errors: NOMEM. */
mms_rc mms_entry_tell_why(const struct mms_err *why, struct mms_str *out,
			  struct mms_err *err) MMS_MUST_CHECK;

#endif
