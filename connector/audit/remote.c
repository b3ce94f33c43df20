/*
 * Tables against services (see the header). What would a full sync do that an incremental one would not? Both are played
 * without writing, the full one first: what changes outside between them is seen by both. A real sync in
 * between would make the comparison one of two times, so that it is begun again.
 */
#include "mmsync/remote.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/cursors.h"
#include "mmsync/mem.h"
#include "mmsync/provider.h"
#include "mmsync/str.h"
#include "mmsync/uuid.h"

/* A calendar that is synced all the time is left alone after so many tries. */
#define TRIES 3

/* A comparison under way. */
struct remote {
	const struct mms_sync_env *env;
	mms_flaw_taker *take;
	void *aux;
	struct mms_remote_totals *totals;
};

/* ---- which calendars ------------------------------------------------------------------------- */

static bool
is_wanted(const struct mms_remote_options *o, const struct mms_source *source)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_provider *provider = mms_provider_find(in->type);

	if (!in->is_active || provider == NULL || provider->ops == NULL)
		return false;
	if (o->integration != NULL && strcmp(o->integration, in->name) != 0)
		return false;
	return o->user == NULL || (in->user != NULL && strcmp(o->user, in->user) == 0);
}

static mms_rc
load(const struct mms_sync_env *env, struct mms_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	return rc == MMS_OK ? mms_sources_load(lent.db, out, err) : rc;
}

/* The first n become a choice of n at random (Fisher and Yates). */
static mms_rc
shuffle(size_t *items, size_t n_all, size_t n, struct mms_err *err)
{
	for (size_t i = 0; i < n && i + 1 < n_all; i++) {
		uint64_t random;

		mms_rc rc = mms_random(&random, sizeof random, err);
		if (rc != MMS_OK)
			return rc;
		size_t k = i + (size_t)(random % (n_all - i)), kept = items[i];
		items[i] = items[k];
		items[k] = kept;
	}
	return MMS_OK;
}

static int
by_place(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Owns: *out, places in sources. */
static mms_rc
choose(const struct mms_remote_options *o, const struct mms_sources *sources, size_t **out,
       size_t *n, struct mms_err *err)
{
	size_t n_all = 0;

	*out = mms_alloc((sources->n + 1) * sizeof **out);
	if (*out == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < sources->n; i++) {
		if (is_wanted(o, &sources->items[i]))
			(*out)[n_all++] = i;
	}
	*n = o->sample > 0 && o->sample < n_all ? o->sample : n_all;
	mms_rc rc = *n < n_all ? shuffle(*out, n_all, *n, err) : MMS_OK;
	qsort(*out, *n, sizeof **out, by_place);
	return rc;
}

/* ---- one calendar ---------------------------------------------------------------------------- */

/* What a sync of it would do. Errors of the turn stay in the report. */
static mms_rc
play(const struct mms_sync_env *env, const char *name, bool is_full,
     struct mms_sync_report *report, struct mms_err *err)
{
	const struct mms_sync_options options = { .integrations = &name,
						  .n_integrations = 1,
						  .is_full = is_full,
						  .is_dry = true,
						  .jobs = 1 };

	mms_rc rc = mms_sync_run(env, &options, report, err);
	/* It was renamed or deleted since it was chosen. */
	if (rc == MMS_E_USAGE)
		mms_err_release(err);
	return rc == MMS_E_USAGE ? MMS_OK : rc;
}

static const struct mms_turn *
turn_of(const struct mms_sync_report *report)
{
	return report->n > 0 ? &report->turns[0] : NULL;
}

static bool
is_good(const struct mms_turn *turn)
{
	return turn != NULL && strcmp(turn->status, "success") == 0;
}

/* What it is about: a row, else an event outside; a new busy block has neither. */
static const char *
subject_of(const struct mms_planned *p)
{
	if (p->event != NULL && p->event[0] != '\0')
		return p->event;
	return p->external_event_id != NULL ? p->external_event_id : "";
}

static int
compare(const void *a, const void *b)
{
	const struct mms_planned *const *x = a, *const *y = b;
	int order = strcmp(subject_of(*x), subject_of(*y));

	if (order != 0)
		return order;
	if ((*x)->start_ms != (*y)->start_ms)
		return (*x)->start_ms < (*y)->start_ms ? -1 : 1;
	return ((*x)->end_ms > (*y)->end_ms) - ((*x)->end_ms < (*y)->end_ms);
}

/* Pointers to what a turn planned, by what it is about. Owns: the result; NULL: out of memory. */
static const struct mms_planned **
by_id(const struct mms_turn *turn)
{
	const struct mms_planned **out = mms_alloc((turn->n_planned + 1) * sizeof *out);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < turn->n_planned; i++)
		out[i] = &turn->planned[i];
	qsort(out, turn->n_planned, sizeof *out, compare);
	return out;
}

