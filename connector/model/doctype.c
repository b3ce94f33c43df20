/* The DocTypes as tables (see the header). */
#include "mmsync/doctype.h"

#include <string.h>

#include "mmsync/attr.h"

#define X(index, key, label, kind, preset, options) \
	{ key, label, MMS_KIND_##kind, preset, options },
static const struct mms_doctype_field integration_fields[] = { MMS_INTEGRATION_FIELDS(X) };
static const struct mms_doctype_field event_fields[] = { MMS_EVENT_FIELDS(X) };
static const struct mms_doctype_field booking_fields[] = { MMS_BOOKING_FIELDS(X) };
static const struct mms_doctype_field assigned_user_fields[] = { MMS_ASSIGNED_USER_FIELDS(X) };
static const struct mms_doctype_field participant_fields[] = { MMS_PARTICIPANT_FIELDS(X) };
static const struct mms_doctype_field history_fields[] = { MMS_HISTORY_FIELDS(X) };
#undef X

_Static_assert(MMS_COUNT(integration_fields) <= MMS_PARENT_FIELDS &&
		       MMS_COUNT(event_fields) <= MMS_PARENT_FIELDS,
	       "struct mms_doc holds every parent");
_Static_assert(MMS_COUNT(assigned_user_fields) <= MMS_CHILD_FIELDS &&
		       MMS_COUNT(history_fields) <= MMS_CHILD_FIELDS,
	       "struct mms_doc_row holds every child");

static const struct mms_doctype doctypes[MMS_DT_COUNT] = {
	[MMS_DT_INTEGRATION] = { "MM Calendar Integration", "tabMM Calendar Integration",
				 integration_fields, MMS_COUNT(integration_fields) },
	[MMS_DT_EVENT] = { "MM Calendar Event Sync", "tabMM Calendar Event Sync", event_fields,
			   MMS_COUNT(event_fields) },
	[MMS_DT_BOOKING] = { "MM Meeting Booking", "tabMM Meeting Booking", booking_fields,
			     MMS_COUNT(booking_fields) },
	[MMS_DT_ASSIGNED_USER] = { "MM Meeting Booking Assigned User",
				   "tabMM Meeting Booking Assigned User", assigned_user_fields,
				   MMS_COUNT(assigned_user_fields) },
	[MMS_DT_PARTICIPANT] = { "MM Meeting Booking Participant",
				 "tabMM Meeting Booking Participant", participant_fields,
				 MMS_COUNT(participant_fields) },
	[MMS_DT_HISTORY] = { "MM Meeting Booking History", "tabMM Meeting Booking History",
			     history_fields, MMS_COUNT(history_fields) },
};

const struct mms_doctype *
mms_doctype_get(enum mms_doctype_id id)
{
	return &doctypes[id];
}

const struct mms_child_table_def *
mms_child_table_get(enum mms_child_table table)
{
	static const struct mms_child_table_def tables[MMS_TABLE_COUNT] = {
		[MMS_TABLE_ASSIGNED_USERS] = { "assigned_users", "Assigned Users",
					       MMS_DT_ASSIGNED_USER },
		[MMS_TABLE_ASSIGNMENT_HISTORY] = { "assignment_history", "Assignment History",
						   MMS_DT_HISTORY },
		[MMS_TABLE_PARTICIPANTS] = { "participants", "Participants",
					     MMS_DT_PARTICIPANT },
		[MMS_TABLE_BOOKING_HISTORY] = { "booking_history", "Booking History",
						MMS_DT_HISTORY },
	};

	return &tables[table];
}

size_t
mms_doctype_find_field(const struct mms_doctype *doctype, const char *key, size_t len)
{
	size_t i = 0;

	while (i < doctype->n_fields && (strlen(doctype->fields[i].key) != len ||
					 memcmp(doctype->fields[i].key, key, len) != 0))
		i++;
	return i;
}
