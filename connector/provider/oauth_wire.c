/* Forms and answers of token endpoints: bytes only (see mmsync/oauth_client.h). */
#include <jansson.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"

#define ERROR_CHARS    60
#define LIFETIME_MAX_S (10 * 366 * INT64_C(86400))

/* Of what is shown of a consent on another device. */
#define USER_CODE_MAX 64
#define ADDRESS_MAX   500
#define INTERVAL_MAX  60
#define CODE_MAX_S    3600

static void
wipe_text(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	mms_free(text);
}

void
mms_oauth_tokens_release(struct mms_oauth_tokens *tokens)
{
	if (tokens == NULL)
		return;
	wipe_text(tokens->access_token);
	wipe_text(tokens->refresh_token);
	mms_free(tokens->scope);
	*tokens = (struct mms_oauth_tokens){ 0 };
}

void
mms_oauth_device_release(struct mms_oauth_device *device)
{
	if (device == NULL)
		return;
	wipe_text(device->device_code);
	mms_free(device->user_code);
	mms_free(device->verification_uri);
	*device = (struct mms_oauth_device){ 0 };
}

/* ---- forms ---------------------------------------------------------------------------------- */

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void
add_encoded(struct mms_str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (is_unreserved(*text))
			mms_str_addc(out, *text);
		else
			mms_str_addf(out, "%%%02X", (unsigned char)*text);
	}
}

void
mms_oauth_add_field(struct mms_str *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (out->len > 0)
		mms_str_addc(out, '&');
	mms_str_add(out, name);
	mms_str_addc(out, '=');
	add_encoded(out, value);
}