static bool
is_among(const struct mms_planned *p, const struct mms_planned **others, size_t n)
{
	return n > 0 &&
	       bsearch(&p, others, n, sizeof(const struct mms_planned *), compare) != NULL;
}

static enum mms_rule
rule_of(const struct mms_planned *p)
{
	if (strcmp(p->op, "create") == 0)
		return MMS_RULE_REMOTE_ROW_MISSING;
	return strcmp(p->op, "delete") == 0 ? MMS_RULE_REMOTE_GONE : MMS_RULE_REMOTE_DIFFERS;
}

static struct mms_text
text_of(const char *text)
{
	return (struct mms_text){ text, text != NULL ? strlen(text) : 0 };
}

static mms_rc
tell(struct remote *r, const struct mms_source *source, enum mms_rule rule, const char *table,
     const char *name, enum mms_remedy remedy, const struct mms_str *message,
     struct mms_err *err)
{
	struct mms_flaw flaw = { .rule = rule,
				 .severity = remedy == MMS_REMEDY_NONE ? MMS_SEVERITY_WARNING
								       : MMS_SEVERITY_ERROR,
				 .table = table,
				 .name = text_of(name),
				 .integration = text_of(source->integration.name),
				 .message = { mms_str_get(message), message->len },
				 .mend = { .remedy = remedy, .cursor_id = source->cursor.id } };

	mms_rc rc = mms_str_check(message, err);
	return rc == MMS_OK ? r->take(r->aux, &flaw, err) : rc;
}

/* Something that only a full sync would do. */
static mms_rc
tell_planned(struct remote *r, const struct mms_source *source, const struct mms_planned *p,
	     struct mms_err *err)
{
	static const char *const what[] = {
		[MMS_RULE_REMOTE_ROW_MISSING] = "The calendar shows an event that has no row",
		[MMS_RULE_REMOTE_DIFFERS] = "The calendar shows something else",
		[MMS_RULE_REMOTE_GONE] = "The calendar does not have it",
	};
	bool has_row = p->event != NULL && p->event[0] != '\0';
	enum mms_rule rule = rule_of(p);
	MMS_AUTO(mms_str) message = { 0 };

	mms_str_addf(&message, "%s: %s", what[rule], p->why);
	if (has_row && p->external_event_id != NULL)
		mms_str_addf(&message, " (%s)", p->external_event_id);
	const char *name = has_row ? p->event : p->external_event_id;
	return tell(r, source, rule,
		    has_row || rule == MMS_RULE_REMOTE_ROW_MISSING ? "MM Calendar Event Sync"
								   : "mmsync_event_state",
		    name != NULL ? name : "", MMS_REMEDY_READ_CALENDAR, &message, err);
}

static mms_rc
tell_unread(struct remote *r, const struct mms_source *source, const struct mms_turn *turn,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) message = { 0 };

	mms_str_add(&message, "The calendar could not be compared");
	if (turn != NULL && turn->err.code != MMS_OK)
		mms_str_addf(&message, ": %s", mms_err_text(&turn->err));
	return tell(r, source, MMS_RULE_REMOTE_UNREAD, "MM Calendar Integration",
		    source->integration.name, MMS_REMEDY_NONE, &message, err);
}

/* What is in full and not in soon. Bookings' events and blocks that are to leave are in both. */
static mms_rc
tell_difference(struct remote *r, const struct mms_source *source, const struct mms_turn *full,
		const struct mms_turn *soon, struct mms_err *err)
{
	const struct mms_planned **others = by_id(soon);
	mms_rc rc = others != NULL ? MMS_OK : mms_fail_nomem(err);

	for (size_t i = 0; rc == MMS_OK && i < full->n_planned; i++) {
		const struct mms_planned *p = &full->planned[i];
		if (!is_among(p, others, soon->n_planned))
			rc = tell_planned(r, source, p, err);
	}
	mms_free(others);
	return rc;
}

