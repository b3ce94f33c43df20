/* The operator's view of a site, a statement for each question (see the header). */
#include "mmsync/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/events.h"
#include "mmsync/mem.h"
#include "mmsync/zone.h"

void
mms_overview_release(struct mms_overview *overview)
{
	if (overview == NULL)
		return;
	for (size_t i = 0; i < overview->n; i++) {
		mms_free(overview->items[i].error);
		mms_free(overview->items[i].holder);
	}
	mms_free(overview->items);
	mms_sources_release(&overview->sources);
	mms_circuits_release(&overview->circuits);
	*overview = (struct mms_overview){ 0 };
}

/* ---- finding an item -------------------------------------------------------------------------- */

/* An item by the name of its integration, or by the id of its cursor. */
struct key {
	const char *name; /* borrowed */
	uint64_t id;
	struct mms_overview_item *item; /* NULL: a cursor without an integration */
};

/* One loading. */
struct load {
	struct mms_db *db;
	struct mms_overview *out;
	const struct mms_zone *zone; /* the site's; NULL: UTC                */
	struct key *names, *ids;     /* owned, sorted                        */
	size_t n_ids, cap_ids;
	uint64_t last_id; /* a cursor with a higher one is newer than this look */
	struct mms_err *err;
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->name, ((const struct key *)b)->name);
}

static int
compare_ids(const void *a, const void *b)
{
	uint64_t x = ((const struct key *)a)->id, y = ((const struct key *)b)->id;

	return (x > y) - (x < y);
}

static struct mms_overview_item *
find_name(const struct load *l, const char *name)
{
	const struct key want = { .name = name };
	const struct key *found =
		l->out->n > 0 ? bsearch(&want, l->names, l->out->n, sizeof want, compare_names)
			      : NULL;

	return found != NULL ? found->item : NULL;
}

/* The entry of a cursor, NULL: there is no such cursor. */
static const struct key *
find_cursor(const struct load *l, uint64_t id)
{
	const struct key want = { .id = id };

	return l->n_ids > 0 ? bsearch(&want, l->ids, l->n_ids, sizeof want, compare_ids) : NULL;
}

/* ---- what each statement says ------------------------------------------------------------------ */

static int64_t
time_or_none(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->i;
}

/* Site wall time to an instant. */
static int64_t
instant_of(const struct load *l, int64_t wall_us)
{
	if (wall_us == MMS_NO_TIME)
		return MMS_NO_TIME;
	return l->zone != NULL ? mms_zone_to_utc(l->zone, wall_us) : wall_us / 1000;
}

static bool
take_text(const struct mms_value *v, char **out)
{
	if (v->type == 0 || v->len == 0)
		return true;
	*out = mms_text_copy_n(v->ptr, v->len);
	return *out != NULL;
}

static void
copy_word(const struct mms_value *v, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", v->type != 0 ? v->ptr : "");
}

static bool
take_integration(struct load *l, const struct mms_value *row)
{
	struct mms_overview_item *item = find_name(l, row[0].ptr);

	if (item == NULL) /* newer than the list of integrations */
		return true;
	const struct mms_source *source = item->source;
	const char *status = source->integration.status;
	if (source->cursor.id != 0)
		item->as_of_ms = source->cursor.last_success_ms;
	else if (row[1].type != 0 && status != NULL && strcmp(status, "Success") == 0)
		item->as_of_ms = instant_of(l, row[1].wall_us);
	return take_text(&row[2], &item->error);
}

static bool
fill_cursor(struct load *l, struct mms_overview_item *item, const struct mms_value *row)
{
	int64_t *const counters[] = {
		&item->totals.runs_good,      &item->totals.runs_bad,
		&item->totals.run_ms,         &item->totals.requests,
		&item->totals.retries,        &item->totals.events_created,
		&item->totals.events_updated, &item->totals.events_deleted,
		&item->totals.events_failed,
	};

	const struct mms_circuit_state circuit = {
		.state = row[1].i == 0 ? MMS_CIRCUIT_CLOSED : MMS_CIRCUIT_OPEN,
		.until_ms = row[2].type == 0 ? INT64_MAX : row[2].i, /* not said: not yet */
	};

	item->circuit_until_ms = time_or_none(&row[2]);
	item->circuit = mms_circuit_at(&circuit, l->out->now_ms);
	item->needs_reauth = row[3].type != 0 && row[3].i != 0;
	item->lease_until_ms = row[5].type == 0 ? MMS_NO_TIME : row[5].wall_us / 1000;
	item->last_seen_ms = time_or_none(&row[6]);
	for (size_t i = 0; i < MMS_COUNT(counters); i++)
		*counters[i] = row[7 + i].i;
	copy_word(&row[16], item->run_mode, sizeof item->run_mode);
	copy_word(&row[17], item->run_status, sizeof item->run_status);
	item->run_started_ms = time_or_none(&row[18]);
	copy_word(&row[19], item->run_error, sizeof item->run_error);
	if (row[20].type != 0)
		item->run_blocks = (struct mms_block_counts){ .created = row[20].i,
							      .updated = row[21].i,
							      .deleted = row[22].i,
							      .failed = row[23].i };
	return take_text(&row[4], &item->holder);
}

