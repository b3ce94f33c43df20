/*
 * What a calendar service is to mmsync: facts and a table of functions. A session reads one
 * calendar of one integration; listings come page by page, in the caller's hands, so that the
 * engine decides when to write and when to stop.
 *
 * A new provider is <name>.c (effects), <name>_wire.c (bytes to events and back, pure), a row in
 * registry.c, a fake and fixtures: docs/architecture.md, "Adding a provider".
 *
 * Layer: provider.
 */
#ifndef MMSYNC_PROVIDER_H
#define MMSYNC_PROVIDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/clock.h"
#include "mmsync/config.h"
#include "mmsync/err.h"
#include "mmsync/http.h"
#include "mmsync/oauth.h"
#include "mmsync/page.h"
#include "mmsync/write.h"
#include "mmsync/zone.h"

/* Feeds fetched in this run, shared by the integrations that read the same address. */
struct mms_feed_cache;

/*
 * Asked before each request that may change something, also before each time that it is sent again: may this process
 * still write there? is_again: there was a wait before it, in which others may have come.
 */
struct mms_write_guard {
	mms_rc (*ask)(void *aux, bool is_again, struct mms_err *err); /* NULL: nobody asks */
	void *aux;
};

/* What all sessions of a worker share. But for http everything is borrowed and must outlive them. */
struct mms_provider_env {
	struct mms_http *http; /* of this thread; made by mms_provider_env_open() */
	struct mms_zones *zones;
	struct mms_feed_cache *feeds;
	const struct mms_clock *clock;
	const atomic_bool *is_stopped;
	int64_t deadline_mono_ms; /* 0: none */
	const char *spool_dir;    /* for what is too large for memory; NULL: the default */
	int64_t max_attempts, base_ms, max_ms; /* retry of one request */
	struct mms_write_guard
		guard; /* of the one session that is open; errors: HELD, RETRY, DB */
};

/* The limits of requests as the settings have them. Borrows: from config. */
struct mms_http_limits mms_provider_limits(const struct mms_config *config);

/*
 * Make the worker's HTTP client and take the limits and retries of the settings; the other
 * members are the caller's to fill. Keeps: config. Errors: NOMEM.
 */
mms_rc mms_provider_env_open(struct mms_provider_env *env, const struct mms_config *config,
			     struct mms_err *err) MMS_MUST_CHECK;
void mms_provider_env_release(struct mms_provider_env *env);
/* Has the run been interrupted, or is it out of time? */
bool mms_provider_is_stopped(const struct mms_provider_env *env);

/* One calendar to read. Borrowed; must outlive the session. */
struct mms_calendar {
	const char *integration;         /* the document's name, for texts               */
	const char *user;                /* its owner: whose answer counts as declined    */
	const char *calendar_id;         /* NULL: the service's primary one               */
	const char *url;                 /* feeds: where it is; a secret                  */
	const struct mms_zone *day_zone; /* the owner's: all-day and floating times */
	bool is_day_zone_own; /* the owner has said so; else the calendar's own goes before it */
	const char *api_base;      /* services: where they are reached                      */
	const unsigned char *site; /* UUID of this installation; NULL: not known       */
	/* Services; NULL for feeds, which need none. */
	const struct mms_token_port *tokens;
	const struct mms_budget_port *budget;
};

/* What is asked of a listing. */
struct mms_listing {
	int64_t from_ms, to_ms; /* window, Unix ms, [from, to)                              */
	const char *cursor;     /* where the last listing ended; NULL or "": from the start */
	bool is_full;           /* everything, whatever the cursor says                     */
	/*
	 * How far the window reached that has been shown so far: with a cursor, what has entered
	 * between there and to_ms is shown, too, though it did not change. 0: nothing has.
	 */
	int64_t edge_ms;
};

/* Requests of a session, for the run's counters. */
struct mms_request_counts {
	int64_t pages, requests, retries;
	/* Of services: answered in whatever way; not, or with trouble that is not of one calendar. */
	int64_t answers, troubles;
};

struct mms_session; /* each provider's own; begins with struct mms_session_base */
struct mms_session_base {
	const struct mms_provider *provider;
	struct mms_request_counts counts;
};

struct mms_provider_ops {
	/*
	 * Make a session for one calendar. No network traffic.
	 * Owns:   *out is the caller's, given back with close().
	 * Keeps:  env and calendar, which must outlive the session.
	 * Errors: CONFIG (the integration lacks what the service needs), NOMEM.
	 */
	mms_rc (*open)(struct mms_session **out, const struct mms_provider_env *env,
		       const struct mms_calendar *calendar, struct mms_err *err);

	/*
	 * Begin a listing. Requests are retried inside, as often as the environment says.
	 * Errors: RESYNC (cursor refused: begin again without), RETRY (given up for now), WAIT
	 *         (not before err->retry_at_ms), AUTH, GONE (calendar deleted), CONFIG (the
	 *         address or the answer needs a person), STOPPED, NOMEM.
	 */
	mms_rc (*start)(struct mms_session *s, const struct mms_listing *listing,
			struct mms_err *err);

	/*
	 * The next page, with about max_events events; the last one says so. No order is
	 * promised; an event may come twice, the later one counts.
	 * Owns:   the page's contents are the caller's.
	 * Errors: as start().
	 */
	mms_rc (*next)(struct mms_session *s, size_t max_events, struct mms_page *page,
		       struct mms_err *err);

