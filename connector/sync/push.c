/* Bookings brought to the outside calendars now (see the header). */
#include "mmsync/push.h"

#include <string.h>
#include <strings.h>

#include "block_phase.h"
#include "mmsync/busy.h"
#include "mmsync/mem.h"
#include "outward.h"
#include "outward_kit.h"

static void
event_release(struct mms_push_event *event)
{
	mms_free(event->integration);
	mms_free(event->event);
	mms_free(event->external_id);
	mms_err_release(&event->err);
}

void
mms_push_report_release(struct mms_push_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->n; i++) {
		struct mms_push_booking *b = &report->bookings[i];
		for (size_t k = 0; k < b->n_events; k++)
			event_release(&b->events[k]);
		mms_free(b->events);
		mms_free(b->name);
	}
	mms_free(report->bookings);
	mms_troubles_release(&report->troubles);
	*report = (struct mms_push_report){ 0 };
}

/* What is set up once and torn down with it. */
struct push {
	const struct mms_sync_env *env;
	const struct mms_push_options *options;
	struct mms_push_report *report;
	struct mms_outward_kit kit;
	uint64_t *cursors; /* calendars that the bookings are in, or were */
	size_t n_cursors, cap_cursors;
};

static void
push_release(struct push *p)
{
	mms_outward_kit_release(&p->kit);
	mms_free(p->cursors);
}

/* ---- planning ------------------------------------------------------------------------------ */

static struct mms_push_booking *
add_booking(struct mms_push_report *report, const char *name)
{
	struct mms_push_booking *moved =
		mms_grow(report->bookings, report->n, &report->cap, sizeof *moved);

	if (moved == NULL)
		return NULL;
	report->bookings = moved;
	moved[report->n] = (struct mms_push_booking){ .status = "success" };
	moved[report->n].name = mms_text_copy(name);
	return moved[report->n].name != NULL ? &moved[report->n++] : NULL;
}

static struct mms_push_event *
add_event(struct mms_push_booking *booking, const char *integration, const char *external_id,
	  const char *row_name)
{
	struct mms_push_event *moved = mms_grow(booking->events, booking->n_events,
						&booking->cap_events, sizeof *moved);

	if (moved == NULL)
		return NULL;
	booking->events = moved;
	struct mms_push_event *e = &moved[booking->n_events];
	*e = (struct mms_push_event){ .action = "unchanged" };
	e->integration = mms_text_copy(integration);
	if (mms_provisional_id_read(external_id, NULL))
		external_id = NULL; /* nobody outside knows that one */
	e->external_id = mms_text_copy(external_id);
	e->event = mms_text_copy(row_name);
	booking->n_events++;
	return (integration != NULL && e->integration == NULL) ||
			       (external_id != NULL && e->external_id == NULL) ||
			       (row_name != NULL && e->event == NULL)
		       ? NULL
		       : e;
}

static mms_rc
unknown(struct push *p, const char *name, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };
	char *near = NULL;

	if (mms_pool_lend(p->env->pool, &lent, &ignored) == MMS_OK &&
	    mms_busy_near_booking(lent.db, name, &near, &ignored) == MMS_OK && near != NULL)
		mms_hint(err, "did you mean '%s'?", near);
	mms_free(near);
	return MMS_E_USAGE;
}

static bool
add_cursor(struct push *p, uint64_t cursor_id)
{
	uint64_t *moved = mms_grow(p->cursors, p->n_cursors, &p->cap_cursors, sizeof *moved);

	if (moved == NULL)
		return false;
	p->cursors = moved;
	moved[p->n_cursors++] = cursor_id;
	return true;
}