/* The entries of cursors that have an integration are there already; the others are added. */
static bool
take_cursor(struct load *l, const struct mms_value *row)
{
	const struct key want = { .id = row[0].u };
	const struct key *known =
		l->out->n > 0 ? bsearch(&want, l->ids, l->out->n, sizeof want, compare_ids)
			      : NULL;

	if (row[0].u > l->last_id)
		l->last_id = row[0].u;
	if (known != NULL)
		return fill_cursor(l, known->item, row);
	struct key *moved = mms_grow(l->ids, l->n_ids, &l->cap_ids, sizeof *moved);
	if (moved == NULL)
		return false;
	l->ids = moved;
	moved[l->n_ids++] = want;
	return true;
}

static bool
take_events(struct load *l, const struct mms_value *row)
{
	struct mms_overview_item *item = row[0].type != 0 ? find_name(l, row[0].ptr) : NULL;

	if (item != NULL) {
		item->live_events = row[1].i;
		item->failed_events = row[2].i;
		item->wrong_events = row[3].i;
	} else if (row[0].type == 0) {
		l->out->orphan_events += row[1].i;
	}
	return true;
}

/* The item of a cursor's rows; what is of no cursor is counted. 0 is the run as a whole. */
static struct mms_overview_item *
owner_of(struct load *l, const struct mms_value *id, int64_t n_rows)
{
	const struct key *known = find_cursor(l, id->u);

	if (known == NULL && id->u != 0 && id->u <= l->last_id)
		l->out->orphan_states += n_rows;
	return known != NULL ? known->item : NULL;
}

static bool
take_letters(struct load *l, const struct mms_value *row)
{
	struct mms_overview_item *item = owner_of(l, &row[0], row[1].i + row[2].i + row[3].i);

	l->out->open_letters += row[1].i;
	l->out->given_up_letters += row[2].i;
	l->out->quarantined += row[3].i;
	if (item != NULL) {
		item->open_letters = row[1].i;
		item->given_up_letters = row[2].i;
		item->quarantined = row[3].i;
	}
	return true;
}

static bool
take_outbox(struct load *l, const struct mms_value *row)
{
	struct mms_overview *out = l->out;
	struct mms_overview_item *item = owner_of(l, &row[0], row[1].i);
	int64_t oldest_ms = time_or_none(&row[2]);

	out->waiting += row[1].i;
	if (out->oldest_waiting_ms == MMS_NO_TIME || oldest_ms < out->oldest_waiting_ms)
		out->oldest_waiting_ms = oldest_ms;
	if (item != NULL) {
		item->waiting = row[1].i;
		item->oldest_waiting_ms = oldest_ms;
	}
	return true;
}

static bool
take_states(struct load *l, const struct mms_value *row)
{
	struct mms_overview *out = l->out;
	struct mms_overview_item *item = owner_of(l, &row[0], row[3].i);

	if (row[1].i >= 1 && row[1].i <= MMS_OVERVIEW_TYPES)
		out->tracked[row[1].i - 1][row[2].i != 0] += row[3].i;
	out->stuck += row[4].i;
	if (item != NULL)
		item->stuck += row[4].i;
	return true;
}

static bool
take_runs(struct load *l, const struct mms_value *row)
{
	l->out->recent_runs = row[0].i;
	l->out->recent_bad = row[1].i;
	return true;
}

static bool
take_emptied(struct load *l, const struct mms_value *row)
{
	const struct key *known = find_cursor(l, row[0].u);

	if (known != NULL && known->item != NULL && row[1].type != 0)
		known->item->last_end_us = row[1].wall_us;
	return true;
}

static bool
take_new(struct load *l, const struct mms_value *row)
{
	l->out->new_events = row[0].i;
	return true;
}

static bool
take_version(struct load *l, const struct mms_value *row)
{
	l->out->schema_version = row[0].type != 0 ? row[0].i : 0;
	return true;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static mms_rc
ask(struct load *l, enum mms_stmt stmt, const struct mms_value *in,
    bool (*take)(struct load *l, const struct mms_value *row))
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, l->db, stmt, in, l->err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, l->err)) == MMS_OK &&
	       row != NULL) {
		if (!take(l, row))
			return mms_fail_nomem(l->err);
	}
	return rc;
}

