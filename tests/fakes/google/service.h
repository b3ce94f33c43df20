/*
 * The fake calendar service behind google_server: calendars, events, accounts and tokens in memory, as
 * strict as the real ones are known to be. It has two faces over the same events: Google Calendar's (the
 * files beside this one) and Microsoft Graph's (graph.h). All of it is used under one lock.
 */
#ifndef FAKES_GOOGLE_SERVICE_H
#define FAKES_GOOGLE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "mmsync/str.h"
#include "mmsync/zone.h"
#include "support/squeeze.h"

#define G_UID_DOMAIN "google.com" /* behind the at sign of an iCalUID */
#define G_MAX_PARTS  8
#define G_MAX_PARAMS 40

/* An event, a series' master, one changed instance of a series, or what is left of one. */
struct g_event {
	struct g_event *next;
	char *id;
	json_t *doc; /* the resource without start, end, originalStartTime, etag, updated, status */
	json_t *graph; /* what only Graph's face knows of it (graph.h); NULL: nothing */
	char *zone; /* timeZone of its start as it was given; NULL: the calendar's              */
	bool is_live, is_tentative;
	bool is_day; /* all-day: times are midnights in UTC                       */
	int64_t start_ms,
		end_ms; /* Unix ms                                                    */
	char *series;   /* of an instance: its master's id                            */
	int64_t original_ms;
	bool is_leftover; /* tombstone of an instance that its series no longer has          */
	uint64_t seq;     /* number of the write that changed it last                       */
	int64_t updated_ms;
};

/* A page as it goes out, made beforehand. */
struct g_bulk {
	bool is_graph; /* in the words of Graph's face, which alone shows it */
	size_t n_pages;
	struct {
		struct mms_str text; /* within the brackets of its items */
		struct squeeze_part packed;
	} * pages;
};

struct g_calendar {
	struct g_calendar *next;
	char *id, *owner, *role, *summary;
	struct {
		char *account, *role;
	} shares[8];
	size_t n_shares;
	const struct mms_zone *zone;
	struct g_event *events, **end;
	struct g_bulk bulk;
	unsigned generation;     /* older sync tokens are dead */
	char expired[32];        /* with this reason           */
	unsigned expired_status; /* and this status; 0: the reason's own      */
	uint64_t polls[16];      /* g_service.seq at the last readings of Graph's changes */
	size_t n_polls;
};

struct g_account {
	struct g_account *next;
	char *email, *refresh, *spare_refresh; /* spare: dies when the other is used */
	/* What several were renewed with at once, or whose answers were lost: dies when one of those is used. */
	char *shared_refresh;
	bool is_shared; /* the token that was used last was an older one */
	struct {
		char *token;
		int64_t until_ms;
	} access[4]; /* the newest first */
	bool is_revoked, is_rotating, is_rotating_hard;
	bool is_spare_brief; /* it dies when the new access token is used, too      */
	char *granted;       /* scope that Microsoft's answers tell; NULL: the usual */
	long refreshes, made;
	unsigned under_way, most_at_once; /* requests of Graph's face */
};

/* An authorization code that is waiting to be redeemed. */
struct g_code {
	struct g_code *next;
	char *code, *account, *redirect, *challenge;
};

/* A consent that is given on another device. */
struct g_device {
	struct g_device *next;
	char *device_code, *user_code, *scope;
	char *account; /* who consented; NULL: nobody yet */
	bool is_denied, is_slow;
	int64_t until_ms;          /* real clock, as what follows */
	int64_t polled_ms, gap_ms; /* the last poll, and how long the next has to wait */
};

/* A listing that goes on: what its page tokens mean. */
struct g_listing {
	struct g_listing *next;
	unsigned number;
	char *calendar, *params;
	json_t *items; /* rendered */
	uint64_t seq;
	char *sync_token; /* of the last page; NULL: none */
	bool has_bulk;
};

