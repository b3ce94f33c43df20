/* mmsync connect: a person's consent to a calendar, and the tokens that come of it. */
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/consent.h"
#include "mmsync/cursors.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_account.h"
#include "mmsync/oauth_client.h"
#include "mmsync/schema.h"
#include "mmsync/tokens.h"

#define PATIENCE_S 300
#define SLICE_MS   200
/* What can be pasted at most: an address with everything that Google puts into it. */
#define PASTED_MAX 16384
/* Nobody need listen there: the browser stays at the address, which is then copied. */
#define MANUAL_REDIRECT "http://127.0.0.1:8766/"
#define STORE_TRIES     5

const struct mms_opt mms_connect_opts[] = {
	{ "integration", MMS_OPT_TEXT, "NAME", "the MM Calendar Integration" },
	{ "manual", MMS_OPT_FLAG, NULL,
	  "the browser is elsewhere: paste the address it ends at (works over SSH)" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "wait so long for the consent (default: 300)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_connect_google_more[] =
	"Prints an address. The owner of the calendar opens it in a browser, signs in, and "
	"consents; mmsync waits for it, and stores the tokens as Frappe stores passwords. It "
	"asks for the events of calendars and for nothing else.\n"
	"The browser must be on this machine: it is sent to a port of 127.0.0.1. Where it is "
	"not, --manual: the last page cannot be loaded there, and its address, or the code in "
	"it, is pasted here.\n"
	"  mmsync connect google --integration MM-CI-ann@example.com-0001\n"
	"  mmsync connect google --integration MM-CI-ann@example.com-0001 --manual\n"
	"An integration that is connected already gets new tokens. The OAuth client is that of "
	"the settings google.client_id and google.client_secret, else that of Frappe's Google "
	"Settings.\n"
	"Exit status: 0 connected; 1 the person or Google said no; 2 usage, also an unknown "
	"name; 3 configuration; 4 the database cannot be used; 6 interrupted, or nobody "
	"consented in time.";

const char mms_connect_outlook_more[] =
	"This version cannot read Outlook calendars; it says so, with exit status 2.";

/* What a connect works with. */
struct connect {
	struct mms_app *app;
	int64_t deadline_mono_ms;
	struct mms_sources sources;
	const struct mms_source *source; /* of sources */
	struct mms_account_client account;
	struct mms_pkce pkce, state; /* of the second only its verifier: random */
	char *code;
	struct mms_provider_env env;
	struct mms_oauth_tokens tokens;
};

static void
connect_release(struct connect *c)
{
	mms_sources_release(&c->sources);
	mms_account_client_release(&c->account);
	mms_secret_free(c->code);
	mms_provider_env_release(&c->env);
	mms_oauth_tokens_release(&c->tokens);
	explicit_bzero(&c->pkce, sizeof c->pkce);
}

/* ---- before --------------------------------------------------------------------------------- */

/* The original's tokens are its own: a copy of a site does not ask for others in its name. */
static mms_rc
check_installation(struct connect *c, struct mms_db *db, struct mms_err *err)
{
	MMS_AUTO(mms_installation) installation = { 0 };

	mms_rc rc = mms_installation_load(db, &c->app->site, &installation, err);
	if (rc != MMS_OK || !installation.is_elsewhere)
		return rc;
	mms_fail(err, MMS_E_CONFIG,
		 "this database belongs to another site or folder: a restored copy connects no "
		 "calendar");
	return mms_hint(err, "mmsync schema adopt --moved or --copy says which it is");
}

static mms_rc
find_source(struct connect *c, struct mms_db *db, struct mms_err *err)
{
	const char *name = mms_app_text(c->app, "integration");
	const struct mms_names names = { .integrations = &name, .n_integrations = 1 };

	mms_rc rc = mms_sources_load(db, &c->sources, err);
	if (rc == MMS_OK)
		rc = mms_sources_choose(db, &c->sources, &names, err);
	for (size_t i = 0; rc == MMS_OK && c->source == NULL && i < c->sources.n; i++) {
		if (c->sources.items[i].is_named)
			c->source = &c->sources.items[i];
	}
	if (rc != MMS_OK)
		return rc;
	const char *type = c->source != NULL ? c->source->integration.type : NULL;
	if (type != NULL && strcmp(type, "Google Calendar") == 0)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "%s is no Google Calendar but %s", name,
		 type != NULL && strcmp(type, "iCal") == 0 ? "an iCal feed"
		 : type != NULL                            ? type
							   : "without a type");
	return mms_hint(err,
			"a feed needs no consent; the type of an integration is changed in "
			"Frappe");
}

static mms_rc
prepare(struct connect *c, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (mms_app_text(c->app, "integration") == NULL) {
		mms_fail(err, MMS_E_USAGE, "which calendar is to be connected?");
		return mms_hint(err, "mmsync connect google --integration NAME; mmsync status "
				     "lists them");
	}
	mms_rc rc = mms_pool_lend(c->app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = check_installation(c, lent.db, err);
	if (rc == MMS_OK)
		rc = find_source(c, lent.db, err);
	/* Nobody consents to what cannot be kept. */
	if (rc == MMS_OK)
		rc = mms_tokens_check_key(c->app->site.encryption_key, err);
	if (rc == MMS_OK)
		rc = mms_account_load_google(lent.db, &c->app->site, &c->account, err);
	if (rc == MMS_OK)
		rc = mms_pkce_make(&c->pkce, err);
	return rc == MMS_OK ? mms_pkce_make(&c->state, err) : rc;
}

/* ---- the consent ---------------------------------------------------------------------------- */

/* For a person, whatever is asked to be silent: without it nothing can go on. */
static mms_rc
print_address(const struct connect *c, const char *redirect_uri, bool is_manual,
	      struct mms_err *err)
{
	MMS_AUTO(mms_str) url = { 0 };
	const char *user = c->source->integration.user;
	const struct mms_oauth_consent consent = {
		.auth_url = c->account.auth_url,
		.client_id = c->account.id,
		.redirect_uri = redirect_uri,
		.scope = MMS_GOOGLE_SCOPE,
		.state = c->state.verifier,
		.challenge = c->pkce.challenge,
		.login_hint = user != NULL && strchr(user, '@') != NULL ? user : NULL,
	};

	mms_oauth_add_consent_url(&url, &consent);
	mms_rc rc = mms_str_check(&url, err);
	if (rc != MMS_OK)
		return rc;
	fprintf(stderr,
		"Open this address in a browser%s, sign in as the owner of %s, and "
		"consent:\n\n%s\n\n",
		is_manual ? "" : " on this machine", c->source->integration.name,
		mms_str_get(&url));
	if (is_manual)
		fprintf(stderr,
			"The page that follows cannot be loaded (%s...): copy its address, "
			"and paste it here.\n",
			MANUAL_REDIRECT);
	(void)fflush(stderr);
	return MMS_OK;
}

/* One line of stdin, within the time. Errors: STOPPED, AUTH (nothing, or no end of it). */
static mms_rc
read_line(const struct connect *c, char line[PASTED_MAX], struct mms_err *err)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t n = 0;

	line[0] = '\0';
	while (memchr(line, '\n', n) == NULL && n + 1 < PASTED_MAX) {
		if (atomic_load(mms_app_stop_flag()))
			return mms_fail(err, MMS_E_STOPPED,
					"interrupted while waiting for the address");
		if (mms_clock_mono_ms() >= c->deadline_mono_ms)
			return mms_fail(err, MMS_E_STOPPED, "nothing was pasted in time");
		if (poll(&in, 1, SLICE_MS) <= 0)
			continue;
		ssize_t got = read(STDIN_FILENO, line + n, PASTED_MAX - 1 - n);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		line[n] = '\0';
	}
	return MMS_OK;
}

static mms_rc
consent_manually(struct connect *c, struct mms_err *err)
{
	char line[PASTED_MAX];

	mms_rc rc = print_address(c, MANUAL_REDIRECT, true, err);
	if (rc == MMS_OK)
		rc = read_line(c, line, err);
	if (rc == MMS_OK)
		rc = mms_consent_read(line, c->state.verifier, &c->code, err);
	explicit_bzero(line, sizeof line);
	return rc;
}

static mms_rc
exchange(struct connect *c, const char *redirect_uri, struct mms_err *err)
{
	const struct mms_oauth_client client = mms_account_client_get(&c->account);
	const struct mms_oauth_code code = { .code = c->code,
					     .redirect_uri = redirect_uri,
					     .verifier = c->pkce.verifier };

	c->env.clock = &c->app->clock;
	c->env.is_stopped = mms_app_stop_flag();
	mms_rc rc = mms_provider_env_open(&c->env, &c->app->site.config, err);
	return rc == MMS_OK ? mms_oauth_exchange(&c->env, &client, &code, &c->tokens, err) : rc;
}

/* A port of ours, closed again as soon as the code is there. */
static mms_rc
consent_by_browser(struct connect *c, struct mms_err *err)
{
	struct mms_consent *consent = NULL;

	mms_rc rc = mms_consent_open(&consent, c->state.verifier, err);
	if (rc == MMS_OK)
		rc = print_address(c, mms_consent_redirect_uri(consent), false, err);
	if (rc == MMS_OK)
		rc = mms_consent_wait(consent, c->deadline_mono_ms, mms_app_stop_flag(),
				      &c->code, err);
	if (rc == MMS_OK)
		rc = exchange(c, mms_consent_redirect_uri(consent), err);
	mms_consent_close(consent);
	return rc;
}

/* Is a scope among those that were granted, or the one that has it all? */
static bool
has_scope(const char *granted)
{
	static const char *const wanted[] = { MMS_GOOGLE_SCOPE,
					      "https://www.googleapis.com/auth/calendar" };

	for (const char *p = granted; *p != '\0';) {
		size_t len = strcspn(p, " ");

		for (size_t i = 0; i < MMS_COUNT(wanted); i++) {
			if (strlen(wanted[i]) == len && memcmp(p, wanted[i], len) == 0)
				return true;
		}
		p += len;
		p += strspn(p, " ");
	}
	return false;
}

/* People may untick what they are asked for; and a consent without a refresh token ends in an hour. */
static mms_rc
check_tokens(const struct connect *c, struct mms_err *err)
{
	if (c->tokens.scope != NULL && !has_scope(c->tokens.scope)) {
		mms_fail(err, MMS_E_AUTH,
			 "the consent does not hold what mmsync needs: seeing and editing "
			 "events");
		return mms_hint(err, "consent again, with the box for calendar events ticked");
	}
	if (c->tokens.refresh_token != NULL)
		return MMS_OK;
	mms_fail(err, MMS_E_AUTH,
		 "Google gave no refresh token: the calendar would be lost in an hour");
	return mms_hint(err, "the person removes the application under "
			     "https://myaccount.google.com/permissions, and consents again");
}

/* ---- after ---------------------------------------------------------------------------------- */

static mms_rc
store_once(struct connect *c, const struct mms_new_tokens *tokens, int64_t now_us,
	   int64_t now_ms, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	const struct mms_site *site = &c->app->site;

	mms_rc rc = mms_pool_lend(c->app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, lent.db, err);
	if (rc == MMS_OK)
		rc = mms_tokens_store(&tx, site->encryption_key, c->source->integration.name,
				      c->source->cursor.id, tokens, site->config.sync_user,
				      now_us, now_ms, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* Done again where it is not known whether it was done: the same tokens, twice, are no harm. */
static mms_rc
store(struct connect *c, int64_t *expires_ms, struct mms_err *err)
{
	int64_t now_ms = mms_clock_now_ms(&c->app->clock), now_us = 0;
	struct mms_new_tokens tokens = { .access = c->tokens.access_token,
					 .refresh = c->tokens.refresh_token,
					 .expiry_us = MMS_NO_TIME };

	*expires_ms =
		c->tokens.lifetime_s > 0 ? now_ms + c->tokens.lifetime_s * 1000 : MMS_NO_TIME;
	mms_rc rc = mms_settings_to_wall(&c->app->settings, now_ms, &now_us, err);
	if (rc == MMS_OK && *expires_ms != MMS_NO_TIME)
		rc = mms_settings_to_wall(&c->app->settings, *expires_ms, &tokens.expiry_us,
					  err);
	if (rc != MMS_OK)
		return rc;
	for (int i = 0; i < STORE_TRIES; i++) {
		rc = store_once(c, &tokens, now_us, now_ms, err);
		if (rc != MMS_E_RETRY)
			return rc;
		mms_clock_sleep_ms(SLICE_MS);
	}
	return rc;
}

static mms_rc
print_result(const struct connect *c, int64_t expires_ms, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	struct mms_app *app = c->app;
	const char *name = c->source->integration.name;
	const char *scope = c->tokens.scope != NULL ? c->tokens.scope : MMS_GOOGLE_SCOPE;

	if (!app->is_json) {
		if (!app->is_quiet)
			printf("%s: connected\n  next: mmsync sync --integration %s\n", name,
			       name);
		return MMS_OK;
	}
	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "integration", name);
	mms_json_put_text(&j, "status", "connected");
	mms_json_put_text(&j, "scope", scope);
	mms_json_put_time(&j, "expires", expires_ms);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

mms_rc
mms_verb_connect_google(struct mms_app *app, struct mms_err *err)
{
	int64_t wait_s = mms_app_number(app, "timeout", PATIENCE_S), expires_ms = MMS_NO_TIME;
	MMS_AUTO(connect)
	c = { .app = app, .deadline_mono_ms = mms_clock_mono_ms() + wait_s * 1000 };

	mms_rc rc = prepare(&c, err);
	if (rc == MMS_OK && mms_app_flag(app, "manual")) {
		rc = consent_manually(&c, err);
		if (rc == MMS_OK)
			rc = exchange(&c, MANUAL_REDIRECT, err);
	} else if (rc == MMS_OK) {
		rc = consent_by_browser(&c, err);
	}
	if (rc == MMS_OK)
		rc = check_tokens(&c, err);
	if (rc == MMS_OK)
		rc = store(&c, &expires_ms, err);
	return rc == MMS_OK ? print_result(&c, expires_ms, err) : rc;
}

mms_rc
mms_verb_connect_outlook(struct mms_app *app, struct mms_err *err)
{
	(void)app;
	mms_fail(err, MMS_E_USAGE, "this version cannot connect Outlook calendars");
	return mms_hint(err,
			"an Outlook calendar that is published as an iCal feed can be read");
}
