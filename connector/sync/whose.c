/*
 * Whose is an event that nobody here knows by its id, and that bears a mark? A mark says what people let it
 * say: they copy events, move them to other calendars, and services give them new ids.
 */
#include <string.h>
#include <strings.h>

#include "block_inward.h"
#include "mmsync/fault.h"
#include "outward.h"

bool
mms_whose_has_mark(const struct mms_turn_state *t, const struct mms_event *event, bool is_ours)
{
	const struct mms_worker *w = t->worker;
	enum mms_mark_kind kind = event->mark.kind;

	if (!w->has_site || kind == MMS_MARK_NONE || kind == MMS_MARK_USER_EVENT)
		return false;
	return (memcmp(event->mark.site, w->site, sizeof w->site) == 0) == is_ours;
}

bool
mms_whose_may_be_ours(const struct mms_turn_state *t, const struct mms_event *event)
{
	return mms_whose_has_mark(t, event, true) ||
	       (t->worker->has_site && event->mark.kind == MMS_MARK_NONE &&
		event->has_made_with);
}

/* Is the event of this state gone under the id that we know, so that this is it? */
static mms_rc
is_renamed(struct mms_turn_state *t, const struct mms_own_owner *owner,
	   const unsigned char uuid[16], bool *out, struct mms_err *err)
{
	MMS_AUTO(mms_own_state) state = { 0 };
	MMS_AUTO(mms_event) old = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_nobodys = false;

	*out = false;
	mms_rc rc = MMS_OK;
	/* A block that is back lives again: its source says whether it is still wanted. */
	if (!owner->is_live && owner->type != MMS_STATE_BUSY_BLOCK) {
		rc = mms_pool_lend(t->worker->env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_own_state_load(lent.db, uuid, &state, err);
		if (rc == MMS_OK)
			rc = mms_inward_is_nobodys(lent.db, &state, &is_nobodys, err);
		mms_lent_release(&lent);
	}
	if (rc != MMS_OK || is_nobodys)
		return rc;
	if (!owner->is_live && mms_provisional_id_read(owner->external_id, NULL)) {
		*out = true; /* given up before the service showed it */
		return MMS_OK;
	}
	mms_fault_step();
	rc = t->provider->ops->get(t->session, owner->external_id, &old, err);
	*out = rc == MMS_OK && old.is_gone;
	return rc;
}

static bool
is_of_user(const struct mms_own_owner *owner, const struct mms_integration *self)
{
	return owner->user != NULL && self->user != NULL &&
	       strcmp(owner->user, self->user) == 0;
}

/*
 * Here, and live under the very id: it is. *may_be_renamed: else it may be ours under a new one. Made, and the answer
 * was lost: the outbox finds it.
 */
static bool
is_known(const struct mms_turn_state *t, const struct mms_own_owner *owner,
	 const struct mms_event *event, bool *may_be_renamed)
{
	const struct mms_integration *self = &t->source->integration;
	bool is_here = mms_provider_is_same_calendar(t->provider, owner->calendar,
						     self->calendar_id, self->user);
	bool is_unsettled = mms_provisional_id_read(owner->external_id, NULL);
	bool is_same = strcmp(owner->external_id, event->external_id) == 0;

	*may_be_renamed = is_here && !is_same && t->provider->ops->complete != NULL &&
			  (!is_unsettled || owner->type == MMS_STATE_BUSY_BLOCK);
	return owner->is_live && (is_unsettled || (is_same && is_here));
}

/* It is ours under a new id, which is noted for the end of the listing. */
static mms_rc
adopt(struct mms_turn_state *t, const struct mms_own_owner *owner, const unsigned char uuid[16],
      const struct mms_event *event, struct mms_err *err)
{
	if (t->worker->owner == NULL || owner->cursor_id != t->source->cursor.id)
		return MMS_OK;
	return owner->type == MMS_STATE_BUSY_BLOCK ? mms_block_inward_adopt(t, uuid, event, err)
						   : mms_inward_adopt(t, uuid, event, err);
}

mms_rc
mms_whose_ask(struct mms_turn_state *t, const struct mms_event *event, bool *is_ours,
	      struct mms_err *err)
{
	bool has_mark = mms_whose_has_mark(t, event, true), may_be_renamed = false;
	const unsigned char *uuid = has_mark ? event->mark.id : event->made_with;
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_own_owner) owner = { 0 };

	*is_ours = false;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_owner(lent.db, uuid, &owner, err);
	mms_lent_release(&lent);
	if (rc != MMS_OK)
		return rc;
	if (owner.external_id == NULL && has_mark && event->mark.kind == MMS_MARK_BUSY_BLOCK)
		return mms_block_inward_unknown(t, event, is_ours, err);
	if (!is_of_user(&owner, &t->source->integration))
		return MMS_OK;
	*is_ours = is_known(t, &owner, event, &may_be_renamed);
	if (*is_ours || !may_be_renamed)
		return MMS_OK;
	rc = is_renamed(t, &owner, uuid, is_ours, err);
	return rc == MMS_OK && *is_ours ? adopt(t, &owner, uuid, event, err) : rc;
}
