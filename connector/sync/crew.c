/* Workers as threads (see the header). */
#include "crew.h"

#include <pthread.h>

#include "mmsync/mem.h"

struct crew {
	const struct mms_worker *pattern;
	mms_crew_work *work;
	void *aux;
	pthread_mutex_t lock; /* of what follows */
	mms_rc rc;            /* first failure of a worker as such (not of its work) */
	struct mms_err err;
};

static void *
work(void *aux)
{
	struct crew *crew = aux;
	struct mms_worker worker = *crew->pattern;
	const struct mms_config *config = &worker.env->site->config;
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = mms_provider_env_open(&worker.provider_env, config, &err);
	if (rc == MMS_OK)
		rc = mms_event_writer_open(&worker.writer, (size_t)config->batch_rows, &err);
	if (rc == MMS_OK)
		rc = mms_email_new(&worker.email, true, &err);
	if (rc == MMS_OK)
		crew->work(&worker, crew->aux);
	mms_event_writer_release(&worker.writer);
	mms_digest_release(&worker.digest);
	mms_email_free(worker.email);
	mms_provider_env_release(&worker.provider_env);
	if (rc != MMS_OK) {
		(void)pthread_mutex_lock(&crew->lock);
		if (crew->rc == MMS_OK) {
			crew->rc = rc;
			mms_err_move(&crew->err, &err);
		}
		(void)pthread_mutex_unlock(&crew->lock);
	}
	return NULL;
}

mms_rc
mms_crew_run(const struct mms_worker *pattern, size_t n, mms_crew_work *work_fn, void *aux,
	     struct mms_err *err)
{
	struct crew crew = { .pattern = pattern, .work = work_fn, .aux = aux };
	pthread_t *threads = mms_alloc((n + 1) * sizeof *threads);
	size_t started = 0;

	if (threads == NULL)
		return mms_fail_nomem(err);
	if (pthread_mutex_init(&crew.lock, NULL) != 0) {
		mms_free(threads);
		return mms_fail_nomem(err);
	}
	while (started + 1 < n && pthread_create(&threads[started], NULL, work, &crew) == 0)
		started++;
	(void)work(&crew);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	mms_free(threads);
	(void)pthread_mutex_destroy(&crew.lock);
	if (crew.rc != MMS_OK)
		mms_err_move(err, &crew.err);
	return crew.rc;
}
