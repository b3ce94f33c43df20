/*
 * What is known of one person, read for a plan of the busy blocks: all of it, or what is due with everything that its
 * blocks depend on.
 */
#include <stdlib.h>
#include <string.h>

#include "block_world.h"
#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "mmsync/spans.h"

/* Events that one plan is made for; a whole plan takes all there are. */
#define DUE_MAX 200
#define ALL_DUE INT64_C(1000000)
/* UUIDs in one question. */
#define ASK_MAX ((size_t)1000)
/* What is the same as what is the same ...: a person has few calendars. */
#define CLOSURE_ROUNDS 8

void
mms_block_world_release(struct mms_block_world *world)
{
	if (world == NULL)
		return;
	mms_free(world->events);
	mms_block_sources_release(&world->sources);
	mms_blocks_release(&world->blocks);
	mms_block_twins_release(&world->twins);
	*world = (struct mms_block_world){ 0 };
}

/* One reading. */
struct reading {
	const struct mms_outward *o;
	const struct mms_block_whom *whom;
	struct mms_block_person person;
	struct mms_db *db;
	struct mms_block_world *world;
	const struct mms_zone *zone; /* the person's; NULL: not needed yet */
	struct mms_keymap known;     /* UUIDs of world->sources            */
};

static void
reading_release(struct reading *r)
{
	mms_keymap_release(&r->known);
}

/* ---- facts --------------------------------------------------------------------------------- */

/* The person's zone, in which whole days are read. */
static mms_rc
find_zone(struct reading *r, struct mms_err *err)
{
	const struct mms_worker *w = r->o->worker;
	bool is_own = false;
	char *name = NULL;

	r->zone = w->site_zone;
	mms_rc rc = mms_settings_load_user_zone(r->db, w->env->columns, w->env->settings,
						r->whom->user, &name, &is_own, err);
	if (rc == MMS_OK)
		rc = mms_zones_find(w->zones, name, &r->zone, err);
	mms_free(name);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err); /* a zone that does not exist: the site's stands in */
	r->zone = w->site_zone;
	return MMS_OK;
}

static const struct mms_block_calendar *
calendar_of(const struct mms_block_whom *whom, uint64_t cursor_id)
{
	for (size_t i = 0; i < whom->n; i++) {
		if (whom->calendars[i].cursor_id == cursor_id)
			return &whom->calendars[i];
	}
	return NULL;
}

static mms_rc
make_event(struct reading *r, const struct mms_block_source *source,
	   struct mms_block_event *out, struct mms_err *err)
{
	const struct mms_block_calendar *calendar = calendar_of(r->whom, source->cursor_id);
	bool takes_part = calendar != NULL && calendar->is_source && source->has_state &&
			  !source->is_deleted && source->start_us != MMS_NO_TIME &&
			  source->is_blocking && !(source->flags & MMS_STATE_NO_SOURCE);
	bool is_good = source->status == MMS_ROW_SYNCED || source->status == MMS_ROW_PENDING;

	*out = (struct mms_block_event){
		.cursor_id = source->cursor_id,
		.is_busy = takes_part && is_good,
		.is_doubtful = takes_part && source->status == MMS_ROW_FAILED,
		.is_booking = source->type == MMS_STATE_BOOKING,
		.is_private = (source->flags & MMS_STATE_PRIVATE) != 0,
		.title = source->title,
		.organizer = source->organizer,
		.ical_uid = source->ical_uid,
		.booking = source->booking,
	};
	memcpy(out->uuid, source->uuid, sizeof out->uuid);
	if (source->start_us == MMS_NO_TIME)
		return MMS_OK;
	mms_rc rc = source->is_all_day && r->zone == NULL ? find_zone(r, err) : MMS_OK;
	if (rc != MMS_OK)
		return rc;
	const struct mms_span_zones zones = { .stored = r->o->worker->event_zone,
					      .person = r->zone != NULL
								? r->zone
								: r->o->worker->site_zone };
	struct mms_span span =
		mms_span_read(&zones, source->start_us, source->end_us,
			      source->is_all_day ? MMS_SPAN_DAYS : MMS_SPAN_TIMED);
	out->start_ms = span.start_ms;
	out->end_ms = span.end_ms;
	return MMS_OK;
}

/* Events of all sources, in their order. */
static mms_rc
make_events(struct reading *r, struct mms_err *err)
{
	struct mms_block_world *w = r->world;
	mms_rc rc = MMS_OK;

	mms_free(w->events);
	w->events = mms_alloc((w->sources.n + 1) * sizeof *w->events);
	if (w->events == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; rc == MMS_OK && i < w->sources.n; i++)
		rc = make_event(r, &w->sources.items[i], &w->events[i], err);
	return rc;
}

/* ---- the set of sources -------------------------------------------------------------------- */

