/*
 * The token port of a turn. A token is read when it is first needed, used until a minute before its
 * end or until the service refuses it, then renewed: once, because what another run has stored
 * meanwhile is looked at first. What was renewed is stored before it is used: where the service
 * gives a new refresh token, the old one is dead by then.
 */
#include "mmsync/tokens.h"

#include <string.h>

#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "mmsync/runs.h"
#include "tokens.h"

/* A token that ends sooner is renewed before it is used. */
#define MARGIN_MS 60000

/* Renewals in a row, where others store theirs meanwhile. */
#define RENEWALS 3

/* How often a store is tried, and the wait between: a dead refresh token is worse than a late stop. */
#define STORE_TRIES   6
#define STORE_BASE_MS 50
#define STORE_MAX_MS  1000

/* One store: new tokens, or the mark of refused ones. */
struct store {
	struct mms_token_keeper *k;
	const struct mms_new_tokens *tokens; /* NULL: what was read is refused */
	bool is_lease_lost;                  /* it goes without one             */
	int64_t now_ms;
};

/*
 * Are the stored tokens still those that were read? A person may have consented anew meanwhile
 * (connect needs no lease), or another process renewed them: theirs count. Errors: CONFLICT (they are others).
 */
static mms_rc
check_unchanged(struct mms_tx *tx, const struct store *store, struct mms_err *err)
{
	const struct mms_token_keeper *k = store->k;
	MMS_AUTO(mms_tokens) now = { 0 };

	mms_rc rc = mms_integrations_hold(tx, k->source->integration.name, err);
	if (rc == MMS_OK)
		rc = mms_tokens_load(tx->db, k->worker->env->site->encryption_key,
				     k->source->integration.name, k->source->cursor.id, &now,
				     err);
	if (rc != MMS_OK ||
	    memcmp(now.stored_sha256, k->tokens.stored_sha256, sizeof now.stored_sha256) == 0)
		return rc;
	return mms_fail(err, MMS_E_CONFLICT, "the tokens were replaced meanwhile");
}

static mms_rc
write_store(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct store *store = aux;
	const struct mms_token_keeper *k = store->k;
	const struct mms_site *site = k->worker->env->site;
	uint64_t cursor_id = k->source->cursor.id;

	if (store->tokens == NULL)
		return mms_tokens_put_refused(tx, cursor_id, k->tokens.stored_sha256, err);
	mms_rc rc = check_unchanged(tx, store, err);
	return rc == MMS_OK
		       ? mms_tokens_store(tx, site->encryption_key, k->source->integration.name,
					  cursor_id, store->tokens, site->config.sync_user,
					  mms_zone_to_wall(k->worker->site_zone, store->now_ms),
					  store->now_ms, err)
		       : rc;
}

