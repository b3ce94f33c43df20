/*
 * Repair: what audit's consistency rules find is mended, each remedy once, in an order in which none undoes another; what was put
 * down for them to do, syncs and pushes do; then it is looked again, and said what is left and why.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_REPAIR_H
#define MMSYNC_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/flaws.h"
#include "mmsync/remedy.h"
#include "mmsync/str.h"
#include "mmsync/sync.h"

enum mms_repair_status {
	MMS_REPAIR_PLANNED,  /* by a dry run, or by a plan that was refused        */
	MMS_REPAIR_DONE,     /* and its flaw is there no more                      */
	MMS_REPAIR_UNNEEDED, /* its flaw went without it                           */
	MMS_REPAIR_FAILED,   /* err says why                                       */
	MMS_REPAIR_LEFT, /* a person must, or it did not help; err says why, if it is known */
};
/* "planned", "done", "unneeded", "failed", "left". Static. */
const char *mms_repair_status_name(enum mms_repair_status status);

/* A flaw, and what is done about it. All zero is empty; texts are owned. */
struct mms_repair {
	enum mms_rule rule;
	enum mms_severity severity;
	char *table, *name, *message;
	char *integration;    /* NULL: of none */
	struct mms_mend mend; /* its texts are those two */
	char *booking, *row;
	enum mms_repair_status status;
	bool was_tried;     /* something was written for it, or put down before and run now */
	struct mms_err err; /* code OK: none */
};
void mms_repair_release(struct mms_repair *repair);
struct mms_repairs {
	struct mms_repair *items;
	size_t n, cap;
};
void mms_repairs_release(struct mms_repairs *repairs);

/* Can something be done about it, by a run or by a person's command? */
bool mms_repair_is_mendable(const struct mms_repair *repair);
/* A copy of a flaw at the end of the list. Errors: NOMEM. */
mms_rc mms_repairs_add(struct mms_repairs *repairs, const struct mms_flaw *flaw,
		       struct mms_err *err) MMS_MUST_CHECK;
/* All flaws of a choice, as they are found. Errors: as mms_flaws_find(). */
mms_rc mms_repairs_find(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
			struct mms_repairs *out, struct mms_err *err) MMS_MUST_CHECK;
/* In the order in which they are done: what goes before what is sent, planned, read and pushed. Equal ones keep theirs. */
void mms_repairs_sort(struct mms_repairs *repairs);

struct mms_repair_options {
	struct mms_flaw_choice choice;
	/* Exactly these, as they were found once; NULL: whatever is found. */
	const struct mms_repairs *plan;
	bool is_dry;          /* nothing is written                          */
	bool only_unattended; /* only what may be done without a person      */
	int64_t deadline_mono_ms;
	/* Called before each remedy, and with n_done == n_all after the last; NULL: nobody listens. */
	void (*on_mend)(void *aux, size_t n_done, size_t n_all);
	void *on_mend_aux;
};

/* All zero is empty. */
struct mms_repair_report {
	struct mms_repairs
		repairs; /* what was found mendable, or was planned, in their order */
	struct mms_repairs
		left; /* what is found at the end; of a dry run what is not mendable */
	int64_t errors, warnings; /* of these */
	size_t n_mendable;        /* and how many could be mended */
	bool is_dry;
	bool is_refused; /* the plan does not fit any more: repairs say which */
};
void mms_repair_report_release(struct mms_repair_report *report);

/*
 * Do it. The report is filled as far as it came. Where nothing is mendable nothing is written. What fails of single
 * remedies, of syncs and pushes is in the report. Errors: CONFLICT (is_refused: a planned flaw is not there any
 * more, or another now; nothing was done), CONFIG (a restored copy of the site; the zone of stored times), STOPPED, DB, RETRY, NOMEM.
 */
mms_rc mms_repair_run(const struct mms_sync_env *env, const struct mms_repair_options *options,
		      struct mms_repair_report *report, struct mms_err *err) MMS_MUST_CHECK;

/* ---- plans ---------------------------------------------------------------------------------------- */

/* A plan is a JSON document that a person may read, and shorten. All zero is empty. */
struct mms_repair_plan {
	unsigned char site[16];   /* mmsync_site of the installation that it is of  */
	int64_t made_ms;          /* Unix ms                                        */
	char *user, *integration; /* owned: of whom; NULL: all */
	struct mms_repairs repairs;
};
void mms_repair_plan_release(struct mms_repair_plan *plan);

/* As many repairs as a plan may have, and bytes of its document. */
#define MMS_REPAIR_PLAN_MAX       50000
#define MMS_REPAIR_PLAN_MAX_BYTES ((size_t)64 * 1024 * 1024)

/*
 * What repair would do: what is mendable of these, in its order. Owns: *out. Errors: ITEM (too many), RETRY, DB, NOMEM.
 */
mms_rc
mms_repair_plan_make(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
		     struct mms_repair_plan *out, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_repair_plan_print(const struct mms_repair_plan *plan, struct mms_str *out,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Errors: USAGE (it is no plan; the text says in which line), NOMEM. */
mms_rc mms_repair_plan_parse(const char *text, size_t len, struct mms_repair_plan *out,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Is it of this installation? Errors: USAGE (it is not), RETRY, DB, NOMEM. */
mms_rc
mms_repair_plan_check_site(const struct mms_sync_env *env, const struct mms_repair_plan *plan,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif
