/*
 * A site, a worker and one integration whose tokens are kept (connector/sync/tokens.h), for tests of that: a real
 * server below, a fake token endpoint beside it. What goes wrong fails the test.
 */
#ifndef SUPPORT_KEEPING_H
#define SUPPORT_KEEPING_H

#include "../../connector/sync/tokens.h"
#include "mmsync/tokens.h"
#include "support/fake.h"
#include "support/frappe_site.h"
#include "support/mariadb.h"

#define KEEPING_KEY  "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
#define KEEPING_NAME "MM-CI-ann@example.com-0001"
/* 2 March 2026, 08:00 UTC; the site is in Berlin. */
#define KEEPING_NOW_MS INT64_C(1772438400000)

/* It does not move while it is open. */
struct keeping {
	struct mms_test_server server;
	struct mms_site site;
	struct mms_db *db;
	struct mms_pool *pool;
	struct mms_zones *zones;
	struct mms_clock clock;
	struct mms_sync_env env;
	struct mms_worker worker;
	struct mms_lease_owner owner;
	struct mms_source source;
	struct mms_lease lease;
};

/* settings: members of the mmsync object, `"google": {...}`; the fake is started. */
void keeping_start(struct keeping *k, const struct fake *fake, const char *settings);
int keeping_stop(struct keeping *k);

/* One integration anew, of a type and its provider, under a lease; without tokens. */
void keeping_make(struct keeping *k, const char *type, const char *provider);
/* Store tokens; expiry NULL: unknown, site time. */
void
keeping_put(struct keeping *k, const char *access, const char *refresh, const char *expiry);
/* What is stored; refresh NULL: none. */
void keeping_assert_stored(struct keeping *k, const char *access, const char *refresh);
/* Did the service refuse the tokens that are stored now? */
bool keeping_is_parked(struct keeping *k);

void keeping_open(struct keeping *k, struct mms_token_keeper *keeper, bool has_lease,
		  const struct mms_provider *provider);
mms_rc keeping_get(struct mms_token_keeper *keeper, const char *refused, const char **token,
		   struct mms_err *err);

#endif
