/* Lists of changes, and a new change for an event. */
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "turn.h"

static void
free_change(struct mms_change *change)
{
	mms_change_release(change);
	mms_free(change);
}

void
mms_changes_clear(struct mms_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free_change(changes->items[i]);
	changes->n = 0;
}

void
mms_changes_release(struct mms_changes *changes)
{
	if (changes == NULL)
		return;
	mms_changes_clear(changes);
	mms_free(changes->items);
	*changes = (struct mms_changes){ 0 };
}

mms_rc
mms_changes_add(struct mms_changes *changes, struct mms_change *change, struct mms_err *err)
{
	struct mms_change **moved = mms_grow(changes->items, changes->n, &changes->cap,
					     sizeof(struct mms_change *));

	if (moved == NULL) {
		free_change(change);
		return mms_fail_nomem(err);
	}
	changes->items = moved;
	changes->items[changes->n++] = change;
	return MMS_OK;
}

int64_t
mms_later_us(int64_t now_us, int64_t old_us)
{
	return old_us != MMS_NO_TIME && old_us >= now_us ? old_us + 1 : now_us;
}

struct mms_change *
mms_inbound_change(struct mms_turn_state *t, const struct mms_known_event *known,
		   enum mms_change_kind kind)
{
	struct mms_change *change = mms_alloc(sizeof *change);

	if (change == NULL)
		return NULL;
	change->kind = kind;
	change->known_at = (uint32_t)(known - t->known.items);
	memcpy(change->key, known->key, sizeof change->key);
	change->state_type = MMS_STATE_USER_EVENT;
	change->has_state = (known->flags & MMS_KNOWN_STATE) != 0;
	change->modified_us = known->modified_us;
	change->new_modified_us = mms_later_us(t->stamp.site_us, known->modified_us);
	change->row.status = (enum mms_row_status)known->status;
	if (known->flags & MMS_KNOWN_ROW) {
		change->name = mms_text_copy(mms_known_name(&t->known, known));
		if (change->name == NULL) {
			mms_free(change);
			return NULL;
		}
	}
	return change;
}
