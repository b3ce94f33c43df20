/*
 * A session of the Google or the Outlook provider with the fake service: its tokens, its budget, its
 * listings as text. What goes wrong in setting up fails the test.
 */
#ifndef SUPPORT_GSESSION_H
#define SUPPORT_GSESSION_H

#include "mmsync/provider.h"
#include "support/gfake.h"

#define GSESSION_CALENDAR "ann@example.com"
/* The window of its listings: 2026-03-01 to 2026-05-01, UTC. */
#define GSESSION_FROM INT64_C(1772323200000)
#define GSESSION_TO   INT64_C(1777593600000)
/* The clock of its runs stands at 2026-03-10T09:00:00Z. */
#define GSESSION_NOW INT64_C(1773133200000)

/* Graph's are whole addresses. */
#define GSESSION_CURSOR_MAX 4096

struct gsession {
	const struct mms_provider_ops *ops;
	const char *path; /* of the service's address */
	struct fake fake;
	struct mms_provider_env env;
	struct mms_clock clock;
	struct mms_calendar calendar;
	struct mms_token_port token_port;
	struct mms_budget_port budget_port;
	struct mms_session *session;
	char base[160], host[64];

	/* Tokens handed out in turn; n_tokens counts how often one was asked for. */
	const char *tokens[3];
	size_t n_tokens, n_refused;
	char refused[64]; /* what was said to be refused last */
	mms_rc token_rc;  /* not OK: there is none           */
	int64_t n_asked;  /* requests that leave was asked for */
	mms_rc budget_rc;
	size_t n_told;
	int64_t told_until_ms;
	/* Places among the requests under way (gsession_limit_places()). */
	size_t n_entered;
	unsigned n_inside, widest;
	mms_rc place_rc;
};

/* Start the fake with an account, its calendar and token "A", and open a session with Google. */
void gsession_start(struct gsession *g);
/* The same with Outlook. */
void gsession_start_outlook(struct gsession *g);
void gsession_stop(struct gsession *g);
/* A group's: all that requests need. */
int gsession_start_all(void **state);
int gsession_stop_all(void **state);
/* A test's set-up and tear-down: *state is the session; with Outlook its requests take places. */
int gsession_set_up(void **state);
int gsession_set_up_outlook(void **state);
int gsession_tear_down(void **state);
/* A session anew: as after another start of the program. */
void gsession_reopen(struct gsession *g);
/* From here on it speaks to another server, on this port. */
void gsession_speak_to(struct gsession *g, unsigned port);

/* From now on its requests take places and leave them. */
void gsession_limit_places(struct gsession *g);

/* What a listing gave. */
struct glisting {
	struct mms_str text; /* a line for each event: id, and what it is besides */
	struct mms_str series;
	char cursor[GSESSION_CURSOR_MAX];
	size_t n_events, n_pages;
	bool is_full, is_unchanged;
	int64_t n_warnings;
	enum mms_calendar_role role;
};
void glisting_release(struct glisting *listing);
/* All pages of a listing, max_events in each. */
mms_rc gsession_list(struct gsession *g, const char *cursor, size_t max_events,
		     struct glisting *out, struct mms_err *err);
mms_rc gsession_list_from(struct gsession *g, const struct mms_listing *listing,
			  size_t max_events, struct glisting *out, struct mms_err *err);

/* Does a text have this line? */
bool has_line(const struct mms_str *text, const char *line);

#endif
