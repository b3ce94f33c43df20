/* Requests to token endpoints (see mmsync/oauth_client.h). */
#include "mmsync/oauth.h"

#include <string.h>

#include "mmsync/base64.h"
#include "mmsync/digest.h"
#include "mmsync/oauth_client.h"
#include "mmsync/request.h"
#include "mmsync/uuid.h"

_Static_assert(MMS_PKCE_CHARS == (MMS_SHA256_BYTES * 8 + 5) / 6, "32 bytes without a filler");

/* A text with a secret in it, and an answer of such. */
struct secret_text {
	struct mms_str text;
};

static void
wipe(struct mms_str *text)
{
	if (text->cap > 0)
		explicit_bzero(text->ptr, text->cap);
	mms_str_release(text);
}

static void
secret_text_release(struct secret_text *secret)
{
	wipe(&secret->text);
}

struct secret_answer {
	struct mms_http_answer http;
};

static void
secret_answer_release(struct secret_answer *answer)
{
	wipe(&answer->http.body);
	mms_http_answer_release(&answer->http);
}

/* 43 characters of 32 random bytes, and the digest of their text. */
mms_rc
mms_pkce_make(struct mms_pkce *out, struct mms_err *err)
{
	unsigned char bytes[MMS_SHA256_BYTES], digest[MMS_SHA256_BYTES];
	char text[MMS_BASE64_CHARS(MMS_SHA256_BYTES) + 1];
	struct mms_pkce made = { 0 };

	mms_rc rc = mms_random(bytes, sizeof bytes, err);
	if (rc != MMS_OK)
		return rc;
	memcpy(made.verifier, text, mms_base64_print(bytes, sizeof bytes, true, text));
	rc = mms_sha256(made.verifier, MMS_PKCE_CHARS, digest, err);
	if (rc != MMS_OK)
		return rc;
	memcpy(made.challenge, text, mms_base64_print(digest, sizeof digest, true, text));
	*out = made;
	return MMS_OK;
}

/* Send a form; what comes is the caller's to read. */
static mms_rc
send_form(const struct mms_provider_env *env, const char *url, const struct mms_str *form,
	  struct secret_answer *answer, struct mms_err *err)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded", "Accept: application/json",
		NULL
	};
	struct mms_request_counts counts = { 0 };

	mms_rc rc = mms_str_check(form, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = mms_str_get(form),
		.body_len = form->len,
		.deadline_mono_ms = env->deadline_mono_ms,
		.is_stopped = env->is_stopped,
	};
	return mms_request_run(env, &request, &counts, &answer->http, err);
}

static struct mms_oauth_reply
reply_of(const struct mms_oauth_client *client, const struct secret_answer *answer)
{
	return (struct mms_oauth_reply){ .service = client->service,
					 .status = answer->http.status,
					 .body = mms_str_get(&answer->http.body),
					 .len = answer->http.body.len };
}

