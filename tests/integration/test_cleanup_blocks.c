/*
 * Which busy blocks cleanup forgets, and with which events: never so that another block would get an id that a service has
 * seen deleted, and never what a person did while its event is there.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleaned.h"

static struct world world;
static struct race race = { .world = &world };

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	race_end(&race);
	world_stop(&world);
	return 0;
}

/* A site with two feeds that were read. */
static void
begin(void)
{
	race_begin(&race, 2, 2);
	race_configure(&race, "");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
}

/* A block in cal2, of an event in cal1. The present is 2 March 2026. */
static const struct block {
	const char *label;
	int status, removed_by;
	const char *end, *changed;
	int source;       /* status of the state of its event; 0: none is left      */
	const char *more; /* SQL, @u the block, @s and @o its event and another; NULL */
	bool goes, takes_source;
} blocks[] = {
	{ "dead, and its event is gone", 5, 1, "2025-02-01", "2025-02-01", 0, NULL, true,
	  false },
	{ "dead for a short time", 5, 1, "2025-02-01", "2025-03-03", 0, NULL, false, false },
	{ "dead, of a time to come", 5, 1, "2026-04-01", "2025-02-01", 0, NULL, false, false },
	{ "dead, and its event is there", 5, 1, "2025-02-01", "2025-02-01", 3, NULL, false,
	  false },
	{ "deleted by a person, and its event is there", 5, 2, "2025-02-01", "2025-02-01", 3,
	  NULL, false, false },
	{ "dead, and the event that it was made for is there", 5, 1, "2025-02-01", "2025-02-01",
	  3, "UPDATE mmsync_busy_block SET source_uuid = @o WHERE uuid = @u", false, false },
	{ "dead, and the event that it came to is there", 5, 1, "2025-02-01", "2025-02-01", 3,
	  "UPDATE mmsync_event_state SET source_uuid = @o WHERE uuid = @u", false, false },
	{ "dead, and in the outbox", 5, 1, "2025-02-01", "2025-02-01", 0,
	  "INSERT INTO mmsync_outbox (integration_id, operation, uuid, type, created_at_ms,"
	  " changed_at_ms) SELECT integration_id, 'update', uuid, 3, 0, 0 FROM"
	  " mmsync_event_state WHERE uuid = @u",
	  false, false },
	{ "past, and its event is gone", 2, 0, "2025-02-01", "2025-02-01", 0, NULL, true,
	  false },
	{ "past, and on its way out", 3, 1, "2025-02-01", "2025-02-01", 0, NULL, false, false },
	{ "past, and in quarantine", 3, 0, "2025-02-01", "2025-02-01", 0,
	  "UPDATE mmsync_busy_block SET quarantined = 1 WHERE uuid = @u", false, false },
	{ "to come, and its event is gone", 3, 0, "2026-04-01", "2025-02-01", 0, NULL, false,
	  false },
	{ "past, and its event, too", 3, 0, "2025-02-01", "2025-02-01", 3,
	  "UPDATE `tabMM Calendar Event Sync` SET end_datetime = '2025-02-01', start_datetime ="
	  " '2025-01-31' WHERE name = 'SOURCE'",
	  true, true },
	{ "past, like its event, but it failed", 4, 0, "2025-02-01", "2025-02-01", 3,
	  "UPDATE `tabMM Calendar Event Sync` SET end_datetime = '2025-02-01', start_datetime ="
	  " '2025-01-31' WHERE name = 'SOURCE'",
	  false, false },
	{ "dead not long ago, of a past event", 5, 2, "2025-02-01", "2025-03-03", 3,
	  "UPDATE `tabMM Calendar Event Sync` SET end_datetime = '2025-02-01', start_datetime ="
	  " '2025-01-31' WHERE name = 'SOURCE'",
	  false, true },
};

static void
plant_block(const struct block *b)
{
	mms_test_sql(
		&world.server,
		"SET @a = (SELECT id FROM mmsync_cursor WHERE name = 'cal1'), @b = (SELECT id "
		"FROM"
		" mmsync_cursor WHERE name = 'cal2'), @u = REPEAT('u', 16), @s = REPEAT('s', "
		"16),"
		" @o = REPEAT('o', 16);"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid, "
		"type,"
		" created_by_us, source_uuid, status, removed_by, created_at_ms, changed_at_ms)"
		" VALUES (@b, LEFT(UNHEX(SHA2('block', 256)), 16), 'block', @u, 3, 1, @s, %d, "
		"%d, 0,"
		" UNIX_TIMESTAMP('%s') * 1000);"
		"INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id,"
		" start_ms, end_ms, title, print, sent_print, planned_run, planned_ms) VALUES "
		"(@u, @b,"
		" @s, @a, UNIX_TIMESTAMP('%s') * 1000 - 1000, UNIX_TIMESTAMP('%s') * 1000, "
		"'Busy',"
		" @u, @u, @u, 0)",
		b->status, b->removed_by, b->changed, b->end, b->end);
	if (b->source != 0)
		mms_test_sql(
			&world.server,
			"SET @a = (SELECT id FROM mmsync_cursor WHERE name = 'cal1');"
			"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, "
			"uuid,"
			" row_name, type, status, created_at_ms, changed_at_ms) VALUES (@a,"
			" LEFT(UNHEX(SHA2('source', 256)), 16), 'source', REPEAT('s', 16), "
			"'SOURCE',"
			" 1, %d, 0, 0);"
			"INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified,"
			" calendar_integration, external_event_id, event_title, sync_status,"
			" start_datetime, end_datetime) VALUES ('SOURCE', '2025-01-01',"
			" '2025-01-01', 'cal1', 'source', 'S', 'Synced', '2026-04-01 10:00',"
			" '2026-04-01 11:00')",
			b->source);
	if (b->more != NULL)
		mms_test_sql(&world.server,
			     "SET @u = REPEAT('u', 16), @s = REPEAT('s', 16), @o = REPEAT('o',"
			     " 16); %s",
			     b->more);
}

/* No UUID that a service knows is free again while an event is there that would come to it. */
static void
blocks_go_when_no_event_can_come_to_their_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(blocks); i++) {
		const struct block *b = &blocks[i];
		struct cleaned before;
		char undo[80];

		begin();
		plant_block(b);
		cleaned_look(&race, &before);
		char *run = cleaned_answer(&race, "cleanup --confirm", 0, "run");
		cleaned_ask(&race, !b->goes,
			    "SELECT COUNT(*) FROM mmsync_event_state WHERE type = 3", b->label);
		cleaned_ask(&race, !b->goes, "SELECT COUNT(*) FROM mmsync_busy_block",
			    b->label);
		cleaned_ask(&race, b->source != 0 && !b->takes_source,
			    "SELECT COUNT(*) FROM mmsync_event_state WHERE row_name = 'SOURCE'",
			    b->label);
		cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
		(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
		if (strcmp(run, "null") != 0)
			free(cleaned_answer(&race, undo, 0, "put_back"));
		cleaned_is_as(&race, &before, b->label);
		free(run);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_go_when_no_event_can_come_to_their_ids),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
