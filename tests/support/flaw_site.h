/*
 * A site on which everything agrees, for tests that break it: Ann has the calendars "work" and "home", Bob "bobs"; an
 * event of hers, a booking, and the busy blocks of both in "home". What goes wrong here fails the running test.
 */
#ifndef SUPPORT_FLAW_SITE_H
#define SUPPORT_FLAW_SITE_H

#include "mmsync/flaws.h"
#include "mmsync/pool.h"
#include "support/program.h"
#include "support/store_site.h"

/* 2026-03-01 09:00 UTC */
#define FLAW_NOW INT64_C(1772355600000)

/* Rows, and UUIDs in SQL. */
#define FLAW_EVENT        "MM-CES-work-0001"
#define FLAW_BOOKED_EVENT "MM-CES-work-0002"
#define FLAW_BOBS_EVENT   "MM-CES-bobs-0003"
#define FLAW_BOOKING      "MM-MB-0004"
#define FLAW_UUID(n)      "UNHEX(LPAD('" n "', 32, '0'))"
/* Of the states of event, booked event and Bob's event; the blocks of the first two. */
#define FLAW_U_EVENT        FLAW_UUID("A1")
#define FLAW_U_BOOKED       FLAW_UUID("A2")
#define FLAW_U_BOBS         FLAW_UUID("A3")
#define FLAW_U_BLOCK        FLAW_UUID("B1")
#define FLAW_U_BOOKED_BLOCK FLAW_UUID("B2")
#define FLAW_NAME_OF(n)     "00000000-0000-0000-0000-0000000000" n
#define FLAW_KEY_OF(id)     "LEFT(UNHEX(SHA2('" id "', 256)), 16)"

/* Changes of it, in SQL. */
#define FLAW_BLOCKS   "mmsync_busy_block"
#define FLAW_STATES   "mmsync_event_state"
#define FLAW_CALENDAR "`tabMM Calendar Integration`"
#define B1            FLAW_NAME_OF("b1")
#define B2            FLAW_NAME_OF("b2")

/* A further block of the first event, as its first one. */
#define ADD_BLOCK(n, sets)                                                                   \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " FLAW_STATES " WHERE uuid = " FLAW_U_BLOCK \
	"; UPDATE x1 SET uuid = " FLAW_UUID(n) ", ext_key = " FLAW_KEY_OF(                   \
		"id-" n) ", external_id = 'id-" n "', ical_uid = 'uid-" n                    \
			 "', created_at_ms = 2; INSERT INTO " FLAW_STATES                    \
			 " SELECT * FROM x1; CREATE TEMPORARY TABLE x2 SELECT * "            \
			 "FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK                   \
			 "; UPDATE x2 SET uuid = " FLAW_UUID(                                \
				 n) ", id = id + 1000" sets "; INSERT INTO " FLAW_BLOCKS     \
				    " SELECT * FROM x2; DROP TEMPORARY TABLE x1, x2"
/* A copy of a row, and of its state; `sets` begin with a comma. */
#define ADD_EVENT(row, n, sets)                                                             \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " EVENTS " WHERE name = '" FLAW_BOBS_EVENT \
	"'; UPDATE x1 SET name = '" row "', external_event_id = 'id-" n "'" sets            \
	"; INSERT INTO " EVENTS " SELECT * FROM x1; DROP TEMPORARY TABLE x1"
#define ADD_STATE(row, n, sets)                                                             \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " FLAW_STATES " WHERE uuid = " FLAW_U_BOBS \
	"; UPDATE x1 SET row_name = '" row                                                  \
	"', uuid = " FLAW_UUID(n) ", ext_key = " FLAW_KEY_OF(                               \
		"id-" n) ", external_id = 'id-" n "'" sets "; INSERT INTO " FLAW_STATES     \
			 " SELECT * FROM x1; DROP TEMPORARY TABLE x1"
/* Nobody has blocks, and everybody was planned so. */
#define NO_BLOCKS                                                                             \
	"DELETE FROM " FLAW_BLOCKS "; DELETE FROM " FLAW_STATES                               \
	" WHERE type = 3; UPDATE " FLAW_CALENDAR                                              \
	" SET sync_direction = 'One-way (Read Only)'; UPDATE mmsync_cursor SET blocks_print " \
	"= NULL"

struct flaw_site {
	struct store_site store;
	struct mms_site site;
	struct mms_pool *pool;
	struct mms_clock clock;
	struct mms_settings settings;
	struct mms_sync_env env;
	char dir[MMS_TEST_DIR_MAX]; /* of the site */
	bool is_made;               /* its rows are kept in the database `kept` */
};
/* Both return 0, for cmocka. */
int flaw_site_start(struct flaw_site *f);
int flaw_site_stop(struct flaw_site *f);
/* All as it should be again. */
void flaw_site_clean(struct flaw_site *f);
/* Each flaw as a line "rule name integration remedy", in the order in which it is told. */
void
flaw_site_find(struct flaw_site *f, const struct mms_flaw_choice *choice, struct mms_str *out);
/* They are these. */
void flaw_site_expect(struct flaw_site *f, const char *label,
		      const struct mms_flaw_choice *choice, const char *want);

#endif
