/* Which servers are asked, and the asking (see the header). */
#include "mmsync/survey.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/guard.h"
#include "mmsync/http.h"
#include "mmsync/mem.h"
#include "mmsync/provider.h"

/* Requests at the same time: two rounds of them fit into MMS_SURVEY_ALL_MS. */
#define WORKERS_MAX 25

static void
place_release(struct mms_survey_place *place)
{
	mms_free(place->origin);
	mms_err_release(&place->err);
}

void
mms_survey_release(struct mms_survey *survey)
{
	if (survey == NULL)
		return;
	for (size_t i = 0; i < survey->n; i++)
		place_release(&survey->items[i]);
	mms_free(survey->items);
	*survey = (struct mms_survey){ 0 };
}

/* ---- which -------------------------------------------------------------------------------- */

static void
add_origin(struct mms_str *out, const struct mms_target *to)
{
	bool is_v6 = strchr(to->host, ':') != NULL;

	mms_str_addf(out, is_v6 ? "%s://[%s]" : "%s://%s", to->is_tls ? "https" : "http",
		     to->host);
	if (to->port != (to->is_tls ? 443 : 80))
		mms_str_addf(out, ":%u", (unsigned)to->port);
}

/* Add integrations to a server's count, or the server itself. */
static mms_rc
add_place(struct mms_survey *survey, const struct mms_target *to, int64_t n,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) origin = { 0 };

	add_origin(&origin, to);
	mms_rc rc = mms_str_check(&origin, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < survey->n; i++) {
		if (survey->items[i].is_feed == to->is_feed &&
		    strcmp(survey->items[i].origin, mms_str_get(&origin)) == 0) {
			survey->items[i].n += n;
			return MMS_OK;
		}
	}
	if (survey->n >= MMS_SURVEY_MAX) {
		survey->n_left_out++;
		return MMS_OK;
	}
	struct mms_survey_place *moved =
		mms_grow(survey->items, survey->n, &survey->cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	survey->items = moved;
	moved[survey->n] = (struct mms_survey_place){ .is_feed = to->is_feed, .n = n };
	moved[survey->n].origin = mms_str_take(&origin);
	if (moved[survey->n].origin == NULL)
		return mms_fail_nomem(err);
	survey->n++;
	return MMS_OK;
}

/* What sync would say of the address is said now. */
static mms_rc
refuse(const struct mms_calendar_group *group, const struct mms_err *why,
       struct mms_findings *findings, struct mms_err *err)
{
	MMS_AUTO(mms_str) object = { 0 };

	mms_str_addf(&object, "feed of %s", group->name);
	if (group->n > 1)
		mms_str_addf(&object, " and %" PRId64 " more", group->n - 1);
	mms_rc rc = mms_str_check(&object, err);
	if (rc == MMS_OK)
		rc = mms_findings_add_err(findings, MMS_FINDING_PROBLEM, mms_str_get(&object),
					  why, err);
	return rc;
}

static mms_rc
plan_feed(const struct mms_guard *guard, const struct mms_calendar_group *group,
	  struct mms_survey *out, struct mms_findings *findings, struct mms_err *err)
{
	MMS_AUTO(mms_target) to = { 0 };
	MMS_AUTO(mms_err) why = { 0 };

	if (group->address == NULL || group->address[0] == '\0') {
		mms_fail(&why, MMS_E_CONFIG, "has no address");
		(void)mms_hint(&why, "give the integration an ical_url, or make it not active");
		return refuse(group, &why, findings, err);
	}
	mms_rc rc = mms_guard_read(guard, group->address, true, &to, &why);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	return rc == MMS_OK ? add_place(out, &to, group->n, err)
			    : refuse(group, &why, findings, err);
}

/* A service's two addresses; of a setting only scheme and host are told. */
static mms_rc
plan_service(const struct mms_guard *guard, const char *key,
	     const struct mms_config_client *client, int64_t n, struct mms_survey *out,
	     struct mms_findings *findings, struct mms_err *err)
{
	const struct {
		const char *name, *url;
	} rows[] = { { "api_base", client->api_base }, { "token_url", client->token_url } };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_target) to = { 0 };
		MMS_AUTO(mms_err) why = { 0 };
		MMS_AUTO(mms_str) object = { 0 };
		/* {tenant} stands in the path: the server's name ends before it. */
		const char *server = strstr(rows[i].url, "://");
		size_t len = server != NULL ? (size_t)(server - rows[i].url) + 3 +
						      strcspn(server + 3, "/?#")
					    : strlen(rows[i].url);

		mms_str_addn(&object, rows[i].url, len);
		rc = mms_str_check(&object, err);
		if (rc != MMS_OK)
			return rc;
		rc = mms_guard_read(guard, mms_str_get(&object), false, &to, &why);
		if (rc == MMS_E_NOMEM)
			return mms_fail_nomem(err);
		if (rc == MMS_OK) {
			rc = add_place(out, &to, n, err);
			continue;
		}
		mms_str_clear(&object);
		mms_str_addf(&object, "mmsync.%s.%s", key, rows[i].name);
		rc = mms_findings_add_err(findings, MMS_FINDING_PROBLEM, mms_str_get(&object),
					  &why, err);
	}
	return rc;
}

static int64_t
count_of(const struct mms_calendar_groups *groups, const char *provider)
{
	int64_t n = 0;

	for (size_t i = 0; i < groups->n; i++) {
		const struct mms_provider *p = mms_provider_find(groups->items[i].type);
		if (p != NULL && strcmp(p->name, provider) == 0)
			n += groups->items[i].n;
	}
	return n;
}

