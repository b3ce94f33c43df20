/* A session's share of the request budget (see the header). */
#include "mmsync/budget.h"

#include <stdio.h>
#include <string.h>

#include "budget.h"
#include "mmsync/policy.h"
#include "patience.h"

/* So many are taken at a time: few statements, and little is lost by who does not need them. */
#define PORTION INT64_C(10)
/* The first is smaller: most sessions send one request or two, and many begin in a minute. */
#define FIRST_PORTION INT64_C(2)
/* What is waited for, in texts. */
#define WHAT "the request budget"
/* Those who wait for the same minute do not come back together. */
#define SPREAD_MS 250
/* A statement that the database could not do just now is tried so often. */
#define TRIES       4
#define TRY_BASE_MS 20
#define TRY_MAX_MS  500

/* What services allow: requests in a minute of a user and of an OAuth client, requests at once. */
static const struct limits {
	const char *provider;
	int64_t user_per_minute, project_per_minute;
	unsigned at_once; /* for one mailbox; 0: no such limit */
} limits[] = {
	{ "google", 600, 10000, 0 },
	/*
	 * 10,000 in ten minutes and 4 at the same time for each client and mailbox. For all mailboxes
	 * of a client no limit is known: as many as sixty of them may use keep one site from running wild.
	 */
	{ "outlook", 1000, 60000, 4 },
};

static const struct limits *
find_limits(const char *provider)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		if (strcmp(limits[i].provider, provider) == 0)
			return &limits[i];
	}
	return &limits[0];
}

static mms_rc
try_take(struct mms_budget_keeper *k, int64_t n, int64_t *wait_ms, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(k->worker->env->pool, &lent, err);
	if (rc != MMS_OK)
		return rc;
	return k->is_dry ? mms_budget_look(lent.db, &k->user, &k->project, n, wait_ms, err)
			 : mms_budget_take(lent.db, &k->user, &k->project, n, wait_ms, err);
}

/* Taken twice after a lost answer is no harm: the minute ends. */
static mms_rc
take(struct mms_budget_keeper *k, int64_t n, int64_t *wait_ms, struct mms_err *err)
{
	for (unsigned attempt = 0;; attempt++) {
		mms_rc rc = try_take(k, n, wait_ms, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= TRIES)
			return rc;
		rc = mms_patience_sleep(&k->worker->provider_env,
					mms_policy_delay_ms(attempt, TRY_BASE_MS, TRY_MAX_MS,
							    -1, mms_patience_noise()),
					WHAT, err);
		if (rc != MMS_OK)
			return rc;
	}
}

static mms_rc
fail_wait(const struct mms_budget_keeper *k, int64_t wait_ms, struct mms_err *err)
{
	int64_t at_ms = mms_patience_end_ms(k->worker, wait_ms);
	char text[MMS_TIME_TEXT_MAX];

	mms_fail_wait(err, at_ms, "no more requests to %s for %s before %s", k->user.provider,
		      k->whom, mms_time_print(at_ms, text));
	return mms_hint(err,
			"the service asked for it, or the allowance is used up; sync --due "
			"goes on by itself then");
}

/* The port: leave to send n requests, after a wait if that is not long. */
static mms_rc
ask(void *aux, int64_t n, struct mms_err *err)
{
	struct mms_budget_keeper *k = aux;
	const struct mms_provider_env *env = &k->worker->provider_env;
	int64_t until_mono_ms = mms_clock_mono_ms() + env->max_ms, wait_ms = 0;
	int64_t usual = k->has_taken ? PORTION : FIRST_PORTION, portion = n > usual ? n : usual;

	if (n > k->user.per_minute)
		return mms_fail(err, MMS_E_BUG, "a minute has not %lld requests", (long long)n);
	while (k->left < n) {
		mms_rc rc = take(k, portion, &wait_ms, err);
		if (rc != MMS_OK)
			return rc;
		if (wait_ms == 0) {
			k->left = portion;
			k->has_taken = true;
			break;
		}
		if (mms_clock_mono_ms() + wait_ms > until_mono_ms)
			return fail_wait(k, wait_ms, err);
		rc = mms_patience_sleep(env, wait_ms + mms_patience_noise() % SPREAD_MS, WHAT,
					err);
		if (rc != MMS_OK)
			return rc;
	}
	k->left -= n;
	return MMS_OK;
}