/* One try; without a lease it is simply done again. */
static mms_rc
try_store(struct store *store, bool *was_in_doubt, struct mms_err *err)
{
	struct mms_token_keeper *k = store->k;
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_pool_lend(k->worker->env->pool, &lent, err);
	if (rc != MMS_OK)
		return rc;
	if (k->lease != NULL && !store->is_lease_lost)
		return mms_lease_tx(lent.db, k->lease, 0, write_store, store, was_in_doubt,
				    err);
	rc = mms_tx_begin(&tx, lent.db, err);
	if (rc == MMS_OK)
		rc = write_store(&tx, store, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

static mms_rc
do_store(struct store *store, struct mms_err *err)
{
	bool was_in_doubt = false;
	mms_rc rc = MMS_E_RETRY;

	for (unsigned i = 0; rc == MMS_E_RETRY && i < STORE_TRIES; i++) {
		if (i > 0)
			mms_clock_sleep_ms(mms_policy_delay_ms(i, STORE_BASE_MS, STORE_MAX_MS,
							       -1, UINT32_MAX));
		rc = try_store(store, &was_in_doubt, err);
	}
	return rc;
}

static int64_t
now_ms(const struct mms_token_keeper *k)
{
	return mms_clock_now_ms(k->worker->env->clock);
}

static mms_rc
load_into(const struct mms_token_keeper *k, struct mms_tokens *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(k->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_tokens_load(lent.db, k->worker->env->site->encryption_key,
					      k->source->integration.name, k->source->cursor.id,
					      out, err)
			    : rc;
}

static mms_rc
load(struct mms_token_keeper *k, struct mms_err *err)
{
	mms_rc rc = load_into(k, &k->tokens, err);

	k->has_tokens = rc == MMS_OK;
	return rc;
}

static mms_rc
hint_to_connect(const struct mms_token_keeper *k, struct mms_err *err)
{
	return mms_hint(err, "the person consents anew: mmsync connect %s --integration %s",
			k->provider->name, k->source->integration.name);
}

/*
 * These tokens are refused for good: remembered, so that nobody asks again until there are others. That
 * it could not be remembered changes nothing for this turn. A dry run remembers nothing.
 */
static mms_rc
park(struct mms_token_keeper *k, struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	struct store store = { .k = k, .now_ms = now_ms(k) };

	if (k->lease != NULL && do_store(&store, &ignored) == MMS_E_HELD) {
		mms_err_move(err, &ignored);
		return MMS_E_HELD;
	}
	return hint_to_connect(k, err);
}

/*
 * The service refuses what was sent. Where others are stored by now it was merely old: who renews first ends
 * what the second still sends. Then those are taken over; else the calendar is parked.
 */
static mms_rc
look_again(struct mms_token_keeper *k, struct mms_err *err)
{
	MMS_AUTO(mms_tokens) now = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };

	if (load_into(k, &now, &ignored) != MMS_OK ||
	    memcmp(now.stored_sha256, k->tokens.stored_sha256, sizeof now.stored_sha256) == 0)
		return park(k, err);
	mms_err_release(err);
	mms_tokens_release(&k->tokens);
	k->tokens = now;
	now = (struct mms_tokens){ 0 };
	return MMS_OK;
}

/*
 * Another has taken the lease over: this turn ends. A new refresh token is stored all the same where the old
 * one is what is stored still, for that may be dead by now, whoever works on.
 */
static void
rescue(const struct store *store)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	struct store without = *store;

	without.is_lease_lost = true;
	if (store->tokens->refresh != NULL)
		(void)!do_store(&without, &ignored);
}

/* Store what was renewed; only then it is ours to use. *is_kept false: others are stored, and loaded. */
static mms_rc
keep(struct mms_token_keeper *k, struct mms_oauth_tokens *fresh, int64_t asked_ms,
     bool *is_kept, struct mms_err *err)
{
	int64_t end_ms = asked_ms + fresh->lifetime_s * 1000;
	/* A column that Frappe would misread is mended on the way. */
	const char *repaired = k->tokens.is_fragile ? k->tokens.refresh : NULL;
	const struct mms_new_tokens tokens = {
		.access = fresh->access_token,
		.refresh = fresh->refresh_token != NULL ? fresh->refresh_token : repaired,
		.expiry_us = fresh->lifetime_s > 0
				     ? mms_zone_to_wall(k->worker->site_zone, end_ms)
				     : MMS_NO_TIME,
	};
	struct store store = { .k = k, .tokens = &tokens, .now_ms = now_ms(k) };

	mms_rc rc = MMS_OK;
	if (!mms_fault_is_sabotaged(MMS_SABOTAGE_TOKEN_UNSTORED))
		rc = do_store(&store, err);
	*is_kept = rc == MMS_OK;
	if (rc == MMS_E_HELD)
		rescue(&store);
	if (rc == MMS_E_CONFLICT) {
		mms_err_release(err);
		mms_tokens_release(&k->tokens);
		return load(k, err);
	}
	if (rc != MMS_OK) {
		k->has_tokens = false;
		return mms_fail_in(err, "the renewed token was not stored");
	}
	struct mms_tokens kept = { .access = fresh->access_token,
				   .refresh = fresh->refresh_token,
				   .expiry_us = tokens.expiry_us };
	fresh->access_token = NULL;
	fresh->refresh_token = NULL;
	if (kept.refresh == NULL) {
		kept.refresh = k->tokens.refresh;
		k->tokens.refresh = NULL;
	}
	mms_tokens_release(&k->tokens);
	k->tokens = kept;
	return MMS_OK;
}

static mms_rc
load_client(struct mms_token_keeper *k, struct mms_account_client *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(k->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_account_load(lent.db, k->worker->env->site, k->provider->name,
					       out, err)
			    : rc;
}

/* *is_fresh false: others were stored meanwhile, and loaded. */
static mms_rc
renew(struct mms_token_keeper *k, bool *is_fresh, struct mms_err *err)
{
	MMS_AUTO(mms_account_client) account = { 0 };
	MMS_AUTO(mms_oauth_tokens) fresh = { 0 };
	int64_t asked_ms = now_ms(k);

	if (k->tokens.refresh == NULL) {
		mms_fail(err, MMS_E_AUTH,
			 "the service refuses the access token of this calendar, and there is "
			 "no "
			 "refresh token to get another with");
		return park(k, err);
	}
	mms_rc rc = load_client(k, &account, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_oauth_client client = mms_account_client_get(&account);
	rc = k->provider->ops->renew(&k->worker->provider_env, &client, k->tokens.refresh,
				     &fresh, err);
	if (rc == MMS_E_AUTH)
		return look_again(k, err);
	return rc == MMS_OK ? keep(k, &fresh, asked_ms, is_fresh, err) : rc;
}

/*
 * Without a refresh token an access token is used until it is refused, whatever its end is said to be; with
 * an unknown end, too.
 */
static bool
is_usable(const struct mms_token_keeper *k, const char *refused)
{
	const struct mms_tokens *t = &k->tokens;

	if (!k->has_tokens || t->is_refused || t->access == NULL ||
	    (refused != NULL && strcmp(refused, t->access) == 0))
		return false;
	return t->refresh == NULL || t->expiry_us == MMS_NO_TIME ||
	       mms_zone_to_utc(k->worker->site_zone, t->expiry_us) - now_ms(k) > MARGIN_MS;
}

/* A token that can be used, of what was loaded or by a renewal. */
static mms_rc
make_usable(struct mms_token_keeper *k, const char *refused, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (int i = 0; i < RENEWALS; i++) {
		bool is_fresh = false;

		if (k->tokens.is_refused) {
			mms_fail(err, MMS_E_AUTH,
				 "the service has refused the consent of this calendar, and "
				 "there is no new one yet");
			return hint_to_connect(k, err);
		}
		if (!is_usable(k, refused))
			rc = renew(k, &is_fresh, err);
		if (rc != MMS_OK || is_fresh || is_usable(k, refused))
			return rc;
	}
	return mms_fail(err, MMS_E_RETRY,
			"the tokens of this calendar are replaced by others again and again");
}

/* get() of the port. What is refused may be ours: it goes only when this is over. */
static mms_rc
get(void *aux, const char *refused, const char **token, struct mms_err *err)
{
	struct mms_token_keeper *k = aux;
	MMS_AUTO(mms_tokens) before = { 0 };
	mms_rc rc = MMS_OK;

	if (!is_usable(k, refused)) {
		before = k->tokens;
		k->tokens = (struct mms_tokens){ 0 };
		rc = load(k, err);
	}
	if (rc == MMS_OK)
		rc = make_usable(k, refused, err);
	if (rc == MMS_OK)
		*token = k->tokens.access;
	return rc;
}

mms_rc
mms_token_keeper_open(struct mms_token_keeper *k, struct mms_worker *w,
		      const struct mms_source *source, struct mms_lease *lease,
		      const struct mms_provider *provider, struct mms_err *err)
{
	if (provider->ops == NULL || provider->ops->renew == NULL)
		return mms_fail(err, MMS_E_CONFIG, "this version cannot sign in at %s",
				provider->summary);
	*k = (struct mms_token_keeper){
		.worker = w,
		.source = source,
		.lease = lease,
		.provider = provider,
		.port = { .aux = k, .get = get },
	};
	return MMS_OK;
}

const struct mms_token_port *
mms_token_keeper_port(const struct mms_token_keeper *k)
{
	return &k->port;
}

void
mms_token_keeper_release(struct mms_token_keeper *k)
{
	if (k == NULL)
		return;
	mms_tokens_release(&k->tokens);
	*k = (struct mms_token_keeper){ 0 };
}
