/* What tests of cleanup share (see the header). */
#include "support/cleaned.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"

char *
cleaned_answer(struct race *race, const char *arguments, int status, const char *path)
{
	struct mms_test_run run = { 0 };

	race_start(race, &run, arguments, NULL);
	int got = race_finish(&run);
	if (got != status)
		fail_msg("%s: %d, not %d: %s%s", arguments, got, status, run.out, run.err);
	char *member = race_json(&run, path);
	mms_test_run_release(&run);
	return member;
}

void
cleaned_expect(struct race *race, const char *arguments, int status, const char *path,
	       const char *want)
{
	char *got = cleaned_answer(race, arguments, status, path);

	if (strcmp(got, want) != 0)
		fail_msg("%s: %s is %s, not %s", arguments, path, got, want);
	free(got);
}

void
cleaned_ask(struct race *race, int64_t want, const char *sql, const char *label)
{
	int64_t got = mms_test_ask_i64(&race->world->server, "%s", sql);

	if (got != want)
		fail_msg("%s: %lld, not %lld: %s", label, (long long)got, (long long)want, sql);
}

/* ---- every row ----------------------------------------------------------------------------- */

void
cleaned_look(struct race *race, struct cleaned *p)
{
	static const char *const tables[] = {
		"`tabMM Calendar Event Sync`",
		"`tabMM Calendar Integration`",
		"`tabMM Meeting Booking`",
		"tabVersion",
		"tabSeries",
		"mmsync_event_state",
		"mmsync_busy_block",
		"mmsync_outbox",
		"mmsync_dead_letter",
		"mmsync_block_due",
		"mmsync_same_meeting",
		"mmsync_run",
		"mmsync_budget",
		"mmsync_slot",
	};
	size_t len = 0;

	for (size_t i = 0; i < MMS_COUNT(tables); i++) {
		int64_t n = mms_test_ask_i64(&race->world->server, "SELECT COUNT(*) FROM %s",
					     tables[i]);
		char *columns = mms_test_ask_text(
			&race->world->server,
			"SELECT GROUP_CONCAT(CONCAT('IFNULL(HEX(CONVERT(`', "
			"REPLACE(column_name,"
			" '`', '``'), '` USING binary)), ''-'')') ORDER BY column_name) FROM"
			" information_schema.columns WHERE table_schema = DATABASE() AND"
			" table_name = REPLACE('%s', '`', '')",
			tables[i]);
		char *sum = mms_test_ask_text(
			&race->world->server,
			"SELECT MD5(GROUP_CONCAT(x ORDER BY x)) FROM (SELECT CONCAT_WS('|', %s)"
			" AS x FROM %s) t",
			columns, tables[i]);
		free(columns);
		len += (size_t)snprintf(p->text + len, sizeof p->text - len, "%s %lld %s\n",
					tables[i], (long long)n, sum != NULL ? sum : "-");
		free(sum);
	}
	char *cursors = mms_test_ask_text(
		&race->world->server,
		"SELECT MD5(GROUP_CONCAT(CONCAT_WS('|', id, name, provider, sync_token,"
		" window_start_ms, last_full_ms, HEX(blocks_print), runs_good,"
		" lease_owner) ORDER BY id)) FROM mmsync_cursor");
	(void)snprintf(p->text + len, sizeof p->text - len, "cursors %s\n",
		       cursors != NULL ? cursors : "-");
	free(cursors);
}

void
cleaned_is_as(struct race *race, const struct cleaned *before, const char *when)
{
	struct cleaned now;

	cleaned_look(race, &now);
	if (strcmp(now.text, before->text) != 0)
		fail_msg("%s: the tables are not as they were:\n%s\nbut:\n%s", when,
			 before->text, now.text);
}
