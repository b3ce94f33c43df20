/* What all of the outward side asks of a booking and of a state (see outward.h). */
#include "outward.h"
#include "meeting_make.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

void
mms_booking_side_release(struct mms_booking_side *side)
{
	if (side == NULL)
		return;
	mms_booking_release(&side->booking);
	mms_meeting_release(&side->meeting);
	*side = (struct mms_booking_side){ 0 };
}

bool
mms_booking_carries_guests(const struct mms_booking *b, const struct mms_targets *targets,
			   const char *user)
{
	const char *why = NULL;

	for (size_t i = 0; user != NULL && i < b->n_users; i++) {
		if (strcasecmp(b->users[i].user, user) == 0)
			return true;
		if (mms_booking_choose_target(targets, b->users[i].user, &why) >= 0)
			return false;
	}
	return false;
}

bool
mms_booking_is_unlinked(const struct mms_booking_side *side, const struct mms_own_state *state)
{
	const char *linked = side->booking.calendar_event;

	return side->has_guests && state->row_name != NULL && state->has_row &&
	       (linked == NULL || strcmp(linked, state->row_name) != 0);
}

/* The same where the targets are not at hand: mostly it is the first, and nothing is asked. */
static mms_rc
find_guests(struct mms_db *db, struct mms_booking_side *side, const char *user,
	    struct mms_err *err)
{
	MMS_AUTO(mms_targets) targets = { 0 };
	const struct mms_booking *b = &side->booking;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && user != NULL && i < b->n_users &&
			   strcasecmp(b->users[i].user, user) != 0;
	     i++)
		rc = mms_targets_add(db, b->users[i].user, &targets, err);
	if (rc == MMS_OK)
		side->has_guests = mms_booking_carries_guests(b, &targets, user);
	return rc;
}

bool
mms_outward_names_guests(const struct mms_outward *o, const char *integration_type)
{
	const struct mms_provider *provider = mms_provider_find(integration_type);

	return provider != NULL && (provider->caps & MMS_CAP_MAILS) != 0 &&
	       o->worker->env->site->config.bookings_send_updates == MMS_SEND_NONE;
}

mms_rc
mms_booking_side_make(const struct mms_outward *o, struct mms_booking_side *side,
		      struct mms_err *err)
{
	const struct mms_worker *w = o->worker;
	const struct mms_booking *b = &side->booking;
	enum mms_guests_stand guests =
		!w->env->site->config.bookings_guests || !side->has_guests ? MMS_GUESTS_NOWHERE
		: side->names_guests                                       ? MMS_GUESTS_IN_TEXT
									   : MMS_GUESTS_INVITED;

	mms_meeting_release(&side->meeting);
	const char **hosts = mms_alloc((b->n_users + 1) * sizeof *hosts);
	if (hosts == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < b->n_users; i++)
		hosts[i] = b->users[i].user;
	mms_rc rc = mms_meeting_of_booking(b, w->event_zone, guests, hosts, w->email,
					   &side->meeting, err);
	mms_free(hosts);
	if (rc != MMS_E_ITEM)
		return rc;
	mms_err_release(err); /* a booking without times: nothing can be made of it */
	side->wish = MMS_WISH_AS_IS;
	return MMS_OK;
}

