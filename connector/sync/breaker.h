/*
 * What a run does about circuits: whom it passes by, who tries what is half open, and what is counted when it
 * is over. An integration's own circuit is kept with its cursor, and written with the lease; those of services and
 * hosts of feeds in mmsync_circuit, read only where something has failed. Private to sync/.
 */
#ifndef SYNC_BREAKER_H
#define SYNC_BREAKER_H

#include "mmsync/circuits.h"
#include "turn.h"

/*
 * The circuits of the services of these integrations, shared by the workers of a run. No statement where none of them
 * has failed. Owns: *out. Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_breakers_new(struct mms_breakers **out, struct mms_pool *pool,
			const struct mms_sources *sources, struct mms_err *err) MMS_MUST_CHECK;
void mms_breakers_free(struct mms_breakers *breakers);

/*
 * May the worker send requests for this integration? What a person has named is always tried. What is half open gets
 * one request without further tries; of a service as a whole one worker of all processes tries.
 * Followed by mms_breaker_leave(), unless it fails.
 * Errors: OPEN (with the time), RETRY, DB, NOMEM.
 */
mms_rc mms_breaker_enter(struct mms_worker *w, const struct mms_source *source,
			 struct mms_err *err) MMS_MUST_CHECK;
/* The same of its own circuit alone, read anew with the lease. Errors: OPEN. */
mms_rc mms_breaker_enter_own(const struct mms_worker *w, const struct mms_source *source,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Is it open or half open, its own or its service's? Claims nothing. */
bool mms_breaker_is_open(const struct mms_worker *w, const struct mms_source *source);
/* Would it be passed by? What is half open, and nobody tries, would not. Claims nothing. */
bool mms_breaker_is_passed_by(const struct mms_worker *w, const struct mms_source *source);

/* Its own circuit after a turn that failed so; as it is, where that counts against nobody, or a service as a whole was tried. */
struct mms_circuit_state
mms_breaker_own_after(const struct mms_worker *w, const struct mms_source *source,
		      const struct mms_err *why, int64_t now_ms);

enum mms_verdict {
	MMS_VERDICT_NONE, /* it says nothing of the service as a whole */
	MMS_VERDICT_GOOD,
	MMS_VERDICT_BAD,
};
/* What came of it, for the service as a whole; text is what a failure says. In a dry run nothing is written. */
void mms_breaker_leave(struct mms_worker *w, const struct mms_source *source,
		       enum mms_verdict verdict, const char *text);

/* What a verdict means for a row as it is now. */
struct mms_circuit_change {
	enum mms_verdict verdict;
	const struct mms_pass *pass;
	uint64_t key; /* which calendar */
	int64_t now_ms;
	struct mms_circuit_rules rules;
	uint64_t seed;
};
/* Pure. False: nothing is to be written. */
bool
mms_circuit_change_row(const struct mms_circuit_change *change, struct mms_circuit_row *row);

#endif
