/*
 * Statements on Frappe's own tables and on the schema itself: settings, series, columns, indexes,
 * Property Setters, migrations, installation, and what doctor asks.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FRAPPE_H
#define MMSYNC_STMT_FRAPPE_H

/* Frappe's tables that mmsync reads or writes on a site. */
#define MMS_FRAPPE_TABLES                                                                      \
	"('tabMM Calendar Integration', 'tabMM Calendar Event Sync', 'tabMM Meeting Booking'," \
	" 'tabMM Meeting Booking Assigned User', 'tabMM Meeting Booking Participant',"         \
	" 'tabMM Meeting Booking History', 'tabMM Meeting Type', 'tabMM User Settings',"       \
	" 'tabMM User Availability Rule', 'tabUser', 'tabSingles', 'tabSeries', 'tabVersion'," \
	" 'tabDeleted Document', 'tabComment', 'tabError Log', 'tabProperty Setter',"          \
	" 'tabCustom Field', 'tabDocField',"                                                   \
	" 'tabDocument Naming Rule', 'tabScheduled Job Type', 'tabDocType', '__Auth')"

#define MMS_STMTS_SCHEMA(X)                                                                    \
	X(COLUMNS,                                                                             \
	  "SELECT table_name, column_name, column_type, character_maximum_length,"             \
	  " collation_name, is_nullable, column_default, is_generated"                         \
	  " FROM information_schema.columns"                                                   \
	  " WHERE table_schema = DATABASE()"                                                   \
	  " AND (table_name IN " MMS_FRAPPE_TABLES " OR table_name LIKE 'mmsync\\_%')",        \
	  "", "sssUSsSs")                                                                      \
	X(INDEXES,                                                                             \
	  "SELECT index_name, non_unique, column_name, sub_part FROM"                          \
	  " information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?"  \
	  " ORDER BY index_name, seq_in_index",                                                \
	  "s", "sisI")                                                                         \
	X(TABLE_FORM,                                                                          \
	  "SELECT engine, row_format, table_comment FROM information_schema.tables"            \
	  " WHERE table_schema = DATABASE() AND table_name = ?",                               \
	  "s", "SSs")                                                                          \
	X(OWN_TABLES,                                                                          \
	  "SELECT table_name, table_rows, CAST(data_length + index_length AS UNSIGNED),"       \
	  " table_comment FROM information_schema.tables WHERE table_schema = DATABASE()"      \
	  " AND table_name LIKE 'mmsync\\_%' ORDER BY table_name",                             \
	  "", "sUUs")                                                                          \
	X(HAS_MIGRATIONS,                                                                      \
	  "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"     \
	  " AND table_name = 'mmsync_schema_version'",                                         \
	  "", "i")                                                                             \
	X(MIGRATIONS,                                                                          \
	  "SELECT number, name, sha256, applied_at_ms FROM mmsync_schema_version"              \
	  " ORDER BY number",                                                                  \
	  "", "isbi")                                                                          \
	X(MIGRATION_ADD,                                                                       \
	  "INSERT INTO mmsync_schema_version (number, name, sha256, applied_at_ms)"            \
	  " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE number = number",                      \
	  "isbi", "")                                                                          \
	X(INSTALLATION,                                                                        \
	  "SELECT site_uuid, bound_database, bound_dir FROM mmsync_installation WHERE id = 1", \
	  "", "sss")                                                                           \
	X(INSTALLATION_ADD,                                                                    \
	  "INSERT INTO mmsync_installation (id, site_uuid, bound_database, bound_dir,"         \
	  " bound_at_ms) VALUES (1, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id",              \
	  "sssi", "")                                                                          \
	X(INSTALLATION_SET,                                                                    \
	  "UPDATE mmsync_installation SET site_uuid = ?, bound_database = ?, bound_dir = ?,"   \
	  " bound_at_ms = ? WHERE id = 1",                                                     \
	  "sssi", "")                                                                          \
	X(COPY_FORGET_OUTBOX, "DELETE FROM mmsync_outbox LIMIT 5000", "", "")                  \
	X(COPY_DISOWN_EVENTS,                                                                  \
	  "UPDATE mmsync_event_state SET created_by_us = 0 WHERE created_by_us = 1 LIMIT "     \
	  "5000",                                                                              \
	  "", "")                                                                              \
	X(COPY_FORGET_CURSORS,                                                                 \
	  "UPDATE mmsync_cursor SET sync_token = NULL,"                                        \
	  " page_progress = NULL, last_full_ms = NULL, push_channel = NULL, lease_owner = "    \
	  "NULL,"                                                                              \
	  " lease_until = '2000-01-01', lease_server = NULL, lease_connection = NULL,"         \
	  " fence = fence + 1",                                                                \
	  "", "")

