/* The token endpoint, and whose a token is. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

struct g_account *
g_find_account(const struct g_service *g, const char *email)
{
	for (struct g_account *account = g->accounts; account != NULL;
	     account = account->next) {
		if (strcmp(account->email, email) == 0)
			return account;
	}
	return NULL;
}

static void
drop(char **token)
{
	free(*token);
	*token = NULL;
}

/* The account where the token is good now; the newest one ends a refresh token that was brief. */
static struct g_account *
use_access(const struct g_service *g, struct g_account *account, size_t i)
{
	if (account->is_revoked || account->access[i].until_ms <= g_now(g))
		return NULL;
	if (i == 0 && account->is_spare_brief) {
		drop(&account->spare_refresh);
		drop(&account->shared_refresh);
	}
	return account;
}

struct g_account *
g_authorize(struct g_service *g, const struct g_request *r)
{
	const char *token = r->authorization;

	if (token == NULL || strncmp(token, "Bearer ", 7) != 0)
		return NULL;
	for (struct g_account *account = g->accounts; account != NULL;
	     account = account->next) {
		for (size_t i = 0; i < MMS_COUNT(account->access); i++) {
			if (account->access[i].token != NULL &&
			    strcmp(account->access[i].token, token + 7) == 0)
				return use_access(g, account, i);
		}
	}
	return NULL;
}

void
g_give_access(struct g_service *g, struct g_account *account, const char *token,
	      int64_t until_ms)
{
	size_t last = MMS_COUNT(account->access) - 1;

	(void)g;
	free(account->access[last].token);
	memmove(&account->access[1], &account->access[0], last * sizeof account->access[0]);
	account->access[0].token = strdup(token);
	account->access[0].until_ms = until_ms;
}

/* OAuth's own form of an error. */
static void
refuse(struct g_answer *a, unsigned status, const char *error, const char *text)
{
	g_json(a, status, json_pack("{s:s, s:s}", "error", error, "error_description", text));
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
answer_tokens(struct g_service *g, struct g_account *account, bool with_refresh,
	      struct g_answer *a)
{
	char access[200];
	int64_t life_s = g->options.lifetime_s;

	(void)snprintf(access, sizeof access, "ya29.%s.%ld", account->email, ++account->made);
	g_give_access(g, account, access, g_now(g) + life_s * 1000);
	json_t *doc = json_pack("{s:s, s:I, s:s, s:s}", "access_token", access, "expires_in",
				(json_int_t)life_s, "scope",
				"https://www.googleapis.com/auth/calendar.events", "token_type",
				"Bearer");
	if (with_refresh)
		json_object_set_new(doc, "refresh_token", json_string(account->refresh));
	g_json(a, 200, doc);
	(void)snprintf(a->account, sizeof a->account, "%s", account->email);
}

void
g_rotate(struct g_account *account)
{
	char fresh[200];

	(void)snprintf(fresh, sizeof fresh, "1//%s.%ld", account->email, ++account->made);
	if (account->is_shared && account->shared_refresh == NULL) {
		account->shared_refresh = account->spare_refresh;
		account->spare_refresh = NULL;
	}
	free(account->spare_refresh);
	account->spare_refresh = account->refresh;
	account->refresh = strdup(fresh);
	if (account->is_rotating_hard) {
		drop(&account->spare_refresh);
		drop(&account->shared_refresh);
	}
}

struct g_account *
g_use_refresh(struct g_service *g, const char *token)
{
	struct g_account *account = g->accounts;

	while (account != NULL && !is_same(account->refresh, token) &&
	       !is_same(account->spare_refresh, token) &&
	       !is_same(account->shared_refresh, token))
		account = account->next;
	if (account == NULL || account->is_revoked)
		return NULL;
	account->refreshes++;
	account->is_shared = !is_same(account->refresh, token);
	if (!account->is_shared)
		drop(&account->spare_refresh);
	if (!is_same(account->shared_refresh, token))
		drop(&account->shared_refresh);
	return account;
}

static void
refresh(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	const char *token = g_param(r, "refresh_token");
	struct g_account *account = token != NULL ? g_use_refresh(g, token) : NULL;

	if (token == NULL) {
		refuse(a, 400, "invalid_request", "Missing required parameter: refresh_token");
	} else if (account == NULL) {
		refuse(a, 400, "invalid_grant", "Token has been expired or revoked.");
	} else {
		bool is_rotating = account->is_rotating || account->is_rotating_hard;

		if (is_rotating)
			g_rotate(account);
		account->is_rotating = account->is_rotating_hard = false;
		answer_tokens(g, account, is_rotating, a);
	}
}

/* RFC 7636, S256. */
static bool
is_verified(const char *challenge, const char *verifier)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], text[64];

	if (challenge == NULL)
		return verifier == NULL;
	if (verifier == NULL || strlen(verifier) < 43 || strlen(verifier) > 128)
		return false;
	(void)SHA256((const unsigned char *)verifier, strlen(verifier), digest);
	int n = EVP_EncodeBlock(text, digest, sizeof digest);
	for (int i = 0; i < n; i++)
		text[i] = text[i] == '+'   ? '-'
			  : text[i] == '/' ? '_'
			  : text[i] == '=' ? '\0'
					   : text[i];
	return strcmp((const char *)text, challenge) == 0;
}

enum g_redeemed
g_redeem(struct g_service *g, const struct g_request *form, struct g_account **account)
{
	const char *text = g_param(form, "code");
	struct g_code **at = &g->codes;

	while (*at != NULL && !is_same((*at)->code, text))
		at = &(*at)->next;
	struct g_code *code = *at;
	*account = code != NULL ? g_find_account(g, code->account) : NULL;
	bool is_good = *account != NULL &&
		       is_verified(code->challenge, g_param(form, "code_verifier"));
	if (is_good && code->redirect != NULL &&
	    !is_same(code->redirect, g_param(form, "redirect_uri")))
		return G_OTHER_REDIRECT;
	if (code != NULL) {
		*at = code->next;
		free(code->code);
		free(code->account);
		free(code->redirect);
		free(code->challenge);
		free(code);
	}
	if (!is_good)
		return G_NO_CODE;
	(*account)->is_revoked = false;
	g_rotate(*account);
	return G_REDEEMED;
}

static void
redeem(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	struct g_account *account = NULL;

	switch (g_redeem(g, r, &account)) {
	case G_REDEEMED:
		answer_tokens(g, account, true, a);
		break;
	case G_NO_CODE:
		refuse(a, 400, "invalid_grant", "Bad Request");
		break;
	case G_OTHER_REDIRECT:
		refuse(a, 400, "redirect_uri_mismatch", "Bad Request");
		break;
	}
}

void
g_token(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	struct g_request form = { 0 };
	const char *type = r->content_type != NULL ? r->content_type : "";
	char *body = strndup(r->body != NULL ? r->body : "", r->body_len);

	g_read_form(&form, body);
	const char *grant = g_param(&form, "grant_type");
	if (strncmp(type, "application/x-www-form-urlencoded", 33) != 0 || form.is_bad)
		refuse(a, 400, "invalid_request", "Bad Request");
	else if (!is_same(g_param(&form, "client_id"), g->client_id) ||
		 !is_same(g_param(&form, "client_secret"), g->client_secret))
		refuse(a, 401, "invalid_client", "The OAuth client was not found.");
	else if (is_same(grant, "refresh_token"))
		refresh(g, &form, a);
	else if (is_same(grant, "authorization_code"))
		redeem(g, &form, a);
	else
		refuse(a, 400, "unsupported_grant_type", "Invalid grant_type");
	g_request_release(&form);
	free(body);
}
