/*
 * Events that no busy blocks are made from, as listings show them: of other installations, of older programs; and those
 * of bookings, which have blocks. For both services.
 */
#include "support/unit.h"

#include "support/block_site.h"

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
	world_stop(&world);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

static const char *const services[] = { "google", "outlook" };

/* ---- what no blocks are made from ---------------------------------------------------------------- */

#define TWO                                                                          \
	"config \"busy_blocks\": {\"enabled\": true}\n"                              \
	"person ann@example.com\n"                                                   \
	"integration work type=service user=ann@example.com primary=1 direction=two" \
	" expires=86400\n"                                                           \
	"integration home type=service user=ann@example.com calendar=home"           \
	" direction=two expires=86400\n"

#define THEIRS                                                    \
	"id=11111111-2222-4333-8444-555555555555 kind=busy_block" \
	" site=99999999-2222-4333-8444-555555555555"
#define IS_SOURCE(want)             \
	block_site_ask(&race, want, \
		       "SELECT flags & 1 = 0 FROM mmsync_event_state WHERE type = 1")

static void
marks_and_texts_that_come_and_go_are_followed(void **state)
{
	race_begin_story(&race, *state, TWO);
	race_tell(&race, "at " WORK " event AAone01 \"Lunch\" 2026-03-04T12:00:00Z"
			 " 2026-03-04T13:00:00Z");
	race_tell(&race, "sync");
	IS_SOURCE(1);
	block_site_ask(&race, 1, BLOCKS " AND s.status <> 5");
	/* An older program takes it over as its block. */
	race_tell(&race, "at " WORK " change AAone01 title=\"Busy - team\"");
	block_site_sync(&race);
	IS_SOURCE(0);
	block_site_ask(&race, 0, BLOCKS " AND s.status <> 5");
	race_tell(&race, "at " WORK " change AAone01 title=Lunch");
	block_site_sync(&race);
	/* Where marks are not shown it may have one. */
	IS_SOURCE(!block_site_is_outlook(&race));
	block_site_ask(&race, !block_site_is_outlook(&race), BLOCKS " AND s.status <> 5");
	if (block_site_is_outlook(&race))
		return;
	race_tell(&race, "at " WORK " mark AAone01 " THEIRS);
	block_site_sync(&race);
	IS_SOURCE(0);
	block_site_ask(&race, 0, BLOCKS " AND s.status <> 5");
}

static void
another_installations_is_a_row_and_no_source(void **state)
{
	race_begin_story(&race, *state, TWO);
	race_tell(&race, "sync"); /* a first listing asks only for what may be marked */
	race_tell(&race, "at " WORK " event AAone01 \"Theirs\" 2026-03-04T12:00:00Z"
			 " 2026-03-04T13:00:00Z");
	race_tell(&race, "at " WORK " mark AAone01 " THEIRS);
	race_tell(&race, "sync");
	IS_SOURCE(0);
	block_site_ask(&race, 0, BLOCKS);
	race_tell(&race, "row \"Theirs\" is_blocking_availability=1");
	block_site_sync(&race);
	race_tell(&race, "sync --force-full");
	block_site_no_write(&race);
	/* Listed again without its mark, as Outlook does it. */
	race_tell(&race, "at " WORK " change AAone01 start=2026-03-04T14:00:00Z"
			 " end=2026-03-04T15:00:00Z");
	block_site_sync(&race);
	IS_SOURCE(0);
	block_site_ask(&race, 0, BLOCKS);
}

static void
a_bookings_event_has_blocks_that_follow_it(void **state)
{
	race_begin_story(&race, *state, TWO);
	race_tell(&race, "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z");
	race_tell(&race, "sync");
	block_site_sync(&race);
	block_site_ask(&race, 1, BLOCKS " AND s.status <> 5");
	race_tell(&race, "at " WORK " change @B1 start=2026-03-04T11:00:00Z"
			 " end=2026-03-04T11:30:00Z");
	block_site_sync(&race);
	block_site_ask(&race, 1,
		       "SELECT COUNT(*) FROM mmsync_busy_block WHERE start_ms ="
		       " UNIX_TIMESTAMP('2026-03-04 11:00:00') * 1000");
	race_tell(&race, "advance 10m");
	race_tell(&race, "rebook B1 start=2026-03-04T15:00:00Z end=2026-03-04T15:30:00Z");
	block_site_sync(&race);
	block_site_ask(&race, 1,
		       "SELECT COUNT(*) FROM mmsync_busy_block WHERE start_ms ="
		       " UNIX_TIMESTAMP('2026-03-04 15:00:00') * 1000");
	race_tell(&race, "rebook B1 status=Cancelled");
	block_site_sync(&race);
	block_site_ask(&race, 0, BLOCKS " AND s.status <> 5");
	block_site_ask(&race, 0, "SELECT COUNT(*) FROM mmsync_block_due");
}

#define FOR_EACH(f)                                                           \
	{ #f " [google]", f, NULL, end, (void *)(uintptr_t)services[0] },     \
	{                                                                     \
#f " [outlook]", f, NULL, end, (void *)(uintptr_t)services[1] \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_EACH(marks_and_texts_that_come_and_go_are_followed),
		FOR_EACH(another_installations_is_a_row_and_no_source),
		FOR_EACH(a_bookings_event_has_blocks_that_follow_it),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
