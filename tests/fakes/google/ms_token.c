/*
 * Microsoft's token endpoints: /TENANT/oauth2/v2.0/token and .../devicecode, over the accounts and codes of
 * the other face. Stricter than the real ones, which ignore what they do not know: here it is refused.
 *
 * Source: Microsoft identity platform, OAuth 2.0 authorization code flow, device authorization grant.
 */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define CALENDARS    "https://graph.microsoft.com/Calendars.ReadWrite"
#define CODE_LIFE_S  900

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Of devices: waits are real, whatever `now` says. */
static int64_t
real_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The form of Microsoft's errors; suberror may be NULL. */
static void
refuse(struct g_answer *a, unsigned status, const char *error, const char *suberror, int number,
       const char *text)
{
	static const char id[] = "00000000-0000-4000-8000-000000000000";
	char description[600], uri[100];

	(void)snprintf(description, sizeof description,
		       "AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: "
		       "2026-03-02 08:00:00Z",
		       number, text, id, id);
	(void)snprintf(uri, sizeof uri, "https://login.microsoftonline.com/error?code=%d",
		       number);
	json_t *doc = json_pack("{s:s, s:s, s:[i], s:s, s:s, s:s, s:s}", "error", error,
				"error_description", description, "error_codes", number,
				"timestamp", "2026-03-02 08:00:00Z", "trace_id", id,
				"correlation_id", id, "error_uri", uri);
	if (suberror != NULL)
		json_object_set_new(doc, "suberror", json_string(suberror));
	g_json(a, status, doc);
}

/* ---- what is asked for ---------------------------------------------------------------------- */

/* Each parameter once, and none but these. NULL: fine, else the first that is not. */
static const char *
find_stranger(const struct g_request *form, const char *const *known)
{
	for (size_t i = 0; i < form->n_params; i++) {
		const char *name = form->params[i].name;
		const char *const *one = known;

		while (*one != NULL && strcmp(*one, name) != 0)
			one++;
		if (*one == NULL || g_param(form, name) != form->params[i].value)
			return name;
	}
	return NULL;
}

/* Is a word among those of a scope? As Microsoft compares them, without regard to case. */
static bool
has_word(const char *scope, const char *word)
{
	for (const char *p = scope; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == strlen(word) && strncasecmp(p, word, len) == 0)
			return true;
		p += len;
	}
	return false;
}

/* False: it is refused. Calendars only: nobody needs more. */
static bool
check_scope(const struct g_request *form, struct g_answer *a)
{
	const char *scope = g_param(form, "scope");
	size_t n = 0, n_known = 0;

	if (scope == NULL) {
		refuse(a, 400, "invalid_request", NULL, 900144,
		       "The request body must contain the following parameter: 'scope'.");
		return false;
	}
	for (const char *p = scope; *p != '\0'; p += strspn(p, " ")) {
		p += strcspn(p, " ");
		n++;
	}
	n_known = (size_t)has_word(scope, "offline_access") + has_word(scope, CALENDARS) +
		  has_word(scope, "Calendars.ReadWrite");
	if (n == n_known && n_known > (size_t)has_word(scope, "offline_access"))
		return true;
	refuse(a, 400, "invalid_scope", NULL, 70011,
	       "The provided value for the input parameter 'scope' is not valid.");
	return false;
}

