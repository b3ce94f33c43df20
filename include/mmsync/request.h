/*
 * Requests that are tried again: the one place where that is done.
 *
 * Layer: provider.
 */
#ifndef MMSYNC_REQUEST_H
#define MMSYNC_REQUEST_H

#include <stdbool.h>

#include "mmsync/err.h"
#include "mmsync/http.h"
#include "mmsync/provider.h"

/*
 * One request with its retries: passing faults, 429 and 5xx are tried again with full jitter,
 * Retry-After obeyed; a wait longer than max_ms ends the attempt as WAIT. Any other status is
 * the caller's to judge.
 * Errors: as mms_http_run(), and WAIT.
 */
mms_rc
mms_request_run(const struct mms_provider_env *env, const struct mms_http_request *request,
		struct mms_request_counts *counts, struct mms_http_answer *answer,
		struct mms_err *err) MMS_MUST_CHECK;

/* The same, where a service says in other ways, too, that it is to be asked again. */
mms_rc mms_request_run_judged(const struct mms_provider_env *env,
			      const struct mms_http_request *request,
			      bool (*is_passing)(const struct mms_http_answer *answer),
			      struct mms_request_counts *counts, struct mms_http_answer *answer,
			      struct mms_err *err) MMS_MUST_CHECK;

/*
 * Wait, in slices, so that a stop and the deadline are noticed; what says what for: "waiting to try again".
 * Errors: STOPPED.
 */
mms_rc mms_request_wait(const struct mms_provider_env *env, int64_t ms, const char *what,
			struct mms_err *err) MMS_MUST_CHECK;

/*
 * The pause before something is tried again, which has failed with RETRY for the attempt-th time (from 0), and
 * count that. retry_after_ms < 0: nothing was said. Errors: RETRY (it was tried often enough; err stays),
 * WAIT (the pause would be too long; url is who asks for it), STOPPED.
 */
mms_rc mms_request_pause(const struct mms_provider_env *env, const char *url, int64_t attempt,
			 int64_t retry_after_ms, struct mms_request_counts *counts,
			 struct mms_err *err) MMS_MUST_CHECK;

#endif
