/* Doctor's questions about calendars with accounts: is there an OAuth client, and can the tokens be read? */
#include <inttypes.h>
#include <string.h>

#include "doctor_parts.h"
#include "mmsync/mem.h"
#include "mmsync/token_look.h"

/* Integrations of one kind: how many, and the first of them. */
struct some {
	int64_t n;
	char *first; /* owned */
};

/* A service that gives tokens. Texts are static. */
struct service {
	const char *type;    /* integration_type                 */
	const char *name;    /* of its calendars, in texts       */
	const char *company; /* who refuses                      */
	const char *verb;    /* of mmsync connect                */
};
static const struct service of_google = { "Google Calendar", "Google", "Google", "google" };
static const struct service of_microsoft = { "Outlook Calendar", "Outlook", "Microsoft",
					     "outlook" };

/* What is wrong with the tokens of a service's active calendars. */
struct tokens {
	const struct service *service;
	int64_t n; /* calendars */
	struct some missing, foreign, fragile, refused;
};

static void
tokens_release(struct tokens *tokens)
{
	mms_free(tokens->missing.first);
	mms_free(tokens->foreign.first);
	mms_free(tokens->fragile.first);
	mms_free(tokens->refused.first);
}

static mms_rc
add(struct some *some, const char *name, struct mms_err *err)
{
	if (some->n++ > 0)
		return MMS_OK;
	some->first = mms_text_copy(name);
	return some->first != NULL ? MMS_OK : mms_fail_nomem(err);
}

static bool
is_empty(const struct mms_value *value)
{
	return value->type == 0 || value->len == 0;
}

static bool
is_plain(const struct mms_value *main)
{
	return !is_empty(main) && strspn(main->ptr, "*") < main->len;
}

static mms_rc
look_at(void *aux, const struct mms_token_look *look, struct mms_err *err)
{
	struct tokens *out = aux;
	mms_rc rc = MMS_OK;

	out->n++;
	if (look->is_missing)
		rc = add(&out->missing, look->name, err);
	if (rc == MMS_OK && look->is_foreign)
		rc = add(&out->foreign, look->name, err);
	if (rc == MMS_OK && look->is_fragile)
		rc = add(&out->fragile, look->name, err);
	return rc;
}

static mms_rc
tell(struct mms_visit *visit, const struct service *service, const struct some *some,
     const char *what, const char *remedy)
{
	MMS_AUTO(mms_str) command = { 0 };

	if (some->n == 0)
		return MMS_OK;
	mms_str_addf(&command, "%smmsync connect %s --integration %s", remedy, service->verb,
		     some->first);
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "tokens", mms_str_get(&command),
			       "%" PRId64 " active %s calendar%s (%s%s) %s", some->n,
			       service->name, some->n == 1 ? "" : "s", some->first,
			       some->n == 1 ? "" : ", ...", what);
}

static mms_rc
tell_all(struct mms_visit *visit, const struct tokens *tokens)
{
	const struct service *service = tokens->service;
	MMS_AUTO(mms_str) refused = { 0 };
	mms_rc rc = tell(visit, service, &tokens->missing, "not connected: no tokens", "");

	if (rc == MMS_OK)
		rc = tell(
			visit, service, &tokens->foreign,
			"with tokens that were encrypted with another encryption_key than the "
			"site's",
			"put back the encryption_key of the site's backup, or ");
	if (rc == MMS_OK)
		rc = tell(
			visit, service, &tokens->fragile,
			"with tokens that the next save in Frappe deletes or takes for others: "
			"the document's own column has not its asterisks",
			"");
	mms_str_addf(&refused, "whose consent %s has refused: nothing is sent for them",
		     service->company);
	if (rc == MMS_OK)
		rc = tell(visit, service, &tokens->refused, mms_str_get(&refused), "");
	if (rc != MMS_OK || tokens->n == 0 || visit->site->encryption_key == NULL ||
	    tokens->missing.n + tokens->foreign.n + tokens->fragile.n + tokens->refused.n > 0)
		return rc;
	return mms_visit_found(visit, MMS_FINDING_OK, "tokens", NULL,
			       "of %" PRId64 " active %s calendars can be read", tokens->n,
			       service->name);
}

/* Are there the tables that the statements below name? */
static bool
has_tables(const struct mms_visit *visit)
{
	return mms_columns_has(visit->columns, "tabMM Calendar Integration", "access_token") &&
	       mms_columns_has(visit->columns, "tabMM Calendar Integration", "refresh_token") &&
	       mms_columns_has_table(visit->columns, "__Auth") &&
	       mms_columns_has_table(visit->columns, "tabSingles");
}

