/* What the two files of block_job.h share. Private to them. */
#ifndef SYNC_BLOCK_WORK_H
#define SYNC_BLOCK_WORK_H

#include "block_job.h"

/* A block on its way. All zero is empty. */
struct mms_block_work {
	const struct mms_outbox_entry *entry; /* borrowed */
	const struct mms_block *block; /* as it was read; borrowed; NULL: there is none */
	struct mms_event seen;         /* as the service has it, of the last answer */
	struct mms_meeting meeting;    /* what it should say; borrows its title */
	struct mms_write write;
	unsigned rounds; /* writes so far */
	/* It is over: `end` is to be written, or was. Its texts are those of `seen` and `text`. */
	bool is_over, is_settled;
	struct mms_block_end end;
	struct mms_block nobody; /* in its end, where there is none; owns nothing */
	struct mms_str text;     /* of a failure */
	int64_t *count;          /* one more when it is settled; borrowed; NULL: none */
};
void mms_block_work_release(struct mms_block_work *work);

/* block_end.c: it stays as it was read, unless what is set in its end says otherwise. */
void mms_block_end_begin(struct mms_block_work *work);
/* It failed; *why is kept as text. Errors: NOMEM. */
mms_rc mms_block_end_fail(const struct mms_job_env *env, struct mms_block_work *work,
			  const struct mms_err *why, struct mms_err *err) MMS_MUST_CHECK;

/*
 * block_end.c: write the ends of those that are over and not settled yet, in one transaction under the lease. One that
 * cannot be written down is put off, and the others are written without it. Errors: HELD, RETRY, STOPPED, DB, NOMEM.
 */
mms_rc mms_block_ends_settle(const struct mms_job_env *env, struct mms_block_work *works,
			     size_t n, int64_t *n_failed, struct mms_err *err) MMS_MUST_CHECK;

/* Negative controls (mmsync/fault.h): what the plan has put down of those that are to be sent is not there any more. */
mms_rc
mms_block_ends_undo(const struct mms_job_env *env, const struct mms_block_work *works, size_t n,
		    struct mms_blocks *blocks, struct mms_err *err) MMS_MUST_CHECK;

#endif
