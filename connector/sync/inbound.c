/* Events of a page to changes: the row each should have, compared with what is known. */
#include <string.h>
#include <strings.h>

#include "block_inward.h"
#include "mmsync/blocks.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/outbox.h"
#include "mmsync/uuid.h"
#include "turn.h"

/* A batch is also full when its texts are this long: packets and lock times stay small. */
#define BATCH_BYTES ((size_t)512 * 1024)

void
mms_inbound_count(struct mms_event_counts *c, enum mms_plan_count count, int64_t n)
{
	int64_t *const counters[] = {
		[MMS_COUNT_NONE] = NULL,           [MMS_COUNT_CREATED] = &c->created,
		[MMS_COUNT_UPDATED] = &c->updated, [MMS_COUNT_UNCHANGED] = &c->unchanged,
		[MMS_COUNT_DELETED] = &c->deleted, [MMS_COUNT_DECLINED] = &c->declined,
		[MMS_COUNT_OURS] = &c->ours,       [MMS_COUNT_FOREIGN] = &c->foreign,
		[MMS_COUNT_FAILED] = &c->failed,
	};

	if (counters[count] != NULL)
		*counters[count] += n;
}

/* One listed event on its way to a change. */
struct item {
	const struct mms_event *event;
	struct mms_event_row row;
	struct mms_prints prints;
	unsigned char key[MMS_PRINT_BYTES];
	struct mms_known_event *known; /* NULL: unknown */
	unsigned flags;                /* of its state: enum mms_state_flags */
	bool is_ours;                  /* of this installation, though no state here says so */
	struct mms_plan plan;
};

static void
item_release(struct item *item)
{
	mms_event_row_release(&item->row);
}

static unsigned
known_flags(const struct mms_known_event *k)
{
	return (k->flags & MMS_KNOWN_NO_SOURCE ? MMS_STATE_NO_SOURCE : 0U) |
	       (k->flags & MMS_KNOWN_PRIVATE ? MMS_STATE_PRIVATE : 0U);
}

static struct mms_plan_input
plan_input(struct mms_turn_state *t, const struct item *item)
{
	const struct mms_event *e = item->event;
	const struct mms_known_event *k = item->known;
	struct mms_plan_input in = {
		/* A series is no time of its own: its instances are. */
		.is_gone = e->is_gone || e->is_series || e->status == MMS_EVENT_CANCELLED,
		.is_declined = e->is_declined,
		.is_outside = e->is_outside,
		.has_problem = e->problem != NULL,
		.is_ours = item->is_ours,
		.type = MMS_STATE_USER_EVENT,
		.max_attempts = t->worker->env->site->config.retry_max_attempts,
	};

	if (k != NULL) {
		in.has_row = (k->flags & MMS_KNOWN_ROW) != 0;
		in.has_state = (k->flags & MMS_KNOWN_STATE) != 0;
		in.is_behind = (k->flags & (MMS_KNOWN_BEHIND | MMS_KNOWN_BLANK)) != 0;
		const struct mms_known_letter *letter = mms_known_find_letter(&t->known, k);
		if (letter != NULL) {
			in.has_letter = true;
			/* Who asks for everything wants the refused tried again, too. */
			in.is_given_up = letter->is_given_up && !t->worker->options->is_full;
			in.is_discarded = letter->is_discarded;
			in.attempts = letter->attempts;
			in.is_letter_same =
				memcmp(letter->print, item->prints.whole, MMS_PRINT_BYTES) == 0;
		}
		in.status = (enum mms_row_status)k->status;
		in.type = (enum mms_state_type)k->type;
		in.has_old_flags = in.has_state && known_flags(k) != item->flags;
		in.is_same = memcmp(k->prints.whole, item->prints.whole, MMS_PRINT_BYTES) == 0;
	}
	/* Of changes alone nobody can tell which rows are not shown any more. */
	if (!in.has_row && !in.is_outside && t->shows_all)
		in.has_twin = mms_known_find_twin(&t->known, item->prints.content) != NULL;
	return in;
}

/* Widths of mmsync_event_state: longer identities are kept as digests, which still compare. */
#define EXACT_ID_CHARS 2048
#define UID_CHARS      1024
#define VERSION_CHARS  255

