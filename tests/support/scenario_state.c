/* What a story has left in the database: digests, texts to compare, invariants. */
#include "support/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/digest.h"

/* Every column of every row of a table, in whatever order; `but` are columns that do not count. */
static void
add_table(struct scenario *s, const char *table, const char *but, struct mms_str *out)
{
	char *columns = mms_test_ask_text(
		&s->world->server,
		"SELECT GROUP_CONCAT(CONCAT('CAST(QUOTE(`', column_name, '`) AS BINARY)') "
		"ORDER BY"
		" ordinal_position) FROM information_schema.columns WHERE table_schema ="
		" DATABASE() AND table_name = '%s' AND NOT FIND_IN_SET(column_name, '%s')",
		table, but);
	char *sum =
		mms_test_ask_text(&s->world->server,
				  "SELECT CONCAT_WS(',', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|',"
				  " %s)))) FROM `%s`",
				  columns, table);

	mms_str_addf(out, "%s ", sum != NULL ? sum : "-");
	free(columns);
	free(sum);
}

/* Everything that rule 4 of the design names; the integration without its status fields. */
bool
scenario_digest(struct scenario *s, char *out, size_t size)
{
	static const struct {
		const char *table, *but;
	} tables[] = {
		{ "tabMM Calendar Event Sync", "" },
		{ "tabMM Meeting Booking", "" },
		{ "tabMM Meeting Booking Assigned User", "" },
		{ "tabMM Meeting Booking Participant", "" },
		{ "tabMM Meeting Booking History", "" },
		{ "tabMM Calendar Integration", "last_sync,sync_status,sync_error_log" },
		{ "__Auth", "" },
		{ "tabVersion", "" },
		{ "tabSeries", "" },
		{ "mmsync_event_state", "" },
		{ "mmsync_outbox", "" },
		{ "mmsync_dead_letter", "" },
		{ "mmsync_busy_block", "" },
		{ "mmsync_block_due", "" },
		{ "mmsync_same_meeting", "" },
	};
	MMS_AUTO(mms_str) all = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];

	for (size_t i = 0; i < MMS_COUNT(tables); i++)
		add_table(s, tables[i].table, tables[i].but, &all);
	if (mms_sha256(mms_str_get(&all), all.len, hash, &err) != MMS_OK)
		return scenario_fail(s, "no digest");
	(void)snprintf(out, size, "%s", mms_hex_print(hash, sizeof hash, hex));
	return true;
}

/* How long the first expression of a list is: commas within brackets are its own. */
static size_t
column_len(const char *list)
{
	size_t len = 0;

	for (int depth = 0; list[len] != '\0' && (list[len] != ',' || depth > 0); len++)
		depth += (list[len] == '(') - (list[len] == ')');
	return len;
}

/* Lines of one kind, in order: the columns, with commas between them, quoted and as bytes. */
static void
add_lines(struct scenario *s, const char *what, const char *from, const char *columns,
	  struct mms_str *out)
{
	MMS_AUTO(mms_str) values = { 0 };

	for (const char *p = columns; *p != '\0'; p += column_len(p), p += *p == ',')
		mms_str_addf(&values, ", CAST(QUOTE(%.*s) AS BINARY)", (int)column_len(p), p);
	char *lines =
		mms_test_ask_text(&s->world->server,
				  "SELECT GROUP_CONCAT(line ORDER BY line SEPARATOR '\n') FROM"
				  " (SELECT CONCAT_WS('|', '%s'%s) line FROM %s) t",
				  what, mms_str_get(&values), from);
	if (lines != NULL)
		mms_str_addf(out, "%s\n", lines);
	free(lines);
}

/* A cursor that has lost its integration is named after its number, which is random. */
#define CURSOR_NAME(column) "CASE WHEN " column " LIKE '<%>' THEN '<gone>' ELSE " column " END"

/*
 * Ids of events that we made are random, and what is made of them: Google's follow from a UUID, Outlook's are the
 * service's own, and until they are told there is only the UUID.
 */
#define OWN_ID(letter)                                                              \
	"IF(EXISTS (SELECT 1 FROM mmsync_event_state o WHERE o.type IN (2, 3) AND " \
	"o.external_id "                                                            \
	"= " letter ".external_id), '<ours>', REGEXP_REPLACE(" letter               \
	".external_id, '[0-9a-f]{32}|mmsync:[0-9a-f-]{36}', '<ours>'))"
/*
 * Who removed a block whose event is gone, too, depends on which of the two calendars was read first; it says whether the block
 * comes back with its event, and both are right where event and block were deleted before the same run.
 */
#define BLOCK_REMOVER                                                                         \
	"IF(s.type = 3 AND s.status = 5 AND EXISTS (SELECT 1 FROM mmsync_busy_block k JOIN "  \
	"mmsync_event_state f ON f.uuid = k.source_uuid WHERE k.uuid = s.uuid AND f.status =" \
	" 5), '<gone>', s.removed_by)"
