/* Guests of a meeting whom a person has added outside: they stay when ours are written (meeting.h). */
#include "mmsync/meeting.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

mms_rc
mms_meeting_list_guests(const struct mms_meeting *meeting, char **out, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	*out = NULL;
	for (size_t i = 0; i < meeting->n_guests; i++)
		mms_str_addf(&list, "%s%s", i > 0 ? "\n" : "", meeting->guests[i].email);
	mms_rc rc = mms_str_check(&list, err);
	if (rc == MMS_OK && meeting->n_guests > 0)
		*out = mms_str_take(&list);
	return rc;
}

static bool
is_listed(const char *list, const char *email)
{
	size_t len = strlen(email);

	for (const char *p = list; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, "\n");
		if (n == len && strncasecmp(p, email, n) == 0)
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

static bool
put_guest(struct mms_meeting *meeting, const char *email, const char *name)
{
	struct mms_guest *guest = &meeting->guests[meeting->n_guests++];

	guest->email = mms_text_copy(email);
	guest->name = mms_text_copy(name);
	return guest->email != NULL && (name == NULL || guest->name != NULL);
}

static bool
copy_words(const struct mms_meeting *from, struct mms_meeting *to)
{
	to->start_ms = from->start_ms;
	to->end_ms = from->end_ms;
	to->title = mms_text_copy(from->title);
	to->place = mms_text_copy(from->place);
	to->text = mms_text_copy(from->text);
	return (from->title == NULL || to->title != NULL) &&
	       (from->place == NULL || to->place != NULL) &&
	       (from->text == NULL || to->text != NULL);
}

bool
mms_meeting_has_guest(const struct mms_meeting *meeting, const char *email)
{
	for (size_t i = 0; i < meeting->n_guests; i++) {
		if (meeting->guests[i].email != NULL &&
		    strcasecmp(meeting->guests[i].email, email) == 0)
			return true;
	}
	return false;
}

mms_rc
mms_meeting_with_guests(const struct mms_meeting *meeting, const struct mms_event *event,
			const char *invited, struct mms_meeting *out, struct mms_err *err)
{
	MMS_AUTO(mms_meeting) all = { 0 };
	bool is_good = copy_words(meeting, &all);

	all.guests =
		mms_alloc((meeting->n_guests + event->n_attendees + 1) * sizeof *all.guests);
	is_good = is_good && all.guests != NULL;
	for (size_t i = 0; is_good && i < meeting->n_guests; i++)
		is_good = put_guest(&all, meeting->guests[i].email, meeting->guests[i].name);
	for (size_t i = 0; is_good && i < event->n_attendees; i++) {
		const struct mms_attendee *a = &event->attendees[i];
		if (a->email != NULL && !is_listed(invited, a->email))
			is_good = put_guest(&all, a->email, a->display_name);
	}
	if (!is_good)
		return mms_fail_nomem(err);
	mms_meeting_sort_guests(&all);
	*out = all;
	all = (struct mms_meeting){ 0 };
	return MMS_OK;
}
