/* Changes that were planned on rows as they were, set on the rows as somebody else left them. */
#include <string.h>

#include "mmsync/mem.h"
#include "turn.h"

/* The event's place in the map that was read again; a place is made for an unknown one. */
static struct mms_known_event *
place_again(struct mms_turn_state *t, struct mms_change *c, struct mms_err *err)
{
	struct mms_known_event *k = mms_known_find(&t->known, c->key);
	struct mms_known_event fresh = { .type = MMS_STATE_USER_EVENT,
					 .modified_us = MMS_NO_TIME,
					 .status = MMS_ROW_OTHER };

	if (c->kind == MMS_CHANGE_RENAME &&
	    (k == NULL || !(k->flags & (MMS_KNOWN_ROW | MMS_KNOWN_STATE)))) {
		struct mms_known_event *old = mms_known_find(&t->known, c->old_key);
		k = old != NULL ? old : k; /* its row still has the old id */
	}
	if (k != NULL)
		return k;
	memcpy(fresh.key, c->key, sizeof fresh.key);
	if (mms_known_add(&t->known, &fresh, NULL, err) != MMS_OK)
		return NULL;
	return &t->known.items[t->known.n - 1];
}

/* What a change has become, now that its row stands as it does. */
static enum mms_change_kind
kind_again(const struct mms_change *c, const struct mms_known_event *k)
{
	bool has_row = (k->flags & MMS_KNOWN_ROW) != 0;
	bool is_whole = c->kind == MMS_CHANGE_INSERT || c->kind == MMS_CHANGE_UPDATE ||
			c->kind == MMS_CHANGE_RENAME;

	if (c->kind == MMS_CHANGE_MARK && !has_row && (k->flags & MMS_KNOWN_STATE) &&
	    !mms_row_status_is_live(c->row.status))
		return MMS_CHANGE_FOLLOW;
	if (!is_whole)
		return has_row || c->kind == MMS_CHANGE_FOLLOW ? c->kind : MMS_CHANGE_LETTER;
	if (!has_row)
		return MMS_CHANGE_INSERT;
	if (memcmp(k->key, c->key, MMS_PRINT_BYTES) != 0)
		return MMS_CHANGE_RENAME;
	return memcmp(k->prints.whole, c->prints.whole, MMS_PRINT_BYTES) == 0
		       ? MMS_CHANGE_STATE
		       : MMS_CHANGE_UPDATE;
}

/* A change after its row was read again. */
static mms_rc
rebase(struct mms_turn_state *t, struct mms_change *c, struct mms_err *err)
{
	struct mms_known_event *k = place_again(t, c, err);

	if (k == NULL)
		return err->code;
	k->flags |= MMS_KNOWN_SEEN | MMS_KNOWN_PLANNED;
	c->kind = kind_again(c, k);
	c->known_at = (uint32_t)(k - t->known.items);
	if (c->kind == MMS_CHANGE_FOLLOW)
		c->row.status = k->flags & MMS_KNOWN_ROW ? (enum mms_row_status)k->status
							 : MMS_ROW_DELETED_EXTERNALLY;
	c->has_state = (k->flags & MMS_KNOWN_STATE) != 0;
	c->modified_us = k->modified_us;
	if (k->modified_us != MMS_NO_TIME && c->new_modified_us <= k->modified_us)
		c->new_modified_us = k->modified_us + 1;
	mms_free(
		c->name); /* a new row gets another number: the old name may have been the trouble */
	c->name = mms_text_copy(mms_known_name(&t->known, k));
	return (k->flags & MMS_KNOWN_ROW) && c->name == NULL ? mms_fail_nomem(err) : MMS_OK;
}

static mms_rc
rebase_all(struct mms_turn_state *t, const struct mms_changes *changes, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < changes->n; i++) {
		if (changes->items[i] != NULL) /* NULL: the sweep has settled it */
			rc = rebase(t, changes->items[i], err);
	}
	return rc;
}

mms_rc
mms_turn_read_again(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_known) old = t->known;

	t->known = (struct mms_known){ 0 };
	mms_rc rc = mms_turn_load_known(t, err);
	if (rc != MMS_OK) {
		/* What was seen is in the old one only: without it the sweep would delete. */
		mms_known_release(&t->known);
		t->known = old;
		old = (struct mms_known){ 0 };
		return rc;
	}
	t->known.n_live = old.n_live;
	for (size_t i = 0; i < old.n; i++) {
		struct mms_known_event *k = mms_known_find(&t->known, old.items[i].key);
		if (k != NULL)
			k->flags |= old.items[i].flags & MMS_KNOWN_SEEN;
	}
	rc = rebase_all(t, &t->pending, err);
	return rc == MMS_OK ? rebase_all(t, &t->deferred, err) : rc;
}