static mms_rc
plan_one(struct push *p, const char *name, struct mms_err *err)
{
	MMS_AUTO(mms_outward_events) planned = { 0 };
	const struct mms_announce what = { .booking = name,
					   .is_asked_for = true,
					   .is_dry = p->options->is_dry };

	mms_rc rc = mms_announce_booking(&p->kit.o, &what, &planned, err);
	if (rc == MMS_E_USAGE)
		return unknown(p, name, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_push_booking *booking = add_booking(p->report, name);
	if (booking == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < planned.n_former; i++) {
		if (!add_cursor(p, planned.former[i]))
			return mms_fail_nomem(err);
	}
	for (size_t i = 0; i < planned.n; i++) {
		const struct mms_outward_event *from = &planned.items[i];
		if (!add_cursor(p, from->cursor_id))
			return mms_fail_nomem(err);
		struct mms_push_event *e = add_event(booking, from->integration,
						     from->external_id, from->row_name);
		if (e == NULL)
			return mms_fail_nomem(err);
		memcpy(e->uuid, from->uuid, sizeof e->uuid);
		e->cursor_id = from->cursor_id;
		e->is_waiting = from->step != MMS_STEP_NOTHING;
		e->why = from->why;
		if (e->is_waiting && p->options->is_dry)
			e->action = "planned";
	}
	if (planned.n == 0 && !planned.has_target && !planned.is_gone) {
		booking->status = "skipped";
		booking->why = planned.why_none != NULL ? planned.why_none
							: "nobody is assigned to it";
	}
	return MMS_OK;
}

/* ---- doing --------------------------------------------------------------------------------- */

/* The report's event of this UUID; of a booking that nobody named a place is made. */
static struct mms_push_event *
find_event(struct push *p, const struct mms_outbound_told *told)
{
	struct mms_push_report *report = p->report;
	struct mms_push_booking *booking = NULL;

	for (size_t i = 0; i < report->n; i++) {
		struct mms_push_booking *b = &report->bookings[i];
		for (size_t k = 0; k < b->n_events; k++) {
			if (memcmp(b->events[k].uuid, told->state->uuid, 16) == 0)
				return &b->events[k];
		}
		if (told->booking != NULL && strcmp(b->name, told->booking) == 0)
			booking = b;
	}
	if (!p->options->is_pending || told->booking == NULL)
		return NULL;
	if (booking == NULL)
		booking = add_booking(report, told->booking);
	struct mms_push_event *e =
		booking == NULL ? NULL
				: add_event(booking, told->state->integration,
					    told->state->external_id, told->state->row_name);
	if (e != NULL)
		memcpy(e->uuid, told->state->uuid, sizeof e->uuid);
	return e;
}

static void
on_told(void *aux, const struct mms_outbound_told *told)
{
	struct push *p = aux;
	struct mms_push_event *e = find_event(p, told);

	if (e == NULL)
		return;
	if (e->external_id == NULL && !mms_provisional_id_read(told->state->external_id, NULL))
		e->external_id = mms_text_copy(told->state->external_id);
	e->is_waiting = false;
	e->action = told->action;
	if (told->err->code != MMS_OK) {
		mms_err_release(&e->err);
		e->err.code = told->err->code;
		mms_str_add(&e->err.text, mms_err_text(told->err));
		mms_str_add(&e->err.hint, mms_err_hint(told->err));
	}
}

/* Everything of this calendar that still waits failed for the calendar's reason. */
static void
fail_waiting(struct push *p, uint64_t cursor_id, const struct mms_err *why)
{
	for (size_t i = 0; i < p->report->n; i++) {
		struct mms_push_booking *b = &p->report->bookings[i];
		for (size_t k = 0; k < b->n_events; k++) {
			struct mms_push_event *e = &b->events[k];
			if (!e->is_waiting || e->cursor_id != cursor_id ||
			    e->err.code != MMS_OK)
				continue;
			e->err.code = why->code;
			mms_str_add(&e->err.text, mms_err_text(why));
			mms_str_add(&e->err.hint, mms_err_hint(why));
		}
	}
}

static bool
is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_DB || rc == MMS_E_BUG;
}

static bool
is_waiting_for(const struct push *p, uint64_t cursor_id)
{
	for (size_t i = 0; i < p->report->n; i++) {
		const struct mms_push_booking *b = &p->report->bookings[i];
		for (size_t k = 0; k < b->n_events; k++) {
			if (b->events[k].is_waiting && b->events[k].cursor_id == cursor_id)
				return true;
		}
	}
	return false;
}

