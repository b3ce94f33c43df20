/* A site with busy blocks, and what people do to them (see the header). */
#include "support/block_site.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"

bool
block_site_is_outlook(struct race *race)
{
	return strcmp(race->scenario.service, "outlook") == 0;
}

void
block_site_feed(struct race *race, int n, int hour)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n");
	for (int i = 0; i < n; i++)
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:m%d@example.com\r\nSUMMARY:Meeting\r\n"
			     "DTSTART:202603%02dT%02d0000Z\r\nDTEND:202603%02dT%02d0000Z\r\n"
			     "END:VEVENT\r\n",
			     i, 3 + i, hour, 3 + i, hour + 1);
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&race->world->feeds, "team.ics", mms_str_get(&text));
}

void
block_site_begin(struct race *race, const char *service, const char *lines, int n)
{
	race_begin_story(race, service, lines);
	block_site_feed(race, n, 10);
	race_tell(race, "sync");
	race_tell(race, "sync");
}

void
block_site_ask(struct race *race, int64_t want, const char *sql)
{
	int64_t is = mms_test_ask_i64(&race->world->server, "%s", sql);

	if (is == want)
		return;
	char *states = mms_test_ask_text(
		&race->world->server,
		"SELECT GROUP_CONCAT(CONCAT_WS(' ', HEX(s.uuid), s.integration_id, s.type,"
		" s.flags, s.status, s.removed_by, CONVERT(s.external_id USING ascii),"
		" COALESCE(b.put_backs, 0), CONVERT(s.external_version USING ascii))"
		" ORDER BY s.created_at_ms SEPARATOR '\n') FROM"
		" mmsync_event_state s LEFT JOIN mmsync_busy_block b ON b.uuid = s.uuid");
	fail_msg("%s: %lld and not %lld: %s\n%s\n%s%s", race->scenario.service, (long long)is,
		 (long long)want, sql, states, mms_str_get(&race->scenario.out),
		 mms_str_get(&race->scenario.err));
}

void
block_site_expect(struct race *race, int n)
{
	block_site_ask(race, n, BLOCKS " AND s.status <> 5");
	assert_int_equal(race_n_ours(race, WORK), n);
}

/* The first block of Ann's calendar, live or not. */
static void
find_block(struct race *race, bool is_live, char id[1100])
{
	json_t *all = gfake_events(&race->world->service, WORK), *one;
	char kind[80];
	size_t i;

	id[0] = '\0';
	json_array_foreach(all, i, one)
	{
		gfake_value(one, "private.mmsync_kind", kind, sizeof kind);
		if (strcmp(kind, "busy_block") != 0 || scenario_is_live(one) != is_live)
			continue;
		gfake_value(one, "id", id, 1100);
		break;
	}
	json_decref(all);
	if (id[0] == '\0')
		fail_msg("%s: there is no such block", race->scenario.service);
}

void
block_site_deed(struct race *race, const char *verb, const char *rest)
{
	char id[1100];

	/* What is confirmed anew is in the bin. */
	find_block(race, strcmp(rest, " status=confirmed") != 0, id);
	race_tell(race, "at " WORK " %s %s%s", verb, id, rest);
}

void
block_site_outside(struct race *race, const char *want)
{
	char id[1100];

	find_block(race, true, id);
	race_tell(race, "outside " WORK " %s %s", id, want);
}

void
block_site_no_write(struct race *race)
{
	race_tell(race, "requests 0 PATCH");
	race_tell(race, "requests 0 DELETE");
	race_tell(race, "requests 0 POST %s",
		  block_site_is_outlook(race) ? "/events" : "/calendars");
}

void
block_site_sync(struct race *race)
{
	race_tell(race, "sync");
	race_tell(race, "sync");
	block_site_no_write(race);
	race_tell(race, "quiet");
}

struct block_digest
block_site_digest(struct race *race)
{
	struct block_digest t;

	if (!scenario_digest(&race->scenario, t.digest, sizeof t.digest))
		fail_msg("%s", race->scenario.failure);
	return t;
}

void
block_site_forget(struct race *race)
{
	mms_test_sql(&race->world->server, "DELETE FROM mmsync_event_state WHERE type = 3");
	mms_test_sql(&race->world->server, "DELETE FROM mmsync_busy_block");
}
