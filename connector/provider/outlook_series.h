/*
 * What of one listing of Outlook's cannot be handed up as it comes: items that are repeated, occurrences
 * that wait for their master, tombstones that wait for the listing's end, and series of which something
 * changed. No requests: outlook_listing.c makes them. Private to provider/.
 */
#ifndef PROVIDER_OUTLOOK_SERIES_H
#define PROVIDER_OUTLOOK_SERIES_H

#include "mmsync/keymap.h"
#include "outlook_parts.h"

/* With more series changed than this, everything is read again instead. */
#define OUTLOOK_CHANGED_MAX ((size_t)20)

/* A series of which something changed. */
struct outlook_changed {
	char *id;      /* owned                                                              */
	bool is_live;  /* an instance that lives in the window was listed as changed         */
	bool is_shown; /* reading it has shown one                                           */
	bool is_off;   /* it is no series any more                                           */
};

/* All zero is empty. */
struct outlook_series {
	struct mms_keymap ids; /* of items seen, to their stand */
	struct outlook_stand *stands;
	size_t n_stands, cap_stands;
	struct mms_event *waiting; /* owned; taken or cancelled: all zero */
	size_t n_waiting, cap_waiting, n_left, waiting_at;
	struct mms_keymap master_ids;
	struct outlook_master *masters;
	size_t n_masters, cap_masters;
	size_t n_missing,
		missing_at; /* masters that are not known; none of them before that place */
	struct outlook_changed *changed;
	size_t n_changed, cap_changed, changed_at;
	bool is_draining;  /* what waits is being handed up                       */
	bool is_of_series; /* the page in hand is of changed[changed_at]          */
};
void outlook_series_release(struct outlook_series *s);

/* What an item is to those that the listing has shown so far. */
enum outlook_news {
	OUTLOOK_NEW,
	OUTLOOK_AGAIN, /* seen before: this one counts, and what waited of it does not */
	OUTLOOK_OLD,   /* seen before, and newer then: to be passed over               */
};
/*
 * Of one that comes several times the one that was changed last counts, else the later one; a tombstone, which
 * does not say when, and what follows it count as they come. Errors: NOMEM.
 */
mms_rc outlook_series_see(struct outlook_series *s, const struct mms_event *event,
			  enum outlook_news *news, struct mms_err *err) MMS_MUST_CHECK;
/* What waits under this id is not handed up. */
void outlook_series_cancel(struct outlook_series *s, const char *id);

/* Let an event that was seen wait: an occurrence for its master, a tombstone. Owns: *event, moved. Errors: NOMEM. */
mms_rc outlook_series_hold(struct outlook_series *s, struct mms_event *event,
			   struct mms_err *err) MMS_MUST_CHECK;
/* Note a master. Owns: *event, moved; NULL: the series is gone. Errors: NOMEM. */
mms_rc outlook_series_put_master(struct outlook_series *s, const char *id,
				 struct mms_event *event, struct mms_err *err) MMS_MUST_CHECK;
/* What is known of this master does not hold any more: it is to be asked for. False: nothing was. */
bool outlook_series_doubt_master(struct outlook_series *s, const char *id);
/* Masters that something waits for and that are not known. Returns how many. Borrows: their ids. */
size_t outlook_series_missing(struct outlook_series *s, const char **out, size_t max);
/*
 * The next that waited, an occurrence with what is its master's; those of series that are gone are left out. *has
 * false: nothing is left. Owns: *out. Errors: NOMEM.
 */
mms_rc
outlook_series_take(struct outlook_series *s, const struct outlook_reader *reader,
		    struct mms_event *out, bool *has, struct mms_err *err) MMS_MUST_CHECK;

/* Something of a series changed; a tombstone of it that waits counts no more. Errors: RESYNC (too many), NOMEM. */
mms_rc outlook_series_change(struct outlook_series *s, const char *id, bool is_live,
			     struct mms_err *err) MMS_MUST_CHECK;
/* It is no series any more. */
void outlook_series_end(struct outlook_series *s, const char *id);
/* The one to be read now; NULL: none is left. Borrows. */
struct outlook_changed *outlook_series_current(struct outlook_series *s);

#endif
