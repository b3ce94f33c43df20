/* The one place where a request is tried again (see the header). */
#include "mmsync/request.h"

#include <string.h>
#include <unistd.h>

#include "mmsync/policy.h"
#include "mmsync/uuid.h"

/* Waits are slept in slices, so that a stop is noticed. */
#define SLICE_MS 200

struct mms_http_limits
mms_provider_limits(const struct mms_config *config)
{
	return (struct mms_http_limits){
		.timeout_ms = config->http_timeout_s * 1000,
		.connect_timeout_ms = config->http_connect_timeout_s * 1000,
		.max_body_bytes = config->http_max_body_mb * 1024 * 1024,
		.may_reach_private = config->http_allow_private_hosts,
		.allow_hosts = (const char *const *)config->http_allow_hosts.items,
		.n_allow_hosts = config->http_allow_hosts.n,
		.ca_file = config->http_ca_file,
	};
}

mms_rc
mms_provider_env_open(struct mms_provider_env *env, const struct mms_config *config,
		      struct mms_err *err)
{
	const struct mms_http_limits limits = mms_provider_limits(config);

	env->max_attempts = config->retry_max_attempts;
	env->base_ms = config->retry_base_ms;
	env->max_ms = config->retry_max_s * 1000;
	return mms_http_open(&env->http, &limits, err);
}

void
mms_provider_env_release(struct mms_provider_env *env)
{
	if (env == NULL)
		return;
	mms_http_close(env->http);
	*env = (struct mms_provider_env){ 0 };
}

bool
mms_provider_is_stopped(const struct mms_provider_env *env)
{
	return (env->is_stopped != NULL && atomic_load(env->is_stopped)) ||
	       (env->deadline_mono_ms > 0 && mms_clock_mono_ms() >= env->deadline_mono_ms);
}

static bool
is_passing_status(long status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

mms_rc
mms_request_wait(const struct mms_provider_env *env, int64_t ms, const char *what,
		 struct mms_err *err)
{
	int64_t until = mms_clock_mono_ms() + ms;

	for (int64_t now = mms_clock_mono_ms(); now < until; now = mms_clock_mono_ms()) {
		if (env->is_stopped != NULL && atomic_load(env->is_stopped))
			return mms_fail(err, MMS_E_STOPPED, "interrupted while %s", what);
		if (env->deadline_mono_ms > 0 && now >= env->deadline_mono_ms)
			return mms_fail(err, MMS_E_STOPPED, "out of time while %s", what);
		mms_clock_sleep_ms(until - now < SLICE_MS ? until - now : SLICE_MS);
	}
	return MMS_OK;
}

/* An earlier try may have written half a body. */
static mms_rc
empty_body(const struct mms_http_request *request, struct mms_http_answer *answer,
	   struct mms_err *err)
{
	mms_http_answer_release(answer);
	if (request->body_fd <= 0)
		return MMS_OK;
	if (ftruncate(request->body_fd, 0) != 0 || lseek(request->body_fd, 0, SEEK_SET) != 0)
		return mms_fail(err, MMS_E_RETRY, "the spool file cannot be emptied");
	return MMS_OK;
}

static mms_rc
ask_guard(const struct mms_provider_env *env, const struct mms_http_request *request,
	  int64_t attempt, struct mms_err *err)
{
	bool is_read = request->method == NULL || strcmp(request->method, "GET") == 0;

	return is_read || env->guard.ask == NULL
		       ? MMS_OK
		       : env->guard.ask(env->guard.aux, attempt > 0, err);
}

/* What a passing status means when it is the last try's. */
static mms_rc
give_up(const struct mms_http_request *request, long status, struct mms_err *err)
{
	MMS_AUTO(mms_str) origin = { 0 };

	mms_http_add_origin(&origin, request->url);
	mms_fail(err, MMS_E_RETRY, "%s answers %ld", mms_str_get(&origin), status);
	mms_blame_status(err, status);
	return mms_hint(
		err,
		"the service has trouble or wants fewer requests; the next run tries again");
}

mms_rc
mms_request_pause(const struct mms_provider_env *env, const char *url, int64_t attempt,
		  int64_t retry_after_ms, struct mms_request_counts *counts,
		  struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	uint32_t noise = 0;

	if (retry_after_ms > env->max_ms) {
		MMS_AUTO(mms_str) origin = { 0 };
		mms_http_add_origin(&origin, url);
		return mms_fail_wait(err, mms_clock_now_ms(env->clock) + retry_after_ms,
				     "%s asks to wait %lld s", mms_str_get(&origin),
				     (long long)(retry_after_ms / 1000));
	}
	if (attempt + 1 >= env->max_attempts)
		return MMS_E_RETRY;
	(void)!mms_random(&noise, sizeof noise, &ignored);
	mms_rc rc = mms_request_wait(env,
				     mms_policy_delay_ms((unsigned)attempt, env->base_ms,
							 env->max_ms, retry_after_ms, noise),
				     "waiting to try again", err);
	if (rc == MMS_OK)
		counts->retries++;
	return rc;
}

mms_rc
mms_request_run(const struct mms_provider_env *env, const struct mms_http_request *request,
		struct mms_request_counts *counts, struct mms_http_answer *answer,
		struct mms_err *err)
{
	return mms_request_run_judged(env, request, NULL, counts, answer, err);
}

mms_rc
mms_request_run_judged(const struct mms_provider_env *env,
		       const struct mms_http_request *request,
		       bool (*is_passing)(const struct mms_http_answer *answer),
		       struct mms_request_counts *counts, struct mms_http_answer *answer,
		       struct mms_err *err)
{
	for (int64_t attempt = 0;; attempt++) {
		int64_t before = mms_http_n_requests(env->http), retry_after_ms = -1;

		mms_rc rc = ask_guard(env, request, attempt, err);
		if (rc != MMS_OK)
			return rc;
		rc = empty_body(request, answer, err);
		if (rc == MMS_OK)
			rc = mms_http_run(env->http, request, answer, err);
		counts->requests += mms_http_n_requests(env->http) - before;
		if (rc == MMS_OK && !is_passing_status(answer->status) &&
		    (is_passing == NULL || !is_passing(answer)))
			return MMS_OK;
		if (rc == MMS_OK) {
			retry_after_ms = answer->retry_after_ms;
			rc = give_up(request, answer->status, err);
		}
		if (rc == MMS_E_RETRY)
			rc = mms_request_pause(env, request->url, attempt, retry_after_ms,
					       counts, err);
		if (rc == MMS_E_WAIT)
			mms_blame_status(err, answer->status);
		if (rc != MMS_OK)
			return rc;
	}
}