static bool
has_id(const uint64_t *ids, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static mms_rc
do_all(struct push *p, const uint64_t *waiting, size_t n_waiting, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < p->kit.sources.n; i++) {
		struct mms_source *source = &p->kit.sources.items[i];
		struct mms_outbound_counts counts = { 0 };
		uint64_t id = source->cursor.id;

		if (id == 0 || (!is_waiting_for(p, id) && !has_id(waiting, n_waiting, id)))
			continue;
		rc = mms_outbound_run(&p->kit.o, source, false, on_told, p, &counts, err);
		if (rc == MMS_OK) /* then nothing was done for bookings */
			rc = mms_outward_check_written_to(source, err);
		if (rc == MMS_OK || is_end(rc))
			continue;
		if (rc != MMS_E_HELD)
			fail_waiting(p, id, err);
		mms_err_release(err);
		rc = MMS_OK;
	}
	return rc;
}

/* ---- busy blocks --------------------------------------------------------------------------- */

/* Is it of somebody in whose calendar one of these bookings is, or was when a push before this one was killed? */
static bool
is_of_host(const struct push *p, const struct mms_source *source)
{
	for (size_t i = 0; i < p->kit.sources.n; i++) {
		const struct mms_source *other = &p->kit.sources.items[i];
		if (other->makes_blocks && source->makes_blocks &&
		    strcasecmp(other->integration.user, source->integration.user) == 0 &&
		    has_id(p->cursors, p->n_cursors, other->cursor.id))
			return true;
	}
	return false;
}

/* One calendar's entries of blocks. Who has its lease does them; of an open circuit health tells. */
static mms_rc
fill(struct push *p, struct mms_source *source, struct mms_err *err)
{
	struct mms_outbound_counts counts = { 0 };
	struct mms_block_counts *sum = &p->report->blocks;

	mms_rc rc = mms_outbound_run(&p->kit.o, source, true, NULL, NULL, &counts, err);
	sum->created += counts.blocks.created;
	sum->updated += counts.blocks.updated;
	sum->deleted += counts.blocks.deleted;
	sum->failed += counts.blocks.failed;
	if (rc == MMS_E_HELD || rc == MMS_E_OPEN) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc == MMS_OK || is_end(rc))
		return rc;
	mms_outward_note_trouble(&p->report->troubles, source->integration.name, err);
	return MMS_OK;
}

