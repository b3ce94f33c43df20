/*
 * What is said to a token endpoint and what it answers (RFC 6749), the address at which a person
 * consents, with PKCE (RFC 7636), and the consent that is given on another device (RFC 8628). Secrets: no text of an error holds one, and nothing of an answer but
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
/*
 * The same of Microsoft, which gives refresh tokens to who asks for offline access only. Without the address
 * of a service it is that of Microsoft Graph, in each of the national clouds.
 */
#define MMS_OUTLOOK_SCOPE "offline_access Calendars.ReadWrite"

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
	const char *access_type, *prompt; /* what the service has of it; NULL: not sent */
	const char *login_hint;           /* the person's address; NULL: any account    */
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

/* mms_provider_ops.renew of Google, and of Microsoft, where each answer has a new refresh token. */
mms_rc mms_google_renew(const struct mms_provider_env *env,
			const struct mms_oauth_client *client, const char *refresh_token,
			struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_outlook_renew(const struct mms_provider_env *env,
			 const struct mms_oauth_client *client, const char *refresh_token,
			 struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;

/* ---- a consent on another device (RFC 8628) ---------------------------------------------------- */

/* Seconds; what a service does not say, and the bounds of what it may say. */
#define MMS_DEVICE_LIFETIME_S 900
#define MMS_DEVICE_INTERVAL_S 5

/* What a person is shown, and what we ask with. All zero is empty; texts are owned. */
struct mms_oauth_device {
	char *device_code;                  /* a secret                       */
	char *user_code, *verification_uri; /* printable; the address is https */
	int64_t lifetime_s, interval_s;     /* at least 1                     */
};
void mms_oauth_device_release(struct mms_oauth_device *device);

/*
 * Begin. Owns: *out. Errors: CONFIG (the service has no such way, or the client may not use it), RETRY,
 * WAIT, STOPPED, NOMEM.
 */
mms_rc mms_oauth_device_start(const struct mms_provider_env *env,
			      const struct mms_oauth_client *client, const char *scope,
			      struct mms_oauth_device *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Ask until the person has consented, as slowly as the service wants. Trouble on the way is waited out. Owns:
 * *out. Errors: AUTH (the person said no, or the code is over), CONFIG, STOPPED (the flag, or out of time),
 * RETRY or WAIT (out of time, and the service did not answer at the end), NOMEM.
 */
mms_rc
mms_oauth_device_wait(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		      const struct mms_oauth_device *device, int64_t deadline_mono_ms,
		      struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;

/* ---- oauth_wire.c: bytes, pure ---------------------------------------------------------------- */

/* One field of a form, percent-encoded, with & before it where it is not the first; NULL: nothing. */
void mms_oauth_add_field(struct mms_str *out, const char *name, const char *value);

/* What a token endpoint sent. Borrows. */
struct mms_oauth_reply {
	const char *service; /* as in struct mms_oauth_client */
	long status;
	const char *body;
	size_t len;
};
/*
 * Read an answer. Owns: *out. Errors: AUTH (the consent is no longer valid), CONFIG (client, scope or
 * request are refused), RETRY (this is no answer of a token endpoint), NOMEM.
 */
mms_rc mms_oauth_read_answer(const struct mms_oauth_reply *reply, struct mms_oauth_tokens *out,
			     struct mms_err *err) MMS_MUST_CHECK;

/* What a device hears that asks whether the person has consented. */
enum mms_oauth_poll { MMS_POLL_DONE, MMS_POLL_PENDING, MMS_POLL_SLOW_DOWN };
/* The same where a device asks: OK with *poll, and tokens where it is done. */
mms_rc mms_oauth_read_poll(const struct mms_oauth_reply *reply, enum mms_oauth_poll *poll,
			   struct mms_oauth_tokens *out, struct mms_err *err) MMS_MUST_CHECK;
/* How a device begins. Owns: *out. Errors: as mms_oauth_read_answer(). */
mms_rc mms_oauth_read_device(const struct mms_oauth_reply *reply, struct mms_oauth_device *out,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif
