/* Flaws as a list, and the run that mends them (see the header). */
#include "mmsync/repair.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "mmsync/mend.h"
#include "repair_p.h"

/* What one remedy leads to another finds: it is looked again so often. */
#define ROUNDS_MAX 4

const char *
mms_repair_status_name(enum mms_repair_status status)
{
	static const char *const names[] = { "planned", "done", "unneeded", "failed", "left" };

	return names[status];
}

/* ---- lists ----------------------------------------------------------------------------------------- */

void
mms_repair_release(struct mms_repair *repair)
{
	if (repair == NULL)
		return;
	mms_free(repair->table);
	mms_free(repair->name);
	mms_free(repair->message);
	mms_free(repair->integration);
	mms_free(repair->booking);
	mms_free(repair->row);
	mms_err_release(&repair->err);
	*repair = (struct mms_repair){ 0 };
}

void
mms_repairs_release(struct mms_repairs *repairs)
{
	if (repairs == NULL)
		return;
	for (size_t i = 0; i < repairs->n; i++)
		mms_repair_release(&repairs->items[i]);
	mms_free(repairs->items);
	*repairs = (struct mms_repairs){ 0 };
}

bool
mms_repair_is_mendable(const struct mms_repair *repair)
{
	return repair->mend.remedy != MMS_REMEDY_NONE;
}

/* Something that mms_mend_apply() does. */
static bool
is_for_us(const struct mms_repair *repair)
{
	return mms_repair_is_mendable(repair) && repair->mend.remedy != MMS_REMEDY_APPLY_SCHEMA;
}

struct mms_repair *
mms_repairs_next(struct mms_repairs *repairs, struct mms_err *err)
{
	struct mms_repair *moved =
		mms_grow(repairs->items, repairs->n, &repairs->cap, sizeof *moved);

	if (moved == NULL) {
		(void)mms_fail_nomem(err);
		return NULL;
	}
	repairs->items = moved;
	moved[repairs->n] = (struct mms_repair){ 0 };
	return &moved[repairs->n++];
}

static bool
copy(char **to, const char *from, size_t len)
{
	*to = from != NULL ? mms_text_copy_n(from, len) : NULL;
	return from == NULL || *to != NULL;
}

static bool
copy_text(char **to, const char *from)
{
	return copy(to, from, from != NULL ? strlen(from) : 0);
}

mms_rc
mms_repairs_add(struct mms_repairs *repairs, const struct mms_flaw *flaw, struct mms_err *err)
{
	struct mms_repair *r = mms_repairs_next(repairs, err);

	if (r == NULL)
		return err->code;
	r->rule = flaw->rule;
	r->severity = flaw->severity;
	r->mend = flaw->mend;
	if (!copy_text(&r->table, flaw->table) ||
	    !copy(&r->name, flaw->name.ptr, flaw->name.len) ||
	    !copy(&r->message, flaw->message.ptr, flaw->message.len) ||
	    !copy(&r->integration, flaw->integration.ptr, flaw->integration.len) ||
	    !copy_text(&r->booking, flaw->mend.booking) || !copy_text(&r->row, flaw->mend.row))
		return mms_fail_nomem(err);
	r->mend.booking = r->booking;
	r->mend.row = r->row;
	return MMS_OK;
}

static mms_rc
take_flaw(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	return mms_repairs_add(aux, flaw, err);
}

mms_rc
mms_repairs_find(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
		 struct mms_repairs *out, struct mms_err *err)
{
	return mms_flaws_find(env, choice, take_flaw, out, err);
}

