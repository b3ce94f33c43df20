/*
 * The events that reach into a time. A row that reaches in starts before the time's end, and no
 * further back than the calendar's longest event: the rows between are few, and an index holds
 * them together. The longest events of all are known apart, by id; what another program wrote
 * since all that was measured is looked at whatever its length.
 *
 * What is known of lengths was read a moment before the rows. So the rows come with the claim and
 * batch under which they were read: where a sync has written in between, they are read again
 * without any bound.
 */
#include <stdio.h>
#include <string.h>

#include "mmsync/busy.h"
#include "mmsync/mem.h"

/* Calendars that one statement is about; a person with more is asked again. */
#define NAMES_MAX ((size_t)8)
/* Long events that one statement asks for by id. */
#define APART_MAX ((size_t)8)
/* A row whose end says nothing lasts so long (model/spans.c): the shortest longest event. */
#define SHORTEST_US INT64_C(60000000)
/* What stands for "from the beginning" and "at the end" in a DATETIME. */
#define FIRST_YEAR 1000
#define LAST_YEAR  9999
/* Columns and values of one statement (mmsync/stmt_busy.h). */
#define NEAR_VALUES 3
#define FAR_VALUES  5
#define IN_MAX      (NAMES_MAX * (NEAR_VALUES + FAR_VALUES + 1) + 2 + APART_MAX * 2 + 1)
#define IS_MARK     2

static int64_t
year_start(int year)
{
	return mms_days_from_civil(year, 1, 1) * MMS_DAY_US;
}

/* One question to the database, about some calendars of a person. */
struct ask {
	const struct mms_busy_calendar *calendars;
	size_t n;
	int64_t from_us, to_us;
	int64_t first_us[NAMES_MAX]; /* of each: no event that reaches in starts before     */
	struct {
		const char *calendar, *external_id;
	} apart[APART_MAX]; /* but for these */
	size_t n_apart;
	size_t n_same; /* calendars whose rows were read as their bound says */
};

static bool
reaches_in(const struct mms_long_event *event, const struct ask *ask)
{
	return event->start_us < ask->to_us && event->end_us > ask->from_us;
}

/* From where on a calendar's rows are looked at, and which of its long events besides. */
static void
bound_calendar(struct ask *ask, size_t i)
{
	const struct mms_busy_calendar *c = &ask->calendars[i];
	int64_t longest_us =
			c->longest.bound_us > SHORTEST_US ? c->longest.bound_us : SHORTEST_US,
		none_us = year_start(FIRST_YEAR);
	size_t before = ask->n_apart;
	bool is_full = false;

	ask->first_us[i] = none_us;
	if (!c->has_cursor || !c->has_bound || longest_us > ask->from_us - none_us)
		return;
	ask->first_us[i] = ask->from_us - longest_us;
	for (size_t k = 0; k < c->longest.n_apart; k++) {
		const struct mms_long_event *event = &c->longest.apart[k];
		if (!reaches_in(event, ask) || event->start_us >= ask->first_us[i])
			continue;
		is_full = ask->n_apart == APART_MAX;
		if (is_full)
			break;
		ask->apart[ask->n_apart].calendar = c->name;
		ask->apart[ask->n_apart++].external_id = event->external_id;
	}
	if (!is_full)
		return;
	/* Too many to be asked for one by one: then back to the first of them. */
	ask->n_apart = before;
	for (size_t k = 0; k < c->longest.n_apart; k++) {
		const struct mms_long_event *event = &c->longest.apart[k];
		if (reaches_in(event, ask) && event->start_us < ask->first_us[i])
			ask->first_us[i] = event->start_us;
	}
}

/* Values for `width` calendars, the last repeated. Returns their number. */
static size_t
put_values(const struct ask *ask, size_t width, struct mms_value *in)
{
	size_t k = 0;

	for (size_t w = 0; w < width; w++) {
		size_t i = w < ask->n ? w : ask->n - 1;
		in[k++] = mms_v_text(ask->calendars[i].name);
		in[k++] = mms_v_wall(ask->first_us[i]);
		in[k++] = mms_v_wall(ask->to_us);
	}
	in[k++] = mms_v_wall(ask->from_us);
	for (size_t w = 0; w < width; w++) {
		size_t i = w < ask->n ? w : ask->n - 1;
		const struct mms_busy_calendar *c = &ask->calendars[i];
		int64_t after_us = c->has_bound ? c->watermark_us : year_start(LAST_YEAR);
		int64_t but_us =
			c->has_bound && c->stamp_us != MMS_NO_TIME && c->stamp_us > after_us
				? c->stamp_us
				: after_us;
		in[k++] = mms_v_text(c->name);
		in[k++] = mms_v_wall(ask->first_us[i]);
		in[k++] = mms_v_wall(after_us);
		in[k++] = mms_v_wall(but_us);
		in[k++] = mms_v_wall(but_us);
	}
	in[k++] = mms_v_wall(ask->from_us);
	for (size_t w = 0; w < width; w++)
		in[k++] = mms_v_u64(ask->calendars[w < ask->n ? w : ask->n - 1].cursor_id);
	if (ask->n_apart == 0)
		return k;
	for (size_t a = 0; a < APART_MAX; a++) {
		size_t i = a < ask->n_apart ? a : ask->n_apart - 1;
		in[k++] = mms_v_text(ask->apart[i].calendar);
		in[k++] = mms_v_text(ask->apart[i].external_id);
	}
	in[k++] = mms_v_wall(ask->from_us);
	return k;
}

