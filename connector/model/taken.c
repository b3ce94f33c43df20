/* What takes somebody's time (see the header). */
#include "mmsync/taken.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

void
mms_taken_release(struct mms_taken *item)
{
	mms_free(item->name);
	mms_free(item->title);
	mms_free(item->event_type);
	mms_free(item->location);
	mms_free(item->integration);
	mms_free(item->link);
	*item = (struct mms_taken){ 0 };
}

void
mms_taken_list_release(struct mms_taken_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		mms_taken_release(&list->items[i]);
	mms_free(list->items);
	*list = (struct mms_taken_list){ 0 };
}

struct mms_taken *
mms_taken_list_add(struct mms_taken_list *list)
{
	struct mms_taken *moved = mms_grow(list->items, list->n, &list->cap, sizeof *moved);

	if (moved == NULL)
		return NULL;
	list->items = moved;
	moved[list->n] = (struct mms_taken){ 0 };
	return &moved[list->n++];
}

const char *
mms_doubt_name(enum mms_doubt doubt)
{
	switch (doubt) {
	case MMS_DOUBT_NONE:
		return "";
	case MMS_DOUBT_FAILED:
		return "sync_failed";
	case MMS_DOUBT_NO_END:
		return "no_end";
	}
	return "";
}

/* ---- what overlaps -------------------------------------------------------------------------- */

static bool
is_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
has_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* An event that says whose it is, is no other booking's, whatever that one says. */
static bool
is_excluded(const struct mms_taken *item, const struct mms_taken_question *q)
{
	if (item->is_booking)
		return is_text(item->name, q->excluded_booking);
	return has_text(item->link) ? is_text(item->link, q->excluded_booking)
				    : is_text(item->name, q->excluded_event);
}

static enum mms_span_kind
kind_of(const struct mms_taken *item)
{
	if (item->is_booking)
		return MMS_SPAN_TIMED;
	return is_text(item->event_type, "All-Day Event") ? MMS_SPAN_DAYS : MMS_SPAN_EVENT;
}

/* Fill in what a row means; does it overlap what is asked? */
static bool
judge(struct mms_taken *item, const struct mms_taken_question *q)
{
	if (item->start_us == MMS_NO_TIME || is_excluded(item, q))
		return false;
	item->span = mms_span_read(&q->zones, item->start_us, item->end_us, kind_of(item));
	item->blocks = !item->is_failed;
	if (item->is_failed)
		item->doubt = MMS_DOUBT_FAILED;
	else if (item->end_us == MMS_NO_TIME || item->end_us <= item->start_us)
		item->doubt = MMS_DOUBT_NO_END;
	return mms_span_overlaps(&item->span, &q->span);
}

/* ---- a booking and its event ---------------------------------------------------------------- */

/* The bookings of a list by name, once each, and by the event that they say is theirs. */
static mms_rc
index_bookings(struct mms_taken_list *list, struct mms_keymap *by_name,
	       struct mms_keymap *by_event, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		struct mms_taken *item = &list->items[i];
		if (!item->is_booking)
			continue;
		size_t len = strlen(item->name);
		if (mms_keymap_find(by_name, item->name, len) != MMS_KEYMAP_NONE) {
			mms_taken_release(item);
			continue;
		}
		rc = mms_keymap_put(by_name, item->name, len, (uint32_t)i, NULL, err);
		if (rc == MMS_OK && has_text(item->link))
			rc = mms_keymap_put(by_event, item->link, strlen(item->link),
					    (uint32_t)i, NULL, err);
	}
	return rc;
}

/* Make the event part of its booking, if it is one's; the time of both is the booking's then. */
static bool
fold(struct mms_taken_list *list, struct mms_taken *event, uint32_t at)
{
	if (at == MMS_KEYMAP_NONE || !event->blocks)
		return false;
	struct mms_taken *booking = &list->items[at];
	if (booking->span.start_ms > event->span.end_ms ||
	    event->span.start_ms > booking->span.end_ms)
		return false;
	if (event->span.start_ms < booking->span.start_ms)
		booking->span.start_ms = event->span.start_ms;
	if (event->span.end_ms > booking->span.end_ms)
		booking->span.end_ms = event->span.end_ms;
	/* The event that the booking names is in its host's calendar: that one is told. */
	if (booking->integration == NULL || is_text(booking->link, event->name)) {
		mms_free(booking->integration);
		booking->integration = event->integration;
		event->integration = NULL;
	}
	return true;
}

static mms_rc
fold_events(struct mms_taken_list *list, struct mms_err *err)
{
	MMS_AUTO(mms_keymap) by_name = { 0 };
	MMS_AUTO(mms_keymap) by_event = { 0 };

	mms_rc rc = index_bookings(list, &by_name, &by_event, err);
	if (rc != MMS_OK || by_name.n == 0)
		return rc;
	for (size_t i = 0; i < list->n; i++) {
		struct mms_taken *event = &list->items[i];
		if (event->is_booking || event->name == NULL)
			continue;
		uint32_t at = MMS_KEYMAP_NONE;
		if (has_text(event->link))
			at = mms_keymap_find(&by_name, event->link, strlen(event->link));
		if (at == MMS_KEYMAP_NONE)
			at = mms_keymap_find(&by_event, event->name, strlen(event->name));
		if (fold(list, event, at))
			mms_taken_release(event); /* no name: it is taken out below */
	}
	return MMS_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int
compare_items(const void *a, const void *b)
{
	const struct mms_taken *x = a, *y = b;

	if (x->span.start_ms != y->span.start_ms)
		return x->span.start_ms < y->span.start_ms ? -1 : 1;
	if (x->span.end_ms != y->span.end_ms)
		return x->span.end_ms < y->span.end_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Close the gaps of what was released. */
static void
close_up(struct mms_taken_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].name != NULL)
			list->items[kept++] = list->items[i];
	}
	list->n = kept;
}

mms_rc
mms_taken_settle(struct mms_taken_list *list, const struct mms_taken_question *question,
		 struct mms_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!judge(&list->items[i], question))
			mms_taken_release(&list->items[i]);
	}
	close_up(list);
	mms_rc rc = fold_events(list, err);
	close_up(list);
	if (list->n > 1)
		qsort(list->items, list->n, sizeof *list->items, compare_items);
	return rc;
}
