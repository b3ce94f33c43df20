/*
 * The OAuth client that a site has for a service: of the settings; for Google else of Frappe's own.
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
	const char *service; /* static: the provider's name                */
	char *id, *secret;   /* owned; secret NULL: a public client         */
	char *token_url, *auth_url;
	char *device_url; /* owned, as both above; NULL: the service has none */
};
void mms_account_client_release(struct mms_account_client *client);
/* As the provider takes it. Borrows: client. */
struct mms_oauth_client mms_account_client_get(const struct mms_account_client *client);

/*
 * The client for a provider ("google", "outlook"). Google's: mmsync.google of the site, what is missing there
 * from Google Settings, which is read only then. Microsoft's: mmsync.microsoft, with the tenant in its
 * addresses; it may have no secret. Owns: *out. Errors: CONFIG (there is none, with what to do; it cannot be
 * decrypted; the tenant is none), RETRY, NOMEM.
 */
mms_rc mms_account_load(struct mms_db *db, const struct mms_site *site, const char *provider,
			struct mms_account_client *out, struct mms_err *err) MMS_MUST_CHECK;

#endif
