/* A block as it is listed against the block as it is known: what follows (see block_inward.h). */
#include <stdlib.h>
#include <string.h>

#include "block_inward_parts.h"
#include "block_plan.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

void
mms_block_judging_release(struct mms_block_judging *j)
{
	if (j == NULL)
		return;
	mms_free(j->ends);
	mms_blocks_release(&j->blocks);
	mms_block_sources_release(&j->sources);
	*j = (struct mms_block_judging){ 0 };
}

static int
by_key(const void *a, const void *b)
{
	const struct mms_block *x = a, *y = b;

	return memcmp(x->key, y->key, MMS_PRINT_BYTES);
}

void
mms_block_sort(struct mms_blocks *blocks)
{
	if (blocks->n > 1)
		qsort(blocks->items, blocks->n, sizeof *blocks->items, by_key);
}

const struct mms_block *
mms_block_find_seen(const struct mms_block_judging *j, const struct mms_block_seen *seen)
{
	struct mms_block probe = { 0 };

	memcpy(probe.key, seen->key, sizeof probe.key);
	if (seen->how == MMS_BLOCK_SEEN && j->blocks.n > 0)
		return bsearch(&probe, j->blocks.items, j->blocks.n, sizeof probe, by_key);
	for (size_t i = 0; seen->how == MMS_BLOCK_RENAMED && i < j->blocks.n; i++) {
		if (memcmp(j->blocks.items[i].uuid, seen->uuid, 16) == 0)
			return &j->blocks.items[i];
	}
	return NULL;
}

bool
mms_block_is_renamed(const struct mms_block_inward *in, const unsigned char uuid[16])
{
	for (size_t i = 0; i < in->n; i++) {
		if (in->items[i].how == MMS_BLOCK_RENAMED &&
		    memcmp(in->items[i].uuid, uuid, 16) == 0)
			return true;
	}
	return false;
}

static bool
has_source(const struct mms_block_judging *j, const unsigned char uuid[16])
{
	for (size_t i = 0; i < j->sources.n; i++) {
		if (memcmp(j->sources.items[i].uuid, uuid, 16) == 0)
			return true;
	}
	return false;
}

static const char *
calendar_of(const struct mms_turn_state *t)
{
	return t->source->integration.calendar_id;
}

/* State and row stay as they were read, unless it is said otherwise. */
static struct mms_block_end
begin_end(const struct mms_block *b)
{
	struct mms_block_end end = { .block = b,
				     .is_state = true,
				     .status = b->status,
				     .removed_by = b->removed_by,
				     .version = b->version,
				     .put_backs = b->put_backs,
				     .calendar_id = b->calendar_id,
				     .provider = b->provider };

	memcpy(end.key, b->key, sizeof end.key);
	memcpy(end.sent_print, b->sent_print, sizeof end.sent_print);
	memcpy(end.outside_print, b->outside_print, sizeof end.outside_print);
	return end;
}

/* What the service shows of it; where the title is not for us it is the one that we know. Borrows. */
static struct mms_event
event_of(const struct mms_block_seen *seen, const struct mms_block *b)
{
	return (struct mms_event){
		.title = seen->hides_title ? b->title : seen->title,
		.start_ms = seen->start_ms,
		.end_ms = seen->end_ms,
		.show = seen->show,
		.is_all_day = seen->is_all_day,
		.is_private = seen->is_private,
	};
}

/* By a person, or by ourselves, and no answer came, or it is in a calendar that is not this one any more. */
static bool
judge_gone(const struct mms_block_judging *j, const struct mms_block *b,
	   struct mms_block_end *end)
{
	bool is_by_us = b->removed_by == MMS_REMOVED_BY_US ||
			mms_block_has_moved_house(j->t->source, b) ||
			mms_fault_is_sabotaged(MMS_SABOTAGE_REMOVER_FORGOTTEN);

	if (b->status == MMS_STATE_DELETED || b->status == MMS_STATE_CREATING)
		return false; /* one that is on its way the outbox asks for */
	end->status = MMS_STATE_DELETED;
	end->removed_by = is_by_us ? MMS_REMOVED_BY_US : MMS_REMOVED_OUTSIDE;
	end->is_source_due = true;
	end->drops_letters = b->status == MMS_STATE_FAILED;
	return true;
}

