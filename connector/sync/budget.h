/* The request budget of one session. Private to sync/. */
#ifndef SYNC_BUDGET_H
#define SYNC_BUDGET_H

#include "mmsync/budget.h"
#include "mmsync/oauth.h"
#include "gates.h"
#include "turn.h"

/* Takes portions of what all workers share, and uses them up. All zero is closed. It must not move. */
struct mms_budget_keeper {
	struct mms_budget_port port; /* for the session */
	struct mms_worker *worker;
	const char *whom; /* borrowed: the user, for texts */
	struct mms_budget_scope user, project;
	int64_t left;          /* of the last portion                                    */
	bool has_taken;        /* a first portion */
	bool is_dry;           /* a dry run: nothing is written, pauses are kept all the same */
	struct mms_gate *gate; /* NULL: the service has no limit of requests at the same time */
	unsigned n_entered;    /* under way */
};

/*
 * The budget of a source's user at its service, and that of the service's project.
 * Keeps: w, source. Owns: mms_budget_keeper_release(). Errors: NOMEM.
 */
mms_rc
mms_budget_keeper_open(struct mms_budget_keeper *k, struct mms_worker *w,
		       const struct mms_source *source, const struct mms_provider *provider,
		       bool is_dry, struct mms_err *err) MMS_MUST_CHECK;
/* What is under way has left; slots are given back. */
void mms_budget_keeper_release(struct mms_budget_keeper *k);
/* Borrows: as long as k. */
const struct mms_budget_port *mms_budget_keeper_port(const struct mms_budget_keeper *k);

#endif
