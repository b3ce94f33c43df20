/*
 * What the providers of services with accounts (Google, Outlook) share: a request with its token and its
 * share of the budget, and writes that go one by one or many in one request. What differs is in a table
 * of functions. Private to provider/.
 */
#ifndef PROVIDER_SERVICE_H
#define PROVIDER_SERVICE_H

#include "mmsync/provider.h"
#include "mmsync/request.h"
#include "wire.h"

struct service;
struct service_job;
struct service_reply;

/* What differs. asked is a number of the service's own: what kind of request it was. */
struct service_kind {
	const char *name;     /* "Google": in texts                                           */
	const char *product;  /* "Google": whose calendars they are, in texts          */
	const char *setting;  /* "google.api_base": likewise                                  */
	const char *batch;    /* Content-Type of a batch                                      */
	size_t batch_max;     /* most writes of one batch, at most SERVICE_BATCH_MAX          */
	int asked_batch;      /* what a batch is asked as                                     */
	unsigned batch_width; /* requests that the service does at once for one batch      */
	size_t size;          /* of its session                                       */
	/* Make a session's addresses; free what the service's own part owns. */
	mms_rc (*make_addresses)(struct service *s, struct mms_err *err);
	void (*release)(struct service *s);
	/* Headers that go with every request beside Authorization and Accept; NULL-ended; NULL: none. */
	const char *const *headers;
	/* Is it to be asked again, in ways of the service's own (mms_request_run_judged())? */
	bool (*is_passing)(const struct mms_http_answer *answer);
	/*
	 * A status that is not 2xx to what the caller does next: mms_rc of mmsync/provider.h for
	 * reading, of mmsync/write.h for writing; OK where nothing is left to do.
	 */
	mms_rc (*judge)(const struct service *s, int asked, long status, const char *body,
			size_t len, struct mms_err *err);

	/* ---- of writes (service_put.c) ---- */
	/* What it is asked as. */
	int (*asked_of)(const struct mms_write *write);
	/*
	 * Fill method, tail and body of a job, or settle it (its result) without its request. ITEM, GONE,
	 * CONFLICT are its result; what passes, too, is its own.
	 */
	mms_rc (*prepare)(struct service *s, struct service_job *job, struct mms_err *err);
	/*
	 * Is a write that was answered so to be sent in another form? Then the job has that one's
	 * method, tail and body. NULL: no.
	 */
	bool (*other_way)(struct service_job *job, long status);
	/* Where batches are sent. Borrows. */
	const char *(*batch_url)(const struct service *s);
	/* The body of a batch of these; and its answer by number, what is missing with status 0. */
	mms_rc (*make_batch)(const struct service *s, struct service_job *const *jobs, size_t n,
			     struct mms_str *out, struct mms_err *err);
	mms_rc (*read_batch)(const struct mms_http_answer *answer,
			     struct service_reply *replies, size_t n, struct mms_err *err);
	/* The event that a CREATE or CHANGE was answered with. Owns: *out. */
	mms_rc (*read_event)(struct service *s, const char *text, size_t len,
			     struct mms_event *out, struct mms_err *err);
	/* mms_provider_ops.look; afterwards is_seen. */
	mms_rc (*look)(struct mms_session *session, enum mms_calendar_role *role,
		       struct mms_err *err);
};

/* Every session begins with it. */
struct service {
	struct mms_session_base base;
	const struct service_kind *kind;
	const struct mms_provider_env *env;
	const struct mms_calendar *calendar;
	const char *id;         /* the calendar's, for texts; borrowed       */
	char *root;             /* owned: the address before a write's tail  */
	struct mms_str bearer;  /* the header; a secret                      */
	bool is_seen;           /* it has told something of the calendar: we may see it */
	int64_t unseen_mono_ms; /* when that was asked in vain; 0: it was not */
};
/*
 * mms_provider_ops.open of a session of this kind, with what every service needs (tokens, api_base, an id).
 * Errors: CONFIG, NOMEM.
 */
mms_rc service_open(const struct service_kind *kind, struct mms_session **out,
		    const struct mms_provider_env *env, const struct mms_calendar *calendar,
		    struct mms_err *err) MMS_MUST_CHECK;
/* mms_provider_ops.close: wipes and frees it all. */
void service_close(struct mms_session *session);

/* One request. Borrows. */
struct service_request {
	int asked;
	const char *url;
	const char *method;  /* NULL: GET                                   */
	const char *version; /* If-Match; NULL: none                        */
	const char *body;    /* NULL: none                                  */
	size_t body_len;
	const char *content_type;   /* of the body; NULL: JSON                     */
	const char *const *headers; /* further ones, NULL-ended; NULL: none        */
	int64_t n;                  /* requests it counts as                       */
	unsigned width;             /* done at once by the service; 0: one         */
};
/*
 * Leave of the budget, token, request, and once more with another token after a 401. OK: an answer
 * that is not 401, whatever else.
 */