static mms_rc
copy_id(const char *from, size_t max_chars, char **to, struct mms_err *err)
{
	*to = NULL;
	return from == NULL ? MMS_OK : mms_event_stored_id(from, true, max_chars, to, err);
}

static bool
copy_text(const char *from, char **to)
{
	*to = mms_text_copy(from);
	return from == NULL || *to != NULL;
}

/* What the event is to us beside its row: for its state and its dead letter. */
static mms_rc
fill_identity(struct mms_turn_state *t, struct item *item, struct mms_change *c,
	      struct mms_err *err)
{
	const struct mms_event *e = item->event;

	c->prints = item->prints;
	c->letter = item->plan.letter;
	c->letter_is_given_up = item->plan.gives_up;
	c->letter_attempts =
		(uint16_t)(item->plan.attempts < UINT16_MAX ? item->plan.attempts : UINT16_MAX);
	c->count = (uint8_t)item->plan.count;
	mms_counts_decide(t, item->plan.count, 1);
	c->flags = (uint8_t)item->flags;
	c->why = item->plan.why;
	mms_rc rc = copy_id(e->external_id, EXACT_ID_CHARS, &c->exact_id, err);
	if (rc == MMS_OK)
		rc = copy_id(e->series_id, UID_CHARS, &c->series_id, err);
	if (rc == MMS_OK)
		rc = copy_id(e->ical_uid, UID_CHARS, &c->ical_uid, err);
	if (rc == MMS_OK)
		rc = copy_id(e->version, VERSION_CHARS, &c->version, err);
	if (rc != MMS_OK)
		return rc;
	if (c->letter == MMS_LETTER_PUT && (!copy_text("unreadable", &c->letter_code) ||
					    !copy_text(e->problem, &c->letter_text)))
		return mms_fail_nomem(err);
	return c->has_state ? MMS_OK : mms_uuid_new(t->stamp.now_ms, c->uuid, err);
}

/* The row's part of a change; the item's row moves into it where it is written whole. */
static void
fill_row(struct item *item, struct mms_change *c)
{
	enum mms_plan_action action = item->plan.action;

	if (action == MMS_PLAN_DELETE) {
		c->row.status = MMS_ROW_DELETED_EXTERNALLY;
		return;
	}
	if (action == MMS_PLAN_NOTE || action == MMS_PLAN_FAIL) {
		c->row.status = action == MMS_PLAN_NOTE ? c->row.status : MMS_ROW_FAILED;
		c->row.error_log = item->row.error_log;
		item->row.error_log = NULL;
		return;
	}
	if (c->kind == MMS_CHANGE_INSERT || c->kind == MMS_CHANGE_UPDATE) {
		c->row = item->row;
		item->row = (struct mms_event_row){ 0 };
	}
}

static size_t
text_bytes(const struct mms_change *c)
{
	const char *const texts[] = { c->row.title,
				      c->row.description,
				      c->row.location,
				      c->row.attendees_json,
				      c->row.organizer_email,
				      c->row.error_log,
				      c->exact_id,
				      c->ical_uid };
	size_t n = 256;

	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		n += texts[i] != NULL ? strlen(texts[i]) : 0;
	return n;
}

static enum mms_change_kind
change_kind(enum mms_plan_action action)
{
	static const enum mms_change_kind kinds[] = {
		[MMS_PLAN_NOTHING] = MMS_CHANGE_LETTER, [MMS_PLAN_INSERT] = MMS_CHANGE_INSERT,
		[MMS_PLAN_DEFER] = MMS_CHANGE_INSERT,   [MMS_PLAN_UPDATE] = MMS_CHANGE_UPDATE,
		[MMS_PLAN_DELETE] = MMS_CHANGE_MARK,    [MMS_PLAN_NOTE] = MMS_CHANGE_MARK,
		[MMS_PLAN_FAIL] = MMS_CHANGE_MARK,      [MMS_PLAN_STATE] = MMS_CHANGE_STATE,
		[MMS_PLAN_LETTER] = MMS_CHANGE_LETTER,
	};

	return kinds[action];
}

