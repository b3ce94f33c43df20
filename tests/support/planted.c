/* Busy blocks put into the tables of a story (see the header). */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/planted.h"

/* Lunch is what the blocks come from: that it is in the same calendar is no matter here. */
#define ANNS                                                              \
	"person ann@example.com\n"                                        \
	"integration anns type=service user=ann@example.com primary=1\n"  \
	"at ann@example.com event lunch01 \"Lunch\" 2026-03-03T12:00:00Z" \
	" 2026-03-03T13:00:00Z\n"                                         \
	"sync\n"

bool
planted_is_outlook(const struct race *race)
{
	return strcmp(race->scenario.service, "outlook") == 0;
}

void
planted_add(struct race *race, unsigned n, const char *operation)
{
	char id[64], uuid[40];

	(void)snprintf(uuid, sizeof uuid, PLANTED_UUID, n);
	if (planted_is_outlook(race)) {
		(void)snprintf(id, sizeof id, "mmsync:%s", uuid);
	} else {
		size_t k = 0;
		for (const char *p = uuid; *p != '\0'; p++) {
			if (*p != '-')
				id[k++] = *p;
		}
		id[k] = '\0';
	}
	race_tell(race,
		  "sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, "
		  "uuid,"
		  " type, created_by_us, source_uuid, status, removed_by, attempts, "
		  "created_at_ms,"
		  " changed_at_ms) SELECT c.id, LEFT(UNHEX(SHA2('%s', 256)), 16), '%s',"
		  " UNHEX(REPLACE('%s', '-', '')), 3, 1, s.uuid, 1, 0, 0, %lld, 0"
		  " FROM mmsync_cursor c JOIN mmsync_event_state s ON s.integration_id = c.id"
		  " AND s.type = 1 WHERE c.name = 'anns'",
		  id, id, uuid, (long long)race->scenario.now_ms);
	race_tell(race,
		  "sql INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, "
		  "source_id,"
		  " start_ms, end_ms, title, print, planned_run, planned_ms) SELECT uuid,"
		  " integration_id, source_uuid, integration_id, 1772582400000 + %u * 60000,"
		  " 1772584200000 + %u * 60000, 'Busy', REPEAT(CHAR(%u), 16), uuid, 0"
		  " FROM mmsync_event_state WHERE uuid = UNHEX(REPLACE('%s', '-', ''))",
		  n, n, 65 + n % 60, uuid);
	race_tell(
		race,
		"sql INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, "
		"type,"
		" source_uuid, created_at_ms, changed_at_ms) SELECT integration_id, '%s', uuid,"
		" external_id, 3, source_uuid, 0, 0 FROM mmsync_event_state"
		" WHERE uuid = UNHEX(REPLACE('%s', '-', ''))",
		operation, uuid);
}

void
planted_ask(struct race *race, unsigned n, const char *operation)
{
	char uuid[40];

	(void)snprintf(uuid, sizeof uuid, PLANTED_UUID, n);
	race_tell(
		race,
		"sql INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, "
		"type,"
		" source_uuid, created_at_ms, changed_at_ms) SELECT integration_id, '%s', uuid,"
		" external_id, 3, source_uuid, 0, 0 FROM mmsync_event_state"
		" WHERE uuid = UNHEX(REPLACE('%s', '-', '')) ON DUPLICATE KEY UPDATE"
		" version = version + 1, operation = VALUES(operation)",
		operation, uuid);
	if (strcmp(operation, "delete") == 0)
		race_tell(race, "sql UPDATE mmsync_event_state SET removed_by = 1" PLANTED(n));
	if (strcmp(operation, "update") == 0)
		race_tell(race,
			  "sql UPDATE mmsync_busy_block SET title = 'Busy, moved', print ="
			  " REPEAT('z', 16), start_ms = start_ms + 3600000,"
			  " end_ms = end_ms + 3600000" PLANTED(n));
}

void
planted_begin(struct race *race, const char *service, unsigned n_blocks)
{
	race_begin_story(race, service, ANNS);
	for (unsigned n = 1; n <= n_blocks; n++)
		planted_add(race, n, "create");
}

void
planted_begin_made(struct race *race, const char *service, unsigned n_blocks)
{
	planted_begin(race, service, n_blocks);
	race_tell(race, "push --pending");
	race_tell(race, "ours ann@example.com %u", n_blocks);
}

char *
planted_id(const struct race *race, unsigned n)
{
	char *id = mms_test_ask_text(&race->world->server,
				     "SELECT external_id FROM mmsync_event_state" PLANTED(n));

	assert_non_null(id);
	return id;
}

void
planted_outside(struct race *race, unsigned n, const char *what)
{
	char *id = planted_id(race, n);

	race_tell(race, "outside ann@example.com %s %s", id, what);
	free(id);
}

void
planted_state(const struct race *race, const char *when, unsigned n, const char *want)
{
	char *is = mms_test_ask_text(
		&race->world->server,
		"SELECT CONCAT(s.status, ' ', s.removed_by, IF(b.sent_print <=> b.print, ' "
		"sent',"
		" IF(b.sent_print IS NULL, ' never', ' otherwise')),"
		" IF(s.external_version IS NULL, ' -', ' v'))"
		" FROM mmsync_event_state s JOIN mmsync_busy_block b USING (uuid)" PLANTED(n));

	if (strcmp(is, want) != 0)
		fail_msg("%s, %s: block %u is '%s', not '%s'", race->scenario.service, when, n,
			 is, want);
	free(is);
}

void
planted_dues(struct race *race, int n)
{
	race_tell(race, "ask %d SELECT COUNT(*) FROM mmsync_block_due", n);
}

void
planted_is_done(struct race *race)
{
	race_tell(race, "ask 0 SELECT COUNT(*) FROM mmsync_outbox");
	race_tell(race, "ask 0 SELECT COUNT(*) FROM mmsync_dead_letter");
}

void
planted_forget(struct race *race, unsigned n)
{
	char provisional[60];

	(void)snprintf(provisional, sizeof provisional, "mmsync:" PLANTED_UUID, n);
	if (planted_is_outlook(race)) {
		race_tell(race,
			  "sql UPDATE mmsync_event_state SET external_id = '%s', ext_key ="
			  " LEFT(UNHEX(SHA2('%s', 256)), 16)" PLANTED_WHERE,
			  provisional, provisional, n);
		/* Its transaction id is of another content then: it says 409. */
		race_tell(race, "set transaction duplicate");
	}
	race_tell(
		race,
		"sql UPDATE mmsync_event_state SET status = 1, external_version = NULL" PLANTED(
			n));
	race_tell(race,
		  "sql UPDATE mmsync_busy_block SET sent_print = NULL, outside_print = NULL,"
		  " calendar_id = NULL, provider = NULL" PLANTED(n));
	planted_ask(race, n, "create");
}

void
planted_delete(struct race *race, unsigned n)
{
	char *id = planted_id(race, n);

	race_tell(race, "at ann@example.com delete %s", id);
	free(id);
}

void
planted_for_both(void (*play)(const char *service))
{
	play("google");
	play("outlook");
}