mms_rc
mms_booking_side_load(const struct mms_outward *o, const char *booking,
		      const struct mms_integration *calendar, struct mms_booking_side *out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_booking_side)
	side = {
		.names_guests = mms_outward_names_guests(o, calendar->type),
	};
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_booking_load(lent.db, o->worker->env->columns, booking, &side.booking,
				      err);
	side.wish = mms_booking_wish(rc == MMS_OK ? side.booking.status : NULL);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		rc = MMS_OK;
	} else if (rc == MMS_OK) {
		rc = find_guests(lent.db, &side, calendar->user, err);
		if (rc == MMS_OK)
			rc = mms_booking_side_make(o, &side, err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = side;
	side = (struct mms_booking_side){ 0 };
	return MMS_OK;
}

mms_rc
mms_outward_base(const struct mms_own_state *state, struct mms_base *out, struct mms_err *err)
{
	*out = (struct mms_base){ 0 };
	if (state->base == NULL)
		return MMS_OK;
	mms_rc rc = mms_base_read(state->base, out, err);
	if (rc != MMS_E_ITEM)
		return rc;
	mms_err_release(err); /* nothing is known of it: both sides are compared anew */
	*out = (struct mms_base){ 0 };
	return MMS_OK;
}

unsigned
mms_outward_hidden(const struct mms_source *source, const struct mms_event *event)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	/* Where listings carry no marks their absence says nothing, but whose calendar it is. */
	bool has_marks = provider != NULL && provider->ops->complete == NULL;
	bool is_hidden = has_marks ? event->mark.kind == MMS_MARK_NONE
				   : source->cursor.role != MMS_ROLE_OWNER;

	return event->is_private && is_hidden ? MMS_FIELD_ALL & ~(unsigned)MMS_FIELD_TIMES : 0;
}

/* A base without a service is from before there was another one. */
static bool
is_of_service(const struct mms_base *base, const struct mms_provider *provider)
{
	return provider != NULL &&
	       strcmp(base->service != NULL ? base->service : "google", provider->name) == 0;
}

mms_rc
mms_outward_has_moved_house(const struct mms_own_state *state, const struct mms_source *source,
			    bool *out, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	const struct mms_integration *in = &source->integration;

	mms_rc rc = mms_outward_base(state, &base, err);
	const struct mms_provider *provider = mms_provider_find(in->type);
	*out = rc == MMS_OK && base.booking.is_known &&
	       !(is_of_service(&base, provider) &&
		 mms_provider_is_same_calendar(provider, base.calendar, in->calendar_id,
					       in->user));
	return rc;
}

mms_rc
mms_outward_print(const struct mms_outward *o, const struct mms_meeting *meeting,
		  unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];
	struct mms_digest *digest = &o->worker->digest;

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_i64(digest, meeting->start_ms);
	mms_digest_add_i64(digest, meeting->end_ms);
	mms_digest_add_text(digest, meeting->title);
	mms_digest_add_text(digest, meeting->place);
	mms_digest_add_text(digest, meeting->text);
	for (size_t i = 0; i < meeting->n_guests; i++)
		mms_digest_add_text(digest, meeting->guests[i].email);
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out, hash, MMS_PRINT_BYTES);
	return rc;
}

mms_rc
mms_outward_stored_id(const struct mms_worker *worker, const char *external_id, char **out,
		      struct mms_err *err)
{
	size_t max = mms_columns_max_chars(worker->env->columns, "tabMM Calendar Event Sync",
					   "external_event_id");

	return mms_event_stored_id(external_id, true, max, out, err);
}

mms_rc
mms_outward_key(struct mms_worker *worker, const char *external_id,
		unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	char *stored = NULL;

	mms_rc rc = mms_outward_stored_id(worker, external_id, &stored, err);
	if (rc == MMS_OK)
		rc = mms_row_key(&worker->digest, stored, out, err);
	mms_free(stored);
	return rc;
}

bool
mms_outward_is_written_to(const struct mms_source *source)
{
	const struct mms_integration *i = &source->integration;
	const struct mms_provider *provider = mms_provider_find(i->type);

	return provider != NULL && provider->ops != NULL &&
	       (provider->caps & MMS_CAP_WRITE) != 0 && i->is_active && i->direction != NULL &&
	       strcmp(i->direction, "Two-way (Read & Write)") == 0;
}

mms_rc
mms_outward_check_written_to(const struct mms_source *source, struct mms_err *err)
{
	if (mms_outward_is_written_to(source))
		return MMS_OK;
	mms_fail(err, MMS_E_CONFIG, "the calendar of '%s' is not written to",
		 source->integration.name);
	return mms_hint(err, "it is not active, or its Sync Direction is not Two-way");
}
