/* What a story has left in the database: digests, texts to compare, invariants. */
#include "support/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/digest.h"

/* Everything that rule 4 of the design names; the integration without its status fields. */
bool
scenario_digest(struct scenario *s, char *out, size_t size)
{
	static const char *const tables[] = { "tabMM Calendar Event Sync",
					      "tabMM Meeting Booking",
					      "tabMM Meeting Booking Assigned User",
					      "tabMM Meeting Booking History",
					      "tabVersion",
					      "tabSeries",
					      "mmsync_event_state",
					      "mmsync_outbox",
					      "mmsync_dead_letter" };
	MMS_AUTO(mms_str) all = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];

	for (size_t i = 0; i < MMS_COUNT(tables); i++) {
		char *sum = mms_test_ask_text(&s->world->server, "SELECT COUNT(*) FROM `%s`",
					      tables[i]);
		mms_str_addf(&all, "%s ", sum != NULL ? sum : "-");
		free(sum);
	}
	char *sums = mms_test_ask_text(
		&s->world->server,
		"SELECT CONCAT_WS(',', (SELECT BIT_XOR(CRC32(CONCAT_WS('|', name, modified, "
		"last_synced,"
		" sync_status, event_title, start_datetime, end_datetime, "
		"COALESCE(description, ''),"
		" COALESCE(sync_error_log, '')))) FROM `tabMM Calendar Event Sync`),"
		" (SELECT BIT_XOR(CRC32(CONCAT_WS('|', HEX(ext_key), HEX(uuid), row_name, "
		"status,"
		" changed_at_ms))) FROM mmsync_event_state),"
		" (SELECT BIT_XOR(CRC32(CONCAT_WS('|', HEX(ext_key), attempts, last_at_ms)))"
		" FROM mmsync_dead_letter),"
		" (SELECT GROUP_CONCAT(CONCAT(name, modified)) FROM `tabMM Calendar "
		"Integration`),"
		" (SELECT GROUP_CONCAT(current) FROM tabSeries))");
	mms_str_add(&all, sums != NULL ? sums : "");
	free(sums);
	if (mms_sha256(mms_str_get(&all), all.len, hash, &err) != MMS_OK)
		return scenario_fail(s, "no digest");
	(void)snprintf(out, size, "%s", mms_hex_print(hash, sizeof hash, hex));
	return true;
}

/* Lines of one kind, in order: the columns, with commas between them, quoted and as bytes. */
static void
add_lines(struct scenario *s, const char *what, const char *from, const char *columns,
	  struct mms_str *out)
{
	MMS_AUTO(mms_str) values = { 0 };

	for (const char *p = columns; *p != '\0'; p += strcspn(p, ","), p += *p == ',')
		mms_str_addf(&values, ", CAST(QUOTE(%.*s) AS BINARY)", (int)strcspn(p, ","), p);
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

static void
add_history(struct scenario *s, struct mms_str *out)
{
	add_lines(
		s, "tries", "mmsync_cursor",
		CURSOR_NAME("name") ",failures,last_seen_ms,runs_good,runs_bad,events_created,"
				    "events_updated,events_deleted,events_failed",
		out);
	add_lines(s, "letter", "mmsync_dead_letter",
		  "external_id,operation,error_code,error_text,attempts,first_at_ms,last_at_ms,"
		  "given_up",
		  out);
	add_lines(s, "run", "mmsync_run",
		  "name,mode,status,seen,created,updated,unchanged,deleted,declined,ours,"
		  "`foreign`,failed,pages,error_code,started_ms,finished_ms",
		  out);
}

void
scenario_state(struct scenario *s, bool with_history, struct mms_str *out)
{
	mms_str_clear(out);
	add_lines(s, "row", "`tabMM Calendar Event Sync`",
		  "calendar_integration,external_event_id,event_title,event_type,sync_status,"
		  "start_datetime,end_datetime,description,location,attendees_json,"
		  "organizer_email,is_blocking_availability,last_synced,external_last_modified,"
		  "sync_direction,sync_error_log,meeting_booking,creation,modified,owner,"
		  "modified_by,docstatus",
		  out);
	add_lines(s, "state",
		  "mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id LEFT "
		  "JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name",
		  CURSOR_NAME("c.name") ",s.external_id,s.series_id,s.ical_uid,e.external_"
					"event_id,s.type,"
					"s.created_by_us,s.status,s.external_version,HEX(s."
					"content_hash),"
					"s.created_at_ms,s.changed_at_ms",
		  out);
	add_lines(s, "cursor", "mmsync_cursor",
		  CURSOR_NAME("name") ",provider,sync_token,window_start_ms,window_end_ms,next_"
				      "entry_ms,"
				      "last_full_ms,last_success_ms,wait_until_ms,"
				      "longest_event_ms,"
				      "lease_owner",
		  out);
	add_lines(s, "integration", "`tabMM Calendar Integration`",
		  "name,sync_status,last_sync,sync_error_log,modified", out);
	add_lines(s, "letter", "mmsync_dead_letter",
		  "external_id,operation,error_code,error_text", out);
	add_lines(s, "outbox", "mmsync_outbox", "operation,external_id", out);
	add_lines(s, "version", "tabVersion", "docname,data", out);
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
	free(counts);
}