/* Tokens and versions of these count on with every request. */
#define OF_SERVICE(column) column " IN ('google', 'outlook')"

static void
add_history(struct scenario *s, struct mms_str *out)
{
	add_lines(
		s, "tries", "mmsync_cursor",
		CURSOR_NAME("name") ",failures,last_seen_ms,runs_good,runs_bad,events_created,"
				    "events_updated,events_deleted,events_failed",
		out);
	add_lines(s, "letter", "mmsync_dead_letter l",
		  OWN_ID("l") ",operation,error_code,error_text,attempts,first_at_ms,"
			      "last_at_ms,given_up",
		  out);
	add_lines(s, "run", "mmsync_run",
		  "name,mode,status,seen,created,updated,unchanged,deleted,declined,ours,"
		  "`foreign`,failed,pages,error_code,started_ms,finished_ms",
		  out);
}

/* Bookings, their people, and what was written into their history. */
static void
add_bookings(struct scenario *s, struct mms_str *out)
{
	add_lines(
		s, "booking", "`tabMM Meeting Booking` b",
		"name,booking_status,meeting_title,meeting_location,video_meeting_url,"
		"start_datetime,end_datetime,duration,calendar_event_synced,cancelled_at,"
		"cancellation_reason,external_calendar_link IS NULL,(SELECT "
		"CONCAT_WS('/',e.calendar_integration,e.meeting_booking) FROM `tabMM Calendar "
		"Event Sync` e WHERE e.name = b.calendar_event),CAST(modified AS DATETIME),"
		"modified_by,owner",
		out);
	add_lines(s, "user", "`tabMM Meeting Booking Assigned User`",
		  "parent,idx,user,is_primary_host", out);
	add_lines(s, "guest", "`tabMM Meeting Booking Participant`",
		  "parent,idx,email,name1,response_status", out);
	add_lines(s, "history", "`tabMM Meeting Booking History`",
		  "parent,parentfield,event_type,event_by,event_description,"
		  "CAST(event_datetime AS DATETIME)",
		  out);
}

/*
 * An event of ours has an iCalUID that its service makes of an id that is random, and a feed of the calendar shows that: the shapes of
 * Google and of Outlook.
 */
#define NOT_RANDOM(column)                                                                    \
	"REGEXP_REPLACE(" column ", '[0-9a-f]{32}@google[.]com|040000008200E00074C5B7101A82E" \
	"008[0-9A-F]{80}', '<uid>')"
/* Whose id says which event it is, of a booking its name. */
#define WHICH(letter)                                                                  \
	"IF(" letter                                                                   \
	".type = 1,CAST(" NOT_RANDOM(letter ".external_id") " AS BINARY),CAST(" letter \
							    ".booking AS BINARY))"

/* Blocks, what their planning waits for, and what it has found to be the same meeting. */
static void
add_blocks(struct scenario *s, struct mms_str *out)
{
	add_lines(
		s, "block",
		"mmsync_busy_block b JOIN mmsync_cursor c ON c.id = b.integration_id LEFT "
		"JOIN mmsync_cursor f ON f.id = b.source_id LEFT JOIN mmsync_event_state s"
		" ON s.uuid = b.source_uuid LEFT JOIN mmsync_event_state o ON o.uuid = b.uuid",
		CURSOR_NAME("c.name") "," CURSOR_NAME("f.name") "," WHICH(
			"s") ",o.status,IF(o.status = 5 AND s.status = 5, '<gone>', "
			     "o.removed_by),b.start_ms,b.end_ms,b.title,"
			     "b.sent_print = b.print,b.outside_print IS NULL,b.put_backs,"
			     "b.quarantined,b.calendar_id,b.provider",
		out);
	add_lines(s, "due", "mmsync_block_due d", "HEX(d.ext_key)", out);
	add_lines(s, "same",
		  "mmsync_same_meeting m JOIN mmsync_event_state a ON a.uuid = m.uuid JOIN"
		  " mmsync_event_state b ON b.uuid = m.twin",
		  WHICH("a") "," WHICH("b"), out);
	add_lines(s, "planned", "mmsync_cursor", CURSOR_NAME("name") ",blocks_print IS NULL",
		  out);
}

static void
add_versions(struct scenario *s, struct mms_str *out)
{
	add_lines(s, "version", "tabVersion WHERE ref_doctype <> 'MM Meeting Booking'",
		  "docname,data", out);
	/* Which of a booking's calendars is done first is chance, and so is what each one adds. */
	add_lines(s, "saved",
		  "(SELECT DISTINCT docname FROM tabVersion WHERE ref_doctype = 'MM Meeting "
		  "Booking') v",
		  "docname", out);
}

