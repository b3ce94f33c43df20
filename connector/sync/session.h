/* A provider's session for one source, with all that it needs. Private to sync/. */
#ifndef SYNC_SESSION_H
#define SYNC_SESSION_H

#include "budget.h"
#include "tokens.h"
#include "turn.h"

/* All zero is closed. Its parts know each other: it must not move while it is open. */
struct mms_open_session {
	struct mms_worker *worker; /* whose requests it guards; NULL: nobody's */
	struct mms_lease *lease;
	struct mms_session *session;
	const struct mms_provider *provider;
	struct mms_calendar calendar;
	struct mms_token_keeper tokens;
	struct mms_budget_keeper budget;
};

/*
 * Open a session: the owner's zone is asked of the database, no request is sent. lease is that of
 * the source's integration, NULL in a dry run. Keeps: w, source, lease. Closed also where it fails.
 * Errors: CONFIG (the integration lacks something, or is of a kind that is not synced), AUTH,
 * RETRY, NOMEM.
 */
mms_rc
mms_session_open(struct mms_worker *w, struct mms_source *source, struct mms_lease *lease,
		 struct mms_open_session *out, struct mms_err *err) MMS_MUST_CHECK;
void mms_session_close(struct mms_open_session *s);

#endif
