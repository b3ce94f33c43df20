/* mmsync connect: a person's consent to a calendar, and the tokens that come of it. */
#include "connect.h"

#include <string.h>

#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/tokens.h"

#define SLICE_MS    200
#define STORE_TRIES 5

/* clang-format off */
#define OPT_INTEGRATION { "integration", MMS_OPT_TEXT, "NAME", "the MM Calendar Integration" }
#define OPT_MANUAL      { "manual", MMS_OPT_FLAG, NULL, \
			  "the browser is elsewhere: paste the address it ends at (works over SSH)" }
#define OPT_TIMEOUT     { "timeout", MMS_OPT_COUNT, "SEC", "wait so long for the consent (default: 300)" }
#define OPT_END         { NULL, MMS_OPT_FLAG, NULL, NULL }
/* clang-format on */

const struct mms_opt mms_connect_google_opts[] = {
	OPT_INTEGRATION,
	OPT_MANUAL,
	OPT_TIMEOUT,
	OPT_END,
};

const struct mms_opt mms_connect_outlook_opts[] = {
	OPT_INTEGRATION,
	OPT_MANUAL,
	{ "device", MMS_OPT_FLAG, NULL,
	  "a code is typed in at a page of Microsoft's, in any browser" },
	{ "timeout", MMS_OPT_COUNT, "SEC",
	  "wait so long for the consent (default: 300; with --device as long as the code is "
	  "good)" },
	OPT_END,
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
	"Prints an address. The owner of the calendar opens it in a browser, signs in with the "
	"Microsoft account, and consents; mmsync waits for it, and stores the tokens as Frappe "
	"stores passwords. It asks for reading and writing the calendars of that account "
	"(Calendars.ReadWrite), also while nobody is signed in, and for nothing else.\n"
	"The browser must be on this machine: it is sent to a port of localhost. Where it is "
	"not, --manual: the last page cannot be loaded there, and its address, or the code in "
	"it, is pasted here. Or --device: a short code is shown here, and typed in at a page "
	"of Microsoft's in any browser; not every organization allows that.\n"
	"  mmsync connect outlook --integration MM-CI-ann@example.com-0001\n"
	"  mmsync connect outlook --integration MM-CI-ann@example.com-0001 --device\n"
	"An integration that is connected already gets new tokens. The OAuth client is that of "
	"the settings microsoft.client_id, microsoft.client_secret (where it has one) and "
	"microsoft.tenant.\n"
	"Exit status: 0 connected; 1 the person or Microsoft said no; 2 usage, also an unknown "
	"name; 3 configuration; 4 the database cannot be used; 6 interrupted, or nobody "
	"consented in time.";

static const char *const google_enough[] = { MMS_GOOGLE_SCOPE,
					     "https://www.googleapis.com/auth/calendar", NULL };
static const struct connect_service google = {
	.provider = "google",
	.type = "Google Calendar",
	.company = "Google",
	.scope = MMS_GOOGLE_SCOPE,
	.enough = google_enough,
	.host = "127.0.0.1",
	.path = "/",
	/* A refresh token comes with offline access only, and again only where it is asked anew. */
	.access_type = "offline",
	.prompt = "consent",
	.no_scope = "consent again, with the box for calendar events ticked",
	.no_refresh_token = "the person removes the application under "
			    "https://myaccount.google.com/permissions, and consents again",
};

static const char *const outlook_enough[] = { "Calendars.ReadWrite",
					      "Calendars.ReadWrite.Shared", NULL };
/*
 * Of addresses of this machine the portal registers http://localhost only, for any port; without a path, as it
 * is registered: the browser is then sent to "/".
 */
static const struct connect_service outlook = {
	.provider = "outlook",
	.type = "Outlook Calendar",
	.company = "Microsoft",
	.scope = MMS_OUTLOOK_SCOPE,
	.enough = outlook_enough,
	.host = "localhost",
	.path = "",
	.prompt = "select_account", /* a browser may be signed in as somebody else */
	.has_scope_in_exchange = true,
	.no_scope = "consent again; where the organization wants its administrator to consent: "
		    "docs/outlook.md",
	.no_refresh_token = "the application needs the permission offline_access: "
			    "docs/outlook.md",
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
	if (type != NULL && strcmp(type, c->service->type) == 0)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "%s is no %s but %s", name, c->service->type,
		 type != NULL && strcmp(type, "iCal") == 0 ? "an iCal feed"
		 : type != NULL                            ? type
							   : "without a type");
	if (type != NULL && strcmp(type, google.type) == 0)
		return mms_hint(err, "mmsync connect google --integration %s", name);
	if (type != NULL && strcmp(type, outlook.type) == 0)
		return mms_hint(err, "mmsync connect outlook --integration %s", name);
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
		return mms_hint(
			err, "mmsync connect %s --integration NAME; mmsync status lists them",
			c->service->provider);
	}
	if (mms_app_flag(c->app, "manual") && mms_app_flag(c->app, "device"))
		return mms_fail(err, MMS_E_USAGE,
				"--manual and --device are two ways: one of them");
	mms_rc rc = mms_pool_lend(c->app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = check_installation(c, lent.db, err);
	if (rc == MMS_OK)
		rc = find_source(c, lent.db, err);
	/* Nobody consents to what cannot be kept. */
	if (rc == MMS_OK)
		rc = mms_tokens_check_key(c->app->site.encryption_key, err);
	if (rc == MMS_OK)
		rc = mms_account_load(lent.db, &c->app->site, c->service->provider, &c->account,
				      err);
	if (rc == MMS_OK)
		rc = mms_pkce_make(&c->pkce, err);
	return rc == MMS_OK ? mms_pkce_make(&c->state, err) : rc;
}