mms_rc
mms_survey_plan(const struct mms_config *config, const struct mms_calendar_groups *groups,
		struct mms_survey *out, struct mms_findings *findings, struct mms_err *err)
{
	MMS_AUTO(mms_guard) guard = { 0 };
	MMS_AUTO(mms_err) why = { 0 };
	const struct mms_http_limits limits = mms_provider_limits(config);
	int64_t n_google = count_of(groups, "google"), n_outlook = count_of(groups, "outlook");

	mms_rc rc = mms_guard_init(&guard, limits.may_reach_private, limits.allow_hosts,
				   limits.n_allow_hosts, &why);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc != MMS_OK)
		return mms_findings_add_err(findings, MMS_FINDING_PROBLEM,
					    "mmsync.http.allow_hosts", &why, err);
	if (n_google > 0)
		rc = plan_service(&guard, "google", &config->google, n_google, out, findings,
				  err);
	if (rc == MMS_OK && n_outlook > 0)
		rc = plan_service(&guard, "microsoft", &config->microsoft, n_outlook, out,
				  findings, err);
	for (size_t i = 0; rc == MMS_OK && i < groups->n; i++) {
		const struct mms_provider *p = mms_provider_find(groups->items[i].type);
		if (p != NULL && strcmp(p->name, "ical") == 0)
			rc = plan_feed(&guard, &groups->items[i], out, findings, err);
	}
	return rc;
}

/* ---- asking ------------------------------------------------------------------------------- */

struct round {
	struct mms_survey *survey;
	const struct mms_config *config;
	const atomic_bool *is_stopped;
	mms_survey_progress *progress;
	void *aux;
	int64_t until_mono_ms;
	pthread_mutex_t lock; /* of what follows */
	size_t n_taken, n_done;
	bool is_out_of_memory;
};

/* The page at the root: whatever the answer is, the way is open. */
static void
ask(const struct round *round, struct mms_http *http, struct mms_survey_place *place)
{
	MMS_AUTO(mms_str) url = { 0 };
	MMS_AUTO(mms_http_answer) answer = { 0 };
	int64_t began = mms_clock_mono_ms();

	mms_str_addf(&url, "%s/", place->origin);
	const struct mms_http_request request = {
		.method = "HEAD",
		.url = mms_str_get(&url),
		.is_feed = place->is_feed,
		.wants_certificate = true,
		.deadline_mono_ms = round->until_mono_ms,
		.is_stopped = round->is_stopped,
	};
	mms_rc rc = mms_str_check(&url, &place->err);
	if (rc == MMS_OK)
		rc = mms_http_run(http, &request, &answer, &place->err);
	place->took_ms = mms_clock_mono_ms() - began;
	place->is_asked = true;
	if (rc != MMS_OK)
		return;
	place->status = answer.status;
	place->certificate_until_ms = answer.certificate_until_ms;
	place->has_clock = answer.date_ms != 0;
	place->clock_off_ms = mms_clock_now_ms(NULL) - answer.date_ms;
}

static struct mms_survey_place *
take_place(struct round *round)
{
	struct mms_survey_place *place = NULL;

	(void)pthread_mutex_lock(&round->lock);
	if (!round->is_out_of_memory && round->n_taken < round->survey->n)
		place = &round->survey->items[round->n_taken++];
	(void)pthread_mutex_unlock(&round->lock);
	return place;
}

static void
put_place(struct round *round, bool is_out_of_memory)
{
	(void)pthread_mutex_lock(&round->lock);
	round->n_done++;
	round->is_out_of_memory = round->is_out_of_memory || is_out_of_memory;
	if (round->progress != NULL)
		round->progress(round->aux, round->n_done, round->survey->n);
	(void)pthread_mutex_unlock(&round->lock);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void *
work(void *aux)
{
	struct round *round = aux;
	struct mms_http_limits limits = mms_provider_limits(round->config);
	struct mms_survey_place *place;

	limits.connect_timeout_ms = least(limits.connect_timeout_ms, MMS_SURVEY_CONNECT_MS);
	limits.timeout_ms = least(limits.timeout_ms, MMS_SURVEY_REQUEST_MS);
	while ((place = take_place(round)) != NULL) {
		struct mms_http *http = NULL;
		mms_rc rc = mms_http_open(&http, &limits, &place->err);

		if (rc == MMS_OK)
			ask(round, http, place);
		mms_http_close(http);
		put_place(round, place->err.code == MMS_E_NOMEM);
	}
	return NULL;
}

mms_rc
mms_survey_run(struct mms_survey *survey, const struct mms_config *config,
	       const atomic_bool *is_stopped, mms_survey_progress *progress, void *aux,
	       struct mms_err *err)
{
	struct round round = { .survey = survey,
			       .config = config,
			       .is_stopped = is_stopped,
			       .progress = progress,
			       .aux = aux,
			       .until_mono_ms = mms_clock_mono_ms() + MMS_SURVEY_ALL_MS };
	pthread_t threads[WORKERS_MAX];
	size_t n_started = 0;

	if (pthread_mutex_init(&round.lock, NULL) != 0)
		return mms_fail_nomem(err);
	/* One of them is this thread itself. */
	while (n_started + 1 < survey->n && n_started + 1 < WORKERS_MAX &&
	       pthread_create(&threads[n_started], NULL, work, &round) == 0)
		n_started++;
	(void)work(&round);
	for (size_t i = 0; i < n_started; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_mutex_destroy(&round.lock);
	if (round.is_out_of_memory)
		return mms_fail_nomem(err);
	if (is_stopped != NULL && atomic_load(is_stopped))
		return mms_fail(err, MMS_E_STOPPED, "interrupted");
	return MMS_OK;
}
