/* A site to be broken and mended (see the header). */
#include "support/mend_site.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/http.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "support/block_site.h"
#include "support/dbcheck.h"
#include "support/program.h"

#define SITE                                                                             \
	ANN "person bob@example.com\n"                                                   \
	    "integration bobs type=service user=bob@example.com primary=1 direction=two" \
	    " expires=86400\n"                                                           \
	    "booking B1 \"Demo\" 2026-03-04T15:00:00Z 2026-03-04T15:30:00Z "             \
	    "users=ann@example.com,bob@example.com\n"                                    \
	    "booking B2 \"Review\" 2026-03-05T15:00:00Z 2026-03-05T16:00:00Z "           \
	    "users=ann@example.com\n"

void
mend_site_begin(struct mend_site *m, const char *service)
{
	race_begin_story(m->race, service, SITE);
	block_site_feed(m->race, 3, 10);
	race_tell(m->race, "sync");
	race_tell(m->race, "sync");
	race_tell(m->race, "quiet");
	mend_site_open(m);
}

void
mend_site_open(struct mend_site *m)
{
	struct world *world = m->race->world;
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_site_setup();
	OK(mms_http_setup(&err));
	mms_test_site_load(world->site_dir, &m->site);
	OK(mms_pool_open(&m->pool, &m->site.db, 3, &err));
	OK(mms_pool_lend(m->pool, &lent, &err));
	OK(mms_columns_load(lent.db, &m->columns, &err));
	OK(mms_settings_load(lent.db, &m->settings, &err));
	mms_pool_use_columns(m->pool, mms_columns_has_port, m->columns);
	mms_db_use_columns(lent.db, mms_columns_has_port, m->columns);
	m->clock = (struct mms_clock){ .is_fixed = true, .fixed_ms = m->race->scenario.now_ms };
	m->env = (struct mms_sync_env){ .pool = m->pool,
					.site = &m->site,
					.columns = m->columns,
					.settings = &m->settings,
					.clock = &m->clock };
	m->is_open = true;
}

void
mend_site_end(struct mend_site *m)
{
	struct race *race = m->race;

	if (m->is_open) {
		mms_pool_close(m->pool);
		mms_columns_free(m->columns);
		mms_settings_release(&m->settings);
		mms_site_release(&m->site);
		mms_http_teardown();
	}
	*m = (struct mend_site){ .race = race };
}

void
mend_site_break(struct mend_site *m, const char *sql)
{
	mms_test_sql(&m->race->world->server, "%s", sql);
}

int64_t
mend_site_ask(struct mend_site *m, const char *sql)
{
	return mms_test_ask_i64(&m->race->world->server, "%s", sql);
}

struct mend_digest
mend_site_digest(struct mend_site *m)
{
	struct block_digest rows = block_site_digest(m->race);
	struct mend_digest out;
	char *cursors = mms_test_ask_text(
		&m->race->world->server,
		"SELECT MD5(GROUP_CONCAT(CONCAT_WS(' ', id, name, COALESCE(sync_token, '-'),"
		" COALESCE(HEX(read_print), '-'), COALESCE(HEX(blocks_print), '-'), blocks_no,"
		" fence, batch_no, runs_good, runs_bad) ORDER BY id)) FROM mmsync_cursor");

	(void)snprintf(out.text, sizeof out.text, "%s %s", rows.digest,
		       cursors != NULL ? cursors : "-");
	free(cursors);
	return out;
}

void
mend_site_check(struct mend_site *m, const char *when)
{
	race_check(m->race, when);
}

static void
ask_bytes(struct mend_site *m, const char *sql, unsigned char out[16])
{
	char *hex = mms_test_ask_text(&m->race->world->server, "%s", sql);

	if (hex == NULL || strlen(hex) != 32)
		fail_msg("%s: %s", sql, hex != NULL ? hex : "NULL");
	for (size_t i = 0; i < 16; i++) {
		unsigned byte = 0;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (unsigned char)byte;
	}
	free(hex);
}

struct mms_mend
mend_site_make(struct mend_site *m, const struct mend_about *about, char **row)
{
	struct mms_mend mend = { .remedy = about->remedy, .booking = about->booking };

	*row = NULL;
	if (about->cursor != NULL)
		mend.cursor_id = (uint64_t)mend_site_ask(m, about->cursor);
	if (about->id != NULL)
		mend.id = (uint64_t)mend_site_ask(m, about->id);
	if (about->uuid != NULL)
		ask_bytes(m, about->uuid, mend.uuid);
	if (about->key != NULL)
		ask_bytes(m, about->key, mend.key);
	if (about->row != NULL)
		*row = mms_test_ask_text(&m->race->world->server, "%s", about->row);
	mend.has_uuid = about->uuid != NULL;
	mend.has_key = about->key != NULL;
	mend.row = *row;
	return mend;
}