	/* Free the session; NULL is fine. */
	void (*close)(struct mms_session *s);

	/*
	 * What listings could not say of some of their events, in as few requests as it can be asked: of
	 * events that nobody here knows their mark; of tombstones of events that are known whether they are
	 * gone or only left the window (is_gone false, is_outside true, their times). Called between two
	 * next(), with events of the last page. NULL: listings say it all.
	 * Errors: as start().
	 */
	mms_rc (*complete)(struct mms_session *s, struct mms_event *const *events, size_t n,
			   struct mms_err *err);

	/*
	 * Can this be where a listing of this service ended? Only its form is judged, nothing is asked. Of what cannot be
	 * everything is listed anew, and it is sent to nobody.
	 */
	bool (*is_cursor)(const char *text);

	/* What follows is NULL where the provider has no MMS_CAP_WRITE. */

	/*
	 * One event by its exact id, whatever the window; is_gone where the service says that it was
	 * deleted or never was (never after another failure). By a provisional id (mmsync/event.h) it is
	 * found by its mark, and has its own in *out.
	 * Owns: *out. Errors: as start().
	 */
	mms_rc (*get)(struct mms_session *s, const char *external_id, struct mms_event *out,
		      struct mms_err *err);

	/*
	 * Carry out n writes; result[i] is that of write[i], always filled, the caller's to release.
	 * Not OK only when nothing more can be done with this session (AUTH, WAIT, HELD, STOPPED, NOMEM);
	 * what was not tried then says the same.
	 */
	mms_rc (*put)(struct mms_session *s, const struct mms_write *write, size_t n,
		      struct mms_write_result *result, struct mms_err *err);

	/* The calendar's role, in one small request. Errors: as start(). */
	mms_rc (*look)(struct mms_session *s, enum mms_calendar_role *role,
		       struct mms_err *err);

	/*
	 * The exact id that an event created with this UUID has; provisional where the service names it.
	 * Owns: *out. Errors: NOMEM.
	 */
	mms_rc (*make_id)(const unsigned char uuid[16], char **out, struct mms_err *err);

	/*
	 * A fresh access token for a refresh token. Errors: AUTH (the grant is dead, or the client is
	 * refused), RETRY, WAIT, CONFIG, STOPPED, NOMEM.
	 */
	mms_rc (*renew)(const struct mms_provider_env *env,
			const struct mms_oauth_client *client, const char *refresh_token,
			struct mms_oauth_tokens *out, struct mms_err *err);
};

enum mms_provider_caps {
	MMS_CAP_CURSOR = 1 << 0, /* lists only what changed since a cursor */
	MMS_CAP_WRITE = 1 << 1,  /* takes events of ours                   */
	MMS_CAP_SHARED = 1 << 2, /* one fetch serves several integrations  */
	MMS_CAP_MAILS = 1 << 3, /* whoever is a guest is mailed: there are none without leave */
};

struct mms_provider {
	const char *name;                   /* "ical": in JSON, logs, our tables */
	const char *integration_type;       /* "iCal": in MM Calendar Integration */
	const char *summary;                /* one line for help and the manual  */
	unsigned caps;                      /* OR of MMS_CAP_*                   */
	const struct mms_provider_ops *ops; /* NULL: this build cannot do it */
	size_t batch_max;                   /* most writes that go in one put()         */
};

/*
 * What shares the fate of a calendar when its service has trouble: the service's name, or of a feed scheme and host of
 * its address; nothing where that cannot be read.
 */
void mms_provider_add_scope(const struct mms_provider *provider, const char *url,
			    struct mms_str *out);

/* By integration_type; NULL when there is none. Borrows: static. */
const struct mms_provider *mms_provider_find(const char *integration_type);

/*
 * Do two calendar_id of one person name the same calendar? Their own one has several names: none,
 * "primary", their address; of Outlook any address.
 */
bool mms_provider_is_same_calendar(const struct mms_provider *provider, const char *a,
				   const char *b, const char *user);

/* The feed provider's shared fetches. Thread-safe. */
mms_rc mms_feed_cache_new(struct mms_feed_cache **out, struct mms_err *err) MMS_MUST_CHECK;
void mms_feed_cache_free(struct mms_feed_cache *cache);
/*
 * Say, before a run starts, that an address will be read, with which cursor: readers of one address
 * who do not all know the same version of it make the one fetch unconditional.
 */
mms_rc mms_feed_cache_expect(struct mms_feed_cache *cache, const char *url, const char *cursor,
			     struct mms_err *err) MMS_MUST_CHECK;

/*
 * Fetch a feed once, outside of any integration (feed preview): *fd is the caller's to close,
 * *charset, as the server told it (NULL: it did not), the caller's to free. Errors: as start().
 */
mms_rc mms_feed_fetch(const struct mms_provider_env *env, const char *url, int *fd,
		      char **charset, struct mms_err *err) MMS_MUST_CHECK;

extern const struct mms_provider_ops mms_feed_provider_ops;
extern const struct mms_provider_ops mms_google_provider_ops;
extern const struct mms_provider_ops mms_outlook_provider_ops;

#endif
