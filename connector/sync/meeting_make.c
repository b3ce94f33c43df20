/* A booking as a meeting, and its event's row (see the header). */
#include "meeting_make.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

/* An event without any length lasts so long. */
#define SHORTEST_MS 60000

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

/* Without a character that is seen. */
static bool
is_empty(const char *text)
{
	while (text != NULL && *text != '\0' && is_blank(*text))
		text++;
	return text == NULL || *text == '\0';
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void
add_escaped(struct mms_str *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '&')
			mms_str_add(out, "&amp;");
		else if (*p == '<')
			mms_str_add(out, "&lt;");
		else if (*p == '>')
			mms_str_add(out, "&gt;");
		else if (*p == '"')
			mms_str_add(out, "&quot;");
		else if (*p == '\n')
			mms_str_add(out, "<br>");
		else if (*p != '\r')
			mms_str_addc(out, *p);
	}
}

static void
add_paragraph(struct mms_str *out, const char *label, const char *text)
{
	if (is_empty(text))
		return;
	mms_str_add(out, "<p>");
	mms_str_add(out, label);
	add_escaped(out, text);
	mms_str_add(out, "</p>");
}

/* "Ann <ann@example.com>, bob@example.com" */
static void
add_names(struct mms_str *out, const struct mms_meeting *guests)
{
	for (size_t i = 0; i < guests->n_guests; i++) {
		const struct mms_guest *g = &guests->guests[i];

		mms_str_add(out, i > 0 ? ", " : "");
		if (g->name != NULL)
			mms_str_addf(out, "%s <%s>", g->name, g->email);
		else
			mms_str_add(out, g->email);
	}
}

/* named: guests that are only named here; none where they are invited. */
static mms_rc
make_text(const struct mms_booking *b, const struct mms_meeting *named, char **out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) names = { 0 };

	add_names(&names, named);
	if (!is_empty(b->description))
		mms_str_add(&text, b->description);
	add_paragraph(&text, "Customer: ", b->customer_name);
	add_paragraph(&text, "Notes: ", b->customer_notes);
	add_paragraph(&text, "Guests: ", mms_str_get(&names));
	mms_rc rc = mms_str_check(&names, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&text, err);
	if (rc != MMS_OK || text.len == 0)
		return rc;
	*out = mms_str_take(&text);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static const char *
find_place(const struct mms_booking *b)
{
	bool is_video = b->location_type != NULL && strcmp(b->location_type, "Video Call") == 0;

	return is_video && !is_empty(b->video_url) ? b->video_url : b->location;
}

/* ---- guests ---------------------------------------------------------------------------------- */

static bool
is_host(const char *const *hosts, const char *address, size_t len)
{
	for (; hosts != NULL && *hosts != NULL; hosts++) {
		if (strlen(*hosts) == len && strncasecmp(*hosts, address, len) == 0)
			return true;
	}
	return false;
}

/* Room for them is there. */
static mms_rc
add_guest(struct mms_meeting *out, const char *address, const char *name,
	  const struct mms_email *email, const char *const *hosts, struct mms_err *err)
{
	const char *start = address != NULL ? address : "";

	while (is_blank(*start) && *start != '\0')
		start++;
	size_t len = strlen(start);
	while (len > 0 && is_blank(start[len - 1]))
		len--;
	if (!mms_email_matches(email, start, len) || is_host(hosts, start, len))
		return MMS_OK;
	struct mms_guest *guest = &out->guests[out->n_guests++];
	guest->email = mms_text_copy_n(start, len);
	guest->name = is_empty(name) ? NULL : mms_text_copy(name);
	if (guest->email == NULL || (guest->name == NULL && !is_empty(name))) {
		mms_free(guest->email);
		mms_free(guest->name);
		out->n_guests--;
		return mms_fail_nomem(err);
	}
	return MMS_OK;
}