static void
add_events(struct scenario *s, struct mms_str *out)
{
	add_lines(
		s, "row", "`tabMM Calendar Event Sync`",
		"calendar_integration,IF(meeting_booking IS NULL," NOT_RANDOM(
			"external_event_id") ",'<ours>'),"
					     "event_title,event_type,sync_status,"
					     "start_datetime,end_datetime,description,location,"
					     "attendees_json,"
					     "organizer_email,is_blocking_availability,last_"
					     "synced,external_last_modified,"
					     "sync_direction,sync_error_log,meeting_booking,"
					     "creation,"
					     "IF(meeting_booking IS "
					     "NULL,modified,CAST(modified AS DATETIME)),owner,"
					     "modified_by,docstatus",
		out);
	add_lines(
		s, "state",
		"mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id LEFT "
		"JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name",
		CURSOR_NAME("c.name") ",IF(s.type = 1," NOT_RANDOM(
			"s.external_id") ",'<ours>'),s.series_id,"
					 "IF(s.type = 1," NOT_RANDOM(
						 "s.ical_uid") ",'<ours>'),s.booking,"
							       "IF(s.type = 1," NOT_RANDOM(
								       "e.external_event_id") ",s.row_name IS NULL),"
											      "s.type,s.created_by_us,s.status," BLOCK_REMOVER
											      ","
											      "IF(" OF_SERVICE(
												      "c.provider") ",s.external_version IS NULL,"
														    "s.external_version),HEX(s.content_"
														    "hash),"
														    "CAST(s.booking_modified AS DATETIME),"
														    "s.created_at_ms,s.changed_at_ms",
		out);
}

void
scenario_state(struct scenario *s, bool with_history, struct mms_str *out)
{
	mms_str_clear(out);
	add_events(s, out);
	/* The bound of lengths is measured when something was listed: one more run, a tighter one. */
	add_lines(
		s, "cursor", "mmsync_cursor",
		CURSOR_NAME("name") ",provider,role,IF(" OF_SERVICE(
			"provider") ",sync_token IS NULL,"
				    "sync_token),window_start_ms,window_end_ms,next_entry_ms,"
				    "last_full_ms,last_success_ms,wait_until_ms,"
				    "IF(" OF_SERVICE(
					    "provider") ",NULL,longest_event_ms),"
							"reauth_token_sha256 IS NULL,"
							"lease_owner IS NOT NULL AND EXISTS "
							"(SELECT 1 FROM "
							"information_schema.PROCESSLIST p "
							"WHERE p.id = "
							"lease_connection)", /* that of a dead worker is free */
		out);
	add_lines(s, "integration", "`tabMM Calendar Integration`",
		  "name,sync_status,last_sync,sync_error_log,modified,token_expiry", out);
	add_lines(s, "letter", "mmsync_dead_letter l",
		  OWN_ID("l") ",operation,error_code,error_text", out);
	add_lines(s, "outbox", "mmsync_outbox",
		  "operation,IF(type = 1,external_id,'<ours>'),booking", out);
	add_versions(s, out);
	add_bookings(s, out);
	add_blocks(s, out);
	scenario_outside_state(s, out);
	if (with_history)
		add_history(s, out);
}

/* The queries of the file, each as a count of its rows; comments are lines. */
static void
add_counts(const char *text, struct mms_str *sql)
{
	MMS_AUTO(mms_str) query = { 0 };
	int n = 0;

	for (const char *p = text, *end; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		if (p[0] == '-' || p == end)
			continue;
		bool is_last = end[-1] == ';';
		mms_str_addn(&query, p, (size_t)(end - p) - is_last);
		mms_str_add(&query, " ");
		if (!is_last)
			continue;
		mms_str_addf(sql, "%s(SELECT COUNT(*) FROM (%s) t%d)", n > 0 ? ", " : "",
			     mms_str_get(&query), n);
		n++;
		mms_str_clear(&query);
	}
}

void
scenario_invariants(struct scenario *s, struct mms_str *out)
{
	char path[600], chunk[4096];
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };
	size_t n;

	(void)snprintf(path, sizeof path, "%s/schema/invariants.sql", mms_test_root());
	FILE *file = fopen(path, "re");
	while (file != NULL && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
		mms_str_addn(&text, chunk, n);
	if (file != NULL)
		(void)fclose(file);
	mms_str_add(&sql, "SELECT CONCAT_WS(',', ");
	add_counts(mms_str_get(&text), &sql);
	mms_str_add(&sql, ")");
	char *counts = mms_test_ask_text(&s->world->server, "%s", mms_str_get(&sql));
	mms_str_clear(out);
	mms_str_addf(out, "%s", counts != NULL ? counts : "");
	if (counts != NULL && !s->has_strays)
		scenario_outside_invariants(s, out);
	free(counts);
}
