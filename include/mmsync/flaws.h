/*
 * Flaws: where tables that must agree do not. The consistency rules of audit, each a look over the whole site,
 * one person or one calendar, and what would mend what it finds (mmsync/remedy.h). docs/consistency.md has a row on each rule.
 * Read-only; every rule may be asked while others write: what is announced, due or in the outbox is under way, and no flaw.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_FLAWS_H
#define MMSYNC_FLAWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/remedy.h"
#include "mmsync/sync.h"
#include "mmsync/verdict.h"

/* One thing that does not agree with another. Borrowed for the call. */
struct mms_flaw {
	enum mms_rule rule;
	enum mms_severity severity;
	const char
		*table; /* static: the DocType, or the table of ours, that it is about        */
	struct mms_text
		name; /* of the row; the UUID of a block or state, in hex with hyphens    */
	struct mms_text
		integration; /* whose calendar; none: of no integration                   */
	struct mms_text message;
	struct mms_mend
		mend; /* what would mend it; remedy NONE: a person must look              */
};

/* Where it goes. Errors of it end the look. */
typedef mms_rc mms_flaw_taker(void *aux, const struct mms_flaw *flaw, struct mms_err *err);

/* What is looked at. All zero: everything, by every rule. */
struct mms_flaw_choice {
	const char *user, *integration,
		*event; /* names that exist, as their rows spell them; NULL: all */
	const char *const
		*tables; /* only rules about these (DocTypes, tables of ours); NULL: all */
	size_t n_tables;
	/* Called after each rule; NULL: nobody listens. */
	void (*on_rule)(void *aux, size_t n_done, size_t n_all);
	void *on_rule_aux;
	bool only_cheap; /* only rules that an index answers, for health: their cost does not grow with the tables */
};

/*
 * Find them, rule by rule in the order of docs/consistency.md, within a rule by integration and name.
 * Errors: RETRY, DB, NOMEM, BUG, STOPPED, and those of take.
 */
mms_rc mms_flaws_find(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
		      mms_flaw_taker *take, void *aux, struct mms_err *err) MMS_MUST_CHECK;

#endif
