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

#endif
