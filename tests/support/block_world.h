/* One person's calendars, events and blocks in memory: written as lines, planned, and the plan carried out. */
#ifndef SUPPORT_BLOCK_WORLD_H
#define SUPPORT_BLOCK_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "../../connector/sync/block_plan.h"
#include "mmsync/digest.h"
#include "mmsync/str.h"

#define WORLD_CALENDARS 10
#define WORLD_EVENTS    48
#define WORLD_BLOCKS    300
#define WORLD_HOUR      INT64_C(3600000)

struct block_world {
	struct mms_block_calendar calendars[WORLD_CALENDARS]; /* A is cursor 1, B 2, ... */
	size_t n_calendars;
	struct mms_block_event events[WORLD_EVENTS];
	size_t n_events;
	struct mms_block blocks[WORLD_BLOCKS];
	size_t n_blocks;
	struct mms_block_rules rules;
	bool is_whole, has_no_titles;
	int64_t clock; /* when the next block is made; its name, too */
	char **texts;  /* owned, all that was kept */
	size_t n_texts, cap_texts;
	struct mms_digest digest;
};
void block_world_release(struct block_world *w);

/* A copy that lives as long as the world; NULL gives NULL. */
char *block_world_keep(struct block_world *w, const char *text);
/* Read a line: calendar, event, block, rules or part; fails the test where it is none of them. */
void block_world_read(struct block_world *w, const char *line);
/* Copy calendars, events and blocks; texts stay those of the first. */
void block_world_copy(struct block_world *to, const struct block_world *from);

/* Blocks in the order of their age. */
void block_world_sort(struct block_world *w);

/* Plan; fails the test where that fails. */
void block_world_plan(struct block_world *w, struct mms_block_plan *out);
/* A plan as lines, sorted, each with its line end. */
void block_world_print(const struct mms_block_plan *plan, struct mms_str *out);
/* Carry a plan out as it is announced; then what was announced, as if every request went well. */
void block_world_announce(struct block_world *w, const struct mms_block_plan *plan);
void block_world_settle(struct block_world *w);

/* What a block that says this has as its print. */
void block_world_set_print(struct block_world *w, unsigned char out[MMS_PRINT_BYTES],
			   int64_t start_ms, int64_t end_ms, const char *title);

#endif
