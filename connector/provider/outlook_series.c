/* What of one listing of Outlook's cannot be handed up as it comes (see outlook_series.h). */
#include "outlook_series.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

/* How an id stands after what the listing has shown of it. */
struct outlook_stand {
	int64_t modified_ms;
	uint32_t waits; /* its place among those that wait, from 1; 0: it does not */
};

enum master_state { MASTER_MISSING, MASTER_KNOWN, MASTER_GONE };
struct outlook_master {
	char *id; /* owned */
	enum master_state state;
	struct mms_event event;
};

void
outlook_series_release(struct outlook_series *s)
{
	if (s == NULL)
		return;
	mms_keymap_release(&s->ids);
	mms_free(s->stands);
	for (size_t i = 0; i < s->n_waiting; i++)
		mms_event_release(&s->waiting[i]);
	mms_free(s->waiting);
	mms_keymap_release(&s->master_ids);
	for (size_t i = 0; i < s->n_masters; i++) {
		mms_free(s->masters[i].id);
		mms_event_release(&s->masters[i].event);
	}
	mms_free(s->masters);
	for (size_t i = 0; i < s->n_changed; i++)
		mms_free(s->changed[i].id);
	mms_free(s->changed);
	*s = (struct outlook_series){ 0 };
}

/* ---- repeats ------------------------------------------------------------------------------ */

static struct outlook_stand *
find_stand(const struct outlook_series *s, const char *id)
{
	uint32_t at = mms_keymap_find(&s->ids, id, strlen(id));

	return at != MMS_KEYMAP_NONE ? &s->stands[at] : NULL;
}

