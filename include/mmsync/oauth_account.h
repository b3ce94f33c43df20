/*
 * The OAuth client that a site has for a service: of the settings, else of Frappe's own.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_OAUTH_ACCOUNT_H
#define MMSYNC_OAUTH_ACCOUNT_H

#include "mmsync/err.h"
#include "mmsync/oauth.h"
#include "mmsync/site.h"
#include "mmsync/tokens.h"

/* All zero is empty. */
struct mms_account_client {
	char *id, *secret;                /* owned */
	const char *token_url, *auth_url; /* borrowed of the site */
};
void mms_account_client_release(struct mms_account_client *client);
/* As the provider takes it. Borrows: client. */
struct mms_oauth_client mms_account_client_get(const struct mms_account_client *client);

/*
 * The client for Google: mmsync.google of the site, what is missing there from Google Settings, which is
 * read only then. Owns: *out. Borrows: site. Errors: CONFIG (there is none, with what to do; or it cannot be
 * decrypted), RETRY, NOMEM.
 */
mms_rc
mms_account_load_google(struct mms_db *db, const struct mms_site *site,
			struct mms_account_client *out, struct mms_err *err) MMS_MUST_CHECK;

#endif