/* ---- what was granted ------------------------------------------------------------------------ */

/* Is it this one, alone or behind the address of the service, which is another in each national cloud? */
static bool
is_scope(const char *granted, size_t len, const char *wanted)
{
	size_t n = strlen(wanted);

	return len >= n && strncasecmp(granted + len - n, wanted, n) == 0 &&
	       (len == n || granted[len - n - 1] == '/');
}

/* Is among those that were granted one that is enough? */
static bool
has_scope(const struct connect_service *service, const char *granted)
{
	for (const char *p = granted; *p != '\0';) {
		size_t len = strcspn(p, " ");

		for (const char *const *one = service->enough; *one != NULL; one++) {
			if (is_scope(p, len, *one))
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
	if (c->tokens.scope != NULL && !has_scope(c->service, c->tokens.scope)) {
		mms_fail(err, MMS_E_AUTH,
			 "the consent does not hold what mmsync needs: seeing and editing "
			 "events");
		return mms_hint(err, "%s", c->service->no_scope);
	}
	if (c->tokens.refresh_token != NULL)
		return MMS_OK;
	mms_fail(err, MMS_E_AUTH,
		 "%s gave no refresh token: the calendar would be lost in an hour",
		 c->service->company);
	return mms_hint(err, "%s", c->service->no_refresh_token);
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
	const char *scope = c->tokens.scope != NULL ? c->tokens.scope : c->service->scope;

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

static mms_rc
run(struct mms_app *app, const struct connect_service *service, struct mms_err *err)
{
	bool is_device = mms_app_flag(app, "device");
	int64_t wait_s = mms_app_number(app, "timeout", is_device ? 0 : CONNECT_PATIENCE_S);
	int64_t expires_ms = MMS_NO_TIME;
	MMS_AUTO(connect)
	c = { .app = app,
	      .service = service,
	      .deadline_mono_ms = wait_s > 0 ? mms_clock_mono_ms() + wait_s * 1000 : 0 };

	mms_rc rc = prepare(&c, err);
	if (rc == MMS_OK)
		rc = is_device                     ? connect_by_device(&c, err)
		     : mms_app_flag(app, "manual") ? connect_by_hand(&c, err)
						   : connect_by_browser(&c, err);
	if (rc == MMS_OK)
		rc = check_tokens(&c, err);
	if (rc == MMS_OK)
		rc = store(&c, &expires_ms, err);
	return rc == MMS_OK ? print_result(&c, expires_ms, err) : rc;
}

mms_rc
mms_verb_connect_google(struct mms_app *app, struct mms_err *err)
{
	return run(app, &google, err);
}

mms_rc
mms_verb_connect_outlook(struct mms_app *app, struct mms_err *err)
{
	return run(app, &outlook, err);
}