#define MMS_STMTS_SITE(X)                                                                     \
	X(EVENTS_WITHOUT_ID,                                                                  \
	  "SELECT name FROM `tabMM Calendar Event Sync`"                                      \
	  " WHERE external_event_id IS NULL OR external_event_id = ''"                        \
	  " OR calendar_integration IS NULL OR calendar_integration = '' LIMIT 101",          \
	  "", "s")                                                                            \
	X(EVENTS_TWICE,                                                                       \
	  "SELECT calendar_integration, CONVERT(external_event_id USING utf8mb4)"             \
	  " COLLATE utf8mb4_nopad_bin, COUNT(*),"                                             \
	  " GROUP_CONCAT(name ORDER BY modified DESC SEPARATOR '\\n')"                        \
	  " FROM `tabMM Calendar Event Sync` WHERE external_event_id <> ''"                   \
	  " AND calendar_integration <> '' GROUP BY 1, 2 HAVING COUNT(*) > 1 LIMIT 101",      \
	  "", "SSiS")                                                                         \
	X(EVENTS_TOO_LONG,                                                                    \
	  "SELECT name, CHAR_LENGTH(external_event_id) FROM `tabMM Calendar Event Sync`"      \
	  " WHERE CHAR_LENGTH(external_event_id) > ? LIMIT 101",                              \
	  "i", "sI")                                                                          \
	X(SETTERS,                                                                            \
	  "SELECT name, value FROM `tabProperty Setter`"                                      \
	  " WHERE doc_type = ? AND field_name = ? AND property = ?",                          \
	  "sss", "sS")                                                                        \
	X(SETTER_WIDEN,                                                                       \
	  "UPDATE `tabProperty Setter` SET value = ?, property_type = 'Int', modified = ?,"   \
	  " modified_by = ? WHERE doc_type = ? AND field_name = ? AND property = 'length'"    \
	  " AND CAST(value AS UNSIGNED) < CAST(? AS UNSIGNED)",                               \
	  "stssss", "")                                                                       \
	X(SETTER_ADD,                                                                         \
	  "INSERT INTO `tabProperty Setter` (name, creation, modified, modified_by, owner,"   \
	  " docstatus, idx, doctype_or_field, doc_type, field_name, property, property_type," \
	  " value) VALUES (?, ?, ?, ?, ?, 0, 0, 'DocField', ?, ?, 'length', 'Int', ?)"        \
	  " ON DUPLICATE KEY UPDATE value ="                                                  \
	  " GREATEST(CAST(value AS UNSIGNED), CAST(VALUES(value) AS UNSIGNED))",              \
	  "sttsssss", "")                                                                     \
	X(SETTER_IS_OURS,                                                                     \
	  "UPDATE `tabProperty Setter` SET is_system_generated = 1 WHERE name = ?", "s", "")  \
	X(FIELD_OF_SITE,                                                                      \
	  "SELECT name, fieldtype, options FROM `tabCustom Field`"                            \
	  " WHERE dt = ? AND fieldname = ? LIMIT 1",                                          \
	  "ss", "sSS")                                                                        \
	X(FIELD_OF_SITE_ADD,                                                                  \
	  "INSERT INTO `tabCustom Field` (name, creation, modified, modified_by, owner,"      \
	  " docstatus, idx, dt, fieldname, label, insert_after, fieldtype, options,"          \
	  " description) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 'Select', ?, ?)"            \
	  " ON DUPLICATE KEY UPDATE name = VALUES(name)",                                     \
	  "sttssissssss", "")                                                                 \
	X(FIELD_OF_SITE_IS_OURS,                                                              \
	  "UPDATE `tabCustom Field` SET is_system_generated = 1 WHERE name = ?", "s", "")     \
	X(SINGLE, "SELECT value FROM tabSingles WHERE doctype = ? AND field = ?", "ss", "S")  \
	X(USER_ZONE, "SELECT {?tabUser.time_zone} FROM tabUser WHERE name = ?", "s", "S")     \
	X(USER_SETTINGS_ZONE,                                                                 \
	  "SELECT timezone FROM `tabMM User Settings` WHERE user = ?"                         \
	  " ORDER BY modified DESC LIMIT 1",                                                  \
	  "s", "S")                                                                           \
	X(SERIES_TAKE,                                                                        \
	  "INSERT INTO tabSeries (name, current) VALUES ('', LAST_INSERT_ID(?))"              \
	  " ON DUPLICATE KEY UPDATE current = LAST_INSERT_ID(current + ?)",                   \
	  "ii", "")                                                                           \
	X(LAST_INSERT_ID, "SELECT LAST_INSERT_ID()", "", "u")                                 \
	X(SERIES_HIGHEST,                                                                     \
	  "SELECT MAX(CAST(SUBSTRING_INDEX(name, '-', -1) AS UNSIGNED))"                      \
	  " FROM `tabMM Calendar Event Sync` WHERE name LIKE ? AND name REGEXP "              \
	  "'-[0-9]{4,10}$'",                                                                  \
	  "s", "U")                                                                           \
	X(SERIES_CURRENT,                                                                     \
	  "SELECT COALESCE((SELECT CAST(current AS SIGNED) FROM tabSeries WHERE name = ''), " \
	  "0)",                                                                               \
	  "", "i")                                                                            \
	X(SERIES_RAISE,                                                                       \
	  "UPDATE tabSeries SET current = ? WHERE name = '' AND current < ?"                  \
	  " AND current > ?",                                                                 \
	  "iii", "")

