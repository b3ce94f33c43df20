/*
 * Access to an account: OAuth clients and tokens, and the two ports through which a provider asks
 * whoever owns the accounts for a fresh token and for leave to send.
 *
 * Layer: provider.
 */
#ifndef MMSYNC_OAUTH_H
#define MMSYNC_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/err.h"

/* An OAuth client of a service. Texts are borrowed. */
struct mms_oauth_client {
	const char *service;                   /* "google", "outlook": in texts */
	const char *client_id, *client_secret; /* secret NULL: a public client  */
	const char *token_url;
	const char *device_url; /* where a device begins a consent; NULL: nowhere */
};

/* What a token endpoint answered. All zero is empty; texts are owned, and secrets. */
struct mms_oauth_tokens {
	char *access_token;
	char *refresh_token; /* NULL: the one that was used goes on               */
	int64_t lifetime_s;  /* of the access token; 0: not said                  */
	char *scope;         /* NULL: not said                                    */
};
void mms_oauth_tokens_release(struct mms_oauth_tokens *tokens);

/*
 * The access token of a session, kept fresh by whoever owns the accounts (sync/tokens.c). refused
 * is the token that the service has just answered 401 to (NULL: none): another one is wanted,
 * got by one refresh however many ask. *token borrows until the next call.
 * Errors: AUTH (a person must consent anew; nothing was asked of the service where that was known
 * before), RETRY, WAIT, CONFIG, STOPPED, NOMEM.
 */
struct mms_token_port {
	void *aux;
	mms_rc (*get)(void *aux, const char *refused, const char **token, struct mms_err *err);
};

/*
 * The request budget that all workers share (sync/budget.c). ask() returns when n more requests may
 * be sent, after waiting if that is not long; tell() notes that the service wants no request of
 * this user (or of the whole project) before an instant, Unix ms. Of a service that takes only so many
 * requests at the same time, enter() returns when n of them may be under way, until leave().
 * Errors of ask() and enter(): WAIT (not before err->retry_at_ms), STOPPED, RETRY, NOMEM.
 */
struct mms_budget_port {
	void *aux;
	mms_rc (*ask)(void *aux, int64_t n, struct mms_err *err);
	void (*tell)(void *aux, bool is_project, int64_t until_ms);
	mms_rc (*enter)(void *aux, unsigned n, struct mms_err *err); /* NULL: no such limit */
	void (*leave)(void *aux);
};

#endif
