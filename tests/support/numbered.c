/* Events and busy blocks in tables (see the header). */
#include "support/numbered.h"

#include "support/unit.h"

#include <string.h>

void
numbered_clean(struct store_site *site)
{
	store_site_clean(site);
	mms_test_sql(&site->server,
		     "INSERT INTO mmsync_cursor (id, name, provider, blocks_no) VALUES"
		     " (1, 'cal1', 'google', 7), (2, 'cal2', 'google', 0),"
		     " (3, 'cal3', 'ical', 0)");
}

void
make_uuid(unsigned number, unsigned char out[16])
{
	memset(out, 0, 16);
	out[14] = (unsigned char)(number >> 8);
	out[15] = (unsigned char)number;
}

unsigned
number_of(const unsigned char uuid[16])
{
	unsigned char made[16];
	unsigned number = (unsigned)uuid[14] << 8 | uuid[15];

	make_uuid(number, made);
	assert_memory_equal(made, uuid, sizeof made);
	return number;
}

struct numbers
make_uuids(const unsigned *numbers, size_t n)
{
	struct numbers made = { .n = n };

	for (size_t i = 0; i < n; i++)
		make_uuid(numbers[i], made.uuids[i]);
	return made;
}

void
add_event(struct store_site *site, unsigned number, unsigned cal, const char *status,
	  int is_blocking, const char *begins, int version)
{
	mms_test_sql(&site->server,
		     ADD_ROW ") VALUES ('row-%u', 'cal%u', 'id-%u', '%s', %d, '%s',"
			     " '%s' + INTERVAL 1 HOUR, 'External Event', 'Title %u',"
			     " 'bob@example.com')",
		     number, cal, number, status, is_blocking, begins, begins, number);
	mms_test_sql(&site->server,
		     ADD_STATE ") VALUES (%u, " KEY_OF("'id-%u'") ", 'id-%u', " UUID(
			     "%u") ", 'row-%u', 1, 3, %u, 0)",
		     cal, number, number, number, number, number);
	if (version > 0)
		mms_test_sql(&site->server,
			     "INSERT INTO mmsync_block_due SELECT integration_id, ext_key, %d"
			     " FROM mmsync_event_state WHERE uuid = " UUID("%u"),
			     version, number);
}

void
add_block(struct store_site *site, struct block_row b)
{
	mms_test_sql(&site->server,
		     ADD_STATE
		     ", source_uuid, removed_by) VALUES (%u, " UUID("%u") ", 'block-%u', " UUID(
			     "%u") ", NULL, 3, %d, %u, 0, " UUID("%u") ", %d)",
		     b.cal, b.number, b.number, b.number, b.status, 10000 - b.number, b.source,
		     b.removed_by);
	mms_test_sql(
		&site->server,
		"INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid,"
		" source_id, start_ms, end_ms, title, print, planned_run, planned_ms)"
		" VALUES (" UUID("%u") ", %u, " UUID("%u") ", %u, %u000, %u500, 'Busy', " UUID(
			"77") ", " UUID("%u") ", %u)",
		b.number, b.cal, b.source, b.source_cal, b.source, b.source, b.number,
		b.number);
}
