/*
 * After a full listing: what it no longer shows. First a row unseen and a new event of the same
 * content are recognized as one that changed its id; then what is left is softly deleted,
 * within the deletion budget.
 */
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "turn.h"

/* A deferred event is its twin under a new id: its row keeps its name. */
mms_rc
mms_sweep_rename(struct mms_turn_state *t, struct mms_change *c, struct mms_known_event *twin,
		 struct mms_err *err)
{
	char *name = mms_text_copy(mms_known_name(&t->known, twin));

	if (name == NULL)
		return mms_fail_nomem(err);
	mms_free(c->name);
	c->name = name;
	c->kind = MMS_CHANGE_RENAME;
	c->why = "the same event under a new id";
	c->count = MMS_COUNT_UPDATED;
	memcpy(c->old_key, twin->key, sizeof c->old_key);
	c->has_state = (twin->flags & MMS_KNOWN_STATE) != 0;
	c->modified_us = twin->modified_us;
	if (c->new_modified_us <= twin->modified_us)
		c->new_modified_us = twin->modified_us + 1;
	twin->flags |= MMS_KNOWN_SEEN;
	twin->flags &= (uint16_t)~MMS_KNOWN_BEHIND; /* its state follows with the rest */
	return MMS_OK;
}

/* Each deferred event finds its twin or is new after all. */
static mms_rc
settle_deferred(struct mms_turn_state *t, struct mms_err *err)
{
	size_t max = (size_t)t->worker->env->site->config.batch_rows;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->deferred.n; i++) {
		struct mms_change *c = t->deferred.items[i];
		/* What has a state is that very event, and takes nothing else's place. */
		struct mms_known_event *twin =
			c->has_state ? NULL : mms_known_find_twin(&t->known, c->prints.content);

		t->deferred.items[i] = NULL;
		if (twin != NULL)
			rc = mms_sweep_rename(t, c, twin, err);
		if (rc == MMS_OK) {
			rc = mms_changes_add(&t->pending, c, err);
		} else {
			mms_change_release(c);
			mms_free(c);
		}
		if (rc == MMS_OK && t->pending.n >= max)
			rc = mms_apply(t, NULL, err);
	}
	for (size_t i = 0; i < t->deferred.n; i++) {
		if (t->deferred.items[i] == NULL)
			continue;
		mms_change_release(t->deferred.items[i]);
		mms_free(t->deferred.items[i]);
	}
	t->deferred.n = 0;
	return rc;
}

static bool
is_missing(const struct mms_known_event *event)
{
	unsigned want = MMS_KNOWN_ROW | MMS_KNOWN_IN_WINDOW;

	return (event->flags & want) == want &&
	       !(event->flags & (MMS_KNOWN_SEEN | MMS_KNOWN_NOT_LISTED)) &&
	       event->type == MMS_STATE_USER_EVENT &&
	       mms_row_status_is_live((enum mms_row_status)event->status);
}

/*
 * Its state names a row that Frappe has deleted or renamed, and nothing else is to be done about
 * its event: it is not listed, or cancelled, or given up, or left alone.
 */
static bool
is_behind(const struct mms_known_event *event)
{
	return (mms_known_is_forgotten(event) || (event->flags & MMS_KNOWN_BEHIND)) &&
	       !(event->flags & MMS_KNOWN_PLANNED) && event->type == MMS_STATE_USER_EVENT;
}

static mms_rc
add_sweep_change(struct mms_turn_state *t, const struct mms_known_event *event, bool is_deleted,
		 bool is_nobodys, struct mms_err *err)
{
	struct mms_change *c = mms_inbound_change(t, event,
						  is_deleted         ? MMS_CHANGE_MARK
						  : is_behind(event) ? MMS_CHANGE_FOLLOW
								     : MMS_CHANGE_LETTER);

	if (c == NULL)
		return mms_fail_nomem(err);
	c->why = "no longer in the calendar";
	if (is_deleted)
		c->count = MMS_COUNT_DELETED;
	mms_counts_decide(t, (enum mms_plan_count)c->count, 1);
	if (is_deleted || mms_known_is_forgotten(event))
		c->row.status = MMS_ROW_DELETED_EXTERNALLY;
	if (is_nobodys)
		c->letter = MMS_LETTER_REMOVE;
	return mms_changes_add(&t->pending, c, err);
}

mms_rc
mms_sweep_one(struct mms_turn_state *t, const struct mms_known_event *event, bool is_refused,
	      struct mms_err *err)
{
	bool is_deleted = is_missing(event) && !is_refused;
	/* The letter of what is not listed, unless its row stays as missing. */
	bool is_nobodys = (event->flags & MMS_KNOWN_LETTER) &&
			  !(event->flags & MMS_KNOWN_SEEN) &&
			  (is_deleted || !is_missing(event));

	if (!is_deleted && !is_nobodys && !is_behind(event))
		return MMS_OK;
	return add_sweep_change(t, event, is_deleted, is_nobodys, err);
}

mms_rc
mms_sweep(struct mms_turn_state *t, bool *is_refused, struct mms_err *err)
{
	const struct mms_config *config = &t->worker->env->site->config;
	const struct mms_delete_budget budget = { .count = config->delete_budget_count,
						  .percent = config->delete_budget_percent };
	size_t max = (size_t)config->batch_rows;
	int64_t n_missing = 0;

	*is_refused = false;
	mms_rc rc = settle_deferred(t, err);
	for (size_t i = 0; i < t->known.n; i++)
		n_missing += is_missing(&t->known.items[i]);
	if (rc == MMS_OK && !t->worker->options->may_delete &&
	    !mms_fault_is_sabotaged(MMS_SABOTAGE_NO_BUDGET) &&
	    !mms_fault_is_sabotaged(MMS_SABOTAGE_TORN_LISTING) &&
	    !mms_policy_may_delete(&budget, n_missing, t->known.n_live, t->n_listed)) {
		*is_refused = true;
		mms_fail(
			err, MMS_E_CONFLICT,
			"the calendar no longer shows %lld of %lld events: nothing was deleted",
			(long long)n_missing, (long long)t->known.n_live);
		mms_hint(err,
			 "look at the calendar; if they are really gone: mmsync sync "
			 "--integration '%s' --confirm-deletes",
			 t->source->integration.name);
	}
	unsigned n_loads = t->n_loads;
	for (size_t i = 0; rc == MMS_OK && i < t->known.n; i++) {
		rc = mms_sweep_one(t, &t->known.items[i], *is_refused, err);
		if (rc == MMS_OK && t->pending.n >= max)
			rc = mms_apply(t, NULL, err);
		if (t->n_loads != n_loads) { /* read again: each has another place */
			n_loads = t->n_loads;
			i = SIZE_MAX;
		}
	}
	return rc;
}