#define MMS_STMTS_DOCTOR(X)                                                                    \
	X(SERVER_CLOCK, "SELECT UTC_TIMESTAMP(6)", "", "t")                                    \
	X(SERVER_LIMITS,                                                                       \
	  "SELECT CAST(@@GLOBAL.max_connections AS SIGNED),"                                   \
	  " CAST(@@SESSION.max_user_connections AS SIGNED), CAST(@@GLOBAL.read_only AS "       \
	  "SIGNED)",                                                                           \
	  "", "III")                                                                           \
	X(LEASES_HELD,                                                                         \
	  "SELECT c.lease_owner, COUNT(*), COALESCE(MIN(c.name), ''), MIN(c.last_attempt_ms)," \
	  " TIMESTAMPDIFF(SECOND, MAX(c.lease_until), UTC_TIMESTAMP(6)),"                      \
	  " MAX(c.lease_connection IS NOT NULL AND"                                            \
	  " c.lease_server = CONCAT(@@hostname, ':', @@port, ':', @@server_id) AND NOT EXISTS" \
	  " (SELECT 1 FROM information_schema.PROCESSLIST p WHERE p.id = c.lease_connection))" \
	  " FROM mmsync_cursor c WHERE c.lease_owner IS NOT NULL"                              \
	  " GROUP BY c.lease_owner ORDER BY c.lease_owner LIMIT 50",                           \
	  "", "SisIII")                                                                        \
	X(ACTIVE_CALENDARS,                                                                    \
	  "SELECT integration_type, SUBSTRING_INDEX(TRIM(ical_url), '/', 3), COUNT(*),"        \
	  " COALESCE(MIN(name), '') FROM `tabMM Calendar Integration` WHERE is_active = 1"     \
	  " GROUP BY 1, 2 ORDER BY 3 DESC, 4 LIMIT 1000",                                      \
	  "", "SSis")                                                                          \
	X(APP_SYNC_JOBS,                                                                       \
	  "SELECT name, stopped FROM `tabScheduled Job Type`"                                  \
	  " WHERE method LIKE '%calendar\\_sync.sync\\_all\\_users\\_calendars' ORDER BY "     \
	  "name",                                                                              \
	  "", "si")                                                                            \
	X(AUTONAMES,                                                                           \
	  "SELECT name, doc_type, value FROM `tabProperty Setter` WHERE property = 'autoname'" \
	  " AND doc_type IN ('MM Calendar Integration', 'MM Calendar Event Sync',"             \
	  " 'MM Meeting Booking') ORDER BY name",                                              \
	  "", "sSS")                                                                           \
	X(OAUTH_INTEGRATIONS,                                                                  \
	  "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE is_active = 1"              \
	  " AND integration_type IN ('Google Calendar', 'Outlook Calendar')",                  \
	  "", "i")                                                                             \
	X(NAMES_AHEAD,                                                                         \
	  "SELECT COUNT(*), MAX(t.number), MAX(t.current) FROM (SELECT"                        \
	  " CAST(SUBSTRING_INDEX(e.name, '-', -1) AS SIGNED) AS number,"                       \
	  " COALESCE((SELECT current FROM tabSeries WHERE name = ''), 0) AS current"           \
	  " FROM `tabMM Calendar Event Sync` e"                                                \
	  " WHERE e.name REGEXP '^MM-CES-.*-[0-9]{4,10}$') AS t"                               \
	  " WHERE t.number > t.current AND t.number <= 2147483647",                            \
	  "", "iII")                                                                           \
	X(USER_EXISTS, "SELECT COUNT(*) FROM tabUser WHERE name = ?", "s", "i")

#define MMS_STMTS_FRAPPE(X) \
	MMS_STMTS_SCHEMA(X) \
	MMS_STMTS_SITE(X)   \
	MMS_STMTS_DOCTOR(X)

#endif