static mms_rc
add_event(struct mms_taken_list *out, const struct mms_value *row, struct mms_err *err)
{
	struct mms_taken *item = mms_taken_list_add(out);

	if (item == NULL || !mms_value_copy_text(&row[0], &item->name) ||
	    !mms_value_copy_text(&row[1], &item->title) ||
	    !mms_value_copy_text(&row[2], &item->event_type) ||
	    !mms_value_copy_text(&row[3], &item->location) ||
	    !mms_value_copy_text(&row[6], &item->integration) ||
	    !mms_value_copy_text(&row[7], &item->link))
		return mms_fail_nomem(err);
	item->start_us = row[4].type == 0 ? MMS_NO_TIME : row[4].wall_us;
	item->end_us = row[5].type == 0 ? MMS_NO_TIME : row[5].wall_us;
	item->is_failed = row[8].i != 0;
	return MMS_OK;
}

/* Does the mark say that the rows of a calendar are those that its bound was read with? */
static void
compare_mark(struct ask *ask, const struct mms_value *row)
{
	char mark[48];

	for (size_t i = 0; i < ask->n; i++) {
		const struct mms_busy_calendar *c = &ask->calendars[i];
		char id[24];
		(void)snprintf(id, sizeof id, "%llu", (unsigned long long)c->cursor_id);
		(void)snprintf(mark, sizeof mark, "%lld:%lld", (long long)c->fence,
			       (long long)c->batch_no);
		if (c->has_cursor && row[6].type != 0 && strcmp(row[6].ptr, id) == 0 &&
		    row[1].type != 0 && strcmp(row[1].ptr, mark) == 0)
			ask->n_same++;
	}
}

/* A long event may be within the bound by now: then it came twice. */
static void
drop_twins(struct mms_taken_list *list, size_t from)
{
	size_t n = from;

	for (size_t i = from; i < list->n; i++) {
		bool is_twin = false;
		for (size_t k = from; k < n && !is_twin; k++)
			is_twin = strcmp(list->items[k].name, list->items[i].name) == 0;
		struct mms_taken item = list->items[i];
		list->items[i] = (struct mms_taken){ 0 };
		if (is_twin)
			mms_taken_release(&item);
		else
			list->items[n++] = item;
	}
	list->n = n;
}

static void
cut_back(struct mms_taken_list *list, size_t n)
{
	while (list->n > n)
		mms_taken_release(&list->items[--list->n]);
}

static mms_rc
run(struct mms_db *db, enum mms_stmt stmt, size_t width, struct ask *ask,
    struct mms_taken_list *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[IN_MAX];
	size_t before = out->n;

	ask->n_same = 0;
	(void)put_values(ask, width, in);
	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		if (row[8].i == IS_MARK)
			compare_mark(ask, row);
		else
			rc = add_event(out, row, err);
	}
	if (rc == MMS_OK && ask->n_apart > 0)
		drop_twins(out, before);
	return rc;
}

/* Without any bound: slower, and right whatever is known of lengths. */
static void
unbound(struct ask *ask)
{
	ask->n_apart = 0;
	for (size_t i = 0; i < ask->n; i++)
		ask->first_us[i] = year_start(FIRST_YEAR);
}

static bool
is_as_read(const struct ask *ask)
{
	size_t n_bound = 0, n_cursors = 0;

	for (size_t i = 0; i < ask->n; i++) {
		n_bound += ask->first_us[i] > year_start(FIRST_YEAR);
		n_cursors += ask->calendars[i].has_cursor;
	}
	return n_bound == 0 || ask->n_same == n_cursors;
}

/* At most NAMES_MAX calendars. */
static mms_rc
load_some(struct mms_db *db, struct ask *ask, struct mms_taken_list *out, struct mms_err *err)
{
	static const struct {
		size_t width;
		enum mms_stmt stmt, apart;
	} forms[] = {
		{ 1, MMS_STMT_BUSY_EVENTS_1, MMS_STMT_BUSY_EVENTS_1_APART },
		{ 3, MMS_STMT_BUSY_EVENTS_3, MMS_STMT_BUSY_EVENTS_3_APART },
		{ NAMES_MAX, MMS_STMT_BUSY_EVENTS_8, MMS_STMT_BUSY_EVENTS_8_APART },
	};
	size_t before = out->n, f = ask->n <= 1 ? 0 : ask->n <= 3 ? 1 : 2;

	for (size_t i = 0; i < ask->n; i++)
		bound_calendar(ask, i);
	mms_rc rc = run(db, ask->n_apart > 0 ? forms[f].apart : forms[f].stmt, forms[f].width,
			ask, out, err);
	if (rc == MMS_OK && !is_as_read(ask)) {
		cut_back(out, before);
		unbound(ask);
		rc = run(db, forms[f].stmt, forms[f].width, ask, out, err);
	}
	if (rc != MMS_E_DB || out->n != before)
		return rc;
	/* A site that has lost the indexes, or has none yet: slower, and as right. */
	MMS_AUTO(mms_err) first = { 0 };
	mms_err_move(&first, err);
	unbound(ask);
	return run(db, MMS_STMT_BUSY_EVENTS_PLAIN, NAMES_MAX, ask, out, err);
}

mms_rc
mms_busy_load_events(struct mms_db *db, const struct mms_busy_person *person, int64_t from_us,
		     int64_t to_us, struct mms_taken_list *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < person->n; i += NAMES_MAX) {
		struct ask ask = { .calendars = person->calendars + i,
				   .n = person->n - i < NAMES_MAX ? person->n - i : NAMES_MAX,
				   .from_us = from_us,
				   .to_us = to_us };
		rc = load_some(db, &ask, out, err);
	}
	return rc;
}