static mms_rc
plan_and_fill(struct push *p, struct mms_err *err)
{
	uint64_t *waiting = NULL;
	size_t n_waiting = 0;
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_block_phase(&p->kit.o, &p->kit.sources, MMS_BLOCKS_DUE,
				    &p->report->troubles, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(p->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_outbox_waiting(lent.db, p->kit.o.now_ms, &waiting, &n_waiting, err);
	mms_lent_release(&lent);
	for (size_t i = 0; rc == MMS_OK && i < p->kit.sources.n; i++) {
		struct mms_source *source = &p->kit.sources.items[i];
		if (has_id(waiting, n_waiting, source->cursor.id) && is_of_host(p, source))
			rc = fill(p, source, err);
	}
	mms_free(waiting);
	return rc;
}

/*
 * Who was just booked is busy in the own other calendars, too. Trouble is told beside what became of the
 * bookings; the next sync does what is left.
 */
static mms_rc
do_blocks(struct push *p, struct mms_err *err)
{
	bool is_any = false;

	for (size_t i = 0; i < p->kit.sources.n; i++)
		is_any = is_any || is_of_host(p, &p->kit.sources.items[i]);
	if (!is_any)
		return MMS_OK;
	mms_rc rc = plan_and_fill(p, err);
	if (rc == MMS_OK || rc == MMS_E_STOPPED)
		return rc;
	mms_outward_note_trouble(&p->report->troubles, "busy blocks", err);
	return MMS_OK;
}

/* Is there anything to do with blocks, whosever they are: what a push that was killed has left? */
static mms_rc
find_blocks(struct push *p, bool *is_any, struct mms_err *err)
{
	uint64_t *ids = NULL;
	size_t n = 0;
	MMS_AUTO(mms_lent) lent = { 0 };

	if (p->n_cursors == 0 ||
	    (!p->env->site->config.blocks_enabled &&
	     !mms_columns_has(p->env->columns, "tabMM Calendar Integration",
			      "mmsync_busy_blocks")))
		return MMS_OK;
	mms_rc rc = mms_pool_lend(p->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_block_dues_waiting(lent.db, &ids, &n, err);
	mms_free(ids);
	ids = NULL;
	if (rc == MMS_OK && n == 0)
		rc = mms_outbox_waiting(lent.db, p->kit.o.now_ms, &ids, &n, err);
	mms_free(ids);
	*is_any = n > 0;
	return rc;
}

static mms_rc
work_off(struct push *p, struct mms_err *err)
{
	uint64_t *waiting = NULL;
	size_t n_waiting = 0;
	bool has_work = false;
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < p->report->n; i++) {
		for (size_t k = 0; k < p->report->bookings[i].n_events; k++)
			has_work = has_work || p->report->bookings[i].events[k].is_waiting;
	}
	if (p->options->is_pending) {
		rc = mms_pool_lend(p->env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_outbox_waiting(lent.db, p->kit.o.now_ms, &waiting, &n_waiting,
						err);
		mms_lent_release(&lent);
	}
	has_work = has_work || n_waiting > 0;
	if (rc == MMS_OK && !has_work)
		rc = find_blocks(p, &has_work, err);
	if (rc == MMS_OK && has_work)
		rc = mms_outward_kit_connect(&p->kit, err);
	if (rc == MMS_OK && has_work)
		rc = mms_outward_kit_watch(&p->kit, err);
	if (rc == MMS_OK && has_work)
		rc = do_all(p, waiting, n_waiting, err);
	if (rc == MMS_OK && has_work)
		rc = do_blocks(p, err);
	mms_free(waiting);
	return rc;
}

/* ---- telling ------------------------------------------------------------------------------- */

/* Rows that were made meanwhile have a name now. */
static mms_rc
name_rows(struct push *p, struct mms_push_booking *booking, struct mms_err *err)
{
	MMS_AUTO(mms_own_states) states = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(p->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_states_of_booking(lent.db, booking->name, &states, err);
	for (size_t i = 0; rc == MMS_OK && i < booking->n_events; i++) {
		struct mms_push_event *e = &booking->events[i];
		for (size_t k = 0; k < states.n; k++) {
			if (memcmp(states.items[k].uuid, e->uuid, 16) != 0 ||
			    states.items[k].row_name == NULL)
				continue;
			mms_free(e->event);
			e->event = mms_text_copy(states.items[k].row_name);
			if (e->event == NULL)
				return mms_fail_nomem(err);
		}
	}
	return rc;
}

static void
judge(struct mms_push_booking *booking, bool is_dry)
{
	bool is_failed = false, is_waiting = false;

	for (size_t i = 0; i < booking->n_events; i++) {
		mms_rc rc = booking->events[i].err.code;
		is_failed = is_failed || (rc != MMS_OK && rc != MMS_E_OPEN);
		is_waiting = is_waiting || booking->events[i].is_waiting;
	}
	if (is_failed)
		booking->status = "failed";
	else if (is_waiting && !is_dry)
		booking->status = "queued";
}

mms_rc
mms_push_run(const struct mms_sync_env *env, const struct mms_push_options *options,
	     struct mms_push_report *report, struct mms_err *err)
{
	struct push p __attribute__((cleanup(push_release))) = {
		.env = env,
		.options = options,
		.report = report,
	};
	const struct mms_sync_options sync_options = { .is_dry = options->is_dry,
						       .deadline_mono_ms =
							       options->deadline_mono_ms };

	*report = (struct mms_push_report){ .is_dry = options->is_dry };
	mms_rc rc = mms_outward_kit_begin(&p.kit, env, &sync_options, err);
	for (size_t i = 0; rc == MMS_OK && i < options->n_bookings; i++)
		rc = plan_one(&p, options->bookings[i], err);
	if (rc == MMS_OK && !options->is_dry)
		rc = work_off(&p, err);
	for (size_t i = 0; i < report->n; i++) {
		MMS_AUTO(mms_err) ignored = { 0 };
		if (!options->is_dry)
			(void)!name_rows(&p, &report->bookings[i], &ignored);
		judge(&report->bookings[i], options->is_dry);
	}
	return rc;
}
