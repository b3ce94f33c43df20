/*
 * cleanup: what nobody needs any more goes, a thousand rows in a transaction, each calendar's under its lease; all of it is
 * kept in mmsync_removed until its own retention ends, and can be put back. Stopped anywhere, the
 * next one goes on.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_CLEANUP_H
#define MMSYNC_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/removed.h"
#include "mmsync/sync.h"

/* No retention that a person asks for is shorter, days. */
#define MMS_CLEANUP_LEAST_DAYS 30
/* A calendar without integration is gone when it was not tried for so long: deleting one may be a mistake. */
#define MMS_CLEANUP_GONE_DAYS 7

struct mms_cleanup_options {
	int64_t older_than_days; /* 0: retention_days of the configuration */
	bool is_dry;
	int64_t deadline_mono_ms; /* 0: none */
	/* So many rows of about so many are gone. NULL: nobody listens. */
	void (*on_progress)(void *aux, int64_t done, int64_t total);
	void *aux;
};

/* A calendar that was passed by. */
struct mms_cleanup_skipped {
	char *integration; /* owned; NULL: it has none */
	struct mms_err err;
};

/* All zero is empty. */
struct mms_cleanup_report {
	unsigned char run[16];
	bool is_dry;
	int64_t days;
	int64_t found[MMS_CLEANUP_RULE_COUNT];   /* before anything went; more may hang on it */
	int64_t removed[MMS_CLEANUP_RULE_COUNT]; /* as the log has it, with what hung on it   */
	int64_t tables[MMS_REMOVED_TABLE_COUNT]; /* the same by table                         */
	int64_t n_found, n_removed;
	int64_t n_old, n_forgotten; /* rows of the log that have passed their retention */
	struct mms_cleanup_skipped *skipped; /* owned */
	size_t n_skipped, cap_skipped;
};
void mms_cleanup_report_release(struct mms_cleanup_report *report);

/*
 * Do it; dry: only count. The report is filled as far as it came. Errors: USAGE (older_than_days is too few: what goes
 * would come back, or a person may still look at it), CONFIG (zones), HELD (others have the
 * calendars, and nothing was done), STOPPED, RETRY, DB, NOMEM.
 */
mms_rc
mms_cleanup_run(const struct mms_sync_env *env, const struct mms_cleanup_options *options,
		struct mms_cleanup_report *report, struct mms_err *err) MMS_MUST_CHECK;

/* A row that was not put back. */
struct mms_undo_refused {
	enum mms_removed_table table;
	char *key; /* owned */
};
/* All zero is empty. */
struct mms_undo_report {
	int64_t n_put_back;
	struct mms_undo_refused *refused; /* owned */
	size_t n_refused, cap_refused;
	struct mms_cleanup_skipped *skipped; /* owned */
	size_t n_skipped, cap_skipped;
};
void mms_undo_report_release(struct mms_undo_report *report);
/*
 * Put back what a run removed, the last transaction first; what is back already stays as it is. Errors: USAGE (nothing
 * is known of such a run), HELD (others have the calendars, and nothing was done), STOPPED, RETRY, DB, NOMEM.
 */
mms_rc mms_cleanup_undo(const struct mms_sync_env *env,
			const struct mms_cleanup_options *options, const unsigned char run[16],
			struct mms_undo_report *report, struct mms_err *err) MMS_MUST_CHECK;

#endif