/* False: it is refused. A client without a secret is a public one, which must not show any. */
static bool
check_client(const struct g_service *g, const struct g_request *form, struct g_answer *a)
{
	const char *secret = g_param(form, "client_secret");
	bool is_public = g->client_secret[0] == '\0';

	if (!is_same(g_param(form, "client_id"), g->client_id))
		refuse(a, 400, "unauthorized_client", NULL, 700016,
		       "Application was not found in the directory.");
	else if (is_public && secret != NULL)
		refuse(a, 401, "invalid_client", NULL, 700025,
		       "Client is public so neither 'client_assertion' nor 'client_secret' "
		       "should be presented.");
	else if (!is_public && secret == NULL)
		refuse(a, 401, "invalid_client", NULL, 7000218,
		       "The request body must contain the following parameter: "
		       "'client_assertion' or 'client_secret'.");
	else if (!is_public && strcmp(secret, g->client_secret) != 0)
		refuse(a, 401, "invalid_client", NULL, 7000215,
		       "Invalid client secret provided.");
	else
		return true;
	return false;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void
answer_tokens(struct g_service *g, struct g_account *account, bool with_refresh,
	      struct g_answer *a)
{
	char access[200];
	json_int_t life_s = g->options.lifetime_s;

	(void)snprintf(access, sizeof access, "EwCo.%s.%ld", account->email, ++account->made);
	g_give_access(g, account, access, g_now(g) + life_s * 1000);
	json_t *doc =
		json_pack("{s:s, s:s, s:I, s:I, s:s}", "token_type", "Bearer", "scope",
			  account->granted != NULL ? account->granted : CALENDARS, "expires_in",
			  life_s, "ext_expires_in", life_s, "access_token", access);
	if (with_refresh)
		json_object_set_new(doc, "refresh_token", json_string(account->refresh));
	g_json(a, 200, doc);
	(void)snprintf(a->account, sizeof a->account, "%s", account->email);
}

/* Each answer has another refresh token. */
static void
refresh(struct g_service *g, const struct g_request *form, struct g_answer *a)
{
	const char *token = g_param(form, "refresh_token");
	struct g_account *account = token != NULL ? g_use_refresh(g, token) : NULL;

	if (token == NULL) {
		refuse(a, 400, "invalid_request", NULL, 900144,
		       "The request body must contain the following parameter: "
		       "'refresh_token'.");
		return;
	}
	if (account == NULL) {
		refuse(a, 400, "invalid_grant", "bad_token", 50173,
		       "The provided grant has expired due to it being revoked.");
		return;
	}
	g_rotate(account);
	account->is_spare_brief = account->is_rotating;
	account->is_rotating = account->is_rotating_hard = false;
	answer_tokens(g, account, true, a);
}

static void
redeem(struct g_service *g, const struct g_request *form, struct g_answer *a)
{
	struct g_account *account = NULL;

	switch (g_redeem(g, form, &account)) {
	case G_REDEEMED:
		answer_tokens(g, account, has_word(g_param(form, "scope"), "offline_access"),
			      a);
		break;
	case G_NO_CODE:
		refuse(a, 400, "invalid_grant", NULL, 70008,
		       "The provided authorization code has expired.");
		break;
	case G_OTHER_REDIRECT:
		refuse(a, 400, "invalid_grant", NULL, 50011,
		       "The redirect URI specified in the request does not match.");
		break;
	}
}

/* ---- devices -------------------------------------------------------------------------------- */

void
g_device_free(struct g_device *device)
{
	free(device->device_code);
	free(device->user_code);
	free(device->scope);
	free(device->account);
	free(device);
}

static void
begin_device(struct g_service *g, const struct g_request *form, struct g_answer *a)
{
	struct g_device *device = calloc(1, sizeof *device);
	char text[100], message[200];

	if (device == NULL)
		return;
	g->seq++;
	(void)snprintf(text, sizeof text, "GAQABAAEAAAD--s3cret.%llu",
		       (unsigned long long)g->seq);
	device->device_code = strdup(text);
	(void)snprintf(text, sizeof text, "FAKE%05llu", (unsigned long long)g->seq);
	device->user_code = strdup(text);
	device->scope = strdup(g_param(form, "scope"));
	device->polled_ms = real_ms();
	device->until_ms = device->polled_ms + CODE_LIFE_S * INT64_C(1000);
	device->gap_ms = g->options.device_interval_s * 1000;
	device->next = g->devices;
	g->devices = device;
	(void)snprintf(message, sizeof message, "To sign in, enter the code %s.",
		       device->user_code);
	g_json(a, 200,
	       json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}", "user_code", device->user_code,
			 "device_code", device->device_code, "verification_uri",
			 "https://microsoft.com/devicelogin", "expires_in", CODE_LIFE_S,
			 "interval", (int)g->options.device_interval_s, "message", message));
}

/* Consented: the code is used up. */
static void
finish_device(struct g_service *g, struct g_device **at, struct g_answer *a)
{
	struct g_device *device = *at;
	struct g_account *account = g_find_account(g, device->account);

	account->is_revoked = false;
	g_rotate(account);
	answer_tokens(g, account, has_word(device->scope, "offline_access"), a);
	*at = device->next;
	g_device_free(device);
}

static void
poll_device(struct g_service *g, const struct g_request *form, struct g_answer *a)
{
	const char *code = g_param(form, "device_code");
	struct g_device **at = &g->devices;
	int64_t now_ms = real_ms();

	while (*at != NULL && !is_same((*at)->device_code, code))
		at = &(*at)->next;
	struct g_device *device = *at;
	if (device == NULL) {
		refuse(a, 400, "bad_verification_code", NULL, 70019,
		       "The verification code is not known.");
		return;
	}
	bool is_early = now_ms - device->polled_ms < device->gap_ms;
	device->polled_ms = now_ms;
	if (is_early || device->is_slow) {
		device->is_slow = false;
		device->gap_ms += 5000;
		refuse(a, 400, "slow_down", NULL, 70018, "The client polls too often.");
	} else if (device->until_ms <= now_ms) {
		refuse(a, 400, "expired_token", NULL, 70020, "The device code has expired.");
	} else if (device->is_denied) {
		refuse(a, 400, "authorization_declined", NULL, 70000,
		       "The end user denied the authorization request.");
	} else if (device->account == NULL) {
		refuse(a, 400, "authorization_pending", NULL, 70016,
		       "OAuth 2.0 device flow error. Authorization is pending.");
	} else {
		finish_device(g, at, a);
	}
}