static bool
is_known(const struct reading *r, const unsigned char uuid[16])
{
	return mms_keymap_find(&r->known, (const char *)uuid, 16) != MMS_KEYMAP_NONE;
}

/* One that is known already goes. A due one without a state has no UUID: it stays, to be done with. */
static mms_rc
keep_new(struct reading *r, size_t from, struct mms_err *err)
{
	struct mms_block_sources *all = &r->world->sources;
	size_t n = from;
	mms_rc rc = MMS_OK;

	for (size_t i = from; i < all->n; i++) {
		struct mms_block_source *s = &all->items[i];
		bool is_new = rc == MMS_OK && (!s->has_state || !is_known(r, s->uuid));

		if (is_new && s->has_state)
			rc = mms_keymap_put(&r->known, (const char *)s->uuid, 16, (uint32_t)n,
					    NULL, err);
		if (is_new && rc == MMS_OK) {
			struct mms_block_source kept = *s;
			*s = (struct mms_block_source){ 0 };
			all->items[n++] = kept;
		} else {
			mms_block_source_release(s);
		}
	}
	all->n = n;
	return rc;
}

/* UUIDs of the sources from an index on that have a state. Owns: the result; NULL: out of memory. */
static unsigned char (*uuids_from(const struct reading *r, size_t from, size_t *n))[16]
{
	const struct mms_block_sources *all = &r->world->sources;
	unsigned char(*uuids)[16] = mms_alloc((all->n - from + 1) * sizeof *uuids);

	*n = 0;
	for (size_t i = from; uuids != NULL && i < all->n; i++) {
		if (all->items[i].has_state)
			memcpy(uuids[(*n)++], all->items[i].uuid, sizeof *uuids);
	}
	return uuids;
}

/* Those of a list of UUIDs that are not known yet are read. */
static mms_rc
find_sources(struct reading *r, const unsigned char (*uuids)[16], size_t n, struct mms_err *err)
{
	size_t from = r->world->sources.n;
	mms_rc rc = MMS_OK;

	for (size_t at = 0; rc == MMS_OK && at < n; at += ASK_MAX)
		rc = mms_block_sources_find(r->db, uuids + at,
					    n - at < ASK_MAX ? n - at : ASK_MAX,
					    &r->world->sources, err);
	return rc == MMS_OK ? keep_new(r, from, err) : rc;
}