/* What is done first. */
static const enum mms_remedy order[] = {
	MMS_REMEDY_RAISE_COUNTER, MMS_REMEDY_DROP_LETTER,   MMS_REMEDY_DROP_ENTRY,
	MMS_REMEDY_DROP_DUE,      MMS_REMEDY_FORGET_BLOCK,  MMS_REMEDY_FORGET_STATE,
	MMS_REMEDY_FREE_ROW,      MMS_REMEDY_REMOVE_BLOCK,  MMS_REMEDY_PAIR_MEETING,
	MMS_REMEDY_LINK_BOOKING,  MMS_REMEDY_SEND_EVENT,    MMS_REMEDY_PLAN_EVENT,
	MMS_REMEDY_PLAN_PERSON,   MMS_REMEDY_READ_CALENDAR, MMS_REMEDY_PUSH_BOOKING,
	MMS_REMEDY_APPLY_SCHEMA,  MMS_REMEDY_NONE,
};

static size_t
rank(enum mms_remedy remedy)
{
	size_t at = 0;

	while (at < MMS_COUNT(order) && order[at] != remedy)
		at++;
	return at;
}

static int
by_rank(const void *a, const void *b)
{
	const struct mms_repair *x = a, *y = b;
	size_t i = rank(x->mend.remedy), k = rank(y->mend.remedy);

	if (i != k)
		return i < k ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	int integration = strcmp(x->integration != NULL ? x->integration : "",
				 y->integration != NULL ? y->integration : "");
	return integration != 0 ? integration : strcmp(x->name, y->name);
}

void
mms_repairs_sort(struct mms_repairs *repairs)
{
	if (repairs->n > 1)
		qsort(repairs->items, repairs->n, sizeof *repairs->items, by_rank);
}

void
mms_repair_report_release(struct mms_repair_report *report)
{
	if (report == NULL)
		return;
	mms_repairs_release(&report->repairs);
	mms_repairs_release(&report->left);
	*report = (struct mms_repair_report){ 0 };
}

/* ---- flaws by what they are about ------------------------------------------------------------------- */

/* Two looks at the same flaw have the same text. */
static mms_rc
name_flaw(const struct mms_repair *r, struct mms_str *out, struct mms_err *err)
{
	mms_str_clear(out);
	mms_str_addf(out, "%s\n%s\n%s\n%s\n", mms_rule_name(r->rule), r->table, r->name,
		     r->integration != NULL ? r->integration : "");
	return mms_str_check(out, err);
}

/* And what mends it. */
static mms_rc
name_mend(const struct mms_repair *r, struct mms_str *out, struct mms_err *err)
{
	mms_str_clear(out);
	mms_mend_print(&r->mend, out);
	return mms_str_check(out, err);
}

static mms_rc
index_flaws(const struct mms_repairs *repairs, struct mms_keymap *map, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < repairs->n; i++) {
		rc = name_flaw(&repairs->items[i], &text, err);
		if (rc == MMS_OK)
			rc = mms_keymap_put(map, text.ptr, text.len, (uint32_t)i, NULL, err);
	}
	return rc;
}

/* Its place in the list; SIZE_MAX: it is not there. */
static mms_rc
find_flaw(const struct mms_keymap *map, const struct mms_repair *r, size_t *out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_rc rc = name_flaw(r, &text, err);
	if (rc != MMS_OK)
		return rc;
	uint32_t at = mms_keymap_find(map, text.ptr, text.len);
	*out = at == MMS_KEYMAP_NONE ? SIZE_MAX : at;
	return MMS_OK;
}

/* ---- one round --------------------------------------------------------------------------------------- */

/* A run of repair. */
struct repairing {
	const struct mms_sync_env *env;
	const struct mms_repair_options *options;
	struct mms_repair_report *report;
	struct mms_mender *mender;
	struct mms_keymap done; /* remedies that were tried, each once */
	struct mms_repair_work work;
};

static void
repairing_release(struct repairing *r)
{
	mms_mender_free(r->mender);
	mms_keymap_release(&r->done);
	mms_repair_work_release(&r->work);
}

static bool
is_stopped(const struct repairing *r)
{
	int64_t deadline = r->options->deadline_mono_ms;

	return (r->env->is_stopped != NULL && atomic_load(r->env->is_stopped)) ||
	       (deadline > 0 && mms_clock_mono_ms() >= deadline);
}

