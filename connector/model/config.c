/* The settings as a table: one row for each key, from which defaults, checks and manual follow. */
#include "mmsync/config.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"

#define AT(field) offsetof(struct mms_config, field)

static const char *const privacies[] = { "busy", "title", NULL };
static const char *const updates[] = { "none", "all", "externalOnly", NULL };
static const char *const policies[] = { "busy", "warn", NULL };

/* Of keys whose part of the program is not there yet: a configuration may have them already. */
#define LATER " No effect in this version."

/* min and max: of a number its range, of a text the characters it may have. */
static const struct mms_config_row rows[] = {
	{ "google.client_id", MMS_CONFIG_TEXT, AT(google.client_id), 1, 500, NULL, NULL,
	  "OAuth client of Google; else the one in Frappe's Google Settings." },
	{ "google.client_secret", MMS_CONFIG_SECRET, AT(google.client_secret), 1, 500, NULL,
	  NULL, "Secret of that client; else the one in Frappe's Google Settings." },
	{ "google.api_base", MMS_CONFIG_URL, AT(google.api_base), 1, 1000, NULL,
	  "\"https://www.googleapis.com/calendar/v3\"", "Where Google Calendar is reached." },
	{ "google.token_url", MMS_CONFIG_URL, AT(google.token_url), 1, 1000, NULL,
	  "\"https://oauth2.googleapis.com/token\"", "Where Google's tokens are renewed." },
	{ "google.auth_url", MMS_CONFIG_URL, AT(google.auth_url), 1, 1000, NULL,
	  "\"https://accounts.google.com/o/oauth2/v2/auth\"",
	  "Where a person consents (mmsync connect google)." },
	{ "microsoft.client_id", MMS_CONFIG_TEXT, AT(microsoft.client_id), 1, 500, NULL, NULL,
	  "OAuth client of Microsoft: the application (client) id of its registration." },
	{ "microsoft.client_secret", MMS_CONFIG_SECRET, AT(microsoft.client_secret), 1, 500,
	  NULL, NULL, "Secret of that client; a public client has none." },
	{ "microsoft.tenant", MMS_CONFIG_TEXT, AT(microsoft.tenant), 1, 200, NULL, "\"common\"",
	  "Tenant whose people sign in: its id or domain, common, organizations or "
	  "consumers." },
	{ "microsoft.api_base", MMS_CONFIG_URL, AT(microsoft.api_base), 1, 1000, NULL,
	  "\"https://graph.microsoft.com/v1.0\"", "Where Microsoft Graph is reached." },
	{ "microsoft.token_url", MMS_CONFIG_URL, AT(microsoft.token_url), 1, 1000, NULL,
	  "\"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token\"",
	  "Where Microsoft's tokens are renewed; {tenant} stands for microsoft.tenant." },
	{ "microsoft.auth_url", MMS_CONFIG_URL, AT(microsoft.auth_url), 1, 1000, NULL,
	  "\"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize\"",
	  "Where a person consents (mmsync connect outlook)." },
	{ "microsoft.device_url", MMS_CONFIG_URL, AT(microsoft.device_url), 1, 1000, NULL,
	  "\"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode\"",
	  "Where a consent on another device begins (mmsync connect outlook --device)." },
	{ "http.timeout_s", MMS_CONFIG_INT, AT(http_timeout_s), 1, 300, NULL, "30",
	  "Longest time of one request, in seconds." },
	{ "http.connect_timeout_s", MMS_CONFIG_INT, AT(http_connect_timeout_s), 1, 120, NULL,
	  "10", "Longest time to connect, in seconds." },
	{ "http.max_body_mb", MMS_CONFIG_INT, AT(http_max_body_mb), 1, 1024, NULL, "64",
	  "Largest answer after decompression, in MiB." },
	{ "http.allow_private_hosts", MMS_CONFIG_BOOL, AT(http_allow_private_hosts), 0, 0, NULL,
	  "false", "May feeds and services have private, loopback or link-local addresses?" },
	{ "http.allow_hosts", MMS_CONFIG_HOSTS, AT(http_allow_hosts), 0, 100, NULL, "[]",
	  "Hosts, as host:port, that may have a private address (an internal calendar "
	  "server); redirects from them to other private addresses stay refused." },
	{ "http.ca_file", MMS_CONFIG_TEXT, AT(http_ca_file), 1, 1000, NULL, NULL,
	  "File of certificate authorities (PEM); else the system's." },
	{ "sync_user", MMS_CONFIG_TEXT, AT(sync_user), 1, 140, NULL, "\"Administrator\"",
	  "User who owns and modifies the rows that mmsync writes." },
	{ "event_time_zone", MMS_CONFIG_ZONE, AT(event_time_zone), 1, 100, NULL, "\"UTC\"",
	  "Zone of the event and booking times in the database: UTC, site (the site's own) or "
	  "an IANA name. Must be set where the site's zone is not UTC." },
	{ "busy_blocks.enabled", MMS_CONFIG_BOOL, AT(blocks_enabled), 0, 0, NULL, "false",
	  "Block a person's other two-way calendars while one of them is busy. The field Busy "
	  "Blocks of an integration goes before it." },
	{ "busy_blocks.title", MMS_CONFIG_TEXT, AT(blocks_title), 1, 140, NULL, "\"Busy\"",
	  "Title of such a block; {calendar} in it is the name of the calendar that it comes "
	  "from." },
	{ "busy_blocks.privacy", MMS_CONFIG_CHOICE, AT(blocks_privacy), 0, 0, privacies,
	  "\"busy\"",
	  "busy: blocks carry that title; title: that of their source, unless it is private." },
	{ "bookings.guests", MMS_CONFIG_BOOL, AT(bookings_guests), 0, 0, NULL, "true",
	  "Put customer and participants on a booking's event as guests." },
	{ "bookings.send_updates", MMS_CONFIG_CHOICE, AT(bookings_send_updates), 0, 0, updates,
	  "\"none\"", "To which guests the service mails changes." },
	{ "bookings.cancel_on_external_delete", MMS_CONFIG_BOOL,
	  AT(bookings_cancel_on_external_delete), 0, 0, NULL, "false",
	  "Cancel a booking whose event was deleted in the calendar." },
	{ "tentative_blocks", MMS_CONFIG_BOOL, AT(tentative_blocks), 0, 0, NULL, "true",
	  "Do tentative events make a person busy?" },
	{ "focus_time_blocks", MMS_CONFIG_BOOL, AT(focus_time_blocks), 0, 0, NULL, "true",
	  "Does focus time make a person busy?" },
	{ "all_day_blocks", MMS_CONFIG_BOOL, AT(all_day_blocks), 0, 0, NULL, "true",
	  "Do busy all-day events make a person busy?" },
	{ "stale_after_minutes", MMS_CONFIG_INT, AT(stale_after_minutes), 1, 525600, NULL, NULL,
	  "When what is known of a calendar is reported as not fresh; else after the larger of "
	  "60 minutes and three of its sync intervals." },
	{ "unreadable_after_hours", MMS_CONFIG_INT, AT(unreadable_after_hours), 1, 8760, NULL,
	  "24",
	  "A calendar without a good read for so long, and for 1.1 of its sync intervals, "
	  "counts as unreadable." },
	{ "unreadable_policy", MMS_CONFIG_CHOICE, AT(unreadable_policy), 0, 0, policies,
	  "\"busy\"",
	  "busy: nobody is free in an unreadable calendar; warn: it is only said." },
	{ "delete_budget.count", MMS_CONFIG_INT, AT(delete_budget_count), 0, 1000000, NULL,
	  "10", "So many inferred deletions of one run are believed at any rate." },
	{ "delete_budget.percent", MMS_CONFIG_INT, AT(delete_budget_percent), 0, 100, NULL,
	  "20", "And up to this share of the live events in the window, in percent." },
	{ "retry.max_attempts", MMS_CONFIG_INT, AT(retry_max_attempts), 1, 20, NULL, "5",
	  "How often a request that failed in passing is tried." },
	{ "retry.base_ms", MMS_CONFIG_INT, AT(retry_base_ms), 1, 60000, NULL, "500",
	  "Upper bound of the first wait, in milliseconds; it doubles with each try." },
	{ "retry.max_s", MMS_CONFIG_INT, AT(retry_max_s), 1, 3600, NULL, "60",
	  "Longest wait within a run, in seconds; a longer one is kept for a later run." },
	{ "circuit.threshold", MMS_CONFIG_INT, AT(circuit_threshold), 1, 1000, NULL, "5",
	  "After so many failures in a row that are the service's or the network's an "
	  "integration "
	  "is left alone for a while; so is a service, or a host of feeds, whose calendars "
	  "fail "
	  "one after the other." },
	{ "circuit.max_open_s", MMS_CONFIG_INT, AT(circuit_max_open_s), 1, 2592000, NULL,
	  "86400",
	  "For how long at most, in seconds: five minutes first, then twice as long each time. "
	  "A "
	  "service as a whole is tried by one of its calendars each half hour at the latest." },
	{ "jobs", MMS_CONFIG_INT, AT(jobs), 1, 256, NULL, "8",
	  "Integrations that one process works on at the same time." },
	{ "db_connections", MMS_CONFIG_INT, AT(db_connections), 1, 64, NULL, "8",
	  "Database connections that one process opens at most." },
	{ "batch_rows", MMS_CONFIG_INT, AT(batch_rows), 1, 5000, NULL, "500",
	  "Rows that are written in one transaction." },
	{ "retention_days", MMS_CONFIG_INT, AT(retention_days), 1, 36500, NULL, "365",
	  "For how many days cleanup keeps past and deleted events and runs." },
	{ "tag_user_events", MMS_CONFIG_BOOL, AT(tag_user_events), 0, 0, NULL, "false",
	  "Write mmsync's ids into people's own events too." },
	{ "serve.listen", MMS_CONFIG_LISTEN, AT(serve_listen), 1, 300, NULL,
	  "\"127.0.0.1:8765\"", "Address and port at which serve listens." LATER },
	{ "serve.public_url", MMS_CONFIG_URL, AT(serve_public_url), 1, 1000, NULL, NULL,
	  "Address under which services reach serve from outside." LATER },
	{ "serve.token", MMS_CONFIG_SECRET, AT(serve_token), 16, 500, NULL, NULL,
	  "Secret that a caller of serve must show." LATER },
};

