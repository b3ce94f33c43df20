/*
 * Are the busy blocks that there are those that there should be (support/oracle.h), but for what people have done to some of
 * them? Who deletes a block does not get it back while it would say the same; who moves one, once.
 */
#ifndef SUPPORT_BLOCK_JUDGE_H
#define SUPPORT_BLOCK_JUDGE_H

#include "support/mariadb.h"
#include "support/oracle.h"

/* Somebody deleted a block in a calendar, or changed one, when it was to be at that time. */
struct deed {
	bool is_deletion;
	char calendar[80], uuid[40];
	int64_t start_ms, end_ms;
};
struct deeds {
	struct deed *at; /* owned */
	size_t n, cap;
};
void deeds_release(struct deeds *deeds);
/* Before it is done. block: as gfake_events() has it. */
void deeds_note(struct deeds *deeds, struct mms_test_server *server, const char *calendar,
		const json_t *block, bool is_deletion);

/* May this one be there though nothing wants it? */
typedef bool block_excuse(const void *aux, const struct oracle_block *block);
/*
 * The first that is wrong, and what is wrong with it ("a block too many"); NULL: all is right. Marks those that are met.
 * excuse NULL: there is none. Borrows: the result.
 */
const struct oracle_block *block_judge(const struct deeds *deeds, struct oracle_blocks *wanted,
				       const struct oracle_blocks *there, block_excuse *excuse,
				       const void *aux, const char **what);

#endif
