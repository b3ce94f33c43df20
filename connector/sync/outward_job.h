/* One entry of the outbox on its way. Private to sync/. */
#ifndef SYNC_OUTWARD_JOB_H
#define SYNC_OUTWARD_JOB_H

#include "outward.h"

/* What a job needs next. */
enum mms_job_step {
	MMS_JOB_WRITE, /* job->write goes to the service */
	MMS_JOB_DONE,  /* nothing: it is settled         */
};

/* All zero is empty. */
struct mms_job {
	const struct mms_outbox_entry *entry; /* borrowed */
	struct mms_own_state state;
	struct mms_booking_side side;
	struct mms_event seen; /* as the service had it when it was looked at; for its guests */
	struct mms_meeting
		outgoing; /* with guests whom a person has added; where guests are sent */
	struct mms_write write;
	unsigned rounds; /* writes so far */
	bool is_done, is_failed;
	const char *action; /* static: "created", "updated", "deleted", "unchanged" */
	struct mms_err why; /* of a failure */
};
void mms_job_release(struct mms_job *job);

/* What the jobs of one integration share. Borrowed. */
struct mms_job_env {
	const struct mms_outward *o;
	const struct mms_source *source;
	struct mms_lease *lease;
	struct mms_session *session;
	const struct mms_provider *provider;
};

/*
 * Read what there is to know and say what to write; the service is looked at first where that cannot
 * be said without. Errors: those that end the work at this integration.
 */
mms_rc mms_job_prepare(const struct mms_job_env *env, struct mms_job *job,
		       struct mms_err *err) MMS_MUST_CHECK;
/* What the answer to job->write means: settled, failed, or another write. Errors: as above. */
mms_rc mms_job_finish(const struct mms_job_env *env, struct mms_job *job,
		      struct mms_write_result *result, struct mms_err *err) MMS_MUST_CHECK;

#endif