void
mms_oauth_add_consent_url(struct mms_str *out, const struct mms_oauth_consent *consent)
{
	MMS_AUTO(mms_str) query = { 0 };

	mms_oauth_add_field(&query, "client_id", consent->client_id);
	mms_oauth_add_field(&query, "redirect_uri", consent->redirect_uri);
	mms_oauth_add_field(&query, "response_type", "code");
	mms_oauth_add_field(&query, "scope", consent->scope);
	mms_oauth_add_field(&query, "state", consent->state);
	mms_oauth_add_field(&query, "code_challenge", consent->challenge);
	mms_oauth_add_field(&query, "code_challenge_method", "S256");
	mms_oauth_add_field(&query, "access_type", consent->access_type);
	mms_oauth_add_field(&query, "prompt", consent->prompt);
	mms_oauth_add_field(&query, "login_hint", consent->login_hint);
	mms_str_add(out, consent->auth_url);
	mms_str_addc(out, strchr(consent->auth_url, '?') != NULL ? '&' : '?');
	mms_str_add(out, mms_str_get(&query));
	if (query.state != MMS_OK)
		out->state = query.state;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* A parsed document, given back when its block ends. */
struct document {
	json_t *root;
};

static void
document_release(struct document *document)
{
	json_decref(document->root);
}

static mms_rc
no_answer(long status, const char *why, struct mms_err *err)
{
	mms_fail(err, MMS_E_RETRY, "the token endpoint answers %ld with %s", status, why);
	mms_blame_status(err, status);
	return mms_hint(err, "if it stays so: is token_url right, and is there a proxy or a "
			     "sign-in page between?");
}

/* The name of an error, where it is one of RFC 6749's kind: nothing else of an answer is shown. */
static const char *
name_of(const json_t *root, const char *key)
{
	const char *name = json_string_value(json_object_get(root, key));

	if (name == NULL || name[0] == '\0' || strlen(name) > ERROR_CHARS ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz_") != strlen(name))
		return NULL;
	return name;
}

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

static mms_rc
read_error(const json_t *root, const struct mms_oauth_reply *reply, struct mms_err *err)
{
	/* A person has to consent (again); Microsoft has more names for it than Google. */
	static const char *const dead[] = { "invalid_grant",    "interaction_required",
					    "consent_required", "login_required",
					    "access_denied",    NULL };
	static const char *const passing[] = { "temporarily_unavailable", "server_error",
					       "internal_failure", NULL };
	static const char *const client[] = { "invalid_client", "unauthorized_client",
					      "deleted_client", "disabled_client", NULL };
	const char *name = name_of(root, "error"), *sub = name_of(root, "error_subtype");

	if (sub == NULL)
		sub = name_of(root, "suberror");
	if (name == NULL)
		return no_answer(reply->status, "an error that it does not name", err);
	if (is_one_of(name, dead)) {
		mms_fail(err, MMS_E_AUTH,
			 "the service no longer takes this consent (%s%s%s): it was revoked, "
			 "or it has expired",
			 name, sub != NULL ? ", " : "", sub != NULL ? sub : "");
		return mms_hint(
			err, "the person consents anew: mmsync connect %s --integration NAME",
			reply->service);
	}
	if (is_one_of(name, passing))
		return no_answer(reply->status, name, err);
	if (is_one_of(name, client)) {
		mms_fail(err, MMS_E_CONFIG, "the service refuses our OAuth client (%s)", name);
		return mms_hint(err,
				"compare client id and secret with the service's console; see "
				"docs/%s.md",
				reply->service);
	}
	mms_fail(err, MMS_E_CONFIG, "the token endpoint refuses the request (%s)", name);
	return mms_hint(err,
			"is the OAuth client of the right kind, and token_url that of its "
			"service? See docs/%s.md",
			reply->service);
}

/* A token goes into a header and a form: visible ASCII, and not without end. */
static bool
is_token(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++) {
		if (text[n] <= ' ' || text[n] > '~' || n >= MMS_OAUTH_TOKEN_MAX)
			return false;
	}
	return n > 0;
}

/* Seconds; some write them as a text. What is no sensible number is not said. */
static int64_t
lifetime_of(const json_t *value)
{
	int64_t seconds = 0;
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		seconds = json_integer_value(value);
	for (; text != NULL && *text >= '0' && *text <= '9' && seconds <= LIFETIME_MAX_S;
	     text++)
		seconds = seconds * 10 + (*text - '0');
	if (text != NULL && *text != '\0')
		return 0;
	return seconds > 0 && seconds <= LIFETIME_MAX_S ? seconds : 0;
}

/* Owns: *out. False: out of memory. */
static bool
copy_member(const json_t *root, const char *key, char **out)
{
	const char *text = json_string_value(json_object_get(root, key));

	*out = mms_text_copy(text);
	return text == NULL || *out != NULL;
}

static mms_rc
read_tokens(const json_t *root, long status, struct mms_oauth_tokens *out, struct mms_err *err)
{
	const char *access = json_string_value(json_object_get(root, "access_token"));
	const json_t *refresh = json_object_get(root, "refresh_token");
	const char *type = json_string_value(json_object_get(root, "token_type"));

	if (access == NULL || !is_token(access))
		return no_answer(status, "no access token", err);
	if (refresh != NULL && !json_is_null(refresh) &&
	    (!json_is_string(refresh) || !is_token(json_string_value(refresh))))
		return no_answer(status, "a refresh token that cannot be one", err);
	if (type != NULL && strcasecmp(type, "Bearer") != 0)
		return no_answer(status, "a token that is no bearer token", err);
	out->lifetime_s = lifetime_of(json_object_get(root, "expires_in"));
	if (!copy_member(root, "access_token", &out->access_token) ||
	    !copy_member(root, "refresh_token", &out->refresh_token) ||
	    !copy_member(root, "scope", &out->scope))
		return mms_fail_nomem(err);
	return MMS_OK;
}

/* Parse what came; what is no object is no answer. Owns: *out. */
static mms_rc
parse(const struct mms_oauth_reply *reply, struct document *out, struct mms_err *err)
{
	unsigned long n_failed = mms_mem_n_failed();

	if (reply->len > MMS_OAUTH_ANSWER_MAX)
		return no_answer(reply->status, "far more than tokens", err);
	out->root = json_loadb(reply->body, reply->len, 0, NULL);
	if (out->root == NULL && mms_mem_n_failed() != n_failed)
		return mms_fail_nomem(err);
	if (!json_is_object(out->root))
		return no_answer(reply->status, "something that is no JSON object", err);
	return MMS_OK;
}

/* Is there an error in it, or a status that no success has? */
static mms_rc
check(const json_t *root, const struct mms_oauth_reply *reply, const char *neither,
      struct mms_err *err)
{
	const json_t *error = json_object_get(root, "error");

	if (error != NULL && !json_is_null(error))
		return read_error(root, reply, err);
	return reply->status == 200 ? MMS_OK : no_answer(reply->status, neither, err);
}

static mms_rc
take_tokens(const json_t *root, const struct mms_oauth_reply *reply,
	    struct mms_oauth_tokens *out, struct mms_err *err)
{
	MMS_AUTO(mms_oauth_tokens) read = { 0 };

	mms_rc rc = check(root, reply, "neither tokens nor an error", err);
	if (rc == MMS_OK)
		rc = read_tokens(root, reply->status, &read, err);
	if (rc != MMS_OK)
		return rc;
	*out = read;
	read = (struct mms_oauth_tokens){ 0 };
	return MMS_OK;
}

mms_rc
mms_oauth_read_answer(const struct mms_oauth_reply *reply, struct mms_oauth_tokens *out,
		      struct mms_err *err)
{
	MMS_AUTO(document) document = { 0 };

	mms_rc rc = parse(reply, &document, err);
	return rc == MMS_OK ? take_tokens(document.root, reply, out, err) : rc;
}

/* ---- a consent on another device -------------------------------------------------------------- */

/* What a person's answer is called there. */
static mms_rc
refuse_poll(const char *name, bool is_over, struct mms_err *err)
{
	if (is_over) {
		mms_fail(err, MMS_E_AUTH, "nobody consented while the code was good (%s)",
			 name);
		return mms_hint(err, "start it again: each time there is a new code");
	}
	mms_fail(err, MMS_E_AUTH, "the consent was refused (%s)", name);
	return mms_hint(err, "the person said no, or may not consent to this application");
}

mms_rc
mms_oauth_read_poll(const struct mms_oauth_reply *reply, enum mms_oauth_poll *poll,
		    struct mms_oauth_tokens *out, struct mms_err *err)
{
	static const char *const over[] = { "expired_token", "bad_verification_code", NULL };
	static const char *const refused[] = { "authorization_declined", "access_denied",
					       NULL };
	MMS_AUTO(document) document = { 0 };

	*poll = MMS_POLL_DONE;
	mms_rc rc = parse(reply, &document, err);
	if (rc != MMS_OK)
		return rc;
	const char *name = name_of(document.root, "error");
	if (name != NULL && strcmp(name, "authorization_pending") == 0)
		*poll = MMS_POLL_PENDING;
	else if (name != NULL && strcmp(name, "slow_down") == 0)
		*poll = MMS_POLL_SLOW_DOWN;
	else if (name != NULL && (is_one_of(name, over) || is_one_of(name, refused)))
		return refuse_poll(name, is_one_of(name, over), err);
	else
		return take_tokens(document.root, reply, out, err);
	return MMS_OK;
}

/* It is printed: visible ASCII, and not without end. */
static bool
is_shown(const char *text, size_t max)
{
	return text != NULL && strlen(text) <= max && is_token(text);
}

mms_rc
mms_oauth_read_device(const struct mms_oauth_reply *reply, struct mms_oauth_device *out,
		      struct mms_err *err)
{
	MMS_AUTO(document) document = { 0 };
	MMS_AUTO(mms_oauth_device) read = { 0 };

	mms_rc rc = parse(reply, &document, err);
	if (rc == MMS_OK)
		rc = check(document.root, reply, "neither a code nor an error", err);
	if (rc != MMS_OK)
		return rc;
	const json_t *root = document.root;
	const char *address = json_string_value(json_object_get(root, "verification_uri"));
	if (!is_shown(json_string_value(json_object_get(root, "device_code")),
		      MMS_OAUTH_TOKEN_MAX) ||
	    !is_shown(json_string_value(json_object_get(root, "user_code")), USER_CODE_MAX))
		return no_answer(reply->status, "no code for a device", err);
	if (!is_shown(address, ADDRESS_MAX) || strncmp(address, "https://", 8) != 0)
		return no_answer(reply->status, "no address where a code is typed in", err);
	read.lifetime_s = lifetime_of(json_object_get(root, "expires_in"));
	read.interval_s = lifetime_of(json_object_get(root, "interval"));
	if (read.lifetime_s == 0)
		read.lifetime_s = MMS_DEVICE_LIFETIME_S;
	if (read.lifetime_s > CODE_MAX_S)
		read.lifetime_s = CODE_MAX_S;
	if (read.interval_s == 0)
		read.interval_s = MMS_DEVICE_INTERVAL_S;
	if (read.interval_s > INTERVAL_MAX)
		read.interval_s = INTERVAL_MAX;
	if (!copy_member(root, "device_code", &read.device_code) ||
	    !copy_member(root, "user_code", &read.user_code) ||
	    !copy_member(root, "verification_uri", &read.verification_uri))
		return mms_fail_nomem(err);
	*out = read;
	read = (struct mms_oauth_device){ 0 };
	return MMS_OK;
}