static mms_rc
add_stand(struct outlook_series *s, const struct mms_event *event, struct mms_err *err)
{
	struct outlook_stand *moved =
		mms_grow(s->stands, s->n_stands, &s->cap_stands, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	s->stands = moved;
	moved[s->n_stands] = (struct outlook_stand){ .modified_ms = event->modified_ms };
	mms_rc rc = mms_keymap_put(&s->ids, event->external_id, strlen(event->external_id),
				   (uint32_t)s->n_stands, NULL, err);
	if (rc == MMS_OK)
		s->n_stands++;
	return rc;
}

static void
stop_waiting(struct outlook_series *s, struct outlook_stand *stand)
{
	if (stand->waits == 0)
		return;
	mms_event_release(&s->waiting[stand->waits - 1]);
	s->waiting[stand->waits - 1] = (struct mms_event){ 0 };
	stand->waits = 0;
	s->n_left--;
}

void
outlook_series_cancel(struct outlook_series *s, const char *id)
{
	struct outlook_stand *stand = find_stand(s, id);

	if (stand != NULL)
		stop_waiting(s, stand);
}

mms_rc
outlook_series_see(struct outlook_series *s, const struct mms_event *event,
		   enum outlook_news *news, struct mms_err *err)
{
	struct outlook_stand *stand = find_stand(s, event->external_id);

	*news = OUTLOOK_NEW;
	if (stand == NULL)
		return add_stand(s, event, err);
	bool has_times = stand->modified_ms != MMS_NO_TIME && event->modified_ms != MMS_NO_TIME;
	*news = !event->is_gone && has_times && event->modified_ms < stand->modified_ms
			? OUTLOOK_OLD
			: OUTLOOK_AGAIN;
	if (*news == OUTLOOK_OLD)
		return MMS_OK;
	stop_waiting(s, stand);
	stand->modified_ms = event->is_gone ? MMS_NO_TIME : event->modified_ms;
	return MMS_OK;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static struct outlook_master *
find_master(const struct outlook_series *s, const char *id)
{
	uint32_t at = mms_keymap_find(&s->master_ids, id, strlen(id));

	return at != MMS_KEYMAP_NONE ? &s->masters[at] : NULL;
}

/* Its master's place, made where there is none yet. NULL: out of memory. */
static struct outlook_master *
want_master(struct outlook_series *s, const char *id, struct mms_err *err)
{
	struct outlook_master *master = find_master(s, id);

	if (master != NULL)
		return master;
	struct outlook_master *moved =
		mms_grow(s->masters, s->n_masters, &s->cap_masters, sizeof *moved);
	char *copy = mms_text_copy(id);
	if (moved != NULL)
		s->masters = moved;
	if (moved == NULL || copy == NULL ||
	    mms_keymap_put(&s->master_ids, id, strlen(id), (uint32_t)s->n_masters, NULL, err) !=
		    MMS_OK) {
		mms_free(copy);
		mms_fail_nomem(err);
		return NULL;
	}
	moved[s->n_masters] = (struct outlook_master){ .id = copy };
	s->n_missing++;
	return &moved[s->n_masters++];
}

mms_rc
outlook_series_hold(struct outlook_series *s, struct mms_event *event, struct mms_err *err)
{
	bool is_occurrence = !event->is_gone && event->series_id != NULL;
	struct mms_event *moved =
		mms_grow(s->waiting, s->n_waiting, &s->cap_waiting, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	s->waiting = moved;
	if (is_occurrence && want_master(s, event->series_id, err) == NULL)
		return err->code;
	struct outlook_stand *stand = find_stand(s, event->external_id);
	if (stand == NULL)
		return mms_fail(err, MMS_E_BUG, "what waits was not seen");
	moved[s->n_waiting++] = *event;
	*event = (struct mms_event){ 0 };
	stand->waits = (uint32_t)s->n_waiting;
	s->n_left++;
	return MMS_OK;
}

mms_rc
outlook_series_put_master(struct outlook_series *s, const char *id, struct mms_event *event,
			  struct mms_err *err)
{
	struct outlook_master *master = want_master(s, id, err);

	if (master == NULL)
		return err->code;
	mms_event_release(&master->event);
	master->event = (struct mms_event){ 0 };
	s->n_missing -= master->state == MASTER_MISSING;
	master->state = event != NULL ? MASTER_KNOWN : MASTER_GONE;
	if (event == NULL)
		return MMS_OK;
	master->event = *event;
	*event = (struct mms_event){ 0 };
	return MMS_OK;
}

bool
outlook_series_doubt_master(struct outlook_series *s, const char *id)
{
	struct outlook_master *master = find_master(s, id);

	if (master == NULL)
		return false;
	s->n_missing += master->state != MASTER_MISSING;
	master->state = MASTER_MISSING;
	s->missing_at = 0;
	return true;
}

/* Asked before each event that is handed up: of many masters only what is new is looked at. */
size_t
outlook_series_missing(struct outlook_series *s, const char **out, size_t max)
{
	size_t n = 0;

	if (s->n_left == 0 || s->n_missing == 0)
		return 0;
	while (s->missing_at < s->n_masters &&
	       s->masters[s->missing_at].state != MASTER_MISSING)
		s->missing_at++;
	for (size_t i = s->missing_at; i < s->n_masters && n < max; i++) {
		if (s->masters[i].state == MASTER_MISSING)
			out[n++] = s->masters[i].id;
	}
	return n;
}

/* The next that still waits; NULL: nothing does, and its places are used anew. */
static struct mms_event *
next_waiting(struct outlook_series *s)
{
	for (; s->waiting_at < s->n_waiting; s->waiting_at++) {
		if (s->waiting[s->waiting_at].external_id != NULL)
			return &s->waiting[s->waiting_at];
	}
	s->n_waiting = s->n_left = s->waiting_at = 0;
	return NULL;
}

mms_rc
outlook_series_take(struct outlook_series *s, const struct outlook_reader *reader,
		    struct mms_event *out, bool *has, struct mms_err *err)
{
	struct mms_event *event;

	*has = false;
	while ((event = next_waiting(s)) != NULL) {
		bool is_occurrence = !event->is_gone && event->series_id != NULL;
		const struct outlook_master *master =
			is_occurrence ? find_master(s, event->series_id) : NULL;
		bool is_known = master != NULL && master->state == MASTER_KNOWN;
		mms_rc rc = is_known ? outlook_item_fill(reader, event, &master->event, err)
				     : MMS_OK;
		if (rc != MMS_OK)
			return rc;
		*has = !is_occurrence || is_known;
		struct outlook_stand *stand = find_stand(s, event->external_id);
		if (stand != NULL)
			stand->waits = 0;
		s->n_left--;
		if (*has)
			*out = *event;
		else
			mms_event_release(event); /* its series is gone */
		*event = (struct mms_event){ 0 };
		if (*has)
			return MMS_OK;
	}
	return MMS_OK;
}

/* ---- series that changed ------------------------------------------------------------------ */

static struct outlook_changed *
find_changed(struct outlook_series *s, const char *id)
{
	for (size_t i = 0; i < s->n_changed; i++) {
		if (strcmp(s->changed[i].id, id) == 0)
			return &s->changed[i];
	}
	return NULL;
}

mms_rc
outlook_series_change(struct outlook_series *s, const char *id, bool is_live,
		      struct mms_err *err)
{
	struct outlook_changed *changed = find_changed(s, id);

	/* Read whole it says itself whether it is gone. */
	outlook_series_cancel(s, id);
	if (changed != NULL) {
		changed->is_off = false;
		changed->is_live = changed->is_live || is_live;
		return MMS_OK;
	}
	if (s->n_changed >= OUTLOOK_CHANGED_MAX)
		return mms_fail(err, MMS_E_RESYNC,
				"many series changed: everything is read again");
	struct outlook_changed *moved =
		mms_grow(s->changed, s->n_changed, &s->cap_changed, sizeof *moved);
	char *copy = mms_text_copy(id);
	if (moved != NULL)
		s->changed = moved;
	if (moved == NULL || copy == NULL) {
		mms_free(copy);
		return mms_fail_nomem(err);
	}
	moved[s->n_changed++] = (struct outlook_changed){ .id = copy, .is_live = is_live };
	return MMS_OK;
}

void
outlook_series_end(struct outlook_series *s, const char *id)
{
	struct outlook_changed *changed = find_changed(s, id);

	if (changed == NULL)
		return;
	changed->is_off = true;
	changed->is_live = false;
}

struct outlook_changed *
outlook_series_current(struct outlook_series *s)
{
	while (s->changed_at < s->n_changed && s->changed[s->changed_at].is_off)
		s->changed_at++;
	return s->changed_at < s->n_changed ? &s->changed[s->changed_at] : NULL;
}