/* device CODE WHAT: of the code that a person types in; "*": of the newest. */
bool
g_do_device(struct g_service *g, struct g_line *l)
{
	const char *code = g_word(l, 1), *what = g_word(l, 2);
	const char *account = g_value_of(l, "account");
	struct g_device *device = g->devices;

	while (device != NULL && strcmp(code, "*") != 0 && strcmp(device->user_code, code) != 0)
		device = device->next;
	if (device == NULL)
		return g_refuse(l, "there is no device with the code '%s'", code);
	if (strcmp(what, "approve") == 0) {
		if (account == NULL || g_find_account(g, account) == NULL)
			return g_refuse(l, "approve takes account=EMAIL");
		free(device->account);
		device->account = strdup(account);
	} else if (strcmp(what, "deny") == 0) {
		device->is_denied = true;
	} else if (strcmp(what, "expire") == 0) {
		device->until_ms = 0;
	} else if (strcmp(what, "slow") == 0) {
		device->is_slow = true;
	} else {
		return g_refuse(l, "a device takes approve, deny, expire, slow");
	}
	return true;
}

/* grant EMAIL SCOPE: what answers say that was granted. */
bool
g_do_grant(struct g_service *g, struct g_line *l)
{
	struct g_account *account = g_find_account(g, g_word(l, 1));

	if (account == NULL || l->n != 3)
		return g_refuse(l, "grant takes EMAIL SCOPE");
	free(account->granted);
	account->granted = strdup(l->words[2]);
	return true;
}

/* ---- which request is which ------------------------------------------------------------------- */

static void
answer_form(struct g_service *g, const struct g_request *form, bool is_device,
	    struct g_answer *a)
{
	static const struct {
		const char *grant;
		void (*run)(struct g_service *g, const struct g_request *form,
			    struct g_answer *a);
		bool has_scope;
		const char *known[9];
	} rows[] = {
		{ "refresh_token",
		  refresh,
		  true,
		  { "client_id", "client_secret", "grant_type", "refresh_token", "scope" } },
		{ "authorization_code",
		  redeem,
		  true,
		  { "client_id", "client_secret", "grant_type", "code", "redirect_uri",
		    "code_verifier", "scope" } },
		{ DEVICE_GRANT,
		  poll_device,
		  false,
		  { "client_id", "client_secret", "grant_type", "device_code" } },
		{ NULL, begin_device, true, { "client_id", "client_secret", "scope" } },
	};
	const char *grant = g_param(form, "grant_type"), *stranger = NULL;
	size_t i = is_device ? MMS_COUNT(rows) - 1 : 0;

	while (!is_device && i < MMS_COUNT(rows) && !is_same(rows[i].grant, grant))
		i++;
	if (i == MMS_COUNT(rows)) {
		refuse(a, 400, "unsupported_grant_type", NULL, 70003,
		       "The app requested an unsupported grant type.");
		return;
	}
	stranger = find_stranger(form, rows[i].known);
	if (stranger != NULL)
		refuse(a, 400, "invalid_request", NULL, 90014,
		       "A parameter is not known, or comes twice.");
	else if (check_client(g, form, a) && (!rows[i].has_scope || check_scope(form, a)))
		rows[i].run(g, form, a);
}

/* A tenant's id or domain, or common and the like. */
static bool
is_tenant(const char *text)
{
	return text[0] != '\0' &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789.-") == strlen(text);
}

bool
g_ms_token(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	bool is_ours = r->n_parts == 4 && strcmp(r->parts[1], "oauth2") == 0 &&
		       strcmp(r->parts[2], "v2.0") == 0 && strcmp(r->method, "POST") == 0;
	bool is_device = is_ours && strcmp(r->parts[3], "devicecode") == 0;

	if (!is_ours || (!is_device && strcmp(r->parts[3], "token") != 0))
		return false;
	struct g_request form = { 0 };
	const char *type = r->content_type != NULL ? r->content_type : "";
	char *body = strndup(r->body != NULL ? r->body : "", r->body_len);
	g_read_form(&form, body);
	if (strncmp(type, "application/x-www-form-urlencoded", 33) != 0 || form.is_bad ||
	    r->n_params > 0)
		refuse(a, 400, "invalid_request", NULL, 900144, "The request is malformed.");
	else if (!is_tenant(r->parts[0]))
		refuse(a, 400, "invalid_request", NULL, 90002, "Tenant not found.");
	else
		answer_form(g, &form, is_device, a);
	g_request_release(&form);
	free(body);
	return true;
}
