/* What is sent to services, as far as all of them are told the same (see wire.h). */
#include <string.h>
#include <strings.h>

#include "mmsync/uuid.h"
#include "wire.h"

/* A busy block has nothing else. */
#define BLOCK_FIELDS ((unsigned)(MMS_FIELD_TIMES | MMS_FIELD_TITLE | MMS_FIELD_MARK))

/* Is there something to be written, and has it times where they are sent? */
static mms_rc
check_write(const struct mms_write *write, unsigned fields, struct mms_err *err)
{
	const struct mms_meeting *meeting = write->meeting;
	bool has_mark = (fields & MMS_FIELD_MARK) != 0;

	if ((meeting == NULL && fields != MMS_FIELD_MARK) ||
	    (has_mark && mms_mark_kind_name(write->mark.kind) == NULL))
		return mms_fail(err, MMS_E_BUG, "a write without what is to be written");
	if ((fields & MMS_FIELD_TIMES) == 0)
		return MMS_OK;
	if (meeting->start_ms == MMS_NO_TIME || meeting->end_ms == MMS_NO_TIME ||
	    meeting->end_ms < meeting->start_ms) {
		mms_fail(err, MMS_E_ITEM,
			 "the meeting has no times that a calendar could take");
		return mms_hint(err, "correct its start and end in Frappe");
	}
	return MMS_OK;
}

mms_rc
wire_body_begin(struct mms_json *j, const struct mms_write *write, unsigned *fields,
		struct mms_str *out, struct mms_err *err)
{
	if (write->kind == MMS_WRITE_CREATE)
		*fields = (unsigned)MMS_FIELD_ALL | (unsigned)MMS_FIELD_MARK;
	if (write->is_busy_block)
		*fields &= BLOCK_FIELDS;
	mms_rc rc = check_write(write, *fields, err);
	if (rc == MMS_OK)
		rc = mms_json_open_str(j, out, false, err);
	if (rc == MMS_OK)
		mms_json_map(j);
	return rc;
}

mms_rc
wire_body_end(struct mms_json *j, struct mms_err *err)
{
	mms_json_map_end(j);
	mms_json_done(j);
	return mms_json_check(j, err);
}

static bool
is_seen(const struct mms_event *seen, const char *email)
{
	for (size_t i = 0; seen != NULL && i < seen->n_attendees; i++) {
		if (strcasecmp(seen->attendees[i].email, email) == 0)
			return true;
	}
	return false;
}

void
wire_put_guests(struct mms_json *j, const struct mms_write *write,
		bool (*is_room)(const struct mms_attendee *attendee),
		void (*put)(struct mms_json *j, const struct mms_attendee *guest))
{
	const struct mms_meeting *meeting = write->meeting;
	const struct mms_event *seen = write->kind == MMS_WRITE_CHANGE ? write->seen : NULL;

	mms_json_key(j, "attendees");
	mms_json_array(j);
	for (size_t i = 0; seen != NULL && i < seen->n_attendees; i++) {
		const struct mms_attendee *a = &seen->attendees[i];
		bool is_organizer = seen->organizer_email != NULL &&
				    strcasecmp(seen->organizer_email, a->email) == 0;
		if (is_organizer || is_room(a) || mms_meeting_has_guest(meeting, a->email))
			put(j, a);
	}
	for (size_t i = 0; i < meeting->n_guests; i++) {
		const struct mms_guest *guest = &meeting->guests[i];
		const struct mms_attendee fresh = { .email = guest->email,
						    .display_name = guest->name };
		if (guest->email != NULL && !is_seen(seen, guest->email))
			put(j, &fresh);
	}
	mms_json_array_end(j);
}

unsigned
wire_fields(const struct mms_write *write)
{
	unsigned fields = write->fields & ((unsigned)MMS_FIELD_ALL | (unsigned)MMS_FIELD_MARK);

	/* The array replaces the one there: whoever was left out of the answer would be uninvited. */
	if (write->seen != NULL && write->seen->is_partial)
		fields &= ~(unsigned)MMS_FIELD_GUESTS;
	return fields;
}

void
wire_put_uuid(struct mms_json *j, const char *key, const unsigned char uuid[16])
{
	char text[MMS_UUID_TEXT];

	mms_json_put_text(j, key, mms_uuid_print(uuid, text));
}
