/*
 * A site with busy blocks for tests: Ann has a team whose feed fills her own calendar at Google or Outlook. What
 * people do to blocks, and what must be true then. What goes wrong fails the running test.
 */
#ifndef SUPPORT_BLOCK_SITE_H
#define SUPPORT_BLOCK_SITE_H

#include "support/race.h"

#define WORK "ann@example.com"
#define ANN                                                                          \
	"config \"busy_blocks\": {\"enabled\": true}\n"                              \
	"person ann@example.com\n"                                                   \
	"integration team user=ann@example.com feed=team.ics\n"                      \
	"integration work type=service user=ann@example.com primary=1 direction=two" \
	" expires=86400\n"
/* How many states of blocks: conditions follow. */
#define BLOCKS "SELECT COUNT(*) FROM mmsync_event_state s WHERE s.type = 3"

bool block_site_is_outlook(struct race *race);
/* The team's feed: so many meetings of an hour on days one after the other, at this hour. */
void block_site_feed(struct race *race, int n, int hour);
/* A site as these lines tell it, with n meetings at ten, each with its block, all of it quiet. */
void block_site_begin(struct race *race, const char *service, const char *lines, int n);
/* The first column of a question. */
void block_site_ask(struct race *race, int64_t want, const char *sql);
/* Live blocks as our tables have them, and as they are in Ann's calendar. */
void block_site_expect(struct race *race, int n);
/* What a person does to the first block: of the fake's language, `rest` with a blank before. */
void block_site_deed(struct race *race, const char *verb, const char *rest);
/* The first live block says that. */
void block_site_outside(struct race *race, const char *want);
/* The last program changed nothing at the service. */
void block_site_no_write(struct race *race);
/* A sync; the next one sends nothing, and one more changes nothing. */
void block_site_sync(struct race *race);
/* Our tables have lost all blocks. */
void block_site_forget(struct race *race);

/* Every row that a run which has nothing to do must not touch. */
struct block_digest {
	char digest[256];
};
struct block_digest block_site_digest(struct race *race);

#endif