/* Dead, and there again. A service that is slow to show our removal shows it as it was. */
static mms_rc
judge_back(const struct mms_block_judging *j, const struct mms_block_seen *seen,
	   const struct mms_event *event, struct mms_block_end *end, struct mms_err *err)
{
	const struct mms_block *b = end->block;

	end->status = MMS_STATE_SYNCED;
	end->removed_by = MMS_REMOVED_UNKNOWN;
	end->version = seen->version;
	end->calendar_id = calendar_of(j->t);
	end->provider = j->t->provider->name;
	end->is_source_due = has_source(j, b->source_uuid);
	if (!end->is_source_due) {
		end->removed_by = MMS_REMOVED_BY_US;
		end->asks_removal = true;
	}
	return mms_block_seen_print(&j->t->worker->digest, event, end->outside_print, err);
}

/* There, and known to be: is it as it was? *is_news: something is to be written. */
static mms_rc
judge_there(const struct mms_block_judging *j, const struct mms_block_seen *seen,
	    const struct mms_event *event, struct mms_block_end *end, bool *is_news,
	    struct mms_err *err)
{
	const struct mms_block *b = end->block;
	unsigned char print[MMS_PRINT_BYTES];

	/* What we are about to bring up to date, or to remove, or never sent, is the outbox's. */
	*is_news = false;
	if (b->status == MMS_STATE_CREATING || b->removed_by == MMS_REMOVED_BY_US ||
	    memcmp(b->print, b->sent_print, sizeof b->print) != 0)
		return MMS_OK;
	mms_rc rc = mms_block_seen_print(&j->t->worker->digest, event, print, err);
	if (rc != MMS_OK)
		return rc;
	bool is_same = memcmp(print, b->outside_print, sizeof print) == 0 ||
		       mms_block_says_it(b, event);
	*is_news = seen->version != NULL || memcmp(print, b->outside_print, sizeof print) != 0;
	if (seen->version != NULL)
		end->version = seen->version;
	memcpy(end->outside_print, print, sizeof print);
	if (is_same || b->is_quarantined || b->put_backs > 0)
		return MMS_OK;
	end->put_backs = 1;
	end->asks_outbox = true;
	return MMS_OK;
}

static bool
is_version_same(const struct mms_block_seen *seen, const struct mms_block *b)
{
	return seen->version != NULL && b->version != NULL &&
	       strcmp(seen->version, b->version) == 0;
}

/* *is_news: something is to be written. */
static mms_rc
judge_one(const struct mms_block_judging *j, const struct mms_block_seen *seen,
	  const struct mms_block *b, struct mms_block_end *end, bool *is_news,
	  struct mms_err *err)
{
	const struct mms_event event = event_of(seen, b);
	bool is_renamed = seen->how == MMS_BLOCK_RENAMED;
	bool is_dead = b->status == MMS_STATE_DELETED;
	mms_rc rc = MMS_OK;

	*end = begin_end(b);
	*is_news = false;
	if (seen->is_gone) {
		*is_news = judge_gone(j, b, end);
		return MMS_OK;
	}
	if (seen->is_vague)
		return MMS_OK;
	/* A full listing shows what there is; one of changes may be late with what we removed. */
	bool is_old = is_version_same(seen, b) && (!is_dead || !j->is_full);
	if (is_dead && (!is_old || is_renamed)) {
		rc = judge_back(j, seen, &event, end, err);
		*is_news = true;
	} else if (!is_dead && !is_old) {
		rc = judge_there(j, seen, &event, end, is_news, err);
	}
	if (b->ical_uid == NULL && seen->ical_uid != NULL) {
		end->ical_uid = seen->ical_uid;
		/* What was never settled may wait: it serves nobody else before (block_plan.h). */
		*is_news = *is_news || b->status != MMS_STATE_CREATING;
	}
	if (is_renamed) {
		*is_news = true;
		end->external_id = seen->external_id;
		memcpy(end->key, seen->key, sizeof end->key);
	}
	return rc;
}

/* What a dry run would have done, where a person sees anything of it. */
static mms_rc
tell(struct mms_turn_state *t, const struct mms_block_end *end, struct mms_err *err)
{
	const struct mms_block *b = end->block;
	const char *id = end->external_id != NULL ? end->external_id : b->external_id;

	if (end->status == MMS_STATE_DELETED)
		return mms_turn_add_planned(t->out, "delete", NULL, id,
					    "the busy block was deleted outside", err);
	if (b->status == MMS_STATE_DELETED)
		return mms_turn_add_planned(t->out, "update", NULL, id,
					    "the busy block is there again", err);
	if (end->asks_outbox)
		return mms_turn_add_planned(
			t->out, "update", NULL, id,
			"the busy block was changed outside: it is put back", err);
	return MMS_OK;
}

