/*
 * What listings do not say: the marks of events that nobody here knows, and why an event that was listed is
 * not shown any more. In a full listing, which may be all that a calendar has, one search tells which events
 * are ours; only those are asked for, and those that another installation may have made.
 */
#include <string.h>

#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "outlook_parts.h"

static mms_rc
note_marked(void *aux, const struct mms_event *event, struct mms_err *err)
{
	return mms_keymap_put(aux, event->external_id, strlen(event->external_id), 1, NULL,
			      err);
}

/* Which events have our site's mark: asked for once in a listing. */
static mms_rc
find_marked(struct outlook_session *s, struct mms_err *err)
{
	const unsigned char *site = s->service.calendar->site;
	char text[MMS_UUID_TEXT];

	if (s->marked != NULL)
		return MMS_OK;
	struct mms_keymap *marked = mms_alloc(sizeof *marked);
	if (marked == NULL)
		return mms_fail_nomem(err);
	const struct outlook_found to = { .aux = marked, .take = note_marked };
	mms_rc rc = site != NULL ? outlook_find(s, "mmsync_site", mms_uuid_print(site, text),
						&to, err)
				 : MMS_OK;
	if (rc == MMS_OK) {
		s->marked = marked;
		return MMS_OK;
	}
	mms_keymap_release(marked);
	mms_free(marked);
	return rc;
}

/* May it be an installation's, so that it is worth a look? Instances of series are nobody's. */
static bool
may_be_marked(const struct outlook_session *s, const struct mms_event *event)
{
	if (event->series_id != NULL)
		return false;
	return !s->is_full || event->has_made_with ||
	       mms_keymap_find(s->marked, event->external_id, strlen(event->external_id)) !=
		       MMS_KEYMAP_NONE;
}

static void
replace(struct mms_event *event, struct outlook_item *item)
{
	mms_event_release(event);
	*event = item->event;
	item->event = (struct mms_event){ 0 };
}

/*
 * That something is gone is never a guess, and to ask again would be told the same: a listing of everything
 * shows what there is.
 */
static mms_rc
doubt(const struct outlook_session *s, const struct mms_event *event, const char *why,
      struct mms_err *err)
{
	mms_fail(err, s->is_full ? MMS_E_RETRY : MMS_E_RESYNC,
		 "calendar '%s' of '%s': whether event '%s' is gone cannot be told: %s",
		 s->service.id, s->service.calendar->integration, event->external_id, why);
	return mms_blame(err, MMS_BLAME_CALENDAR);
}

/*
 * A tombstone of what has only left the window is an event outside it; of what is still there within the
 * window it stays one: it is in another calendar now. Of a series only its instances are in a calendar's window
 * or not, and which of them are, its master does not say.
 */
static mms_rc
take_tombstone(const struct outlook_session *s, struct mms_event *event,
	       struct outlook_item *item, struct mms_err *err)
{
	const struct mms_event *there = &item->event;

	if (there->is_gone)
		return MMS_OK;
	if (there->problem != NULL)
		return doubt(s, event, there->problem, err);
	if (there->is_series)
		return doubt(s, event, "it is a series that is still there", err);
	if (there->is_outside)
		replace(event, item);
	return MMS_OK;
}

/*
 * What is known of it outside the listing. What has become a series meanwhile, or cannot be shown, stays as it
 * was listed.
 */
static mms_rc
take(const struct outlook_session *s, struct mms_event *event, struct outlook_item *item,
     struct mms_err *err)
{
	const struct mms_event *there = &item->event;

	if (event->is_gone)
		return take_tombstone(s, event, item, err);
	if (there->is_gone || (item->type == OUTLOOK_SINGLE && there->problem == NULL))
		replace(event, item);
	else
		event->mark = there->mark;
	return MMS_OK;
}

static mms_rc
ask(struct outlook_session *s, struct mms_event *const *events, size_t n, struct mms_err *err)
{
	const char *ids[OUTLOOK_BATCH_MAX] = { 0 };
	struct outlook_item items[OUTLOOK_BATCH_MAX] = { 0 };

	for (size_t i = 0; i < n; i++)
		ids[i] = events[i]->external_id;
	mms_rc rc = outlook_get_many(s, ids, n, true, items, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = take(s, events[i], &items[i], err);
	for (size_t i = 0; i < n; i++)
		outlook_item_release(&items[i]);
	return rc;
}

mms_rc
outlook_complete(struct mms_session *session, struct mms_event *const *events, size_t n,
		 struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;
	struct mms_event *wanted[OUTLOOK_BATCH_MAX];
	size_t n_wanted = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		struct mms_event *event = events[i];

		if (s->is_full && !event->is_gone)
			rc = find_marked(s, err);
		if (rc == MMS_OK && (event->is_gone || may_be_marked(s, event)))
			wanted[n_wanted++] = event;
		if (rc == MMS_OK && n_wanted == OUTLOOK_BATCH_MAX) {
			rc = ask(s, wanted, n_wanted, err);
			n_wanted = 0;
		}
	}
	return rc == MMS_OK && n_wanted > 0 ? ask(s, wanted, n_wanted, err) : rc;
}
