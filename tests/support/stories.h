/*
 * The stories of fixtures/scenarios as plays: one that is told of services (`services google outlook`)
 * is a play for each of them, with lines of its own where they differ (`outlook: ...`).
 */
#ifndef SUPPORT_STORIES_H
#define SUPPORT_STORIES_H

#include <stdbool.h>
#include <stddef.h>

/* One play. */
struct story {
	char name
		[160]; /* "71-changes[outlook]", or "02-change-and-delete": what one is chosen by */
	char path[200];
	const char *service; /* static; NULL: it is told of none */
};
struct stories {
	struct story *at; /* owned */
	size_t n;
};

/*
 * Those whose name holds part (NULL: all), in the order of their names. What this build cannot do is
 * said once and left out.
 */
void stories_find(struct stories *out, const char *part);
void stories_release(struct stories *stories);

/* Is the word in this list ("google outlook")? */
bool story_names(const char *list, const char *word);
/* The first service of such a list. Static; NULL: it holds none. */
const char *story_first_service(const char *list);
/* How a service is called in MM Calendar Integration. Static; NULL: there is no such service. */
const char *story_integration_type(const char *service);
/*
 * What a line says in a play of that service (NULL: of none), without its prefix and blanks before it; NULL: it is
 * for another one.
 */
char *story_line(char *line, const char *service);

#endif
