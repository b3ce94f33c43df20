/*
 * Statements of the operator's view: status, health and metrics. Each answers for all
 * integrations at once, so that their number is the same however many there are.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_WATCH_H
#define MMSYNC_STMT_WATCH_H

/* Rows that are not softly deleted. */
#define MMS_SQL_IS_LIVE "sync_status NOT IN ('Deleted Externally', 'Deleted Locally')"

#define MMS_STMTS_WATCH(X)                                                                         \
	X(WATCH_INTEGRATIONS,                                                                      \
	  "SELECT name, last_sync, LEFT(SUBSTRING_INDEX(sync_error_log, '\\n', 1), 500)"           \
	  " FROM `tabMM Calendar Integration`",                                                    \
	  "", "sTS")                                                                               \
	/* The newest run of each: its index gives it without a look at the others. */             \
	X(WATCH_CURSORS,                                                                           \
	  "SELECT c.id, c.circuit_state, c.circuit_until_ms,"                                      \
	  " CAST(" MMS_SQL_NEEDS_REAUTH " AS SIGNED), c.lease_owner, c.lease_until,"               \
	  " c.last_seen_ms, c.runs_good, c.runs_bad, c.run_ms, c.requests, c.retries,"             \
	  " c.events_created, c.events_updated, c.events_deleted, c.events_failed,"                \
	  " r.mode, r.status, r.started_ms, r.error_code,"                                         \
	  " r.blocks_created, r.blocks_updated, r.blocks_deleted, r.blocks_failed"                 \
	  " FROM mmsync_cursor c LEFT JOIN mmsync_run r ON r.id = (SELECT n.id"                    \
	  " FROM mmsync_run n WHERE n.integration_id = c.id"                                       \
	  " ORDER BY n.started_ms DESC, n.id DESC LIMIT 1)",                                       \
	  "", "uiIISTIiiiiiiiiiSSISIIII")                                                          \
	/* One pass over the index of availability. */                                             \
	X(WATCH_EVENTS,                                                                            \
	  "SELECT i.name, e.n_live, e.n_failed, e.n_wrong FROM (SELECT calendar_integration,"      \
	  " COUNT(*) AS n_live, COUNT(IF(sync_status = 'Sync Failed', 1, NULL)) AS n_failed,"      \
	  " COUNT(IF(end_datetime > start_datetime, NULL, 1)) AS n_wrong"                          \
	  " FROM `tabMM Calendar Event Sync` WHERE " MMS_SQL_IS_LIVE                               \
	  " GROUP BY calendar_integration) e"                                                      \
	  " LEFT JOIN `tabMM Calendar Integration` i ON i.name = e.calendar_integration",          \
	  "", "Siii")                                                                              \
	X(WATCH_LETTERS,                                                                           \
	  "SELECT integration_id, COUNT(IF(given_up = 0, 1, NULL)),"                               \
	  " COUNT(IF(given_up = 1 AND operation <> 'quarantine', 1, NULL)),"                       \
	  " COUNT(IF(operation = 'quarantine', 1, NULL))"                                          \
	  " FROM mmsync_dead_letter GROUP BY integration_id",                                      \
	  "", "uiii")                                                                              \
	X(WATCH_OUTBOX,                                                                            \
	  "SELECT integration_id, COUNT(*), MIN(created_at_ms) FROM mmsync_outbox"                 \
	  " GROUP BY integration_id",                                                              \
	  "", "uiI")                                                                               \
	/* One pass over the states; those that stay `creating` since before a time. */            \
	X(WATCH_STATES,                                                                            \
	  "SELECT integration_id, type, created_by_us, COUNT(*),"                                  \
	  " COUNT(IF(status = 1 AND changed_at_ms <= ?, 1, NULL)) FROM mmsync_event_state"         \
	  " WHERE status <> 5 GROUP BY integration_id, type, created_by_us",                       \
	  "i", "uiiii")                                                                            \
	X(WATCH_RUNS,                                                                              \
	  "SELECT COUNT(*), COUNT(IF(status = 'failed', 1, NULL)) FROM mmsync_run"                 \
	  " WHERE started_ms > ? AND status IN ('success', 'failed')",                             \
	  "i", "ii")                                                                               \
	/* Calendars that have shown nothing since: when the last event they ever showed ended. */ \
	X(WATCH_EMPTIED,                                                                           \
	  "SELECT c.id, MAX(e.end_datetime) FROM mmsync_cursor c"                                  \
	  " JOIN `tabMM Calendar Event Sync` e ON e.calendar_integration = c.name"                 \
	  " WHERE c.last_seen_ms < c.last_full_ms AND c.last_seen_ms >= ? GROUP BY c.id",          \
	  "i", "uT")                                                                               \
	/* A row is modified when it is made: the index of `modified` bounds it. */                \
	X(WATCH_NEW_EVENTS,                                                                        \
	  "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE modified > ? AND creation >"     \
	  " ?",                                                                                    \
	  "tt", "i")                                                                               \
	X(WATCH_SCHEMA_VERSION, "SELECT MAX(number) FROM mmsync_schema_version", "", "I")

#endif
