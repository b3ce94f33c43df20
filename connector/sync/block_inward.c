/*
 * Our blocks as a listing shows them (see the header): while it lasts only their facts are kept; when it is over they
 * are compared with what is known, many in one statement, and what follows is written, many in one transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "block_inward_parts.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"

/* Blocks of one transaction. */
#define BLOCKS_PER_TX 500

static void
seen_release(struct mms_block_seen *seen)
{
	mms_free(seen->external_id);
	mms_free(seen->version);
	mms_free(seen->title);
	mms_free(seen->ical_uid);
	*seen = (struct mms_block_seen){ 0 };
}

void
mms_block_inward_free(struct mms_block_inward *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->n; i++)
		seen_release(&in->items[i]);
	mms_free(in->items);
	mms_free(in);
}

/* ---- while the listing lasts ------------------------------------------------------------------- */

static mms_rc
make_inward(struct mms_turn_state *t, struct mms_err *err)
{
	if (t->blocks == NULL)
		t->blocks = mms_alloc(sizeof *t->blocks);
	return t->blocks != NULL ? MMS_OK : mms_fail_nomem(err);
}

static bool
copy_text(const char *from, char **to)
{
	*to = mms_text_copy(from);
	return from == NULL || *to != NULL;
}

/* Its facts at the end of the list. */
static mms_rc
add(struct mms_turn_state *t, const struct mms_block_seen *what, const struct mms_event *event,
    struct mms_err *err)
{
	mms_rc rc = make_inward(t, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_block_inward *in = t->blocks;
	struct mms_block_seen *moved = mms_grow(in->items, in->n, &in->cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	in->items = moved;
	struct mms_block_seen *seen = &in->items[in->n];
	*seen = *what;
	seen->no = in->n++;
	seen->is_gone = event->is_gone;
	seen->is_vague = !event->is_gone && (event->problem != NULL || event->is_series);
	seen->hides_title = (mms_outward_hidden(t->source, event) & MMS_FIELD_TITLE) != 0;
	seen->is_all_day = event->is_all_day;
	seen->is_private = event->is_private;
	seen->start_ms = event->start_ms;
	seen->end_ms = event->end_ms;
	seen->show = event->show;
	return copy_text(event->version, &seen->version) &&
			       copy_text(event->title, &seen->title) &&
			       copy_text(event->ical_uid, &seen->ical_uid) &&
			       copy_text(event->external_id, &seen->external_id)
		       ? MMS_OK
		       : mms_fail_nomem(err);
}

mms_rc
mms_block_inward_note(struct mms_turn_state *t, const unsigned char key[MMS_PRINT_BYTES],
		      const struct mms_event *event, struct mms_err *err)
{
	struct mms_block_seen what = { .how = MMS_BLOCK_SEEN };

	memcpy(what.key, key, sizeof what.key);
	return add(t, &what, event, err);
}

mms_rc
mms_block_inward_adopt(struct mms_turn_state *t, const unsigned char uuid[16],
		       const struct mms_event *event, struct mms_err *err)
{
	struct mms_block_seen what = { .how = MMS_BLOCK_RENAMED };

	memcpy(what.uuid, uuid, sizeof what.uuid);
	mms_rc rc = mms_outward_key(t->worker, event->external_id, what.key, err);
	return rc == MMS_OK ? add(t, &what, event, err) : rc;
}

mms_rc
mms_block_inward_unknown(struct mms_turn_state *t, const struct mms_event *event, bool *is_ours,
			 struct mms_err *err)
{
	struct mms_block_seen what = { .how = MMS_BLOCK_UNKNOWN,
				       .has_source = event->mark.has_source };

	*is_ours = false;
	memcpy(what.uuid, event->mark.id, sizeof what.uuid);
	memcpy(what.source, event->mark.source, sizeof what.source);
	mms_rc rc = mms_outward_key(t->worker, event->external_id, what.key, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_known_event *known = mms_known_find(&t->known, what.key);
	if (known != NULL && (known->flags & MMS_KNOWN_ROW))
		return MMS_OK;
	*is_ours = true;
	/* Nothing can be made of it, or it is not what this turn is about. */
	if (event->is_gone || event->problem != NULL || event->is_series ||
	    event->start_ms == MMS_NO_TIME || event->end_ms == MMS_NO_TIME ||
	    t->worker->options->only_event != NULL)
		return MMS_OK;
	return add(t, &what, event, err);
}

/* ---- what is known of them --------------------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
	const struct mms_block_seen *x = a, *y = b;
	int order = memcmp(x->key, y->key, sizeof x->key);

	return order != 0 ? order : (x->no > y->no) - (x->no < y->no);
}

/* Sorted by key; of several listings of one the last counts. */
static void
arrange(struct mms_block_inward *in)
{
	size_t n = 0;

	if (in->n > 1)
		qsort(in->items, in->n, sizeof *in->items, by_key);
	for (size_t i = 0; i < in->n; i++) {
		if (i + 1 < in->n &&
		    memcmp(in->items[i].key, in->items[i + 1].key, MMS_PRINT_BYTES) == 0) {
			seen_release(&in->items[i]);
			continue;
		}
		in->items[n++] = in->items[i];
	}
	in->n = n;
}

/* The one of this key among the first n, which are sorted. */
static struct mms_block_seen *
find_seen(const struct mms_block_inward *in, size_t n, const unsigned char *key)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;
		int order = memcmp(in->items[mid].key, key, MMS_PRINT_BYTES);
		if (order == 0)
			return &in->items[mid];
		if (order < 0)
			low = mid + 1;
		else
			n = mid;
	}
	return NULL;
}

/* UUIDs or keys of those of a kind, for one statement. */
static size_t
list_ids(const struct mms_block_inward *in, enum mms_block_how how, unsigned char (*ids)[16])
{
	size_t n = 0;

	for (size_t i = 0; i < in->n; i++) {
		const struct mms_block_seen *seen = &in->items[i];
		if (seen->how == how)
			memcpy(ids[n++], how == MMS_BLOCK_SEEN ? seen->key : seen->uuid, 16);
	}
	return n;
}

static mms_rc
read_blocks(struct mms_block_judging *j, struct mms_err *err)
{
	const struct mms_block_inward *in = j->t->blocks;
	uint64_t cursor_id = j->t->source->cursor.id;
	MMS_AUTO(mms_lent) lent = { 0 };
	unsigned char(*ids)[16] = mms_alloc((in->n + 1) * sizeof *ids);

	if (ids == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = mms_pool_lend(j->t->worker->env->pool, &lent, err);
	size_t n = list_ids(in, MMS_BLOCK_SEEN, ids);
	if (rc == MMS_OK && n > 0)
		rc = mms_blocks_by_key(lent.db, cursor_id,
				       (const unsigned char(*)[MMS_PRINT_BYTES])ids, n,
				       &j->blocks, err);
	n = list_ids(in, MMS_BLOCK_RENAMED, ids);
	if (rc == MMS_OK && n > 0)
		rc = mms_blocks_find(lent.db, (const unsigned char(*)[16])ids, n, &j->blocks,
				     err);
	mms_free(ids);
	mms_block_sort(&j->blocks);
	return rc;
}

/* Is what these come from known? Only of those that are back is it asked. */
static mms_rc
read_sources(struct mms_block_judging *j, struct mms_err *err)
{
	const struct mms_block_inward *in = j->t->blocks;
	MMS_AUTO(mms_lent) lent = { 0 };
	unsigned char(*ids)[16] = mms_alloc((in->n + 1) * sizeof *ids);
	size_t n = 0;
	mms_rc rc = MMS_OK;

	if (ids == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < in->n; i++) {
		const struct mms_block_seen *seen = &in->items[i];
		const struct mms_block *b = mms_block_find_seen(j, seen);

		if (seen->how == MMS_BLOCK_UNKNOWN && seen->has_source)
			memcpy(ids[n++], seen->source, 16);
		else if (b != NULL && b->status == MMS_STATE_DELETED && !seen->is_gone)
			memcpy(ids[n++], b->source_uuid, 16);
	}
	if (n > 0)
		rc = mms_pool_lend(j->t->worker->env->pool, &lent, err);
	if (rc == MMS_OK && n > 0)
		rc = mms_block_sources_find(lent.db, (const unsigned char(*)[16])ids, n,
					    &j->sources, err);
	mms_free(ids);
	return rc;
}

/* ---- what a full listing did not show ---------------------------------------------------------- */

/* Does what is known of it say that it should have been there? Its times as they were sent are known or not. */
static bool
is_missed(const struct mms_turn_state *t, const struct mms_block *b)
{
	bool is_as_sent = memcmp(b->print, b->sent_print, sizeof b->print) == 0;

	return b->status != MMS_STATE_CREATING && b->version != NULL &&
	       (!is_as_sent || (b->start_ms < t->to_ms && b->end_ms > t->from_ms));
}

/*
 * Asked for by its id, for only that tells. What was left behind in a calendar that was replaced is not in this one,
 * though some services find it all the same.
 */
static mms_rc
ask_for(struct mms_turn_state *t, struct mms_session *session, const struct mms_block *b,
	bool *is_gone, struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };
	mms_rc rc = MMS_OK;

	if (mms_block_has_moved_house(t->source, b)) {
		event.is_gone = true;
	} else {
		mms_fault_step();
		rc = t->provider->ops->get(session, b->external_id, &event, err);
		if (rc == MMS_OK && mms_inward_is_elsewhere(t, &event))
			event.is_gone = true;
	}
	*is_gone = rc == MMS_OK && event.is_gone;
	return rc == MMS_OK ? mms_block_inward_note(t, b->key, &event, err) : rc;
}

/* Blocks that are all gone at once were hardly deleted by a person, as inward.c has it. */
static mms_rc
refuse(const struct mms_turn_state *t, int64_t n_gone, int64_t n_near, struct mms_err *err)
{
	mms_fail(err, MMS_E_CONFLICT,
		 "the calendar no longer has at least %lld of %lld busy blocks: nothing was "
		 "changed",
		 (long long)n_gone, (long long)n_near);
	return mms_hint(err,
			"is it another account, or another calendar? If they are really gone: "
			"mmsync sync --integration '%s' --confirm-deletes",
			t->source->integration.name);
}

static mms_rc
ask_for_missed(struct mms_turn_state *t, struct mms_session *session,
	       const struct mms_blocks *all, struct mms_err *err)
{
	const struct mms_config *config = &t->worker->env->site->config;
	const struct mms_delete_budget budget = { .count = config->delete_budget_count,
						  .percent = config->delete_budget_percent };
	size_t n_listed = t->blocks->n;
	int64_t n_gone = 0, n_near = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < all->n; i++)
		n_near += find_seen(t->blocks, n_listed, all->items[i].key) != NULL ||
			  is_missed(t, &all->items[i]);
	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		const struct mms_block *b = &all->items[i];
		bool is_gone = false;

