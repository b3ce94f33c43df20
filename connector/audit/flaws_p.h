/* What the files of the consistency rules share. */
#ifndef AUDIT_FLAWS_P_H
#define AUDIT_FLAWS_P_H

#include "mmsync/digest.h"
#include "mmsync/flaws.h"
#include "mmsync/pool.h"
#include "mmsync/review.h"
#include "mmsync/stmt.h"

/* What is under way is told by people, not by rows: blocks of whom all are to be planned anew are passed over. */
enum flaw_flags {
	FLAW_OF_BLOCKS =
		1 << 0, /* cursor and id are of a block's calendar and its source's     */
	FLAW_OF_EVENTS =
		1 << 1, /* may be about one event                                       */
	FLAW_IS_CHEAP =
		1 << 2, /* an index answers it                                          */
	FLAW_IS_WARNING =
		1 << 3, /* nothing wrong comes of it                                    */
};

struct looking;
struct flaw_rule {
	enum mms_rule rule;
	const char *table;
	unsigned flags;                 /* enum flaw_flags */
	enum mms_remedy remedy, booked; /* booked: where a booking is named; NONE: the same */
	enum mms_stmt stmt;
	/* Where no statement answers it; NULL: stmt does. Tells of it, and of all rules behind it with the same one. */
	mms_rc (*find)(struct looking *l, struct mms_err *err);
	/* "{a}" and "{b}" are the details, "{i}" the integration. */
	const char *message;
};
/* The rule's row. Static. */
const struct flaw_rule *mms_flaw_rule(enum mms_rule rule);

/* What was found. Borrowed; all zero is nothing. */
struct flaw_facts {
	uint64_t cursor_id, id;
	const char *integration, *name, *booking, *a, *b;
	const unsigned char *uuid, *key; /* 16 bytes; NULL: none */
};

/* One look. */
struct looking {
	const struct mms_sync_env *env;
	const struct mms_flaw_choice *choice;
	mms_flaw_taker *take;
	void *aux;
	struct mms_review *review; /* owned; NULL: not needed yet */
	int64_t now_ms, site_us;
	struct mms_digest digest;
	struct mms_str message;
	unsigned char event_uuid[16]; /* of choice->event, where a state knows it */
	bool has_event_uuid;
};
/* The site's calendars and people, read when first asked for. Borrows: *out. */
mms_rc
mms_flaw_review(struct looking *l, struct mms_review **out, struct mms_err *err) MMS_MUST_CHECK;
/* Is the rule among those that were asked for? */
bool mms_flaw_is_wanted(const struct looking *l, enum mms_rule rule);
/* Tell of one, unless it is under way. remedy of the rule, but for that of `remedy` where it is not COUNT. */
mms_rc mms_flaw_tell(struct looking *l, enum mms_rule rule, enum mms_remedy remedy,
		     const struct flaw_facts *facts, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_flaw_check_stop(const struct looking *l, struct mms_err *err) MMS_MUST_CHECK;

/* flaws_blocks.c: what a plan of everybody's blocks would change. */
mms_rc mms_flaws_of_plans(struct looking *l, struct mms_err *err) MMS_MUST_CHECK;
/* flaws_site.c */
mms_rc mms_flaws_of_bookings(struct looking *l, struct mms_err *err) MMS_MUST_CHECK;
/* Do the two details, "FROM to TO", mean other times than each other? */
mms_rc mms_flaw_is_at_another_time(struct looking *l, const struct flaw_facts *facts, bool *out,
				   struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_flaws_of_tokens(struct looking *l, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_flaws_of_schema(struct looking *l, struct mms_err *err) MMS_MUST_CHECK;

#endif