/* The port: the service wants no request before an instant. */
static void
tell(void *aux, bool is_project, int64_t until_ms)
{
	struct mms_budget_keeper *k = aux;
	int64_t ms = until_ms - mms_clock_now_ms(k->worker->env->clock);
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	k->left = 0;
	if (k->is_dry || ms <= 0)
		return;
	/* A service may ask for patience, but not silence a person for good. */
	int64_t most_ms = k->worker->env->site->config.circuit_max_open_s * INT64_C(1000);
	if (most_ms > 0 && ms > most_ms)
		ms = most_ms;
	/* Whom it does not reach is told by the service itself. */
	if (mms_pool_lend(k->worker->env->pool, &lent, &ignored) == MMS_OK)
		(void)!mms_budget_pause(lent.db, is_project ? &k->project : &k->user, ms,
					&ignored);
}

/* The port: leave to have n requests under way. */
static mms_rc
enter(void *aux, unsigned n, struct mms_err *err)
{
	struct mms_budget_keeper *k = aux;

	mms_rc rc = mms_gate_enter(k->gate, k->worker, k->whom, n, err);
	if (rc == MMS_OK)
		k->n_entered = n;
	return rc;
}

/* The port: they are done. */
static void
leave(void *aux)
{
	struct mms_budget_keeper *k = aux;

	if (k->n_entered > 0)
		mms_gate_leave(k->gate, k->n_entered);
	k->n_entered = 0;
}

/* "user:NAME"; a name that is too long for the column stands there as its digest. */
static mms_rc
name_scope(struct mms_digest *digest, struct mms_budget_scope *scope, const char *kind,
	   const char *name, struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[2 * sizeof hash + 1];
	int n = snprintf(scope->name, sizeof scope->name, "%s:%s", kind, name);

	if (n >= 0 && (size_t)n < sizeof scope->name)
		return MMS_OK;
	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_text(digest, name);
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		(void)snprintf(scope->name, sizeof scope->name, "%s:sha256:%s", kind,
			       mms_hex_print(hash, sizeof hash, hex));
	return rc;
}

mms_rc
mms_budget_keeper_open(struct mms_budget_keeper *k, struct mms_worker *w,
		       const struct mms_source *source, const struct mms_provider *provider,
		       bool is_dry, struct mms_err *err)
{
	const struct mms_config *config = &w->env->site->config;
	const struct mms_config_client *service = mms_config_service(config, provider->name);
	const struct limits *most = find_limits(provider->name);
	const char *client = service != NULL ? service->client_id : NULL;
	const char *user = source->integration.user;

	*k = (struct mms_budget_keeper){
		.port = { .aux = k, .ask = ask, .tell = tell },
		.worker = w,
		.whom = user != NULL ? user : "nobody",
		.user = { .provider = provider->name, .per_minute = most->user_per_minute },
		.project = { .provider = provider->name,
			     .per_minute = most->project_per_minute },
		.is_dry = is_dry,
	};
	mms_rc rc = name_scope(&w->digest, &k->user, "user", user != NULL ? user : "", err);
	/* Without one of its own the site uses the one client of Frappe's settings. */
	if (rc == MMS_OK)
		rc = name_scope(&w->digest, &k->project, "project",
				client != NULL && client[0] != '\0' ? client : "frappe", err);
	if (rc != MMS_OK || most->at_once == 0)
		return rc;
	rc = mms_gate_open(w->gates, &k->user, most->at_once, &k->gate, err);
	if (rc == MMS_OK) {
		k->port.enter = enter;
		k->port.leave = leave;
	}
	return rc;
}

void
mms_budget_keeper_release(struct mms_budget_keeper *k)
{
	if (k == NULL || k->gate == NULL)
		return;
	leave(k);
	mms_gate_close(k->gate);
	*k = (struct mms_budget_keeper){ 0 };
}

const struct mms_budget_port *
mms_budget_keeper_port(const struct mms_budget_keeper *k)
{
	return &k->port;
}