mms_rc service_send(struct service *s, const struct service_request *request,
		    struct mms_http_answer *answer, struct mms_err *err) MMS_MUST_CHECK;
/* The same, and judged: OK is 2xx, or that nothing is left to do. */
mms_rc service_ask(struct service *s, const struct service_request *request,
		   struct mms_http_answer *answer, struct mms_err *err) MMS_MUST_CHECK;
/*
 * After a 404 for an event: is it the event that is gone, or does this account not see the calendar any
 * more? Asked once in a session, and where that fails not again for a moment. Errors: RETRY (the calendar; nothing is known of its events), and those of a
 * listing.
 */
mms_rc service_confirm(struct service *s, struct mms_err *err) MMS_MUST_CHECK;
/* A wait that the service asked for is told to all who send for this user. */
void service_tell_wait(struct service *s, const struct mms_err *err);
/* What stands for an event that is gone. Owns: *out. Errors: NOMEM. */
mms_rc
service_tombstone(const char *id, struct mms_event *out, struct mms_err *err) MMS_MUST_CHECK;
/* Can it stand in a path as an id? Can it stand in a header? */
bool service_is_id(const char *id);
bool service_is_version(const char *version);
/* Where there is no such thing as a batch, or not of this form, each goes by itself. */
bool service_is_no_batch(long status);

/* ---- service_way.c -------------------------------------------------------------------------- */

/* How far a listing is, in links or page tokens. All zero: at its beginning. */
struct service_way {
	struct wire_trail trail;
	char *next;   /* owned: the page to fetch; NULL: the first, or there is none left */
	char *cursor; /* owned: where the next sync begins; NULL: not yet told            */
};
void service_way_release(struct service_way *way);
/* Another beginning (a series): what has been followed, and what would be, is forgotten. */
void service_way_restart(struct service_way *way);
/* Noted; one that has been followed already fails. Errors: RETRY, NOMEM. */
mms_rc service_follow(const struct service *s, struct wire_trail *trail, const char *text,
		      struct mms_err *err) MMS_MUST_CHECK;
/* What a page says about how the listing goes on. Errors: RETRY (nothing, or a circle), NOMEM. */
mms_rc service_go_on(const struct service *s, struct service_way *way, struct wire_page *page,
		     bool is_of_series, struct mms_err *err) MMS_MUST_CHECK;

/* ---- service_error.c ------------------------------------------------------------------------ */

/* What a refusal says of itself, printable, "" where it says nothing; of reading or of writing. Borrows. */
struct service_refusal {
	long status;
	const char *code, *message;
	bool is_write;
};
/* "calendar 'ID' of 'INT-1': what (Google answers 403, code: message)". Returns the code. */
mms_rc service_tell(const struct service *s, mms_rc code, const char *what,
		    const struct service_refusal *refusal, struct mms_err *err);
/* The token; what passes by itself; and what has no meaning of its own. */
mms_rc service_tell_token(const struct service *s, const struct service_refusal *refusal,
			  struct mms_err *err);
mms_rc service_tell_passing(const struct service *s, const struct service_refusal *refusal,
			    struct mms_err *err);
mms_rc service_tell_refused(const struct service *s, const struct service_refusal *refusal,
			    struct mms_err *err);
/* Elsewhere is nowhere: the token is shown to no other host. Nothing is wrong with what was asked. */
mms_rc service_tell_elsewhere(const struct service *s, const struct service_refusal *refusal,
			      struct mms_err *err);
/* The account may not; or it could, had it been allowed when it was connected. */
mms_rc service_tell_forbidden(const struct service *s, bool lacks_scope,
			      const struct service_refusal *refusal, struct mms_err *err);
/* A listing cannot go on from where the last one ended. */
mms_rc service_tell_forgotten(const struct service *s, const struct service_refusal *refusal,
			      struct mms_err *err);

/* ---- service_put.c -------------------------------------------------------------------------- */

#define SERVICE_BATCH_MAX ((size_t)50)

/* One write on its way. */
struct service_job {
	const struct mms_write *write;
	struct mms_write_result *result;
	const char *method;  /* static                                            */
	struct mms_str tail; /* what comes after s->root: "/events/ID?..."        */
	struct mms_str body; /* empty: none                                       */
	bool has_body;
	bool is_settled;
};
/* What one of them was answered. Borrows. All zero: nothing. */
struct service_reply {
	long status;
	const char *body;
	size_t body_len;
	int64_t retry_after_ms; /* < 0: not said */
};
/* mms_provider_ops.put of a session that begins with struct service. */
mms_rc service_put(struct mms_session *session, const struct mms_write *write, size_t n,
		   struct mms_write_result *result, struct mms_err *err);

#endif