static mms_rc
make_guests(const struct mms_booking *b, const struct mms_email *email,
	    const char *const *hosts, struct mms_meeting *out, struct mms_err *err)
{
	out->guests = mms_alloc((b->n_participants + 1) * sizeof *out->guests);
	if (out->guests == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = add_guest(out, b->customer_email, b->customer_name, email, hosts, err);
	for (size_t i = 0; rc == MMS_OK && i < b->n_participants; i++) {
		const struct mms_booking_participant *p = &b->participants[i];
		rc = add_guest(out, p->email, p->name, email, hosts, err);
	}
	mms_meeting_sort_guests(out);
	return rc;
}

/* ---- the meeting ----------------------------------------------------------------------------- */

/*
 * Instants of the wall times. Where the clock is set forward a start that does not exist may come
 * to lie behind the end: then the length counts, as it does where there is no end.
 */
static mms_rc
make_times(const struct mms_booking *b, const struct mms_zone *zone, struct mms_meeting *out,
	   struct mms_err *err)
{
	int64_t length_ms = b->duration_min > 0 && b->duration_min < INT32_MAX
				    ? b->duration_min * SHORTEST_MS
				    : SHORTEST_MS;

	if (b->start_us == MMS_NO_TIME)
		return mms_fail(err, MMS_E_ITEM, "booking '%s' has no start", b->name);
	out->start_ms = mms_zone_to_utc(zone, b->start_us);
	if (b->end_us != MMS_NO_TIME) {
		length_ms = b->end_us > b->start_us ? (b->end_us - b->start_us) / 1000 : 0;
		out->end_ms = mms_zone_to_utc(zone, b->end_us);
	}
	if (b->end_us == MMS_NO_TIME || b->end_us <= b->start_us ||
	    out->end_ms <= out->start_ms)
		out->end_ms = out->start_ms + (length_ms > 0 ? length_ms : SHORTEST_MS);
	return MMS_OK;
}

mms_rc
mms_meeting_of_booking(const struct mms_booking *b, const struct mms_zone *event_zone,
		       enum mms_guests_stand guests, const char *const *hosts_left_out,
		       const struct mms_email *email, struct mms_meeting *out,
		       struct mms_err *err)
{
	MMS_AUTO(mms_meeting) meeting = { 0 };
	MMS_AUTO(mms_meeting) named = { 0 };
	const char *place = find_place(b);

	mms_rc rc = make_times(b, event_zone, &meeting, err);
	if (rc == MMS_OK && guests != MMS_GUESTS_NOWHERE)
		rc = make_guests(b, email, hosts_left_out,
				 guests == MMS_GUESTS_INVITED ? &meeting : &named, err);
	if (rc == MMS_OK)
		rc = make_text(b, &named, &meeting.text, err);
	if (rc != MMS_OK)
		return rc;
	meeting.title = mms_text_copy(is_empty(b->title) ? "No Title" : b->title);
	meeting.place = is_empty(place) ? NULL : mms_text_copy(place);
	if (meeting.title == NULL || (meeting.place == NULL && !is_empty(place)))
		return mms_fail_nomem(err);
	*out = meeting;
	meeting = (struct mms_meeting){ 0 };
	return MMS_OK;
}

/* ---- the row --------------------------------------------------------------------------------- */

mms_rc
mms_booking_event_row(const struct mms_meeting *meeting, const char *external_id,
		      int64_t modified_ms, const struct mms_row_rules *rules, int64_t now_ms,
		      struct mms_event_row *out, struct mms_err *err)
{
	char *id = mms_text_copy(external_id);
	struct mms_attendee *attendees = mms_alloc((meeting->n_guests + 1) * sizeof *attendees);
	mms_rc rc = MMS_OK;

	if (id == NULL || attendees == NULL)
		rc = mms_fail_nomem(err);
	for (size_t i = 0; rc == MMS_OK && i < meeting->n_guests; i++)
		attendees[i] = (struct mms_attendee){ .email = meeting->guests[i].email,
						      .display_name = meeting->guests[i].name };
	/* It borrows everything, and is not released. */
	const struct mms_event event = {
		.external_id = id,
		.title = meeting->title,
		.description = meeting->text,
		.location = meeting->place,
		.attendees = attendees,
		.n_attendees = meeting->n_guests,
		.start_ms = meeting->start_ms,
		.end_ms = meeting->end_ms,
		.modified_ms = modified_ms,
	};
	if (rc == MMS_OK)
		rc = mms_event_row_make(&event, rules, now_ms, out, err);
	mms_free(attendees);
	mms_free(id);
	if (rc != MMS_OK)
		return rc;
	out->event_type = "Meeting Booking";
	out->is_blocking = true;
	return MMS_OK;
}