		if (!is_missed(t, b) || find_seen(t->blocks, n_listed, b->key) != NULL ||
		    mms_block_is_renamed(t->blocks, b->uuid))
			continue;
		rc = ask_for(t, session, b, &is_gone, err);
		/* What we removed ourselves, or left behind in another calendar, is no deletion. */
		n_gone += is_gone && b->removed_by != MMS_REMOVED_BY_US &&
			  !mms_block_has_moved_house(t->source, b);
		if (rc == MMS_OK && !t->worker->options->may_delete &&
		    !mms_policy_may_delete(&budget, n_gone, n_near, t->n_listed))
			rc = refuse(t, n_gone, n_near, err);
	}
	arrange(t->blocks);
	return rc;
}

/* What this calendar should have, and the listing did not show. No statement where it never had any. */
static mms_rc
look_for_missed(struct mms_turn_state *t, struct mms_session *session, struct mms_err *err)
{
	MMS_AUTO(mms_blocks) all = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	bool has_any = false;

	for (size_t i = 0; i < t->known.n && !has_any; i++)
		has_any = t->known.items[i].type == MMS_STATE_BUSY_BLOCK &&
			  (t->known.items[i].flags & MMS_KNOWN_LIVE) != 0;
	if (!has_any)
		return MMS_OK;
	mms_rc rc = make_inward(t, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_blocks_of_calendar(lent.db, t->source->cursor.id, &all, err);
	mms_lent_release(&lent);
	return rc == MMS_OK ? ask_for_missed(t, session, &all, err) : rc;
}

/* ---- what is written --------------------------------------------------------------------------- */

struct ends {
	const struct mms_block_end *items;
	size_t n;
	int64_t now_ms;
};

static mms_rc
write_ends(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct ends *ends = aux;

	return mms_blocks_settle(tx, ends->items, ends->n, ends->now_ms, err);
}

/* One that the database refuses stops no other: it is counted, and the next full reading tries again. */
static mms_rc
settle_each(struct mms_turn_state *t, const struct ends *all, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		struct ends one = { .items = &all->items[i], .n = 1, .now_ms = all->now_ms };

		rc = mms_lease_tx_run(t->worker, &t->lease, write_ends, &one, err);
		if (rc != MMS_E_ITEM && rc != MMS_E_CONFLICT)
			continue;
		mms_err_release(err);
		mms_counts_add(t, MMS_COUNT_FAILED, 1);
		rc = MMS_OK;
	}
	return rc;
}