/* What the sources from an index on were the same meeting as: remembered, and read. */
static mms_rc
find_twins(struct reading *r, size_t from, struct mms_err *err)
{
	struct mms_block_twins *twins = &r->world->twins;
	size_t n = 0, n_other = 0, first = twins->n;
	unsigned char(*uuids)[16] = uuids_from(r, from, &n);
	mms_rc rc = uuids == NULL ? mms_fail_nomem(err) : MMS_OK;

	for (size_t at = 0; rc == MMS_OK && at < n; at += ASK_MAX)
		rc = mms_block_twins_find(r->db, (const unsigned char(*)[16])uuids + at,
					  n - at < ASK_MAX ? n - at : ASK_MAX, twins, err);
	mms_free(uuids);
	if (rc != MMS_OK || twins->n == first)
		return rc;
	unsigned char(*others)[16] = mms_alloc((twins->n - first) * sizeof *others);
	if (others == NULL)
		return mms_fail_nomem(err);
	for (size_t i = first; i < twins->n; i++) {
		if (!is_known(r, twins->items[i].twin))
			memcpy(others[n_other++], twins->items[i].twin, sizeof *others);
	}
	rc = find_sources(r, (const unsigned char(*)[16])others, n_other, err);
	mms_free(others);
	return rc;
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* What starts when the sources from an index on do: some of it may be the same meeting. */
static mms_rc
find_alike(struct reading *r, size_t from, size_t to, struct mms_err *err)
{
	struct mms_block_sources *all = &r->world->sources;
	size_t n = 0, first = all->n;
	int64_t *starts = mms_alloc((to - from + 1) * sizeof *starts);

	if (starts == NULL)
		return mms_fail_nomem(err);
	for (size_t i = from; i < to; i++) {
		if (all->items[i].has_state && all->items[i].start_us != MMS_NO_TIME)
			starts[n++] = all->items[i].start_us;
	}
	if (n > 1)
		qsort(starts, n, sizeof *starts, by_time);
	size_t n_distinct = 0;
	for (size_t i = 0; i < n; i++) {
		if (n_distinct == 0 || starts[n_distinct - 1] != starts[i])
			starts[n_distinct++] = starts[i];
	}
	mms_rc rc = mms_block_sources_at(r->db, &r->person, starts, n_distinct, all, err);
	mms_free(starts);
	return rc == MMS_OK ? keep_new(r, first, err) : rc;
}

/* The set closed: of each event what was, and what is, the same meeting. */
static mms_rc
close_set(struct reading *r, struct mms_err *err)
{
	size_t from = 0;
	mms_rc rc = MMS_OK;

	for (int round = 0; rc == MMS_OK && round < CLOSURE_ROUNDS; round++) {
		size_t to = r->world->sources.n;
		if (from == to)
			return MMS_OK;
		rc = find_twins(r, from, err);
		if (rc == MMS_OK)
			rc = find_alike(r, from, to, err);
		from = to;
	}
	return rc;
}

/* ---- readings ------------------------------------------------------------------------------ */

static struct reading
reading_of(const struct mms_outward *o, const struct mms_block_whom *whom, struct mms_db *db,
	   struct mms_block_world *world)
{
	return (struct reading){ .o = o,
				 .whom = whom,
				 .person = { .cursors = whom->cursors, .n = whom->n },
				 .db = db,
				 .world = world };
}

mms_rc
mms_block_read_due(const struct mms_outward *o, const struct mms_block_whom *whom,
		   struct mms_block_world *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	struct reading r __attribute__((cleanup(reading_release))) =
		reading_of(o, whom, lent.db, out);
	unsigned char print[MMS_READ_PRINT_BYTES];
	size_t n = 0;

	if (rc == MMS_OK)
		rc = mms_block_plans(r.db, whom->cursors[0], &out->plans, print, err);
	/* Somebody has planned under other settings since these were read: what is due waits for who knows the newest. */
	if (rc != MMS_OK || memcmp(print, whom->print, sizeof print) != 0)
		return rc;
	rc = mms_block_sources_due(r.db, &r.person, DUE_MAX, &out->sources, err);
	out->is_more = out->sources.n >= DUE_MAX;
	if (rc == MMS_OK)
		rc = keep_new(&r, 0, err);
	if (rc == MMS_OK)
		rc = close_set(&r, err);
	if (rc != MMS_OK)
		return rc;
	unsigned char(*uuids)[16] = uuids_from(&r, 0, &n);
	if (uuids == NULL)
		return mms_fail_nomem(err);
	for (size_t at = 0; rc == MMS_OK && at < n; at += ASK_MAX)
		rc = mms_blocks_of_sources(r.db, (const unsigned char(*)[16])uuids + at,
					   n - at < ASK_MAX ? n - at : ASK_MAX, &out->blocks,
					   err);
	mms_free(uuids);
	return rc == MMS_OK ? make_events(&r, err) : rc;
}

/* Sources of blocks that are not among what was read: over, or gone. */
static mms_rc
find_old_sources(struct reading *r, struct mms_err *err)
{
	const struct mms_blocks *blocks = &r->world->blocks;
	size_t n = 0;
	unsigned char(*uuids)[16] = mms_alloc((blocks->n + 1) * sizeof *uuids);

	if (uuids == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < blocks->n; i++) {
		const unsigned char *uuid = blocks->items[i].source_uuid;
		if (!is_known(r, uuid) &&
		    (n == 0 || memcmp(uuids[n - 1], uuid, sizeof *uuids) != 0))
			memcpy(uuids[n++], uuid, sizeof *uuids);
	}
	mms_rc rc = find_sources(r, (const unsigned char(*)[16])uuids, n, err);
	mms_free(uuids);
	return rc;
}

mms_rc
mms_block_read_whole(const struct mms_outward *o, const struct mms_block_whom *whom,
		     struct mms_block_world *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	struct reading r __attribute__((cleanup(reading_release))) =
		reading_of(o, whom, lent.db, out);
	unsigned char print[MMS_READ_PRINT_BYTES];
	int64_t from_ms = o->now_ms;

	out->is_whole = true;
	for (size_t i = 0; i < whom->n; i++)
		from_ms = whom->calendars[i].from_ms < from_ms ? whom->calendars[i].from_ms
							       : from_ms;
	if (rc == MMS_OK)
		rc = mms_block_plans(r.db, whom->cursors[0], &out->plans, print, err);
	if (rc == MMS_OK)
		rc = mms_block_sources_due(r.db, &r.person, ALL_DUE, &out->sources, err);
	if (rc == MMS_OK)
		rc = keep_new(&r, 0, err);
	size_t n_due = out->sources.n;
	if (rc == MMS_OK && whom->is_on)
		rc = mms_block_sources_all(
			r.db, &r.person,
			mms_zone_to_wall(o->worker->event_zone, from_ms - MMS_DAY_MS),
			&out->sources, err);
	if (rc == MMS_OK)
		rc = keep_new(&r, n_due, err);
	if (rc == MMS_OK)
		rc = mms_blocks_of_person(r.db, &r.person, &out->blocks, err);
	if (rc == MMS_OK)
		rc = find_old_sources(&r, err);
	if (rc == MMS_OK)
		rc = find_twins(&r, 0, err);
	return rc == MMS_OK ? make_events(&r, err) : rc;
}
