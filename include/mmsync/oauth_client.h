/*
 * What is said to a token endpoint and what it answers (RFC 6749), and the address at which a person
 * consents, with PKCE (RFC 7636). Secrets: no text of an error holds one, and nothing of an answer but
 * the name of its error.
 *
 * Layer: provider.
 */
#ifndef MMSYNC_OAUTH_CLIENT_H
#define MMSYNC_OAUTH_CLIENT_H

#include <stddef.h>

#include "mmsync/attr.h"
#include "mmsync/err.h"
#include "mmsync/oauth.h"
#include "mmsync/provider.h"
#include "mmsync/str.h"

/* Longer tokens are refused: a column of Frappe's, and a header of a request, have to hold them. */
#define MMS_OAUTH_TOKEN_MAX 16384
/* Larger answers are not read. */
#define MMS_OAUTH_ANSWER_MAX ((size_t)256 * 1024)

/* What Google is asked for: events of calendars, nothing else. */
#define MMS_GOOGLE_SCOPE "https://www.googleapis.com/auth/calendar.events"

#define MMS_PKCE_CHARS 43

/* The secret of one consent, and what is shown of it before. */
struct mms_pkce {
	char verifier[MMS_PKCE_CHARS + 1], challenge[MMS_PKCE_CHARS + 1];
};
/* Errors: BUG (no randomness), NOMEM. */
mms_rc mms_pkce_make(struct mms_pkce *out, struct mms_err *err) MMS_MUST_CHECK;

/* A consent to be asked for. Texts are borrowed. */
struct mms_oauth_consent {
	const char *auth_url, *client_id, *redirect_uri, *scope, *state, *challenge;
	const char *login_hint; /* the person's address; NULL: any account */
};
/* The address that the person opens. */
void mms_oauth_add_consent_url(struct mms_str *out, const struct mms_oauth_consent *consent);

/* What came of it. Texts are borrowed. */
struct mms_oauth_code {
	const char *code, *redirect_uri, *verifier;
	const char *scope; /* NULL: not sent */
};
/*
 * Tokens for the code of a consent. Owns: *out. Errors: AUTH (the code is not taken: consent anew), RETRY,
 * WAIT, CONFIG (the client is refused), STOPPED, NOMEM.
 */
mms_rc
mms_oauth_exchange(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		   const struct mms_oauth_code *code, struct mms_oauth_tokens *out,
		   struct mms_err *err) MMS_MUST_CHECK;

/* mms_provider_ops.renew of Google. */
mms_rc mms_google_renew(const struct mms_provider_env *env,
			const struct mms_oauth_client *client, const char *refresh_token,
			struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;

/* ---- oauth_wire.c: bytes, pure ---------------------------------------------------------------- */

/* One field of a form, percent-encoded, with & before it where it is not the first; NULL: nothing. */
void mms_oauth_add_field(struct mms_str *out, const char *name, const char *value);

/*
 * Read an answer. Owns: *out. Errors: AUTH (the consent is no longer valid), CONFIG (client, scope or
 * request are refused), RETRY (this is no answer of a token endpoint), NOMEM.
 */
mms_rc mms_oauth_read_answer(long status, const char *body, size_t len,
			     struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;

#endif