/* What is told with `set`; see control.c. */
struct g_options {
	long page_size; /* most events of a page whatever is asked; 0: 2500       */
	long batch_max, lifetime_s, empty_pages, link_pad, device_interval_s;
	bool is_series_delete_single;    /* one tombstone of the master              */
	bool is_following_delete_silent; /* no tombstones for what a shortening takes */
	bool is_normalising, is_shuffling, is_incremental_windowed, is_patch_of_deleted_gone;
	bool is_tombstone_full, is_gzip_off;
	/* Graph's face; see tests/fakes/README.md. */
	long late, concurrency, slow_ms, token_pad;
	bool is_graph_series_silent, is_outside_silent, is_ghostly, is_repeating;
	bool is_transaction_refused, is_transaction_forgotten, is_transaction_hidden,
		is_twinned;
	char denied[32]; /* reason of a write without right; "": requiredAccessLevel */
};

struct g_fault;

struct g_service {
	struct mms_zones *zones;
	struct g_calendar *calendars;
	struct g_account *accounts;
	struct g_code *codes;
	struct g_device *devices; /* the newest first */
	struct g_listing *listings;
	struct graph_view *views;
	struct g_fault *faults;
	struct g_options options;
	char *client_id, *client_secret;
	char *twin; /* the next id that Graph gives; NULL: a new one */
	uint64_t seq;
	unsigned listing_number;
	int64_t now_ms; /* MMS_NO_TIME: the real clock */
};

struct g_param {
	char *name, *value;
};

/* One request, of HTTP or inside a batch. Texts are owned unless it says so. */
struct g_request {
	char method[16];
	char *path;               /* as it came, without the query */
	char *parts[G_MAX_PARTS]; /* decoded                       */
	size_t n_parts;
	struct g_param params[G_MAX_PARAMS];
	size_t n_params;
	bool is_bad; /* the address cannot be taken apart */
	/* borrowed; NULL: absent */
	const char *authorization, *if_match, *user_agent, *accept_encoding, *content_type;
	const char *host, *prefer;
	const char *body;
	size_t body_len;
	bool is_inner;
};

struct g_answer {
	unsigned status;
	struct mms_str body;
	char type[96], etag[64], retry_after[16], location[400];
	char account[140];                       /* whose token it was; "": none */
	bool is_forever, is_same_page, is_twice; /* of the fault that it met */
	unsigned width;  /* requests of its account that it counts as while it is under way */
	bool is_crowded; /* they are too many                                               */
	/* What of the body is packed beforehand, and where it begins; borrowed, NULL: nothing. */
	const struct squeeze_part *packed;
	size_t packed_at;
};

/* ---- service.c ------------------------------------------------------------------------------ */
bool g_open(struct g_service *g);
/* Forget calendars, accounts, options, faults. */
void g_reset(struct g_service *g);
void g_close(struct g_service *g);
int64_t g_now(const struct g_service *g);
struct g_calendar *g_find_calendar(const struct g_service *g, const char *id);
struct g_calendar *g_make_calendar(struct g_service *g, const char *id, const char *owner);
struct g_event *g_find_event(const struct g_calendar *c, const char *id);
/* Makes an empty one at the end. */
struct g_event *g_add_event(struct g_calendar *c, const char *id);
void g_drop_event(struct g_calendar *c, const struct g_event *e);
void g_clear_calendar(struct g_calendar *c);
/* Count a change: new seq, new updated. */
void g_touch(struct g_service *g, struct g_event *e);
/* Role of an account there; "none": it cannot see it. Borrows. */
const char *g_role(const struct g_calendar *c, const char *account);
bool g_may_write(const char *role);

/* ---- answer.c ------------------------------------------------------------------------------- */
void g_json(struct g_answer *a, unsigned status, json_t *doc); /* takes the document */
/* {"error":...}; location may be NULL, "Authorization" and "If-Match" are headers. */
void g_fail(struct g_answer *a, unsigned status, const char *reason, const char *message,
	    const char *location);
void g_request_release(struct g_request *r);
void g_answer_release(struct g_answer *a);
/* Take an address apart ("/calendar/v3/..?.."). */
void g_read_address(struct g_request *r, const char *address);
void g_read_form(struct g_request *r, const char *text);
/* NULL: not there. */
const char *g_param(const struct g_request *r, const char *name);
bool g_flag(const struct g_request *r, const char *name);
/* Percent-encoding taken away, in place; false: not well-formed. */
bool g_decode(char *text, bool is_form);

/* ---- times.c -------------------------------------------------------------------------------- */
/* Of a request: RFC 3339 with an offset. */
bool g_parse_instant(const char *text, int64_t *ms);
/* Read {date} or {dateTime, timeZone}; *is_day says which. NULL: fine, else what is wrong. */
const char *g_read_time(struct g_service *g, const struct g_calendar *c, const json_t *time,
			bool *is_day, int64_t *ms, const char **zone);
json_t *g_print_time(struct g_service *g, const struct g_calendar *c, const char *zone,
		     bool is_day, int64_t ms);
/* "2026-03-25T13:07:46.505Z" */
char *g_print_stamp(int64_t ms, char buf[MMS_TIME_TEXT_MAX]);
/* What a story writes: an instant, a time of a zone, or a day. */
bool g_parse_story_time(struct g_service *g, const struct g_calendar *c, const char *text,
			const char *zone, bool *is_day, int64_t *ms);
const struct mms_zone *g_zone(struct g_service *g, const char *name);

/* ---- render.c ------------------------------------------------------------------------------- */
/* As the reader with this role gets it. The tombstone alone of what is deleted, unless is_whole. */
json_t *g_render(struct g_service *g, const struct g_calendar *c, const struct g_event *e,
		 const char *role, bool is_whole);
char *g_etag(const struct g_event *e, char buf[64]);

/* ---- series.c ------------------------------------------------------------------------------- */
const char *g_rrule(const struct g_event *e); /* NULL: no master. Borrows */
/* Original starts of all instances (up to the horizon). Owns: *out, free(). */
size_t g_expand(struct g_service *g, const struct g_calendar *c, const struct g_event *master,
		int64_t **out);
/* An instance as its master makes it; g_event_release() it. */
void g_make_instance(const struct g_event *master, int64_t original_ms, struct g_event *out);
void g_event_release(struct g_event *e);
void g_instance_id(const struct g_event *master, int64_t original_ms, char *out, size_t size);
/*
 * The event of an id, a series' instance made an event of its own where it is none (is_kept), or
 * shown (NULL e, filled scratch). NULL: there is none.
 */
struct g_event *g_reach(struct g_service *g, struct g_calendar *c, const char *id);
/* After a master has changed: exceptions that fell out go, tombstones of them stay or not. */
struct g_instances {
	int64_t *at;
	size_t n;
};
void g_settle_series(struct g_service *g, struct g_calendar *c, struct g_event *master,
		     const struct g_instances *before);
/* Delete: a single event, an instance, or a series with all it has. */
void g_delete(struct g_service *g, struct g_calendar *c, struct g_event *e);
/* "This and following": the series ends before an instant. False: it is no series. */
bool g_cut_series(struct g_service *g, struct g_calendar *c, struct g_event *master,
		  int64_t from_ms);

/* ---- list.c, write.c, token.c, batch.c --------------------------------------------------------- */
void g_list(struct g_service *g, struct g_calendar *c, const char *role, const char *series,
	    const struct g_request *r, struct g_answer *a);
void g_listing_free(struct g_listing *l);
/* Put a document into an event: times, status and all else. NULL, or what is wrong with it. */
const char *
g_put_doc(struct g_service *g, struct g_calendar *c, struct g_event *e, json_t *doc);
/* What the service adds to a new event. */
void g_add_facts(struct g_service *g, const struct g_calendar *c, struct g_event *e);
void g_insert(struct g_service *g, struct g_calendar *c, const struct g_request *r,
	      struct g_answer *a);
void g_change(struct g_service *g, struct g_calendar *c, const char *id,
	      const struct g_request *r, bool is_patch, struct g_answer *a);
void g_remove(struct g_service *g, struct g_calendar *c, const char *id,
	      const struct g_request *r, struct g_answer *a);
/* RFC 7386, with arrays as they come. */
void g_merge(json_t *into, const json_t *patch);
/*
 * What is wrong with what was sent of an event that is a busy block then (doc), on either face; notify: who is
 * to be told, NULL where that is not asked. NULL: nothing, or it is none. Borrows: static.
 */
