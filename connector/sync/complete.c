/*
 * Some services say little in their listings: no marks of ours, and of what is not shown any more only that.
 * Before a page is judged they are asked for what matters: of events that nobody knows whether they are
 * ours, of events and series that are known and seem gone whether they are.
 */
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "outward.h"

/* Does what is known of it still stand for something that can go? */
static bool
is_live(const struct mms_known_event *k)
{
	if (k->flags & MMS_KNOWN_ROW)
		return mms_row_status_is_live((enum mms_row_status)k->status);
	return k->type != MMS_STATE_USER_EVENT && (k->flags & MMS_KNOWN_LIVE);
}

static mms_rc
is_wanted(struct mms_turn_state *t, const struct mms_event *event, bool *out,
	  struct mms_err *err)
{
	unsigned char key[MMS_PRINT_BYTES];

	*out = false;
	/* Instances of series are never ours. */
	if (event->external_id == NULL ||
	    (!event->is_gone && (event->series_id != NULL || event->is_outside)))
		return MMS_OK;
	mms_rc rc = mms_outward_key(t->worker, event->external_id, key, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_known_event *known = mms_known_find(&t->known, key);
	bool is_known =
		known != NULL && (known->flags & (MMS_KNOWN_STATE | MMS_KNOWN_ROW)) != 0;
	/* One of ours that we know to be gone, and that is back, is known by its mark. */
	bool is_back = is_known && (known->flags & MMS_KNOWN_STATE) &&
		       known->type != MMS_STATE_USER_EVENT && !is_live(known);
	*out = event->is_gone ? is_known && is_live(known) : !is_known || is_back;
	/* The tombstone of a series would take all its instances with it. */
	return event->is_gone && !is_known && !t->shows_all
		       ? mms_cascade_knows(t, event->external_id, out, err)
		       : MMS_OK;
}

mms_rc
mms_complete_page(struct mms_turn_state *t, struct mms_page *page, struct mms_err *err)
{
	const struct mms_provider_ops *ops = t->provider->ops;
	size_t n = 0;
	mms_rc rc = MMS_OK;

	if (ops->complete == NULL || page->n == 0 ||
	    mms_fault_is_sabotaged(MMS_SABOTAGE_MARKS_UNASKED))
		return MMS_OK;
	struct mms_event **wanted = mms_alloc(page->n * sizeof *wanted);
	if (wanted == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; rc == MMS_OK && i < page->n; i++) {
		bool is = false;
		rc = is_wanted(t, &page->events[i], &is, err);
		if (is)
			wanted[n++] = &page->events[i];
	}
	mms_fault_step();
	if (rc == MMS_OK && n > 0)
		rc = ops->complete(t->session, wanted, n, err);
	mms_free(wanted);
	return rc;
}
