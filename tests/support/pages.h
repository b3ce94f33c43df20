/*
 * The examples of the pages that people read: README.md, docs/, the manual.
 *
 * A line "$ mmsync ..." of a console block is run, and what stands below it must come out; "..."
 * stands for any lines. Every other "mmsync ..." in a block, a display of the manual or in
 * backquotes is only read.
 */
#ifndef SUPPORT_PAGES_H
#define SUPPORT_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define PAGES_WORDS_MAX 24

struct example {
	char page[128];
	int line;
	char command[512]; /* without the program's name            */
	char *output;      /* owned; NULL: not run                  */
};

struct pages {
	struct example *items; /* owned */
	size_t n, cap;
};

/* All examples, page by page; the running folder is the repository's. */
void pages_load(struct pages *pages);
void pages_release(struct pages *pages);

/*
 * The words of a command as a shell would split them, up to a pipe or redirection. Borrows: text,
 * which is changed. words ends with NULL.
 */
size_t pages_split(char *text, const char *words[PAGES_WORDS_MAX + 1]);

/*
 * Does the output hold what the example shows? Blanks, durations, UUIDs and the numbers of names
 * do not count. On false `why` names the first line that is missing.
 */
bool pages_match(const char *shown, const char *output, char *why, size_t size);

#endif