static bool
is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_DB || rc == MMS_E_BUG;
}

/* It is done, or it fails for itself. */
static mms_rc
apply(struct repairing *r, struct mms_repair *repair, struct mms_err *err)
{
	bool did = false;

	if (is_stopped(r))
		return mms_fail(err, MMS_E_STOPPED, "stopped; what was mended stays so");
	mms_rc rc = r->mender != NULL ? MMS_OK
				      : mms_mender_new(&r->mender, r->env,
						       r->options->deadline_mono_ms, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_mend_apply(r->mender, &repair->mend, &did, err);
	if (rc == MMS_OK)
		rc = mms_repair_work_add(&r->work, r->mender, &repair->mend, err);
	if (is_end(rc))
		return rc;
	repair->was_tried = rc == MMS_OK &&
			    (did || mms_mend_run_of(repair->mend.remedy) != MMS_MEND_RUN_NONE);
	repair->status = rc != MMS_OK        ? MMS_REPAIR_FAILED
			 : repair->was_tried ? MMS_REPAIR_DONE
					     : MMS_REPAIR_UNNEEDED;
	mms_err_release(&repair->err);
	if (rc != MMS_OK)
		mms_err_move(&repair->err, err);
	return MMS_OK;
}

static void
leave(struct mms_repair *repair, const char *why)
{
	repair->status = MMS_REPAIR_LEFT;
	(void)mms_fail(&repair->err, MMS_E_ITEM, "%s", why);
}

/* Each remedy once, whoever needs it. *n_tried: how many were. */
static mms_rc
apply_all(struct repairing *r, struct mms_repairs *repairs, size_t from, size_t *n_tried,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	mms_rc rc = MMS_OK;

	*n_tried = 0;
	for (size_t i = from; rc == MMS_OK && i < repairs->n; i++) {
		struct mms_repair *repair = &repairs->items[i];

		if (r->options->on_mend != NULL)
			r->options->on_mend(r->options->on_mend_aux, i, repairs->n);
		if (!is_for_us(repair)) {
			leave(repair, "this is for a person: mmsync schema apply");
			continue;
		}
		if (r->options->only_unattended &&
		    !mms_remedy_is_unattended(repair->mend.remedy)) {
			leave(repair, "not without a person: mmsync repair");
			continue;
		}
		rc = name_mend(repair, &text, err);
		uint32_t at = rc == MMS_OK ? mms_keymap_find(&r->done, text.ptr, text.len)
					   : MMS_KEYMAP_NONE;
		if (at != MMS_KEYMAP_NONE) { /* as the one before it that needs the same */
			repair->status = repairs->items[at].status;
			repair->was_tried = repairs->items[at].was_tried;
			if (repairs->items[at].err.code != MMS_OK)
				(void)mms_fail(&repair->err, repairs->items[at].err.code, "%s",
					       mms_err_text(&repairs->items[at].err));
			continue;
		}
		if (rc == MMS_OK)
			rc = mms_keymap_put(&r->done, text.ptr, text.len, (uint32_t)i, NULL,
					    err);
		if (rc == MMS_OK)
			rc = apply(r, repair, err);
		++*n_tried;
	}
	if (r->options->on_mend != NULL)
		r->options->on_mend(r->options->on_mend_aux, repairs->n, repairs->n);
	return rc;
}

/* ---- what is left ------------------------------------------------------------------------------------ */

/* What is found now, in the place of what was found before. */
static mms_rc
look(struct repairing *r, struct mms_err *err)
{
	struct mms_repair_report *report = r->report;

	mms_repairs_release(&report->left);
	report->errors = report->warnings = 0;
	report->n_mendable = 0;
	mms_rc rc = mms_repairs_find(r->env, &r->options->choice, &report->left, err);
	for (size_t i = 0; i < report->left.n; i++) {
		struct mms_repair *left = &report->left.items[i];

		left->status = MMS_REPAIR_LEFT;
		report->n_mendable += mms_repair_is_mendable(left);
		report->errors += left->severity == MMS_SEVERITY_ERROR;
		report->warnings += left->severity == MMS_SEVERITY_WARNING;
	}
	return rc;
}

/* Why a flaw is still there: its remedy failed, or the run behind it did. */
static void
tell_why(const struct repairing *r, struct mms_repair *repair)
{
	const struct mms_err *why = mms_repair_work_trouble(&r->work, repair);

	if (repair->status == MMS_REPAIR_FAILED || repair->err.code != MMS_OK)
		return;
	repair->status = MMS_REPAIR_LEFT;
	if (why != NULL) {
		(void)mms_fail(&repair->err, why->code, "%s", mms_err_text(why));
		(void)mms_hint(&repair->err, "%s", mms_err_hint(why));
	}
}

/* What each repair came to, by what is left; and what is left by why. */
static mms_rc
judge(struct repairing *r, struct mms_err *err)
{
	struct mms_repair_report *report = r->report;
	MMS_AUTO(mms_keymap) map = { 0 };

	mms_rc rc = index_flaws(&report->left, &map, err);
	for (size_t i = 0; rc == MMS_OK && i < report->repairs.n; i++) {
		struct mms_repair *repair = &report->repairs.items[i];
		size_t at = SIZE_MAX;

		rc = find_flaw(&map, repair, &at, err);
		if (rc != MMS_OK)
			return rc;
		if (at == SIZE_MAX) {
			repair->status =
				repair->was_tried ? MMS_REPAIR_DONE : MMS_REPAIR_UNNEEDED;
			mms_err_release(&repair->err);
			continue;
		}
		struct mms_repair *left = &report->left.items[at];
		tell_why(r, repair);
		if (repair->err.code != MMS_OK && left->err.code == MMS_OK) {
			(void)mms_fail(&left->err, repair->err.code, "%s",
				       mms_err_text(&repair->err));
			(void)mms_hint(&left->err, "%s", mms_err_hint(&repair->err));
		}
	}
	return rc;
}

/* ---- a plan ------------------------------------------------------------------------------------------ */

static mms_rc
copy_repair(struct mms_repairs *to, const struct mms_repair *from, struct mms_err *err)
{
	const struct mms_flaw flaw = {
		.rule = from->rule,
		.severity = from->severity,
		.table = from->table,
		.name = { from->name, strlen(from->name) },
		.integration = { from->integration,
				 from->integration != NULL ? strlen(from->integration) : 0 },
		.message = { from->message, from->message != NULL ? strlen(from->message) : 0 },
		.mend = from->mend,
	};

	return mms_repairs_add(to, &flaw, err);
}

/* The planned one as it is found now: the same remedy of the same facts. */
static mms_rc
check_planned(const struct mms_repairs *found, const struct mms_keymap *map,
	      struct mms_repair *planned, struct mms_err *err)
{
	MMS_AUTO(mms_str) was = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	size_t at = SIZE_MAX;

	mms_rc rc = find_flaw(map, planned, &at, err);
	if (rc != MMS_OK)
		return rc;
	if (at == SIZE_MAX) {
		(void)mms_fail(&planned->err, MMS_E_GONE, "it is not there any more");
		return MMS_OK;
	}
	const struct mms_repair *now = &found->items[at];
	rc = name_mend(planned, &was, err);
	if (rc == MMS_OK)
		rc = name_mend(now, &is, err);
	if (rc == MMS_OK &&
	    (strcmp(mms_str_get(&was), mms_str_get(&is)) != 0 ||
	     memcmp(now->mend.print, planned->mend.print, sizeof now->mend.print) != 0))
		(void)mms_fail(&planned->err, MMS_E_CONFLICT, "it is another one now");
	return rc;
}

/* Does the world still fit? Then the report has the plan's repairs. */
static mms_rc
take_plan(struct repairing *r, struct mms_err *err)
{
	struct mms_repair_report *report = r->report;
	const struct mms_repairs *plan = r->options->plan;
	MMS_AUTO(mms_keymap) map = { 0 };
	size_t n_moved = 0;

	mms_rc rc = index_flaws(&report->left, &map, err);
	for (size_t i = 0; rc == MMS_OK && i < plan->n; i++) {
		rc = copy_repair(&report->repairs, &plan->items[i], err);
		if (rc == MMS_OK)
			rc = check_planned(&report->left, &map, &report->repairs.items[i], err);
		n_moved += rc == MMS_OK && report->repairs.items[i].err.code != MMS_OK;
	}
	if (rc != MMS_OK || n_moved == 0)
		return rc;
	report->is_refused = true;
	mms_fail(err, MMS_E_CONFLICT,
		 "the world has moved on: %zu of %zu planned repairs do not fit any more, and "
		 "nothing was done",
		 n_moved, plan->n);
	return mms_hint(err, "make a new plan: mmsync audit --plan FILE");
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* What of the flaws that are left was not among the repairs of the rounds before. */
static mms_rc
take_found(struct repairing *r, struct mms_err *err)
{
	struct mms_repair_report *report = r->report;
	MMS_AUTO(mms_repairs) fresh = { 0 };
	MMS_AUTO(mms_keymap) map = { 0 };
	size_t at;

	mms_rc rc = index_flaws(&report->repairs, &map, err);
	for (size_t i = 0; rc == MMS_OK && i < report->left.n; i++) {
		const struct mms_repair *left = &report->left.items[i];

		rc = find_flaw(&map, left, &at, err);
		if (rc == MMS_OK && at == SIZE_MAX && mms_repair_is_mendable(left))
			rc = copy_repair(&fresh, left, err);
	}
	mms_repairs_sort(&fresh);
	for (size_t i = 0; rc == MMS_OK && i < fresh.n; i++)
		rc = copy_repair(&report->repairs, &fresh.items[i], err);
	return rc;
}

static mms_rc
mend_round(struct repairing *r, size_t from, size_t *n_tried, struct mms_err *err)
{
	mms_rc rc = apply_all(r, &r->report->repairs, from, n_tried, err);

	if (rc == MMS_OK && *n_tried > 0)
		rc = mms_repair_work_run(&r->work, r->env, r->options->deadline_mono_ms, err);
	if (rc == MMS_OK && *n_tried > 0)
		rc = look(r, err);
	return rc == MMS_OK ? judge(r, err) : rc;
}

static mms_rc
mend_all(struct repairing *r, struct mms_err *err)
{
	struct mms_repair_report *report = r->report;
	size_t n_tried = 1;
	mms_rc rc = MMS_OK;

	for (int round = 0; rc == MMS_OK && n_tried > 0 && round < ROUNDS_MAX; round++) {
		size_t from = report->repairs.n;

		if (r->options->plan == NULL)
			rc = take_found(r, err);
		else
			from = 0;
		if (rc == MMS_OK && report->repairs.n > from)
			rc = mend_round(r, from, &n_tried, err);
		else
			n_tried = 0;
		if (r->options->plan != NULL)
			break; /* exactly that */
	}
	return rc;
}

mms_rc
mms_repair_run(const struct mms_sync_env *env, const struct mms_repair_options *options,
	       struct mms_repair_report *report, struct mms_err *err)
{
	struct repairing r __attribute__((cleanup(repairing_release))) = {
		.env = env,
		.options = options,
		.report = report,
	};

	*report = (struct mms_repair_report){ .is_dry = options->is_dry };
	mms_rc rc = look(&r, err);
	if (rc == MMS_OK && options->plan != NULL)
		rc = take_plan(&r, err);
	if (rc == MMS_OK && options->is_dry)
		return options->plan == NULL ? take_found(&r, err) : MMS_OK;
	return rc == MMS_OK ? mend_all(&r, err) : rc;
}