const struct mms_config_row *
mms_config_rows(size_t *n)
{
	*n = MMS_COUNT(rows);
	return rows;
}

/* A JSON text without its quotes; our defaults hold nothing that JSON escapes. */
static char *
copy_unquoted(const char *json)
{
	size_t len = strlen(json);

	return mms_text_copy_n(json + 1, len - 2);
}

static int64_t
choice_at(const struct mms_config_row *row)
{
	size_t len = strlen(row->default_text) - 2;

	for (int64_t i = 0; row->choices[i] != NULL; i++) {
		if (strlen(row->choices[i]) == len &&
		    memcmp(row->choices[i], row->default_text + 1, len) == 0)
			return i;
	}
	return 0;
}

bool
mms_config_is_tenant(const char *text)
{
	static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789.-";
	size_t n = text != NULL ? strlen(text) : 0;

	return n > 0 && strspn(text, taken) == n && text[0] != '.' && text[0] != '-';
}

void *
mms_config_field(struct mms_config *config, const struct mms_config_row *row)
{
	return (char *)config + row->offset;
}

static mms_rc
set_default(struct mms_config *config, const struct mms_config_row *row, struct mms_err *err)
{
	void *field = mms_config_field(config, row);

	if (row->default_text == NULL)
		return MMS_OK;
	switch (row->type) {
	case MMS_CONFIG_BOOL:
		*(bool *)field = strcmp(row->default_text, "true") == 0;
		break;
	case MMS_CONFIG_INT:
		*(int64_t *)field = strtoll(row->default_text, NULL, 10);
		break;
	case MMS_CONFIG_CHOICE:
		*(int64_t *)field = choice_at(row);
		break;
	case MMS_CONFIG_HOSTS:
		break; /* the empty list */
	case MMS_CONFIG_TEXT:
	case MMS_CONFIG_SECRET:
	case MMS_CONFIG_URL:
	case MMS_CONFIG_LISTEN:
	case MMS_CONFIG_ZONE:
		*(char **)field = copy_unquoted(row->default_text);
		if (*(char **)field == NULL)
			return mms_fail_nomem(err);
		break;
	}
	return MMS_OK;
}

const struct mms_config_client *
mms_config_service(const struct mms_config *config, const char *provider)
{
	if (strcmp(provider, "google") == 0)
		return &config->google;
	return strcmp(provider, "outlook") == 0 ? &config->microsoft : NULL;
}

mms_rc
mms_config_init(struct mms_config *config, struct mms_err *err)
{
	*config = (struct mms_config){ 0 };
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		mms_rc rc = set_default(config, &rows[i], err);
		if (rc != MMS_OK) {
			mms_config_release(config);
			return rc;
		}
	}
	return MMS_OK;
}

void
mms_config_list_release(struct mms_config_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		mms_free(list->items[i]);
	mms_free(list->items);
	*list = (struct mms_config_list){ 0 };
}

void
mms_config_release(struct mms_config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		enum mms_config_type type = rows[i].type;

		if (type == MMS_CONFIG_HOSTS)
			mms_config_list_release(mms_config_field(config, &rows[i]));
		else if (type != MMS_CONFIG_BOOL && type != MMS_CONFIG_INT &&
			 type != MMS_CONFIG_CHOICE)
			mms_free(*(char **)mms_config_field(config, &rows[i]));
	}
	*config = (struct mms_config){ 0 };
}
