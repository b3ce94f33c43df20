/*
 * The little site of fixtures/rules/world.txt as a look-up port: names compare without regard to
 * ASCII case and to blanks at their end.
 */
#ifndef SUPPORT_RULES_WORLD_H
#define SUPPORT_RULES_WORLD_H

#include "mmsync/rules.h"

#define WORLD_ROWS  32
#define WORLD_CELLS 8

struct world {
	char *text; /* owned: the file, cut into cells */
	struct world_row {
		const char *cells[WORLD_CELLS]; /* the kind first */
	} rows[WORLD_ROWS];
	size_t n;
	int64_t now_us;
	unsigned n_asked;
};

/* Ends the test when the file cannot be read. */
void world_load(struct world *w);
void world_release(struct world *w);
const struct mms_lookups *world_lookups(void);

/* A whole file as text; ends the test when it cannot be read. Owns: the result, mms_free(). */
char *world_read_file(const char *path, size_t *len);
/* A file of fixtures/rules. Borrows: until the next call. */
const char *world_path(const char *name);

/* Bytes of a text of hex digits ("-": none), in place. Returns how many. */
size_t world_unhex(char *hex);

#endif
