/* Misbehaviour that was told: for the next requests of a method and a part of a path. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words that are the service's own; all others are those of support/feed_conf.h. */
static bool
read_own_word(struct g_fault *fault, const char *line)
{
	static const struct {
		const char *word;
		size_t at;
	} flags[] = {
		{ "garbage", offsetof(struct g_fault, is_garbage) },
		{ "forever", offsetof(struct g_fault, is_forever) },
		{ "same-page", offsetof(struct g_fault, is_same_page) },
		{ "twice", offsetof(struct g_fault, is_twice) },
	};

	for (size_t i = 0; i < MMS_COUNT(flags); i++) {
		if (strcmp(line, flags[i].word) == 0) {
			*(bool *)((char *)fault + flags[i].at) = true;
			return true;
		}
	}
	if (strncmp(line, "retry-after ", 12) == 0) {
		(void)snprintf(fault->retry_after, sizeof fault->retry_after, "%s", line + 12);
		return fault->retry_after[0] != '\0';
	}
	if (strncmp(line, "oversize ", 9) == 0) {
		fault->oversize_mb = strtol(line + 9, NULL, 10);
		return fault->oversize_mb > 0;
	}
	/* error STATUS REASON [LOCATION] */
	return strncmp(line, "error ", 6) == 0 &&
	       sscanf(line + 6, "%u %63s %31s", &fault->status, fault->reason,
		      fault->location) >= 2;
}

/* "N METHOD PART LINE[; LINE]..." */
const char *
g_add_fault(struct g_service *g, char *line)
{
	struct g_fault *fault = calloc(1, sizeof *fault), **end = &g->faults;
	int at = 0;
	char *save = NULL;
	size_t len = 0;

	if (fault == NULL ||
	    sscanf(line, "%ld %15s %199s %n", &fault->n_left, fault->method, fault->part,
		   &at) != 3 ||
	    at == 0 || line[at] == '\0') {
		free(fault);
		return "fault takes N METHOD PATHPART WHAT";
	}
	for (char *what = strtok_r(line + at, ";", &save); what != NULL;
	     what = strtok_r(NULL, ";", &save)) {
		what += strspn(what, " ");
		if (!read_own_word(fault, what))
			len += (size_t)snprintf(fault->conf + len, sizeof fault->conf - len,
						"%s\n", what);
		if (len >= sizeof fault->conf) {
			free(fault);
			return "the fault is too long";
		}
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = fault;
	return NULL;
}

const struct g_fault *
g_meet_fault(struct g_service *g, const struct g_request *r)
{
	/* One that is used up lives until the next is met: its reader is not done. */
	for (struct g_fault **at = &g->faults; *at != NULL;) {
		struct g_fault *fault = *at;

		if (fault->n_left > 0) {
			at = &fault->next;
			continue;
		}
		*at = fault->next;
		free(fault);
	}
	for (struct g_fault *fault = g->faults; fault != NULL; fault = fault->next) {
		bool is_it =
			(strcmp(fault->method, "*") == 0 ||
			 strcmp(fault->method, r->method) == 0) &&
			(strcmp(fault->part, "*") == 0 || strstr(r->path, fault->part) != NULL);

		if (is_it) {
			fault->n_left--;
			return fault;
		}
	}
	return NULL;
}

void
g_serve_inner(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	const struct g_fault *fault = g_meet_fault(g, r);

	if (fault != NULL && fault->status != 0) {
		g_fail_as(r, a, fault->status, fault->reason, fault->location);
		(void)snprintf(a->retry_after, sizeof a->retry_after, "%s", fault->retry_after);
		return;
	}
	g_handle(g, r, a, NULL, NULL);
}
