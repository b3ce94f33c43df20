/* The OAuth client of a site (see mmsync/oauth_account.h). */
#include "mmsync/oauth_account.h"

#include "mmsync/fernet.h"
#include "mmsync/mem.h"

void
mms_account_client_release(struct mms_account_client *client)
{
	if (client == NULL)
		return;
	mms_free(client->id);
	mms_secret_free(client->secret);
	*client = (struct mms_account_client){ 0 };
}

struct mms_oauth_client
mms_account_client_get(const struct mms_account_client *client)
{
	return (struct mms_oauth_client){ .client_id = client->id,
					  .client_secret = client->secret,
					  .token_url = client->token_url };
}

/* The setting, or what Frappe has of it, which moves over. False: out of memory. */
static bool
choose(char **out, const char *setting, char **of_frappe)
{
	if (setting != NULL) {
		*out = mms_text_copy(setting);
		return *out != NULL;
	}
	*out = *of_frappe;
	*of_frappe = NULL;
	return true;
}

mms_rc
mms_account_load_google(struct mms_db *db, const struct mms_site *site,
			struct mms_account_client *out, struct mms_err *err)
{
	const struct mms_config_client *google = &site->config.google;
	MMS_AUTO(mms_account_client) of_frappe = { 0 };
	MMS_AUTO(mms_account_client)
	client = { .token_url = google->token_url, .auth_url = google->auth_url };
	mms_rc rc = MMS_OK;

	if (google->client_id == NULL || google->client_secret == NULL)
		rc = mms_tokens_google_settings(db, site->encryption_key, &of_frappe.id,
						&of_frappe.secret, err);
	if (rc != MMS_OK)
		return rc;
	if (!choose(&client.id, google->client_id, &of_frappe.id) ||
	    !choose(&client.secret, google->client_secret, &of_frappe.secret))
		return mms_fail_nomem(err);
	if (client.id == NULL || client.secret == NULL) {
		mms_fail(err, MMS_E_CONFIG, "the site has no %s for Google",
			 client.id == NULL ? "OAuth client" : "secret of its OAuth client");
		return mms_hint(err,
				"set mmsync.google.client_id and client_secret in "
				"site_config.json, or client id and secret in Frappe's Google "
				"Settings; docs/google.md says how a client is made");
	}
	*out = client;
	client = (struct mms_account_client){ 0 };
	return MMS_OK;
}
