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

/* Send a form and read what comes. */
static mms_rc
ask(const struct mms_provider_env *env, const char *token_url, struct mms_str *form,
    struct mms_oauth_tokens *out, struct mms_err *err)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded", "Accept: application/json",
		NULL
	};
	MMS_AUTO(secret_answer) answer = { 0 };
	struct mms_request_counts counts = { 0 };

	mms_rc rc = mms_str_check(form, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_http_request request = {
		.method = "POST",
		.url = token_url,
		.headers = headers,
		.body = mms_str_get(form),
		.body_len = form->len,
		.deadline_mono_ms = env->deadline_mono_ms,
		.is_stopped = env->is_stopped,
	};
	rc = mms_request_run(env, &request, &counts, &answer.http, err);
	return rc == MMS_OK ? mms_oauth_read_answer(answer.http.status,
						    mms_str_get(&answer.http.body),
						    answer.http.body.len, out, err)
			    : rc;
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
	mms_oauth_add_field(&form.text, "client_id", client->client_id);
	mms_oauth_add_field(&form.text, "client_secret", client->client_secret);
	mms_oauth_add_field(&form.text, "scope", code->scope);
	mms_rc rc = ask(env, client->token_url, &form.text, out, err);
	if (rc != MMS_E_AUTH)
		return rc;
	mms_fail(err, MMS_E_AUTH,
		 "the service does not take the code of this consent: it was used already, is "
		 "too old, or is of another client");
	return mms_hint(err, "start mmsync connect again, and consent once more");
}

mms_rc
mms_google_renew(const struct mms_provider_env *env, const struct mms_oauth_client *client,
		 const char *refresh_token, struct mms_oauth_tokens *out, struct mms_err *err)
{
	MMS_AUTO(secret_text) form = { 0 };

	mms_oauth_add_field(&form.text, "grant_type", "refresh_token");
	mms_oauth_add_field(&form.text, "refresh_token", refresh_token);
	mms_oauth_add_field(&form.text, "client_id", client->client_id);
	mms_oauth_add_field(&form.text, "client_secret", client->client_secret);
	return ask(env, client->token_url, &form.text, out, err);
}
