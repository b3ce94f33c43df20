/*
 * What tests of cleanup share: what the program answers, and pictures of all tables. What goes wrong fails the running test.
 */
#ifndef SUPPORT_CLEANED_H
#define SUPPORT_CLEANED_H

#include "support/race.h"

/* A member of what `mmsync ARGUMENTS --json` answers, which must end with that status. Owns: free(). */
char *cleaned_answer(struct race *race, const char *arguments, int status, const char *path);
void cleaned_expect(struct race *race, const char *arguments, int status, const char *path,
		    const char *want);
/* The first column of a question. */
void cleaned_ask(struct race *race, int64_t want, const char *sql, const char *label);

/* Every row of all tables, as digests: all columns, but of cursors those of leases; without the log of cleanup. */
struct cleaned {
	char text[4096];
};
void cleaned_look(struct race *race, struct cleaned *out);
void cleaned_is_as(struct race *race, const struct cleaned *before, const char *when);

#endif
