/* Syncs and pushes behind remedies (see repair_p.h). */
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/push.h"
#include "repair_p.h"

static void
free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mms_free(names[i]);
	mms_free(names);
}

void
mms_repair_work_release(struct mms_repair_work *work)
{
	if (work == NULL)
		return;
	free_names(work->calendars, work->n_calendars);
	free_names(work->bookings, work->n_bookings);
	for (size_t i = 0; i < work->n_troubles; i++) {
		mms_free(work->troubles[i].of);
		mms_err_release(&work->troubles[i].err);
	}
	mms_free(work->troubles);
	*work = (struct mms_repair_work){ 0 };
}

/* Takes: name, also when it fails; one that is there already is not added. */
static mms_rc
add_name(char ***names, size_t *n, size_t *cap, char *name, struct mms_err *err)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp((*names)[i], name) != 0)
			continue;
		mms_free(name);
		return MMS_OK;
	}
	char **moved = mms_grow(*names, *n, cap, sizeof *moved);
	if (moved == NULL) {
		mms_free(name);
		return mms_fail_nomem(err);
	}
	*names = moved;
	moved[(*n)++] = name;
	return MMS_OK;
}

mms_rc
mms_repair_work_add(struct mms_repair_work *work, struct mms_mender *mender,
		    const struct mms_mend *mend, struct mms_err *err)
{
	char *name = NULL;

	switch (mms_mend_run_of(mend->remedy)) {
	case MMS_MEND_RUN_NONE:
		return MMS_OK;
	case MMS_MEND_RUN_PUSH:
		name = mms_text_copy(mend->booking);
		return name == NULL ? mms_fail_nomem(err)
				    : add_name(&work->bookings, &work->n_bookings,
					       &work->cap_bookings, name, err);
	case MMS_MEND_RUN_SYNC:
		break;
	}
	mms_rc rc = mms_mend_calendar(mender, mend, &name, err);
	return rc == MMS_OK && name != NULL ? add_name(&work->calendars, &work->n_calendars,
						       &work->cap_calendars, name, err)
					    : rc;
}

/* Takes: *why. of NULL: of all that was run. */
static mms_rc
note(struct mms_repair_work *work, const char *of, struct mms_err *why, struct mms_err *err)
{
	struct mms_repair_trouble *moved =
		mms_grow(work->troubles, work->n_troubles, &work->cap_troubles, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	work->troubles = moved;
	moved[work->n_troubles] = (struct mms_repair_trouble){ 0 };
	mms_err_move(&moved[work->n_troubles].err, why);
	moved[work->n_troubles].of = mms_text_copy(of);
	work->n_troubles++;
	return of == NULL || moved[work->n_troubles - 1].of != NULL ? MMS_OK
								    : mms_fail_nomem(err);
}

static bool
is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_DB || rc == MMS_E_BUG;
}

static mms_rc
note_turns(struct mms_repair_work *work, struct mms_sync_report *report, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < report->n; i++) {
		if (report->turns[i].err.code != MMS_OK)
			rc = note(work, report->turns[i].name, &report->turns[i].err, err);
	}
	for (size_t i = 0; rc == MMS_OK && i < report->troubles.n; i++)
		rc = note(work, report->troubles.items[i].name,
			  &report->troubles.items[i].err, err);
	return rc;
}

static mms_rc
run_sync(struct mms_repair_work *work, const struct mms_sync_env *env, int64_t deadline_mono_ms,
	 struct mms_err *err)
{
	MMS_AUTO(mms_sync_report) report = { 0 };
	MMS_AUTO(mms_err) why = { 0 };
	const struct mms_sync_options options = {
		.integrations = (const char *const *)work->calendars,
		.n_integrations = work->n_calendars,
		.deadline_mono_ms = deadline_mono_ms,
	};

	if (work->n_calendars == 0)
		return MMS_OK;
	mms_rc rc = mms_sync_run(env, &options, &report, &why);
	if (is_end(rc)) {
		mms_err_move(err, &why);
		return rc;
	}
	/* What it was held up by is told of each; but for a name that is no more. */
	if (rc != MMS_OK && rc != MMS_E_HELD)
		return note(work, NULL, &why, err);
	return note_turns(work, &report, err);
}

static mms_rc
note_bookings(struct mms_repair_work *work, struct mms_push_report *report, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < report->n; i++) {
		struct mms_push_booking *b = &report->bookings[i];
		for (size_t k = 0; rc == MMS_OK && k < b->n_events; k++) {
			if (b->events[k].err.code != MMS_OK)
				rc = note(work, b->name, &b->events[k].err, err);
		}
	}
	return rc;
}

static mms_rc
push(struct mms_repair_work *work, const struct mms_sync_env *env, char **bookings, size_t n,
     int64_t deadline_mono_ms, struct mms_err *why, struct mms_err *err)
{
	MMS_AUTO(mms_push_report) report = { 0 };
	const struct mms_push_options options = { .bookings = (const char *const *)bookings,
						  .n_bookings = n,
						  .deadline_mono_ms = deadline_mono_ms };

	mms_rc rc = mms_push_run(env, &options, &report, why);
	mms_rc noted = note_bookings(work, &report, err);
	return noted != MMS_OK ? noted : rc;
}

static mms_rc
run_push(struct mms_repair_work *work, const struct mms_sync_env *env, int64_t deadline_mono_ms,
	 struct mms_err *err)
{
	MMS_AUTO(mms_err) why = { 0 };

	if (work->n_bookings == 0)
		return MMS_OK;
	mms_rc rc =
		push(work, env, work->bookings, work->n_bookings, deadline_mono_ms, &why, err);
	/* One that nobody knows any more ends it for all. */
	for (size_t i = 0; rc == MMS_E_USAGE && i < work->n_bookings; i++) {
		mms_err_release(&why);
		rc = push(work, env, &work->bookings[i], 1, deadline_mono_ms, &why, err);
		if (rc == MMS_OK)
			rc = MMS_E_USAGE;
	}
	if (rc == MMS_OK || rc == MMS_E_USAGE)
		return MMS_OK;
	if (!is_end(rc))
		return note(work, NULL, &why, err);
	if (err->code == MMS_OK)
		mms_err_move(err, &why);
	return rc;
}

mms_rc
mms_repair_work_run(struct mms_repair_work *work, const struct mms_sync_env *env,
		    int64_t deadline_mono_ms, struct mms_err *err)
{
	mms_rc rc = run_sync(work, env, deadline_mono_ms, err);

	if (rc == MMS_OK)
		rc = run_push(work, env, deadline_mono_ms, err);
	free_names(work->calendars, work->n_calendars);
	free_names(work->bookings, work->n_bookings);
	work->calendars = work->bookings = NULL;
	work->n_calendars = work->cap_calendars = 0;
	work->n_bookings = work->cap_bookings = 0;
	return rc;
}

const struct mms_err *
mms_repair_work_trouble(const struct mms_repair_work *work, const struct mms_repair *repair)
{
	enum mms_mend_run run = mms_mend_run_of(repair->mend.remedy);
	const char *of = run == MMS_MEND_RUN_PUSH ? repair->mend.booking : repair->integration;

	if (run == MMS_MEND_RUN_NONE)
		return NULL;
	for (size_t i = work->n_troubles; i-- > 0;) {
		const struct mms_repair_trouble *t = &work->troubles[i];
		if (t->of == NULL || (of != NULL && strcmp(t->of, of) == 0))
			return &t->err;
	}
	return NULL;
}
