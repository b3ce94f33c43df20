/* What the files of the verbs share: each gives its options, its help and its function. */
#ifndef APP_VERBS_H
#define APP_VERBS_H

#include <stdio.h>
#include <string.h>

#include "mmsync/app.h"
#include "mmsync/findings.h"
#include "mmsync/sync.h"
#include "mmsync/zone.h"

/* A list of findings, as the member "findings" of an object; as a table with what to do below. */
void mms_app_json_findings(struct mms_json *j, const struct mms_findings *findings);
mms_rc mms_app_print_findings(const struct mms_app *app, const struct mms_findings *findings,
			      struct mms_err *err) MMS_MUST_CHECK;

/* verb_schema.c */
extern const struct mms_opt mms_schema_apply_opts[], mms_schema_adopt_opts[];
extern const char mms_schema_apply_more[], mms_schema_check_more[], mms_schema_show_more[],
	mms_schema_adopt_more[];
mms_rc mms_verb_schema_show(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_schema_check(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_schema_apply(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_schema_adopt(struct mms_app *app, struct mms_err *err);

/* verb_validate.c, verb_audit.c */
extern const struct mms_opt mms_validate_opts[], mms_audit_opts[];
extern const char mms_validate_more[], mms_audit_more[];
mms_rc mms_verb_validate(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_audit(struct mms_app *app, struct mms_err *err);

/* verb_repair.c */
extern const struct mms_opt mms_repair_opts[];
extern const char mms_repair_more[];
mms_rc mms_verb_repair(struct mms_app *app, struct mms_err *err);
/* The member "repairs": what was mended, or is to be. */
struct mms_repairs;
void mms_app_json_repairs(struct mms_json *j, const struct mms_repairs *repairs);

/* verb_status.c, verb_health.c */
extern const struct mms_opt mms_status_opts[], mms_health_opts[];
extern const char mms_status_more[], mms_health_more[], mms_metrics_more[];
mms_rc mms_verb_status(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_health(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_metrics(struct mms_app *app, struct mms_err *err);

/* verb_doctor.c */
extern const struct mms_opt mms_doctor_opts[];
extern const char mms_doctor_more[];
mms_rc mms_verb_doctor(struct mms_app *app, struct mms_err *err);

extern const struct mms_opt mms_sync_opts[];
extern const char mms_sync_more[];
mms_rc mms_verb_sync(struct mms_app *app, struct mms_err *err);

/* verb_push.c */
extern const struct mms_opt mms_push_opts[];
extern const char mms_push_more[];
mms_rc mms_verb_push(struct mms_app *app, struct mms_err *err);

/* verb_failures.c */
extern const struct mms_opt mms_failures_list_opts[], mms_failures_retry_opts[],
	mms_failures_discard_opts[], mms_failures_release_opts[];
extern const char mms_failures_list_more[], mms_failures_show_more[], mms_failures_retry_more[],
	mms_failures_discard_more[], mms_failures_release_more[];
mms_rc mms_verb_failures_list(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_failures_show(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_failures_retry(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_failures_discard(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_failures_release(struct mms_app *app, struct mms_err *err);
/* The member "busy_blocks": created, updated, deleted, failed. */
void mms_app_json_blocks(struct mms_json *j, const struct mms_block_counts *blocks);
/* What the engine works with, of this process. Everything is borrowed from app. */
struct mms_sync_env mms_app_sync_env(struct mms_app *app);

/* verb_event.c, verb_booking.c */
extern const struct mms_opt mms_migrate_opts[];
extern const char mms_migrate_more[];
mms_rc mms_verb_migrate(struct mms_app *app, struct mms_err *err);

extern const struct mms_opt mms_event_sync_opts[];
extern const char mms_event_sync_more[], mms_booking_status_more[];
mms_rc mms_verb_event_sync(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_booking_status(struct mms_app *app, struct mms_err *err);
/*
 * The zone of Frappe's own columns. Owns: *zones, mms_zones_free(), also when it fails. Errors:
 * CONFIG, NOMEM. A wall time of such a column as Unix ms; MMS_NO_TIME stays that.
 */
mms_rc mms_app_site_zone(const struct mms_app *app, struct mms_zones **zones,
			 const struct mms_zone **out, struct mms_err *err) MMS_MUST_CHECK;
int64_t mms_app_site_utc(const struct mms_zone *zone, int64_t wall_us);

/* verb_cleanup.c */
extern const struct mms_opt mms_cleanup_opts[];
extern const char mms_cleanup_more[];
mms_rc mms_verb_cleanup(struct mms_app *app, struct mms_err *err);

/* verb_reset.c */
extern const struct mms_opt mms_reset_opts[];
extern const char mms_reset_more[];
mms_rc mms_verb_reset(struct mms_app *app, struct mms_err *err);

/* verb_connect.c */
extern const struct mms_opt mms_connect_google_opts[], mms_connect_outlook_opts[];
extern const char mms_connect_google_more[], mms_connect_outlook_more[];
mms_rc mms_verb_connect_google(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_connect_outlook(struct mms_app *app, struct mms_err *err);

extern const struct mms_opt mms_demo_opts[];
extern const char mms_demo_more[];
mms_rc mms_verb_demo(struct mms_app *app, struct mms_err *err);

/* verb_availability.c */
extern const struct mms_opt mms_availability_opts[], mms_check_slot_opts[];
extern const char mms_availability_more[], mms_check_slot_more[], mms_blocking_events_more[];
mms_rc mms_verb_availability(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_check_slot(struct mms_app *app, struct mms_err *err);
mms_rc mms_verb_blocking_events(struct mms_app *app, struct mms_err *err);

/* verb_feed.c */
extern const struct mms_opt mms_feed_preview_opts[];
extern const char mms_feed_preview_more[];
mms_rc mms_verb_feed_preview(struct mms_app *app, struct mms_err *err);

#endif
