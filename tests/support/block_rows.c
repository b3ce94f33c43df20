#include "support/block_rows.h"

#include "support/unit.h"

#include <string.h>

#include "support/dbcheck.h"

void
block_rows_clean(struct store_site *site)
{
	store_site_clean(site);
	mms_test_sql(
		&site->server,
		"INSERT INTO mmsync_cursor (id, name, provider) VALUES"
		" (1, 'cal1', 'google'), (2, 'cal2', 'google'), (3, 'cal3', 'outlook');"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, status, created_at_ms, changed_at_ms) VALUES"
		" (1, REPEAT(X'E1', 16), 'e1', REPEAT(X'A1', 16), 1, 3, 0, 0),"
		" (3, REPEAT(X'E2', 16), 'e2', REPEAT(X'A2', 16), 1, 3, 0, 0)");
}

struct mms_block_change
block_rows_change(enum mms_block_step step, unsigned char number)
{
	static const char *const ids[] = { "b0", "b1", "b2", "b3", "b4", "b5", "b6" };
	struct mms_block_change c = {
		.step = step,
		.cursor_id = 2,
		.source_id = 1,
		.external_id = ids[number],
		.start_ms = 1000 * number,
		.end_ms = 2000 * number,
		.title = "Busy",
		.reason = "again and again",
	};

	memset(c.uuid, number, sizeof c.uuid);
	memset(c.key, 0xB0 + number, sizeof c.key);
	memset(c.source_uuid, 0xA1, sizeof c.source_uuid);
	memset(c.print, 0x10 + number, sizeof c.print);
	return c;
}

void
block_rows_announce(struct store_site *site, const struct mms_block_change *changes, size_t n,
		    uint64_t n_statements, int64_t now_ms)
{
	static const unsigned char run[16] = { 0x77, 1 };
	MMS_AUTO(mms_tx) tx = { 0 };

	OK(mms_tx_begin(&tx, site->db, &err));
	uint64_t before = mms_db_n_statements(site->db);
	OK(mms_blocks_announce(&tx, changes, n, run, now_ms, &err));
	assert_int_equal(mms_db_n_statements(site->db) - before, n_statements);
	OK(mms_tx_commit(&tx, &err));
}

void
block_rows_add(struct store_site *site, size_t n)
{
	struct mms_block_change changes[6];

	for (size_t i = 0; i < n; i++)
		changes[i] = block_rows_change(MMS_BLOCK_CREATE, (unsigned char)(i + 1));
	block_rows_announce(site, changes, n, 3, NOW);
}