/* Ask for tokens. */
static mms_rc
ask(const struct mms_provider_env *env, const struct mms_oauth_client *client,
    const struct mms_str *form, struct mms_oauth_tokens *out, struct mms_err *err)
{
	MMS_AUTO(secret_answer) answer = { 0 };

	mms_rc rc = send_form(env, client->token_url, form, &answer, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_oauth_reply reply = reply_of(client, &answer);
	return mms_oauth_read_answer(&reply, out, err);
}

/* Who asks: a public client has no secret. */
static void
add_client(struct mms_str *form, const struct mms_oauth_client *client)
{
	mms_oauth_add_field(form, "client_id", client->client_id);
	mms_oauth_add_field(form, "client_secret", client->client_secret);
}

mms_rc
mms_oauth_exchange(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		   const struct mms_oauth_code *code, struct mms_oauth_tokens *out,
		   struct mms_err *err)
{
	MMS_AUTO(secret_text) form = { 0 };

	mms_oauth_add_field(&form.text, "grant_type", "authorization_code");
	mms_oauth_add_field(&form.text, "code", code->code);
	mms_oauth_add_field(&form.text, "redirect_uri", code->redirect_uri);
	mms_oauth_add_field(&form.text, "code_verifier", code->verifier);
	add_client(&form.text, client);
	mms_oauth_add_field(&form.text, "scope", code->scope);
	mms_rc rc = ask(env, client, &form.text, out, err);
	if (rc != MMS_E_AUTH)
		return rc;
	mms_fail(err, MMS_E_AUTH,
		 "the service does not take the code of this consent: it was used already, is "
		 "too old, or is of another client");
	return mms_hint(err, "start mmsync connect again, and consent once more");
}

/* ---- renewing ------------------------------------------------------------------------------- */

static mms_rc
renew(const struct mms_provider_env *env, const struct mms_oauth_client *client,
      const char *refresh_token, const char *scope, struct mms_oauth_tokens *out,
      struct mms_err *err)
{
	MMS_AUTO(secret_text) form = { 0 };

	mms_oauth_add_field(&form.text, "grant_type", "refresh_token");
	mms_oauth_add_field(&form.text, "refresh_token", refresh_token);
	add_client(&form.text, client);
	mms_oauth_add_field(&form.text, "scope", scope);
	return ask(env, client, &form.text, out, err);
}

mms_rc
mms_google_renew(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		 const char *refresh_token, struct mms_oauth_tokens *out, struct mms_err *err)
{
	return renew(env, client, refresh_token, NULL, out, err);
}

mms_rc
mms_outlook_renew(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		  const char *refresh_token, struct mms_oauth_tokens *out, struct mms_err *err)
{
	return renew(env, client, refresh_token, MMS_OUTLOOK_SCOPE, out, err);
}

/* ---- a consent on another device -------------------------------------------------------------- */

mms_rc
mms_oauth_device_start(const struct mms_provider_env *env,
		       const struct mms_oauth_client *client, const char *scope,
		       struct mms_oauth_device *out, struct mms_err *err)
{
	MMS_AUTO(secret_text) form = { 0 };
	MMS_AUTO(secret_answer) answer = { 0 };

	if (client->device_url == NULL)
		return mms_fail(err, MMS_E_CONFIG,
				"this service has no consent by a code that is typed in");
	add_client(&form.text, client);
	mms_oauth_add_field(&form.text, "scope", scope);
	mms_rc rc = send_form(env, client->device_url, &form.text, &answer, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_oauth_reply reply = reply_of(client, &answer);
	return mms_oauth_read_device(&reply, out, err);
}

static mms_rc
poll_once(const struct mms_provider_env *env, const struct mms_oauth_client *client,
	  const char *device_code, enum mms_oauth_poll *poll, struct mms_oauth_tokens *out,
	  struct mms_err *err)
{
	MMS_AUTO(secret_text) form = { 0 };
	MMS_AUTO(secret_answer) answer = { 0 };

	mms_oauth_add_field(&form.text, "grant_type",
			    "urn:ietf:params:oauth:grant-type:device_code");
	mms_oauth_add_field(&form.text, "device_code", device_code);
	add_client(&form.text, client);
	mms_rc rc = send_form(env, client->token_url, &form.text, &answer, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_oauth_reply reply = reply_of(client, &answer);
	return mms_oauth_read_poll(&reply, poll, out, err);
}

mms_rc
mms_oauth_device_wait(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		      const struct mms_oauth_device *device, int64_t deadline_mono_ms,
		      struct mms_oauth_tokens *out, struct mms_err *err)
{
	MMS_AUTO(mms_err) trouble = { 0 }; /* of the last poll, where it was not answered */
	enum mms_oauth_poll poll = MMS_POLL_PENDING;
	int64_t interval_ms = device->interval_s * 1000;

	while (mms_clock_mono_ms() + interval_ms < deadline_mono_ms) {
		mms_rc rc = mms_request_wait(env, interval_ms, "waiting for the consent", err);
		if (rc != MMS_OK)
			return rc;
		mms_err_release(&trouble);
		rc = poll_once(env, client, device->device_code, &poll, out, &trouble);
		if (rc != MMS_E_RETRY && rc != MMS_E_WAIT &&
		    (rc != MMS_OK || poll == MMS_POLL_DONE)) {
			mms_err_move(err, &trouble);
			return rc;
		}
		/* RFC 8628, 3.5: five seconds more, from now on; the same where nobody answers. */
		if (rc != MMS_OK || poll == MMS_POLL_SLOW_DOWN)
			interval_ms += MMS_DEVICE_INTERVAL_S * INT64_C(1000);
	}
	if (trouble.code != MMS_OK) {
		mms_rc rc = trouble.code;

		mms_err_move(err, &trouble);
		return rc;
	}
	mms_fail(err, MMS_E_STOPPED, "nobody consented in time");
	return mms_hint(err, "start it again, with a longer --timeout");
}
