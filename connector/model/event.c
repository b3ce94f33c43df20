/* A calendar event in memory: its life, its names, whether it blocks, the form of its id. */
#include "mmsync/event.h"

#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"
#include "mmsync/uuid.h"

void
mms_event_release(struct mms_event *event)
{
	if (event == NULL)
		return;
	char *texts[] = { event->external_id, event->series_id, event->recurrence_id,
			  event->ical_uid,    event->version,   event->title,
			  event->description, event->location,  event->organizer_email,
			  event->link,        event->problem,   event->warning };

	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		mms_free(texts[i]);
	for (size_t i = 0; i < event->n_attendees; i++) {
		mms_free(event->attendees[i].email);
		mms_free(event->attendees[i].display_name);
	}
	mms_free(event->attendees);
	*event = (struct mms_event){ 0 };
}

/* A copy of a text that may be absent; *is_good is cleared when memory is short. */
static char *
copy_text(const char *text, bool *is_good)
{
	char *copy = mms_text_copy(text);

	if (copy == NULL && text != NULL)
		*is_good = false;
	return copy;
}

static bool
copy_attendees(const struct mms_event *event, struct mms_event *out)
{
	bool is_good = true;

	out->attendees = NULL;
	out->n_attendees = 0;
	if (event->n_attendees == 0)
		return true;
	out->attendees = mms_alloc(event->n_attendees * sizeof *out->attendees);
	if (out->attendees == NULL)
		return false;
	for (size_t i = 0; i < event->n_attendees; i++) {
		const struct mms_attendee *from = &event->attendees[i];
		struct mms_attendee *to = &out->attendees[out->n_attendees++];
		to->response = from->response;
		to->type = from->type;
		to->email = copy_text(from->email, &is_good);
		to->display_name = copy_text(from->display_name, &is_good);
	}
	return is_good;
}

mms_rc
mms_event_copy(const struct mms_event *event, struct mms_event *out, struct mms_err *err)
{
	struct mms_event copy = *event;

	/* All of them, so that after a failure each is a copy or NULL. */
	bool is_good = true;
	copy.external_id = copy_text(event->external_id, &is_good);
	copy.series_id = copy_text(event->series_id, &is_good);
	copy.recurrence_id = copy_text(event->recurrence_id, &is_good);
	copy.ical_uid = copy_text(event->ical_uid, &is_good);
	copy.version = copy_text(event->version, &is_good);
	copy.title = copy_text(event->title, &is_good);
	copy.description = copy_text(event->description, &is_good);
	copy.location = copy_text(event->location, &is_good);
	copy.organizer_email = copy_text(event->organizer_email, &is_good);
	copy.link = copy_text(event->link, &is_good);
	copy.problem = copy_text(event->problem, &is_good);
	copy.warning = copy_text(event->warning, &is_good);
	is_good = copy_attendees(event, &copy) && is_good;
	if (!is_good) {
		mms_event_release(&copy);
		return mms_fail_nomem(err);
	}
	*out = copy;
	return MMS_OK;
}

const char *
mms_response_name(enum mms_response response)
{
	static const char *const names[] = {
		[MMS_RESPONSE_UNKNOWN] = NULL,
		[MMS_RESPONSE_NEEDS_ACTION] = "needsAction",
		[MMS_RESPONSE_ACCEPTED] = "accepted",
		[MMS_RESPONSE_TENTATIVE] = "tentative",
		[MMS_RESPONSE_DECLINED] = "declined",
	};

	return (size_t)response < MMS_COUNT(names) ? names[response] : NULL;
}

const char *
mms_event_status_name(enum mms_event_status status)
{
	static const char *const names[] = {
		[MMS_EVENT_CONFIRMED] = "confirmed",
		[MMS_EVENT_TENTATIVE] = "tentative",
		[MMS_EVENT_CANCELLED] = "cancelled",
	};

	return (size_t)status < MMS_COUNT(names) ? names[status] : "confirmed";
}

bool
mms_event_is_blocking(const struct mms_event *event, const struct mms_blocking_rules *rules)
{
	bool is_out =
		event->show == MMS_SHOW_OUT_OF_OFFICE || event->kind == MMS_EVENT_OUT_OF_OFFICE;

	if (event->is_gone || event->is_declined || event->status == MMS_EVENT_CANCELLED)
		return false;
	/* Nothing the site switches off, nor a "free" beside it, makes a person who is away free. */
	if (is_out)
		return true;
	if (event->show == MMS_SHOW_FREE || event->show == MMS_SHOW_ELSEWHERE ||
	    event->kind == MMS_EVENT_WORKING_LOCATION || event->kind == MMS_EVENT_BIRTHDAY)
		return false;
	if (event->show == MMS_SHOW_TENTATIVE || event->status == MMS_EVENT_TENTATIVE)
		if (!rules->tentative)
			return false;
	if (event->kind == MMS_EVENT_FOCUS && !rules->focus_time)
		return false;
	return !event->is_all_day || rules->all_day;
}

static bool
all_digits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

/* Does a text end as an instance's id does: "/20260310" or "/20260310T080000Z"? */
static bool
ends_like_an_instance(const char *id)
{
	const char *slash = strrchr(id, '/');

	if (slash == NULL)
		return false;
	const char *tail = slash + 1;
	size_t len = strlen(tail);
	if (len == 8)
		return all_digits(tail, 8);
	return len == 16 && all_digits(tail, 8) && tail[8] == 'T' && all_digits(tail + 9, 6) &&
	       tail[15] == 'Z';
}

mms_rc
mms_event_stored_id(const char *exact_id, bool is_instance, size_t max_chars, char **out,
		    struct mms_err *err)
{
	unsigned char digest[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];
	size_t len = strlen(exact_id);
	bool fits = len <= max_chars || mms_utf8_count(exact_id, len) <= max_chars;

	if (fits && (is_instance || !ends_like_an_instance(exact_id))) {
		char *copy = mms_text_copy_n(exact_id, len);
		if (copy == NULL)
			return mms_fail_nomem(err);
		*out = copy;
		return MMS_OK;
	}
	mms_rc rc = mms_sha256(exact_id, len, digest, err);
	if (rc != MMS_OK)
		return rc;
	MMS_AUTO(mms_str) id = { 0 };
	mms_str_addf(&id, "sha256:%s", mms_hex_print(digest, sizeof digest, hex));
	rc = mms_str_check(&id, err);
	if (rc == MMS_OK)
		*out = mms_str_take(&id);
	return rc;
}

static const char *const mark_kinds[] = {
	[MMS_MARK_BOOKING] = "booking",
	[MMS_MARK_BUSY_BLOCK] = "busy_block",
	[MMS_MARK_USER_EVENT] = "user_event",
};

const char *
mms_mark_kind_name(enum mms_mark_kind kind)
{
	return (size_t)kind < MMS_COUNT(mark_kinds) ? mark_kinds[kind] : NULL;
}

enum mms_mark_kind
mms_mark_kind_parse(const char *text, size_t len)
{
	for (size_t i = MMS_MARK_BOOKING; i < MMS_COUNT(mark_kinds); i++) {
		if (strlen(mark_kinds[i]) == len && memcmp(mark_kinds[i], text, len) == 0)
			return (enum mms_mark_kind)i;
	}
	return MMS_MARK_OTHER;
}

#define PROVISIONAL "mmsync:"

mms_rc
mms_provisional_id_make(const unsigned char uuid[16], char **out, struct mms_err *err)
{
	char text[sizeof PROVISIONAL - 1 + MMS_UUID_TEXT] = PROVISIONAL;

	mms_uuid_print(uuid, text + sizeof PROVISIONAL - 1);
	*out = mms_text_copy(text);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

bool
mms_provisional_id_read(const char *id, unsigned char uuid[16])
{
	unsigned char ignored[16];
	size_t len = sizeof PROVISIONAL - 1;

	return id != NULL && strncmp(id, PROVISIONAL, len) == 0 &&
	       mms_uuid_parse(id + len, uuid != NULL ? uuid : ignored);
}