/* Has nobody synced it since? */
static mms_rc
is_as_before(const struct remote *r, const struct mms_source *source, bool *out,
	     struct mms_err *err)
{
	MMS_AUTO(mms_sources) now = { 0 };

	*out = false;
	mms_rc rc = load(r->env, &now, err);
	for (size_t i = 0; rc == MMS_OK && i < now.n; i++) {
		if (now.items[i].cursor.id == source->cursor.id)
			*out = now.items[i].cursor.fence == source->cursor.fence;
	}
	return rc;
}

static void
count(struct remote *r, const struct mms_turn *turn)
{
	r->totals->requests += turn != NULL ? turn->requests + turn->retries : 0;
}

/* One try. *is_done: it was compared, or cannot be. */
static mms_rc
try_one(struct remote *r, const struct mms_source *source, bool *is_done, struct mms_err *err)
{
	MMS_AUTO(mms_sync_report) full = { 0 };
	MMS_AUTO(mms_sync_report) soon = { 0 };
	bool is_still = false;

	mms_rc rc = play(r->env, source->integration.name, true, &full, err);
	if (rc == MMS_OK)
		rc = play(r->env, source->integration.name, false, &soon, err);
	count(r, turn_of(&full));
	count(r, turn_of(&soon));
	if (rc == MMS_OK)
		rc = is_as_before(r, source, &is_still, err);
	if (rc != MMS_OK)
		return rc;
	*is_done = true;
	if (!is_good(turn_of(&full)) || !is_good(turn_of(&soon)))
		return tell_unread(r, source,
				   is_good(turn_of(&full)) ? turn_of(&soon) : turn_of(&full),
				   err);
	*is_done = is_still;
	if (!is_still)
		return MMS_OK;
	r->totals->compared++;
	r->totals->events += turn_of(&full)->events.seen;
	return tell_difference(r, source, turn_of(&full), turn_of(&soon), err);
}

static mms_rc
find_source(const struct remote *r, uint64_t cursor_id, struct mms_sources *sources,
	    const struct mms_source **out, struct mms_err *err)
{
	mms_sources_release(sources);
	mms_rc rc = load(r->env, sources, err);

	*out = NULL;
	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		if (sources->items[i].cursor.id == cursor_id)
			*out = &sources->items[i];
	}
	return rc;
}

static mms_rc
compare_one(struct remote *r, uint64_t cursor_id, struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };
	bool is_done = false;
	mms_rc rc = MMS_OK;

	for (int i = 0; rc == MMS_OK && !is_done && i < TRIES; i++) {
		const struct mms_source *source;

		rc = find_source(r, cursor_id, &sources, &source, err);
		/* Gone meanwhile, or never read: then there is nothing to compare with. */
		if (rc != MMS_OK || source == NULL ||
		    source->cursor.last_success_ms == MMS_NO_TIME)
			break;
		rc = try_one(r, source, &is_done, err);
	}
	r->totals->skipped += rc == MMS_OK && !is_done;
	return rc;
}

mms_rc
mms_remote_find(const struct mms_sync_env *env, const struct mms_remote_options *options,
		mms_flaw_taker *take, void *aux, struct mms_remote_totals *out,
		struct mms_err *err)
{
	struct remote r = { .env = env, .take = take, .aux = aux, .totals = out };
	MMS_AUTO(mms_sources) sources = { 0 };
	size_t *chosen = NULL, n = 0;

	*out = (struct mms_remote_totals){ 0 };
	mms_rc rc = load(env, &sources, err);
	if (rc == MMS_OK)
		rc = choose(options, &sources, &chosen, &n, err);
	out->calendars = (int64_t)n;
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		rc = compare_one(&r, sources.items[chosen[i]].cursor.id, err);
		if (options->on_calendar != NULL)
			options->on_calendar(options->aux, i + 1, n);
		if (rc == MMS_OK && atomic_load(env->is_stopped))
			rc = mms_fail(err, MMS_E_STOPPED, "interrupted");
	}
	mms_free(chosen);
	return rc;
}
