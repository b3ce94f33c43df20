/*
 * A site that is whole, to be broken with SQL: Ann has a team whose feed fills her own calendar with busy blocks, she and Bob
 * are booked. And the engine on it, in this process. What goes wrong fails the running test.
 */
#ifndef SUPPORT_MEND_SITE_H
#define SUPPORT_MEND_SITE_H

#include "mmsync/columns.h"
#include "mmsync/remedy.h"
#include "mmsync/settings.h"
#include "mmsync/sync.h"
#include "support/race.h"

/* All zero but race is closed. */
struct mend_site {
	struct race *race;
	struct mms_site site;
	struct mms_settings settings;
	struct mms_columns *columns;
	struct mms_clock clock;
	struct mms_pool *pool;
	struct mms_sync_env env;
	bool is_open;
};

/* The site as it is when all is quiet, for that service; and the engine opened on it. */
void mend_site_begin(struct mend_site *m, const char *service);
/* The same on a site that the race has made. */
void mend_site_open(struct mend_site *m);
void mend_site_end(struct mend_site *m);

/* Somebody else's SQL. */
void mend_site_break(struct mend_site *m, const char *sql);
/* The first column of a question. */
int64_t mend_site_ask(struct mend_site *m, const char *sql);
/* Every row that must not be touched where nothing is to be mended, and how often leases were taken. */
struct mend_digest {
	char text[320];
};
struct mend_digest mend_site_digest(struct mend_site *m);
/* Every query of schema/invariants.sql answers nothing. */
void mend_site_check(struct mend_site *m, const char *when);

/* What a remedy is about, by questions: NULL ones are not asked. Texts are borrowed, but booking and row. */
struct mend_about {
	enum mms_remedy remedy;
	const char *cursor, *id, *uuid, *key; /* questions; UUID and key in hex */
	const char *booking;
	const char *row; /* a question */
};
/* Owns: *row, free(). */
struct mms_mend mend_site_make(struct mend_site *m, const struct mend_about *about, char **row);

#endif
