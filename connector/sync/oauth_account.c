/* The OAuth client of a site (see mmsync/oauth_account.h). */
#include "mmsync/oauth_account.h"

#include <string.h>

#include "mmsync/fernet.h"
#include "mmsync/mem.h"

void
mms_account_client_release(struct mms_account_client *client)
{
	if (client == NULL)
		return;
	mms_free(client->id);
	mms_secret_free(client->secret);
	mms_free(client->token_url);
	mms_free(client->auth_url);
	mms_free(client->device_url);
	*client = (struct mms_account_client){ 0 };
}

struct mms_oauth_client
mms_account_client_get(const struct mms_account_client *client)
{
	return (struct mms_oauth_client){ .service = client->service,
					  .client_id = client->id,
					  .client_secret = client->secret,
					  .token_url = client->token_url,
					  .device_url = client->device_url };
}

/* An address with its {tenant} filled in (tenant NULL: as it is). Owns: *out. Errors: NOMEM. */
static mms_rc
copy_address(const char *address, const char *tenant, char **out, struct mms_err *err)
{
	static const char place[] = "{tenant}";
	MMS_AUTO(mms_str) text = { 0 };

	for (const char *at; tenant != NULL && (at = strstr(address, place)) != NULL;
	     address = at + strlen(place)) {
		mms_str_addn(&text, address, (size_t)(at - address));
		mms_str_add(&text, tenant);
	}
	mms_str_add(&text, address);
	mms_rc rc = mms_str_check(&text, err);
	if (rc != MMS_OK)
		return rc;
	*out = mms_text_copy(mms_str_get(&text));
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
copy_addresses(const struct mms_config_client *config, const char *tenant,
	       struct mms_account_client *client, struct mms_err *err)
{
	mms_rc rc = copy_address(config->token_url, tenant, &client->token_url, err);

	if (rc == MMS_OK)
		rc = copy_address(config->auth_url, tenant, &client->auth_url, err);
	return rc == MMS_OK && config->device_url != NULL
		       ? copy_address(config->device_url, tenant, &client->device_url, err)
		       : rc;
}

/* The setting where there is one: it goes before what is there. Owns: *out. Errors: NOMEM. */
static mms_rc
prefer(char **out, const char *setting, struct mms_err *err)
{
	if (setting == NULL)
		return MMS_OK;
	mms_secret_free(*out);
	*out = mms_text_copy(setting);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
load_google(struct mms_db *db, const struct mms_site *site, struct mms_account_client *client,
	    struct mms_err *err)
{
	const struct mms_config_client *google = &site->config.google;
	mms_rc rc = MMS_OK;

	if (google->client_id == NULL || google->client_secret == NULL)
		rc = mms_tokens_google_settings(db, site->encryption_key, &client->id,
						&client->secret, err);
	if (rc == MMS_OK)
		rc = prefer(&client->id, google->client_id, err);
	if (rc == MMS_OK)
		rc = prefer(&client->secret, google->client_secret, err);
	if (rc != MMS_OK)
		return rc;
	if (client->id != NULL && client->secret != NULL)
		return copy_addresses(google, NULL, client, err);
	mms_fail(err, MMS_E_CONFIG, "the site has no %s for Google",
		 client->id == NULL ? "OAuth client" : "secret of its OAuth client");
	return mms_hint(err, "set mmsync.google.client_id and client_secret in "
			     "site_config.json, or client id and secret in Frappe's Google "
			     "Settings; docs/google.md says how a client is made");
}

static mms_rc
load_microsoft(const struct mms_site *site, struct mms_account_client *client,
	       struct mms_err *err)
{
	const struct mms_config_client *microsoft = &site->config.microsoft;

	if (microsoft->client_id == NULL) {
		mms_fail(err, MMS_E_CONFIG, "the site has no OAuth client for Microsoft");
		return mms_hint(err, "set mmsync.microsoft.client_id in site_config.json, and "
				     "client_secret where the application has one; "
				     "docs/outlook.md says how one is registered");
	}
	if (!mms_config_is_tenant(microsoft->tenant)) {
		mms_fail(err, MMS_E_CONFIG,
			 "mmsync.microsoft.tenant is neither an id nor a domain nor common, "
			 "organizations or consumers");
		return mms_hint(err, "the Directory (tenant) ID of the application's overview; "
				     "docs/outlook.md says which it is");
	}
	mms_rc rc = prefer(&client->id, microsoft->client_id, err);
	if (rc == MMS_OK)
		rc = prefer(&client->secret, microsoft->client_secret, err);
	return rc == MMS_OK ? copy_addresses(microsoft, microsoft->tenant, client, err) : rc;
}

mms_rc
mms_account_load(struct mms_db *db, const struct mms_site *site, const char *provider,
		 struct mms_account_client *out, struct mms_err *err)
{
	bool is_outlook = strcmp(provider, "outlook") == 0;
	MMS_AUTO(mms_account_client)
	client = { .service = is_outlook ? "outlook" : "google" };

	mms_rc rc = is_outlook ? load_microsoft(site, &client, err)
			       : load_google(db, site, &client, err);
	if (rc != MMS_OK)
		return rc;
	*out = client;
	client = (struct mms_account_client){ 0 };
	return MMS_OK;
}
