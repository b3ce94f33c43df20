/*
 * Requests that a user and a project may send to a service, shared by all workers of all hosts: taken
 * in small portions from mmsync_budget, by the database's clock.
 *
 * Layer: store.
 */
#ifndef MMSYNC_BUDGET_H
#define MMSYNC_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/* A limit of a service: requests in a minute. */
struct mms_budget_scope {
	const char *provider; /* "google" */
	char name[200];       /* "user:ann@example.com" or "project:CLIENT" */
	int64_t per_minute;
};

/*
 * Take n requests of both scopes, or of neither. *wait_ms 0: they are ours; else they are not, and it
 * is the time to wait, ms. One statement where it goes well; where only one of the two had room, its
 * n are lost. Both scopes are of one provider. Errors: RETRY, NOMEM.
 */
mms_rc mms_budget_take(struct mms_db *db, const struct mms_budget_scope *user,
		       const struct mms_budget_scope *project, int64_t n, int64_t *wait_ms,
		       struct mms_err *err) MMS_MUST_CHECK;
/* The time to wait before n could be taken, ms; nothing is taken, or written. One statement. */
mms_rc mms_budget_look(struct mms_db *db, const struct mms_budget_scope *user,
		       const struct mms_budget_scope *project, int64_t n, int64_t *wait_ms,
		       struct mms_err *err) MMS_MUST_CHECK;
/* No request of this scope for so long, because the service said so. */
mms_rc mms_budget_pause(struct mms_db *db, const struct mms_budget_scope *scope, int64_t ms,
			struct mms_err *err) MMS_MUST_CHECK;

#endif
