/*
 * The settings of mmsync: the `mmsync` object of a site's site_config.json, filled once and
 * passed down as const. One row of mms_config_rows() for each key says name, type, range,
 * default and meaning; the struct, the checks, the manual and `doctor` follow from it.
 *
 * Layer: model.
 */
#ifndef MMSYNC_CONFIG_H
#define MMSYNC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

enum mms_send_updates { MMS_SEND_NONE, MMS_SEND_ALL, MMS_SEND_EXTERNAL_ONLY };
enum mms_block_privacy { MMS_PRIVACY_BUSY, MMS_PRIVACY_TITLE };
enum mms_unreadable_policy { MMS_UNREADABLE_BUSY, MMS_UNREADABLE_WARN };

struct mms_config_client { /* an OAuth client of one service */
	char *client_id, *client_secret, *tenant, *api_base, *token_url, *auth_url;
	char *device_url; /* NULL: the service has none */
};

struct mms_config_list { /* "host:port" texts */
	char **items;
	size_t n;
};

/* mms_config_init() fills the defaults; every text is owned. */
struct mms_config {
	struct mms_config_client google, microsoft;
	int64_t http_timeout_s, http_connect_timeout_s, http_max_body_mb;
	bool http_allow_private_hosts;
	char *http_ca_file; /* NULL: the system's */
	struct mms_config_list http_allow_hosts;
	char *sync_user;
	char *event_time_zone;    /* "UTC", "site" or an IANA name           */
	bool has_event_time_zone; /* the key stands in a file                */
	bool blocks_enabled;
	char *blocks_title;
	int64_t blocks_privacy; /* enum mms_block_privacy */
	bool bookings_guests;
	int64_t bookings_send_updates; /* enum mms_send_updates */
	bool bookings_cancel_on_external_delete;
	bool tentative_blocks, focus_time_blocks, all_day_blocks;
	int64_t stale_after_minutes; /* 0: the larger of 60 and three sync intervals */
	int64_t unreadable_after_hours;
	int64_t unreadable_policy; /* enum mms_unreadable_policy */
	int64_t delete_budget_count, delete_budget_percent;
	int64_t retry_max_attempts, retry_base_ms, retry_max_s;
	int64_t circuit_threshold, circuit_max_open_s;
	int64_t jobs, db_connections, batch_rows, retention_days;
	bool tag_user_events;
	char *serve_listen, *serve_public_url, *serve_token;
};

enum mms_config_type {
	MMS_CONFIG_TEXT,   /* char *                                           */
	MMS_CONFIG_SECRET, /* char *, never shown                              */
	MMS_CONFIG_URL,    /* char *: http:// or https://, never shown         */
	MMS_CONFIG_LISTEN, /* char *: "host:port"                              */
	MMS_CONFIG_BOOL,   /* bool                                             */
	MMS_CONFIG_INT,    /* int64_t within [min, max]                        */
	MMS_CONFIG_CHOICE, /* int64_t: index into choices                      */
	MMS_CONFIG_HOSTS,  /* struct mms_config_list                           */
	MMS_CONFIG_ZONE,   /* char *: "UTC", "site" or an IANA name            */
};

struct mms_config_row {
	const char *key; /* "http.timeout_s": path inside the mmsync object   */
	enum mms_config_type type;
	size_t offset;    /* in struct mms_config                                */
	int64_t min, max; /* of a number; of a text its characters; of a list its items */
	const char *const *choices; /* NULL-ended                            */
	const char *default_text;   /* as JSON would have it; NULL: none     */
	const char *help;           /* one sentence for the manual           */
};

/* All keys, in the manual's order. Borrows: static. */
const struct mms_config_row *mms_config_rows(size_t *n);

/* Where the value of a row stands. Borrows: as long as config. */
void *mms_config_field(struct mms_config *config, const struct mms_config_row *row);

/*
 * What the site has set for the service of a provider ("google", "outlook"); NULL: it has none.
 * Borrows: as long as config.
 */
const struct mms_config_client *
mms_config_service(const struct mms_config *config, const char *provider);

/* Can it stand for {tenant} in an address: an id, a domain, or a word as common? */
bool mms_config_is_tenant(const char *text);

/* Defaults. Errors: NOMEM. */
mms_rc mms_config_init(struct mms_config *config, struct mms_err *err) MMS_MUST_CHECK;
void mms_config_release(struct mms_config *config);
void mms_config_list_release(struct mms_config_list *list);

#endif
