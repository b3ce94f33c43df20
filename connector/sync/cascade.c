/*
 * What a service says of a series as a whole, in a listing that shows its instances one by one: it is
 * gone, or these are all that there are.
 */
#include <string.h>

#include "mmsync/mem.h"
#include "turn.h"

/* Width of mmsync_event_state.series_id. */
#define SERIES_CHARS 1024

void
mms_cascade_release(struct mms_cascade *cascade)
{
	if (cascade == NULL)
		return;
	mms_instances_release(&cascade->instances);
	mms_free(cascade->whole);
	*cascade = (struct mms_cascade){ 0 };
}

static mms_rc
series_key(struct mms_turn_state *t, const char *series_id, unsigned char out[MMS_PRINT_BYTES],
	   struct mms_err *err)
{
	char *stored = NULL;

	mms_rc rc = mms_event_stored_id(series_id, true, SERIES_CHARS, &stored, err);
	if (rc == MMS_OK)
		rc = mms_row_key(&t->worker->digest, stored, out, err);
	mms_free(stored);
	return rc;
}

mms_rc
mms_cascade_add(struct mms_turn_state *t, const struct mms_change *change, struct mms_err *err)
{
	struct mms_instance instance;

	/* A listing of everything has no tombstones, and its sweep asks for no series. */
	if (t->shows_all || change->series_id == NULL)
		return MMS_OK;
	memcpy(instance.key, change->key, sizeof instance.key);
	mms_rc rc = mms_row_key(&t->worker->digest, change->series_id, instance.series, err);
	return rc == MMS_OK ? mms_instances_add(&t->cascade.instances, &instance, err) : rc;
}

static mms_rc
load(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (t->cascade.instances.is_loaded)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_instances_load(lent.db, t->source->cursor.id,
						 &t->cascade.instances, err)
			    : rc;
}

/* Is it a live event of the calendar's owner, and not one of a booking? */
static bool
is_live(const struct mms_known_event *k)
{
	return (k->flags & MMS_KNOWN_ROW) && !(k->flags & MMS_KNOWN_NOT_LISTED) &&
	       k->type == MMS_STATE_USER_EVENT &&
	       mms_row_status_is_live((enum mms_row_status)k->status);
}

/* Soft deletion of one instance, with its dead letter. */
static mms_rc
add_deletion(struct mms_turn_state *t, struct mms_known_event *k, const char *why,
	     struct mms_err *err)
{
	struct mms_change *c = mms_inbound_change(t, k, MMS_CHANGE_MARK);

	if (c == NULL)
		return mms_fail_nomem(err);
	c->why = why;
	c->count = MMS_COUNT_DELETED;
	mms_counts_decide(t, MMS_COUNT_DELETED, 1);
	c->row.status = MMS_ROW_DELETED_EXTERNALLY;
	if (k->flags & MMS_KNOWN_LETTER)
		c->letter = MMS_LETTER_REMOVE;
	k->flags |= MMS_KNOWN_SEEN | MMS_KNOWN_PLANNED;
	mms_rc rc = mms_changes_add(&t->pending, c, err);
	if (rc == MMS_OK && t->pending.n >= (size_t)t->worker->env->site->config.batch_rows)
		rc = mms_apply(t, NULL, err);
	return rc;
}

mms_rc
mms_cascade_gone(struct mms_turn_state *t, const char *series_id, struct mms_err *err)
{
	unsigned char series[MMS_PRINT_BYTES];
	const struct mms_instance *instance;
	size_t at = 0;

	mms_rc rc = series_key(t, series_id, series, err);
	if (rc == MMS_OK)
		rc = load(t, err);
	while (rc == MMS_OK &&
	       (instance = mms_instances_next(&t->cascade.instances, series, &at)) != NULL) {
		struct mms_known_event *k = NULL;

		rc = mms_inbound_flush(t, instance->key, &k, err);
		if (rc == MMS_OK && k != NULL && is_live(k))
			rc = add_deletion(t, k, "its series is no longer in the calendar", err);
	}
	return rc;
}

mms_rc
mms_cascade_knows(struct mms_turn_state *t, const char *series_id, bool *out,
		  struct mms_err *err)
{
	unsigned char series[MMS_PRINT_BYTES];
	size_t at = 0;

	*out = false;
	mms_rc rc = series_key(t, series_id, series, err);
	if (rc == MMS_OK)
		rc = load(t, err);
	if (rc == MMS_OK)
		*out = mms_instances_next(&t->cascade.instances, series, &at) != NULL;
	return rc;
}

mms_rc
mms_cascade_note(struct mms_turn_state *t, const struct mms_page *page, struct mms_err *err)
{
	struct mms_cascade *cascade = &t->cascade;
	mms_rc rc = MMS_OK;

	if (t->shows_all || t->worker->options->only_event != NULL)
		return MMS_OK;
	for (size_t i = 0; rc == MMS_OK && i < page->n_whole_series; i++) {
		unsigned char(*moved)[MMS_PRINT_BYTES] = mms_grow(
			cascade->whole, cascade->n_whole, &cascade->cap_whole, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		cascade->whole = moved;
		rc = series_key(t, page->whole_series[i], moved[cascade->n_whole], err);
		if (rc == MMS_OK)
			cascade->n_whole++;
	}
	return rc;
}

/* What is known in the window of a series that was shown whole, and was not shown. */
static mms_rc
settle_one(struct mms_turn_state *t, const unsigned char series[MMS_PRINT_BYTES],
	   struct mms_err *err)
{
	const struct mms_instance *instance;
	mms_rc rc = MMS_OK;
	size_t at = 0;

	while (rc == MMS_OK &&
	       (instance = mms_instances_next(&t->cascade.instances, series, &at)) != NULL) {
		struct mms_known_event *k = mms_known_find(&t->known, instance->key);

		if (k != NULL && is_live(k) && (k->flags & MMS_KNOWN_IN_WINDOW) &&
		    !(k->flags & (MMS_KNOWN_SEEN | MMS_KNOWN_PLANNED)))
			rc = add_deletion(t, k, "no longer in its series", err);
	}
	return rc;
}

mms_rc
mms_cascade_settle(struct mms_turn_state *t, struct mms_err *err)
{
	mms_rc rc = t->cascade.n_whole > 0 ? load(t, err) : MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->cascade.n_whole; i++)
		rc = settle_one(t, t->cascade.whole[i], err);
	return rc;
}
