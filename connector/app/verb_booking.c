/* mmsync booking status: the calendar events of one booking. */
#include "verbs.h"

#include <inttypes.h>

#include "mmsync/letters.h"
#include "mmsync/outbox.h"
#include "plain.h"

const char mms_booking_status_more[] =
	"The MM Calendar Event Sync rows of one MM Meeting Booking: those that name it, and "
	"the "
	"one that it names, and what of it still waits to be sent. It is synced when one of "
	"them is Synced and none has failed or "
	"waits. A booking that was deleted is known as long as a row names it.\n"
	"  mmsync booking status MM-MB-ann@example.com-0012\n"
	"Exit status: 0 answered, whatever the answer; 2 usage, also an unknown booking; 3 "
	"configuration; 4 the database cannot be used.";

mms_rc
mms_app_site_zone(const struct mms_app *app, struct mms_zones **zones,
		  const struct mms_zone **out, struct mms_err *err)
{
	mms_rc rc = mms_zones_new(zones, err);

	if (rc == MMS_OK)
		rc = mms_zones_find(*zones, app->settings.time_zone, out, err);
	if (rc != MMS_E_GONE)
		return rc;
	err->code = MMS_E_CONFIG;
	return mms_hint(err, "check System Settings.time_zone");
}

int64_t
mms_app_site_utc(const struct mms_zone *zone, int64_t wall_us)
{
	return wall_us == MMS_NO_TIME ? MMS_NO_TIME : mms_zone_to_utc(zone, wall_us);
}

static void
add_count(struct mms_str *out, size_t n, const char *what)
{
	if (n > 0)
		mms_str_addf(out, "%s%zu %s", out->len > 0 ? ", " : "", n, what);
}

/* What has not left yet, and why not. */
static void
say_waiting(const struct mms_outbox *outbox, struct mms_str *out)
{
	const char *why = NULL;

	for (size_t i = 0; i < outbox->n; i++) {
		if (outbox->items[i].error_text != NULL)
			why = outbox->items[i].error_text;
	}
	if (outbox->n > 0)
		mms_str_addf(out, "; %zu change%s to be sent", outbox->n,
			     outbox->n == 1 ? " waits" : "s wait");
	if (why != NULL)
		mms_str_addf(out, " (%.*s)", (int)strcspn(why, "\n"), why);
}

static bool
is_synced(const struct mms_booking_events *e, const struct mms_outbox *outbox)
{
	return mms_booking_is_synced(e) && outbox->n == 0;
}

/* The answer in words. */
static mms_rc
say(const struct mms_booking_events *e, const struct mms_outbox *outbox, struct mms_str *out,
    struct mms_err *err)
{
	MMS_AUTO(mms_str) counts = { 0 };

	add_count(&counts, mms_booking_events_count(e, MMS_ROW_SYNCED), "synced");
	add_count(&counts, mms_booking_events_count(e, MMS_ROW_PENDING), "waiting");
	add_count(&counts, mms_booking_events_count(e, MMS_ROW_FAILED), "failed");
	add_count(&counts,
		  mms_booking_events_count(e, MMS_ROW_DELETED_EXTERNALLY) +
			  mms_booking_events_count(e, MMS_ROW_DELETED_LOCALLY),
		  "deleted");
	add_count(&counts, mms_booking_events_count(e, MMS_ROW_OTHER),
		  "of a status that is none");
	if (e->n == 0)
		mms_str_add(out, "the booking has no calendar event");
	else
		mms_str_addf(out, "%s: %s",
			     e->is_deleted          ? "the booking was deleted, its events "
						      "are still here"
			     : is_synced(e, outbox) ? "the booking is in step"
						    : "the booking is not in step",
			     mms_str_get(&counts));
	say_waiting(outbox, out);
	mms_rc rc = mms_str_check(&counts, err);
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

static mms_rc
print_json(struct mms_app *app, const struct mms_booking_events *e,
	   const struct mms_outbox *outbox, const char *message, const struct mms_zone *zone,
	   struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_bool(&j, "synced", is_synced(e, outbox));
	mms_json_put_i64(&j, "event_count", (int64_t)e->n);
	mms_json_key(&j, "events");
	mms_json_array(&j);
	for (size_t i = 0; i < e->n; i++) {
		const struct mms_event_ref *row = &e->items[i];

		mms_json_map(&j);
		mms_json_put_text(&j, "name", row->name);
		mms_json_put_text(&j, "calendar_integration", row->integration);
		mms_json_put_text(&j, "external_event_id", row->external_id);
		mms_json_put_text(&j, "sync_status", row->status);
		mms_json_put_text(&j, "sync_direction", row->direction);
		mms_json_put_time(&j, "last_synced",
				  mms_app_site_utc(zone, row->last_synced_us));
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_put_i64(&j, "waiting", (int64_t)outbox->n);
	mms_json_put_text(&j, "message", message);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_text(struct mms_app *app, const struct mms_booking_events *e, const char *message,
	   const struct mms_zone *zone, struct mms_err *err)
{
	static const char *const heads[] = { "EVENT", "INTEGRATION", "STATUS", "DIRECTION",
					     "LAST SYNCED" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < e->n; i++) {
		const struct mms_event_ref *row = &e->items[i];
		char when[MMS_TIME_TEXT_MAX] = "never";
		const char *const cells[] = { row->name, row->integration, row->status,
					      row->direction };

		if (row->last_synced_us != MMS_NO_TIME)
			mms_time_print(mms_app_site_utc(zone, row->last_synced_us), when);
		for (size_t k = 0; rc == MMS_OK && k < MMS_COUNT(cells); k++)
			rc = mms_plain_add_cell(&table, cells[k], err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, when, err);
	}
	if (rc != MMS_OK)
		return rc;
	if (!app->is_quiet)
		printf("%s: %s\n", e->booking, message);
	if (e->n > 0)
		mms_table_print(app, &table);
	return MMS_OK;
}

mms_rc
mms_verb_booking_status(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_booking_events) events = { 0 };
	MMS_AUTO(mms_outbox) outbox = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_str) message = { 0 };
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = NULL;

	mms_rc rc = mms_app_site_zone(app, &zones, &zone, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_booking_events_load(lent.db, mms_app_word(app, 0), &events, err);
	if (rc == MMS_OK)
		rc = mms_outbox_of_booking(lent.db, events.booking, &outbox, err);
	if (rc == MMS_OK)
		rc = say(&events, &outbox, &message, err);
	if (rc == MMS_OK)
		rc = app->is_json ? print_json(app, &events, &outbox, mms_str_get(&message),
					       zone, err)
				  : print_text(app, &events, mms_str_get(&message), zone, err);
	mms_zones_free(zones);
	return rc;
}