/* Those that are parked until their stored tokens are others. */
static mms_rc
find_refused(struct mms_visit *visit, const struct mms_value *type, struct some *out)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	if (!mms_columns_has(visit->columns, "mmsync_cursor", "reauth_token_sha256"))
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_TOKENS_PARKED, type, visit->err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, visit->err)) == MMS_OK &&
	       row != NULL)
		rc = add(out, row[0].ptr, visit->err);
	return rc;
}

static mms_rc
ask_tokens_of(struct mms_visit *visit, const struct service *service)
{
	MMS_AUTO(tokens) tokens = { .service = service };
	const struct mms_value type[] = { mms_v_text(service->type) };

	mms_rc rc = mms_token_look_at_all(visit->db, visit->site->encryption_key, service->type,
					  look_at, &tokens, visit->err);
	if (rc == MMS_OK)
		rc = find_refused(visit, type, &tokens.refused);
	return rc == MMS_OK ? tell_all(visit, &tokens) : rc;
}

mms_rc
mms_visit_ask_tokens(struct mms_visit *visit)
{
	if (!has_tables(visit))
		return MMS_OK;
	mms_rc rc = ask_tokens_of(visit, &of_google);
	return rc == MMS_OK ? ask_tokens_of(visit, &of_microsoft) : rc;
}

/* Is there an active calendar of it at all? */
static mms_rc
is_needed(struct mms_visit *visit, const struct service *service, bool *out)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value type[] = { mms_v_text(service->type) };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_TOKENS_OF_ALL, type, visit->err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, visit->err);
	*out = rc == MMS_OK && row != NULL;
	return rc;
}

/* The settings are all there is. A client without a secret is a public one. */
mms_rc
mms_visit_ask_microsoft(struct mms_visit *visit)
{
	const struct mms_config_client *microsoft = &visit->site->config.microsoft;
	bool is_asked = false;

	if (!has_tables(visit) ||
	    (microsoft->client_id != NULL && mms_config_is_tenant(microsoft->tenant)))
		return MMS_OK;
	mms_rc rc = is_needed(visit, &of_microsoft, &is_asked);
	if (rc != MMS_OK || !is_asked)
		return rc;
	if (microsoft->client_id == NULL)
		return mms_visit_found(
			visit, MMS_FINDING_PROBLEM, "mmsync.microsoft.client_id",
			"register an application (docs/outlook.md) and put its id into "
			"mmsync.microsoft of site_config.json, and its secret where it has one",
			"is missing: tokens of Outlook calendars cannot be renewed");
	return mms_visit_found(
		visit, MMS_FINDING_PROBLEM, "mmsync.microsoft.tenant",
		"put the Directory (tenant) ID of the application's overview there, or leave "
		"it out (docs/outlook.md)",
		"is neither an id nor a domain nor common, organizations or consumers: tokens "
		"of Outlook calendars cannot be renewed");
}

/* The settings come first; what is missing there is looked for in Google Settings. */
mms_rc
mms_visit_ask_google(struct mms_visit *visit)
{
	const struct mms_config_client *google = &visit->site->config.google;
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	bool has_id = google->client_id != NULL, has_secret = google->client_secret != NULL;
	bool is_asked = false;

	if (!has_tables(visit) || (has_id && has_secret))
		return MMS_OK;
	mms_rc rc = is_needed(visit, &of_google, &is_asked);
	if (rc != MMS_OK || !is_asked)
		return rc;
	rc = mms_rows_open(&rows, visit->db, MMS_STMT_GOOGLE_SETTINGS, NULL, visit->err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, visit->err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	has_id = has_id || !is_empty(&row[0]);
	has_secret = has_secret || is_plain(&row[1]) || !is_empty(&row[2]);
	if (has_id && has_secret)
		return MMS_OK;
	return mms_visit_found(visit, MMS_FINDING_PROBLEM,
			       has_id ? "mmsync.google.client_secret"
				      : "mmsync.google.client_id",
			       "make an OAuth client (docs/google.md) and put it into "
			       "mmsync.google of site_config.json, or into Client ID and "
			       "Client Secret of Frappe's Google Settings",
			       "is missing, there and in Google Settings: tokens of Google "
			       "calendars cannot be renewed");
}
