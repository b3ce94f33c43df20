/*
 * The dead letter queue as a person works with it: look, try again, live without; and what is in
 * quarantine: look, release.
 *
 * A letter is tried again by opening it and syncing its integration: what is written is planned from
 * the calendar and the rows as they are then, never from what failed at the time.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_FAILURES_H
#define MMSYNC_FAILURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/letters.h"
#include "mmsync/sync.h"

/* Which letters are meant. */
struct mms_failures_choice {
	const uint64_t *ids; /* these; the rest does not matter. NULL: all that            */
	size_t n_ids;
	const char *const *integrations; /* ... are of one of these                        */
	size_t n_integrations;
	const char *const *users; /* ... or of the integrations of one of these            */
	size_t n_users;
	bool with_discarded; /* ... and also what was discarded                            */
	bool only_quarantine, without_quarantine;
};

/* A letter, and whether its integration still exists (with the name that it has now). */
struct mms_failure {
	struct mms_letter letter; /* as it was when it was looked up                       */
	bool has_integration;
	/*
	 * What became of it, static: "solved" (the letter is gone), "failed" (why says it),
	 * "queued" (open: it is tried by the next sync), "discarded", "released",
	 * "planned" (a dry run would).
	 */
	const char *status;
	struct mms_err why; /* MMS_OK: nothing to say                                      */
};
/* All zero is empty. */
struct mms_failures {
	struct mms_failure *items;
	size_t n, cap;
	struct mms_troubles troubles; /* turns of a retry that failed though no letter says so */
};
void mms_failures_release(struct mms_failures *failures);

/*
 * Look them up. Chosen by id they are whole, else their texts are the first lines.
 * Errors: USAGE (an unknown id, integration or user, with the nearest name), DB, NOMEM.
 */
mms_rc
mms_failures_find(const struct mms_sync_env *env, const struct mms_failures_choice *choice,
		  struct mms_failures *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Open them anew (what is in quarantine fails: it is released), sync their integrations, and say of each what came of it. A turn of somebody else
 * that is on its way is left alone: its letters are queued, open.
 * Errors: STOPPED (what is not tried is queued; out stays filled), CONFIG, DB, NOMEM.
 */
mms_rc
mms_failures_retry(const struct mms_sync_env *env, const struct mms_sync_options *options,
		   struct mms_failures *failures, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Live without them (what is in quarantine fails): they are not tried again for this content, and count as failures no more.
 * Errors: DB, RETRY, NOMEM.
 */
mms_rc mms_failures_discard(const struct mms_sync_env *env, bool is_dry,
			    struct mms_failures *failures, struct mms_err *err) MMS_MUST_CHECK;

/*
 * End quarantines: the next sync plans their busy blocks anew. What is in none fails. Errors: DB, RETRY, NOMEM.
 */
mms_rc
mms_failures_end_quarantine(const struct mms_sync_env *env, bool is_dry,
			    struct mms_failures *failures, struct mms_err *err) MMS_MUST_CHECK;

/* What a person can do about a letter. Borrows: static. */
const char *mms_failure_advice(const struct mms_failure *failure);

#endif