const char *
g_judge_block(const json_t *doc, const json_t *sent, bool is_new, const char *notify);
void g_token(struct g_service *g, const struct g_request *r, struct g_answer *a);
/* Whose refresh token it is; NULL: nobody's. The newest one, used, ends the one before. */
struct g_account *g_use_refresh(struct g_service *g, const char *token);
/* A new refresh token; the old one lives until the new one is used, or not. */
void g_rotate(struct g_account *account);
/* A form with a code, which is good for one try, its verifier and its redirect_uri. */
enum g_redeemed { G_REDEEMED, G_NO_CODE, G_OTHER_REDIRECT };
enum g_redeemed
g_redeem(struct g_service *g, const struct g_request *form, struct g_account **account);
/* The account of a request's bearer token; NULL: not valid now. */
struct g_account *g_authorize(struct g_service *g, const struct g_request *r);
struct g_account *g_find_account(const struct g_service *g, const char *email);
void g_give_access(struct g_service *g, struct g_account *account, const char *token,
		   int64_t until_ms);
/* All requests but those of control. log is told each inner request of a batch, too. */
typedef void (*g_log)(void *aux, const struct g_request *r, const struct g_answer *a);
void g_handle(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
	      void *aux);
void g_batch(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
	     void *aux);
/* One request of a batch, with the faults it meets: of these only errors have a meaning. */
void g_serve_inner(struct g_service *g, const struct g_request *r, struct g_answer *a);
/* An instance that was only looked at goes back to its series. */
void g_forget_untouched(struct g_calendar *c, const char *id);

/* ---- graph.c: Graph's face, all under /v1.0/ ----------------------------------------------------- */
bool g_is_graph(const struct g_request *r);
void graph_handle(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
		  void *aux);
void graph_fail(struct g_answer *a, unsigned status, const char *code, const char *message);
/* {"error":...} in the form of the face that was asked. */
void g_fail_as(const struct g_request *r, struct g_answer *a, unsigned status,
	       const char *reason, const char *location);
/* A request is under way from here to there: how many of one account are, has a limit. */
void graph_enter(struct g_service *g, const struct g_request *r, struct g_answer *a);
void graph_leave(struct g_service *g, struct g_answer *a);
void graph_forget_views(struct g_service *g);
/* An event goes to a calendar (or stays), under this id. False: no memory. */
bool graph_move(struct g_service *g, struct g_calendar *from, struct g_event *e,
		struct g_calendar *to, const char *id);
/* It gets a link to join, and the text of it. */
void graph_make_online(struct g_service *g, struct g_event *e);

/* ---- ms_token.c: /TENANT/oauth2/v2.0/... ------------------------------------------------------ */
/* False: it is no request to Microsoft's token endpoints. */
bool g_ms_token(struct g_service *g, const struct g_request *r, struct g_answer *a);
void g_device_free(struct g_device *device);

/* ---- fault.c ---------------------------------------------------------------------------------- */
struct g_fault {
	struct g_fault *next;
	long n_left;
	char method[16], part[200];
	char conf[400]; /* lines of support/feed_conf.h */
	unsigned status;
	char reason[64], location[32], retry_after[16];
	bool is_garbage, is_forever, is_same_page, is_twice;
	long oversize_mb;
};
/* NULL: taken; else what is wrong with the line. */
const char *g_add_fault(struct g_service *g, char *line);
/* The first that a request meets, counted; NULL: none. It lives until the next call. */
const struct g_fault *g_meet_fault(struct g_service *g, const struct g_request *r);

/* ---- control.c, bulk.c ------------------------------------------------------------------------ */
/* Carry out a script; false with the reason in wrong. */
bool g_control(struct g_service *g, char *script, char *wrong, size_t size);
void g_state(struct g_service *g, const char *calendar, struct mms_str *out);
/* What of a calendar is bulk is made, for one of the two faces; false: no memory. */
bool g_make_bulk(struct g_service *g, struct g_calendar *c, size_t n, int64_t from_ms,
		 bool is_graph);
/* The answer is a frame, an object whose last member are no items: they are those of this page. */
void g_answer_bulk(const struct g_bulk *bulk, size_t page, json_t *frame, struct g_answer *a);
void g_bulk_release(struct g_bulk *bulk);

#endif