mms_rc
mms_block_judge(struct mms_block_judging *j, struct mms_err *err)
{
	const struct mms_block_inward *in = j->t->blocks;
	bool is_dry = j->t->worker->owner == NULL;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < in->n; i++) {
		const struct mms_block_seen *seen = &in->items[i];
		const struct mms_block *b = mms_block_find_seen(j, seen);
		bool is_news = false;

		/* That the old id of a renamed one is gone is no news. */
		if (b == NULL ||
		    (seen->how == MMS_BLOCK_SEEN && mms_block_is_renamed(in, b->uuid)))
			continue;
		struct mms_block_end *moved =
			mms_grow(j->ends, j->n_ends, &j->cap_ends, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		j->ends = moved;
		struct mms_block_end *end = &j->ends[j->n_ends];
		rc = judge_one(j, seen, b, end, &is_news, err);
		if (rc == MMS_OK && is_news && is_dry)
			rc = tell(j->t, end, err);
		j->n_ends += rc == MMS_OK && is_news;
	}
	return rc;
}

/* ---- those that no state knows ------------------------------------------------------------------ */

struct restoring {
	const struct mms_block *block;
	struct mms_block_end end;
	int64_t now_ms;
};

static mms_rc
write_restored(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct restoring *r = aux;

	mms_rc rc = mms_block_restore(tx, r->block, r->now_ms, err);
	return rc == MMS_OK ? mms_blocks_settle(tx, &r->end, 1, r->now_ms, err) : rc;
}

static mms_rc
restore_one(struct mms_block_judging *j, const struct mms_block_seen *seen, struct mms_err *err)
{
	struct mms_turn_state *t = j->t;
	/* Texts are others': it is never released. */
	struct mms_block b = { .cursor_id = t->source->cursor.id,
			       .status = MMS_STATE_SYNCED,
			       .start_ms = seen->start_ms,
			       .end_ms = seen->end_ms,
			       .title = seen->title != NULL ? seen->title : (char[]){ "" },
			       .external_id = seen->external_id,
			       .version = seen->version,
			       .ical_uid = seen->ical_uid,
			       .calendar_id = t->source->integration.calendar_id };
	const struct mms_event event = event_of(seen, &b);
	struct restoring r = { .block = &b, .now_ms = t->started_ms };
	bool is_known = seen->has_source && has_source(j, seen->source);

	memcpy(b.uuid, seen->uuid, sizeof b.uuid);
	memcpy(b.key, seen->key, sizeof b.key);
	memcpy(b.source_uuid, seen->source, sizeof b.source_uuid);
	for (size_t i = 0; i < j->sources.n; i++) {
		if (memcmp(j->sources.items[i].uuid, seen->source, 16) == 0)
			b.source_id = j->sources.items[i].cursor_id;
	}
	mms_rc rc = mms_block_print(&t->worker->digest, b.start_ms, b.end_ms, b.title, b.print,
				    err);
	memcpy(b.sent_print, b.print, sizeof b.sent_print);
	if (rc == MMS_OK)
		rc = mms_block_seen_print(&t->worker->digest, &event, b.outside_print, err);
	if (rc != MMS_OK)
		return rc;
	r.end = begin_end(&b);
	r.end.provider = t->provider->name;
	r.end.is_source_due = is_known;
	r.end.asks_removal = !is_known;
	r.end.removed_by = is_known ? MMS_REMOVED_UNKNOWN : MMS_REMOVED_BY_US;
	return mms_lease_tx_run(t->worker, &t->lease, write_restored, &r, err);
}

mms_rc
mms_block_restore_unknown(struct mms_block_judging *j, struct mms_err *err)
{
	struct mms_turn_state *t = j->t;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->blocks->n; i++) {
		const struct mms_block_seen *seen = &t->blocks->items[i];

		if (seen->how != MMS_BLOCK_UNKNOWN)
			continue;
		if (t->worker->owner == NULL) {
			rc = mms_turn_add_planned(
				t->out, "update", NULL, seen->external_id,
				"a busy block of ours that was not known here", err);
			continue;
		}
		rc = restore_one(j, seen, err);
		if (rc != MMS_E_CONFLICT && rc != MMS_E_ITEM)
			continue;
		mms_err_release(err); /* it is known by now, or somebody's copy has its id */
		rc = MMS_OK;
	}
	return rc;
}
