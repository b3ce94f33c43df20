/* The tokens of one integration in one turn, kept fresh. Private to sync/. */
#ifndef SYNC_TOKENS_H
#define SYNC_TOKENS_H

#include "mmsync/oauth_account.h"
#include "mmsync/tokens.h"
#include "turn.h"

/* All zero is closed. Its port borrows it: it does not move while it is open. */
struct mms_token_keeper {
	struct mms_worker *worker;           /* borrowed, as all up to provider */
	const struct mms_source *source;     /* whose tokens                      */
	struct mms_lease *lease;             /* NULL: none is held                */
	const struct mms_provider *provider; /* who renews them                   */
	struct mms_token_port port;
	struct mms_tokens tokens; /* as they are stored now  */
	bool has_tokens;
};

/*
 * No statement and no request yet: tokens are read when they are first asked for. Under a lease every
 * store touches it (and advances its batch number); without one only renewed tokens are stored: that is a
 * dry run. Keeps: everything given. Errors: CONFIG (this build cannot renew tokens of this provider).
 */
mms_rc
mms_token_keeper_open(struct mms_token_keeper *k, struct mms_worker *w,
		      const struct mms_source *source, struct mms_lease *lease,
		      const struct mms_provider *provider, struct mms_err *err) MMS_MUST_CHECK;
/* Borrows: k. Errors of its get(): those of struct mms_token_port, HELD (the lease is lost), GONE, DB. */
const struct mms_token_port *mms_token_keeper_port(const struct mms_token_keeper *k);
/* Wipes what it knew. */
void mms_token_keeper_release(struct mms_token_keeper *k);

#endif