/* Make the change that the plan asks for and put it on its list. */
static mms_rc
add_change(struct mms_turn_state *t, struct item *item, struct mms_err *err)
{
	bool is_deferred = item->plan.action == MMS_PLAN_DEFER;
	struct mms_change *c =
		mms_inbound_change(t, item->known, change_kind(item->plan.action));

	if (c == NULL)
		return mms_fail_nomem(err);
	fill_row(item, c);
	mms_rc rc = fill_identity(t, item, c, err);
	if (rc != MMS_OK) {
		mms_change_release(c);
		mms_free(c);
		return rc;
	}
	item->known->flags |= MMS_KNOWN_PLANNED;
	if (c->kind == MMS_CHANGE_INSERT)
		rc = mms_cascade_add(t, c, err);
	if (rc != MMS_OK) {
		mms_change_release(c);
		mms_free(c);
		return rc;
	}
	t->pending_bytes += is_deferred ? 0 : text_bytes(c);
	return mms_changes_add(is_deferred ? &t->deferred : &t->pending, c, err);
}

/* An event that nobody knows yet gets its place in the map, so that it is known when it comes again. */
static mms_rc
make_known(struct mms_turn_state *t, struct item *item, struct mms_err *err)
{
	struct mms_known_event fresh = { .type = MMS_STATE_USER_EVENT,
					 .modified_us = MMS_NO_TIME,
					 .status = MMS_ROW_OTHER };

	memcpy(fresh.key, item->key, sizeof fresh.key);
	mms_rc rc = mms_known_add(&t->known, &fresh, NULL, err);
	if (rc == MMS_OK)
		item->known = &t->known.items[t->known.n - 1];
	return rc;
}

mms_rc
mms_inbound_flush(struct mms_turn_state *t, const unsigned char key[MMS_PRINT_BYTES],
		  struct mms_known_event **known, struct mms_err *err)
{
	*known = mms_known_find(&t->known, key);
	if (*known == NULL || !((*known)->flags & MMS_KNOWN_PLANNED))
		return MMS_OK;
	mms_rc rc = mms_apply(t, NULL, err);
	/* The list may be about one of the deferred: the later listing of it counts. */
	for (size_t i = 0; rc == MMS_OK && i < t->deferred.n; i++) {
		struct mms_change *c = t->deferred.items[i];
		if (memcmp(c->key, key, MMS_PRINT_BYTES) != 0)
			continue;
		t->deferred.items[i] = t->deferred.items[--t->deferred.n];
		mms_counts_drop(t, (enum mms_plan_count)c->count);
		t->out->events.seen--; /* it is seen once */
		mms_change_release(c);
		mms_free(c);
		break;
	}
	*known = mms_known_find(&t->known, key);
	if (*known != NULL)
		(*known)->flags &= (uint16_t)~MMS_KNOWN_PLANNED;
	return rc;
}