static mms_rc
make_items(struct load *l)
{
	struct mms_overview *out = l->out;
	size_t n = out->sources.n;

	out->items = mms_alloc((n + 1) * sizeof *out->items);
	l->names = mms_alloc((n + 1) * sizeof *l->names);
	l->ids = mms_alloc((n + 1) * sizeof *l->ids);
	if (out->items == NULL || l->names == NULL || l->ids == NULL)
		return mms_fail_nomem(l->err);
	out->n = n;
	l->n_ids = l->cap_ids = n;
	for (size_t i = 0; i < n; i++) {
		struct mms_overview_item *item = &out->items[i];

		item->source = &out->sources.items[i];
		item->as_of_ms = item->circuit_until_ms = item->lease_until_ms = MMS_NO_TIME;
		item->last_seen_ms = item->run_started_ms = MMS_NO_TIME;
		item->oldest_waiting_ms = item->last_end_us = MMS_NO_TIME;
		item->created_ms = instant_of(l, item->source->integration.creation_us);
		l->names[i] =
			(struct key){ .name = item->source->integration.name, .item = item };
		/* 0: it has none yet, and no row is of it */
		l->ids[i] = (struct key){ .id = item->source->cursor.id, .item = item };
	}
	if (n > 0) {
		qsort(l->names, n, sizeof *l->names, compare_names);
		qsort(l->ids, n, sizeof *l->ids, compare_ids);
	}
	return MMS_OK;
}

/* Entries without an id are dropped, those of cursors without integration sorted in. */
static void
sort_cursors(struct load *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n_ids; i++) {
		if (l->ids[i].id != 0)
			l->ids[kept++] = l->ids[i];
	}
	l->n_ids = kept;
	if (kept > 0)
		qsort(l->ids, kept, sizeof *l->ids, compare_ids);
}

/* Behind `modified` and `creation` of rows that were made in the last day. */
static mms_rc
ask_new(struct load *l)
{
	int64_t day_ago_ms = l->out->now_ms - MMS_DAY_MS;
	struct mms_value since = mms_v_wall(
		l->zone != NULL ? mms_zone_to_wall(l->zone, day_ago_ms) : day_ago_ms * 1000);
	const struct mms_value in[] = { since, since };

	return ask(l, MMS_STMT_WATCH_NEW_EVENTS, in, take_new);
}

static mms_rc
load_all(struct load *l, unsigned parts)
{
	int64_t now_ms = l->out->now_ms;
	const struct mms_value stuck[] = { mms_v_i64(now_ms - MMS_STUCK_MS) };
	const struct mms_value recent[] = { mms_v_i64(now_ms - MMS_RECENT_MS) };
	const struct mms_value emptied[] = { mms_v_i64(now_ms - MMS_EMPTY_MS) };

	mms_rc rc = mms_sources_load(l->db, &l->out->sources, l->err);
	if (rc == MMS_OK)
		rc = make_items(l);
	if (rc == MMS_OK)
		rc = ask(l, MMS_STMT_WATCH_INTEGRATIONS, NULL, take_integration);
	if (rc == MMS_OK)
		rc = ask(l, MMS_STMT_WATCH_CURSORS, NULL, take_cursor);
	if (rc != MMS_OK)
		return rc;
	sort_cursors(l);
	rc = ask(l, MMS_STMT_WATCH_EVENTS, NULL, take_events);
	if (rc == MMS_OK)
		rc = ask(l, MMS_STMT_WATCH_LETTERS, NULL, take_letters);
	if (rc == MMS_OK)
		rc = ask(l, MMS_STMT_WATCH_OUTBOX, NULL, take_outbox);
	if (rc == MMS_OK)
		rc = ask(l, MMS_STMT_WATCH_SCHEMA_VERSION, NULL, take_version);
	if (rc == MMS_OK && mms_sources_are_failing(&l->out->sources))
		rc = mms_circuits_load(l->db, &l->out->circuits, l->err);
	if (rc == MMS_OK && (parts & MMS_OVERVIEW_STATES) != 0)
		rc = ask(l, MMS_STMT_WATCH_STATES, stuck, take_states);
	if (rc == MMS_OK && (parts & MMS_OVERVIEW_RUNS) != 0)
		rc = ask(l, MMS_STMT_WATCH_RUNS, recent, take_runs);
	if (rc == MMS_OK && (parts & MMS_OVERVIEW_RUNS) != 0)
		rc = ask(l, MMS_STMT_WATCH_EMPTIED, emptied, take_emptied);
	if (rc == MMS_OK && (parts & MMS_OVERVIEW_NEW) != 0)
		rc = ask_new(l);
	return rc;
}

mms_rc
mms_overview_load(struct mms_db *db, const char *site_zone, int64_t now_ms, unsigned parts,
		  struct mms_overview *out, struct mms_err *err)
{
	MMS_AUTO(mms_overview)
	overview = { .now_ms = now_ms, .oldest_waiting_ms = MMS_NO_TIME };
	struct mms_zones *zones = NULL;
	struct load l = { .db = db, .out = &overview, .err = err };

	mms_rc rc = mms_zones_new(&zones, err);
	if (rc == MMS_OK)
		rc = mms_zones_find(zones, site_zone, &l.zone, err);
	if (rc == MMS_E_GONE) { /* who judges the site says so */
		mms_err_release(err);
		l.zone = NULL;
		rc = MMS_OK;
	}
	if (rc == MMS_OK)
		rc = load_all(&l, parts);
	mms_zones_free(zones);
	mms_free(l.names);
	mms_free(l.ids);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the state of the site");
	*out = overview;
	overview = (struct mms_overview){ 0 };
	return MMS_OK;
}