static mms_rc
settle_ends(struct mms_block_judging *j, struct mms_err *err)
{
	struct mms_turn_state *t = j->t;
	mms_rc rc = MMS_OK;

	for (size_t at = 0; rc == MMS_OK && at < j->n_ends; at += BLOCKS_PER_TX) {
		size_t left = j->n_ends - at;
		struct ends ends = { .items = &j->ends[at],
				     .n = left < BLOCKS_PER_TX ? left : BLOCKS_PER_TX,
				     .now_ms = t->started_ms };

		rc = mms_lease_tx_run(t->worker, &t->lease, write_ends, &ends, err);
		if (rc != MMS_E_ITEM && rc != MMS_E_CONFLICT)
			continue;
		mms_err_release(err);
		rc = settle_each(t, &ends, err);
	}
	return rc;
}

mms_rc
mms_block_inward_settle(struct mms_turn_state *t, struct mms_session *session, bool is_full,
			struct mms_err *err)
{
	MMS_AUTO(mms_block_judging) j = { .t = t, .is_full = is_full };
	mms_rc rc = MMS_OK;

	if (t->blocks != NULL)
		arrange(t->blocks);
	if (is_full)
		rc = look_for_missed(t, session, err);
	if (rc != MMS_OK || t->blocks == NULL)
		return rc;
	rc = read_blocks(&j, err);
	if (rc == MMS_OK)
		rc = read_sources(&j, err);
	if (rc == MMS_OK)
		rc = mms_block_judge(&j, err);
	if (rc == MMS_OK && t->worker->owner != NULL)
		rc = settle_ends(&j, err);
	return rc == MMS_OK ? mms_block_restore_unknown(&j, err) : rc;
}