/* The row that a listed event should have, and what is known of it. */
static mms_rc
make_item(struct mms_turn_state *t, struct item *item, struct mms_err *err)
{
	struct mms_digest *digest = &t->worker->digest;

	mms_rc rc =
		mms_event_row_make(item->event, &t->rules, t->stamp.now_ms, &item->row, err);
	if (rc == MMS_OK)
		rc = mms_row_key(digest, item->row.external_event_id, item->key, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_row_fields fields = mms_event_row_fields(&item->row);
	/* Where it cannot be read its row stands at the present moment, which is no news. */
	if (item->event->problem != NULL)
		fields.start_us = fields.end_us = 0;
	rc = mms_row_print(digest, &fields, &item->prints, err);
	item->known = mms_known_find(&t->known, item->key);
	return rc;
}

/* A turn about one event passes the others by, but for what may be it under a new id. */
static bool
is_passed_by(const struct mms_turn_state *t, const struct item *item)
{
	return t->worker->options->only_event != NULL && item->plan.action != MMS_PLAN_DEFER &&
	       memcmp(item->key, t->only_key, MMS_PRINT_BYTES) != 0;
}

static bool
is_tracked(const struct mms_known_event *known)
{
	return known != NULL && (known->flags & MMS_KNOWN_STATE) != 0;
}

/* What our own events are like now is looked at when the listing is over. */
static mms_rc
note_ours(struct mms_turn_state *t, const struct item *item, struct mms_err *err)
{
	const struct mms_known_event *k = item->known;

	if (!is_tracked(k) || k->type == MMS_STATE_USER_EVENT)
		return MMS_OK;
	if (k->type != MMS_STATE_BUSY_BLOCK)
		return mms_inward_note(t, k, item->event, err);
	/* That what we removed is gone is no news. */
	return (k->flags & MMS_KNOWN_LIVE) || !item->event->is_gone
		       ? mms_block_inward_note(t, item->key, item->event, err)
		       : MMS_OK;
}

/* What is known of it decides; where nothing is to be done it is only counted. */
static mms_rc
plan_item(struct mms_turn_state *t, struct item *item, struct mms_err *err)
{
	const struct mms_event *event = item->event;
	const struct mms_plan_input in = plan_input(t, item);

	item->plan = mms_plan_inbound(&in);
	if (item->plan.action == MMS_PLAN_NOTHING &&
	    mms_fault_is_sabotaged(MMS_SABOTAGE_ALWAYS_WRITES))
		item->plan.action = MMS_PLAN_UPDATE;
	if (is_passed_by(t, item))
		return MMS_OK;
	if (!event->is_outside) {
		t->n_listed++;
		t->out->events.seen++;
	}
	if (mms_whose_has_mark(t, event, false) && !event->is_gone && !event->is_outside)
		mms_inbound_count(&t->out->events, MMS_COUNT_FOREIGN, 1);
	t->out->warnings += item->row.has_warning || event->warning != NULL;
	if (item->known != NULL)
		item->known->flags |= MMS_KNOWN_SEEN;
	mms_rc rc = note_ours(t, item, err);
	if (rc != MMS_OK)
		return rc;
	if (item->plan.action == MMS_PLAN_NOTHING) {
		mms_counts_add(t, item->plan.count, 1);
		return MMS_OK;
	}
	if (item->known == NULL)
		rc = make_known(t, item, err);
	if (rc != MMS_OK)
		return rc;
	item->known->flags |= MMS_KNOWN_SEEN;
	return add_change(t, item, err);
}

/*
 * What the database says of an event comes before its mark. A mark of ours on an event that is not
 * tracked here is another integration's for the same calendar, or a person has copied the event. The
 * row of a booking is never a user's event. And a tombstone of an unknown id may be that of a series.
 */
static mms_rc
classify(struct mms_turn_state *t, struct item *item, struct mms_err *err)
{
	const struct mms_event *event = item->event;
	const struct mms_known_event *k = item->known;

	if (is_tracked(k))
		return MMS_OK;
	if (mms_whose_may_be_ours(t, event))
		return mms_whose_ask(t, event, &item->is_ours, err);
	if (k != NULL && (k->flags & MMS_KNOWN_NOT_LISTED) && t->provider->caps & MMS_CAP_WRITE)
		item->is_ours = true;
	if (k != NULL && (k->flags & MMS_KNOWN_ROW))
		return MMS_OK;
	if (!event->is_gone || t->worker->options->only_event != NULL)
		return MMS_OK;
	mms_rc rc = mms_cascade_gone(t, event->external_id, err);
	item->known = mms_known_find(&t->known, item->key); /* it may have been read again */
	return rc;
}

static mms_rc
inbound_event(struct mms_turn_state *t, const struct mms_event *event, struct mms_err *err)
{
	struct item item __attribute__((cleanup(item_release))) = { .event = event };
	bool is_wanted = true;

	if (event->external_id == NULL) {
		if (t->worker->options->only_event == NULL) /* nobody's: no row can be */
			mms_counts_add(t, MMS_COUNT_FAILED, 1);
		return MMS_OK;
	}
	mms_rc rc = make_item(t, &item, err);
	if (rc == MMS_OK && t->worker->options->only_event != NULL)
		rc = mms_one_is_wanted(t, item.key, item.prints.content, &is_wanted, err);
	if (rc == MMS_OK && is_wanted)
		rc = mms_inbound_flush(t, item.key, &item.known, err);
	if (rc == MMS_OK && is_wanted)
		rc = classify(t, &item, err);
	item.flags = mms_block_flags(t, event, item.known);
	return rc == MMS_OK && is_wanted ? plan_item(t, &item, err) : rc;
}

mms_rc
mms_inbound_page(struct mms_turn_state *t, const struct mms_page *page, struct mms_err *err)
{
	size_t max = (size_t)t->worker->env->site->config.batch_rows;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < page->n; i++) {
		rc = inbound_event(t, &page->events[i], err);
		if (rc == MMS_OK && (t->pending.n >= max || t->pending_bytes >= BATCH_BYTES))
			rc = mms_apply(t, NULL, err);
	}
	return rc;
}
