/* Blocks as they are and as they should be (see the header). */
#include "support/block_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"

void
deeds_release(struct deeds *deeds)
{
	free(deeds->at);
	*deeds = (struct deeds){ 0 };
}

void
deeds_note(struct deeds *deeds, struct mms_test_server *server, const char *calendar,
	   const json_t *block, bool is_deletion)
{
	static const char *const columns[] = { "start_ms", "end_ms" };

	if (deeds->n == deeds->cap) {
		deeds->cap = deeds->cap * 2 + 16;
		deeds->at = realloc(deeds->at, deeds->cap * sizeof *deeds->at);
		if (deeds->at == NULL)
			abort();
	}
	struct deed *d = &deeds->at[deeds->n++];
	int64_t *values[] = { &d->start_ms, &d->end_ms };

	*d = (struct deed){ .is_deletion = is_deletion };
	(void)snprintf(d->calendar, sizeof d->calendar, "%s", calendar);
	gfake_value(block, "private.mmsync_id", d->uuid, sizeof d->uuid);
	for (size_t i = 0; i < 2; i++)
		*values[i] =
			mms_test_ask_i64(server,
					 "SELECT COALESCE((SELECT %s FROM mmsync_busy_block"
					 " WHERE uuid = UNHEX(REPLACE('%s', '-', ''))), 0)",
					 columns[i], d->uuid);
}

static bool
is_at(const struct oracle_block *a, const char *calendar, int64_t start_ms, int64_t end_ms)
{
	return strcmp(a->calendar, calendar) == 0 && a->start_ms == start_ms &&
	       a->end_ms == end_ms;
}

/* The wanted one that is met by a block at that time; NULL: there is none. */
static struct oracle_block *
find_wanted(struct oracle_blocks *wanted, const char *calendar, int64_t start_ms,
	    int64_t end_ms)
{
	for (size_t i = 0; i < wanted->n; i++) {
		if (!wanted->at[i].is_met && is_at(&wanted->at[i], calendar, start_ms, end_ms))
			return &wanted->at[i];
	}
	return NULL;
}

/* What a person has done to a block counts while it would say the same as it did then. */
static const struct deed *
find_deed(const struct deeds *deeds, const struct oracle_block *block, bool is_deletion)
{
	for (size_t i = 0; i < deeds->n; i++) {
		const struct deed *d = &deeds->at[i];

		if (d->is_deletion != is_deletion)
			continue;
		if (is_deletion ? is_at(block, d->calendar, d->start_ms, d->end_ms)
				: strcmp(d->uuid, block->uuid) == 0)
			return d;
	}
	return NULL;
}

/* What is wrong with a block that is there; NULL: nothing. */
static const char *
judge_one(const struct deeds *deeds, struct oracle_blocks *wanted,
	  const struct oracle_block *block, block_excuse *excuse, const void *aux)
{
	const struct deed *deed = find_deed(deeds, block, false);
	struct oracle_block *want =
		find_wanted(wanted, block->calendar, block->start_ms, block->end_ms);

	if (want == NULL && deed != NULL)
		want = find_wanted(wanted, block->calendar, deed->start_ms, deed->end_ms);
	if (want == NULL)
		return excuse != NULL && excuse(aux, block) ? NULL : "a block too many";
	want->is_met = true;
	return block->is_plain || deed != NULL ? NULL : "a block that says too much";
}

const struct oracle_block *
block_judge(const struct deeds *deeds, struct oracle_blocks *wanted,
	    const struct oracle_blocks *there, block_excuse *excuse, const void *aux,
	    const char **what)
{
	for (size_t i = 0; i < there->n; i++) {
		*what = judge_one(deeds, wanted, &there->at[i], excuse, aux);
		if (*what != NULL)
			return &there->at[i];
	}
	for (size_t i = 0; i < wanted->n; i++) {
		*what = "no block";
		if (!wanted->at[i].is_met && find_deed(deeds, &wanted->at[i], true) == NULL)
			return &wanted->at[i];
	}
	return NULL;
}
