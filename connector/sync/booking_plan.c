/* What should exist outside for a booking (see the header): no clock, no database, no network. */
#include "booking_plan.h"

#include <string.h>
#include <strings.h>

#include "mmsync/digest.h"
#include "mmsync/provider.h"

enum mms_wish
mms_booking_wish(const char *status)
{
	if (status == NULL || strcmp(status, "Cancelled") == 0)
		return MMS_WISH_ABSENT;
	if (strcmp(status, "Confirmed") == 0 || strcmp(status, "Rescheduled") == 0)
		return MMS_WISH_PRESENT;
	return MMS_WISH_AS_IS;
}

/* ---- which calendar -------------------------------------------------------------------------- */

/* How far an integration gets on its way to being a target. */
enum stage { NOT_THERE, INACTIVE, ONE_WAY, NO_WRITER, READ_ONLY, TAKES };

static enum stage
find_stage(const struct mms_target *t, const char *user, mms_type_may_write *may_write)
{
	if (t->user == NULL || strcasecmp(t->user, user) != 0)
		return NOT_THERE;
	if (!t->is_active)
		return INACTIVE;
	if (t->direction == NULL || strcmp(t->direction, "Two-way (Read & Write)") != 0)
		return ONE_WAY;
	if (!may_write(t->type))
		return NO_WRITER;
	if (!mms_calendar_role_may_write((enum mms_calendar_role)t->role))
		return READ_ONLY;
	return TAKES;
}

long
mms_booking_choose_among(const struct mms_targets *targets, const char *user,
			 mms_type_may_write *may_write, const char **why)
{
	static const char *const reasons[] = {
		[NOT_THERE] = "the person has no calendar",
		[INACTIVE] = "the person's calendars are inactive",
		[ONE_WAY] = "the person has no two-way calendar",
		[NO_WRITER] = "the person has no calendar of a service that can be written to",
		[READ_ONLY] = "the person's two-way calendar may only be read",
		[TAKES] =
			"the person has several two-way calendars, and none of them is primary",
	};
	enum stage furthest = NOT_THERE;
	long found = -1;
	size_t n = 0;

	*why = NULL;
	for (size_t i = 0; i < targets->n; i++) {
		enum stage stage = find_stage(&targets->items[i], user, may_write);
		furthest = stage > furthest ? stage : furthest;
		if (stage != TAKES)
			continue;
		if (targets->items[i].is_primary)
			return (long)i;
		found = (long)i;
		n++;
	}
	if (n == 1)
		return found;
	*why = reasons[furthest];
	return -1;
}

static bool
type_may_write(const char *integration_type)
{
	const struct mms_provider *provider = mms_provider_find(integration_type);

	return provider != NULL && (provider->caps & MMS_CAP_WRITE) != 0 &&
	       provider->ops != NULL;
}

long
mms_booking_choose_target(const struct mms_targets *targets, const char *user, const char **why)
{
	return mms_booking_choose_among(targets, user, type_may_write, why);
}

/* ---- one event ------------------------------------------------------------------------------- */

const char *
mms_event_step_name(enum mms_event_step step)
{
	static const char *const names[] = {
		[MMS_STEP_NOTHING] = "nothing", [MMS_STEP_CREATE] = "create",
		[MMS_STEP_SETTLE] = "settle",   [MMS_STEP_UPDATE] = "update",
		[MMS_STEP_DELETE] = "delete",
	};

	return names[step];
}

const char *
mms_event_step_operation(enum mms_event_step step)
{
	static const char *const names[] = {
		[MMS_STEP_NOTHING] = NULL,    [MMS_STEP_CREATE] = "create",
		[MMS_STEP_SETTLE] = "create", [MMS_STEP_UPDATE] = "update",
		[MMS_STEP_DELETE] = "delete",
	};

	return names[step];
}

static struct mms_event_plan
result(enum mms_event_step step, const char *why)
{
	return (struct mms_event_plan){ .step = step, .why = why };
}

bool
mms_booking_takes(const struct mms_target *target)
{
	return target->user != NULL &&
	       find_stage(target, target->user, type_may_write) == TAKES;
}

static bool
is_announced(const struct mms_event_plan_input *in)
{
	return in->has_state &&
	       (in->status == MMS_STATE_CREATING || in->status == MMS_STATE_CREATED);
}

static struct mms_event_plan
plan_wanted(const struct mms_event_plan_input *in)
{
	if (!in->has_state)
		return result(MMS_STEP_CREATE, "the booking is not in this calendar yet");
	if (in->status == MMS_STATE_DELETED && in->removed_by == MMS_REMOVED_BY_US)
		return result(MMS_STEP_CREATE, "the booking is wanted here again");
	/* Who is not known to have removed it may have been a person. */
	if (in->status == MMS_STATE_DELETED && in->content_differs)
		return result(MMS_STEP_CREATE,
			      "removed in the calendar, and the booking was changed since");
	if (in->status == MMS_STATE_DELETED)
		return result(MMS_STEP_NOTHING, "removed in the calendar");
	if (is_announced(in))
		return result(MMS_STEP_SETTLE, "announced, and not yet settled");
	if (in->content_differs)
		return result(MMS_STEP_UPDATE, "the booking was changed");
	if (in->status == MMS_STATE_FAILED && !in->is_given_up_same)
		return result(MMS_STEP_UPDATE, "what failed is not wanted any more");
	if (in->is_unlinked && in->status == MMS_STATE_SYNCED)
		return result(MMS_STEP_UPDATE, "the booking points to another event");
	/* What is on its way is older than this, or was to remove it. */
	if (in->has_outbox)
		return result(MMS_STEP_UPDATE, "another change is on its way");
	return result(MMS_STEP_NOTHING, "as the booking says");
}

struct mms_event_plan
mms_plan_booking_event(const struct mms_event_plan_input *in)
{
	bool is_live = in->has_state && in->status != MMS_STATE_DELETED;

	if (is_live && in->is_given_up_same && !in->has_outbox)
		return result(MMS_STEP_NOTHING, "given up for this content");
	if (in->is_kept)
		return is_announced(in)
			       ? result(MMS_STEP_SETTLE, "announced, and not yet settled")
			       : result(MMS_STEP_NOTHING, "kept as it is");
	if (in->is_wanted)
		return plan_wanted(in);
	return is_live ? result(MMS_STEP_DELETE, "the booking is not wanted here any more")
		       : result(MMS_STEP_NOTHING, "not wanted here");
}

/* ---- its name -------------------------------------------------------------------------------- */

mms_rc
mms_booking_event_uuid(const unsigned char site_uuid[MMS_UUID_BYTES], const char *booking,
		       int64_t booking_creation_us, uint64_t cursor_id, unsigned incarnation,
		       unsigned char out[MMS_UUID_BYTES], struct mms_err *err)
{
	MMS_AUTO(mms_digest) digest = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(&digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_text(&digest, "mmsync booking event 1");
	mms_digest_add(&digest, site_uuid, MMS_UUID_BYTES);
	mms_digest_add_text(&digest, booking);
	mms_digest_add_i64(&digest, booking_creation_us);
	mms_digest_add_i64(&digest, (int64_t)cursor_id);
	mms_digest_add_i64(&digest, incarnation);
	rc = mms_digest_end(&digest, hash, err);
	if (rc != MMS_OK)
		return rc;
	mms_uuid_of_hash(hash, out);
	return MMS_OK;
}
