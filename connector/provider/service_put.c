/* Writes: one as a request of its own, several as one batch; each result is told by itself. */
#include <string.h>

#include "mmsync/mem.h"
#include "service.h"

static void
jobs_release(struct service_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mms_str_release(&jobs[i].tail);
		mms_str_release(&jobs[i].body);
	}
}

static void
copy_err(struct mms_err *to, const struct mms_err *from)
{
	mms_fail(to, from->code, "%s", mms_err_text(from));
	if (mms_err_hint(from)[0] != '\0')
		(void)mms_hint(to, "%s", mms_err_hint(from));
	to->retry_at_ms = from->retry_at_ms;
	to->blame = from->blame;
}

/* What ends the work of this session, as against what is one write's own. */
static bool
is_final(mms_rc rc)
{
	return rc == MMS_E_AUTH || rc == MMS_E_WAIT || rc == MMS_E_STOPPED ||
	       rc == MMS_E_NOMEM || rc == MMS_E_HELD; /* whose lease is lost writes no more */
}

/* A request that failed as a whole says nothing about whether the write was done. */
static void
settle_failure(struct service_job *job, const struct mms_err *err)
{
	copy_err(&job->result->err, err);
	if (!is_final(err->code))
		job->result->err.code = MMS_E_RETRY;
	job->is_settled = true;
}

/* Method, tail and body; what cannot be sent at all is settled. Errors: NOMEM, BUG, as is_final(). */
static mms_rc
prepare(struct service *s, struct service_job *job, struct mms_err *err)
{
	const struct mms_write *write = job->write;
	struct mms_write_result *result = job->result;

	if (write->kind != MMS_WRITE_CREATE && !service_is_id(write->external_id)) {
		mms_fail(&result->err, MMS_E_ITEM, "an event without an id cannot be written");
		job->is_settled = true;
		return MMS_OK;
	}
	if (write->version != NULL && !service_is_version(write->version)) {
		mms_fail(&result->err, MMS_E_CONFLICT,
			 "the stored version of event '%s' is none",
			 write->external_id != NULL ? write->external_id : "");
		job->is_settled = true;
		return MMS_OK;
	}
	mms_rc rc = s->kind->prepare(s, job, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&job->tail, err);
	if (rc == MMS_OK || rc == MMS_E_BUG || is_final(rc))
		return rc;
	if (rc == MMS_E_ITEM || rc == MMS_E_GONE || rc == MMS_E_CONFLICT)
		mms_err_move(&result->err, err);
	else
		settle_failure(job, err);
	job->is_settled = true;
	return MMS_OK;
}

static mms_rc run_one(struct service *s, struct service_job *job, struct mms_err *err);

/* Deleted it is; not by us. */
static void
note_gone(struct service_job *job, mms_rc rc, long status)
{
	job->result->event.is_gone = rc == MMS_OK && job->write->kind == MMS_WRITE_DELETE &&
				     (status == 404 || status == 410);
}

/* What one write was answered. Errors: as is_final(). */
static mms_rc
settle(struct service *s, struct service_job *job, const struct service_reply *reply,
       struct mms_err *err)
{
	struct mms_write_result *result = job->result;

	if (s->kind->other_way != NULL && s->kind->other_way(job, reply->status))
		return run_one(s, job, err);
	mms_rc rc = reply->status == 404 && job->write->kind != MMS_WRITE_CREATE
			    ? service_confirm(s, err)
			    : MMS_OK;
	if (rc != MMS_OK) {
		settle_failure(job, err);
		return is_final(rc) ? rc : MMS_OK;
	}
	job->is_settled = true;
	rc = s->kind->judge(s, s->kind->asked_of(job->write), reply->status, reply->body,
			    reply->body_len, &result->err);
	if (rc == MMS_E_RETRY && reply->retry_after_ms > s->env->max_ms) {
		rc = mms_fail_wait(&result->err,
				   mms_clock_now_ms(s->env->clock) + reply->retry_after_ms,
				   "calendar '%s' of '%s': %s asks to wait %lld s", s->id,
				   s->calendar->integration, s->kind->name,
				   (long long)(reply->retry_after_ms / 1000));
	}
	if (rc == MMS_E_WAIT)
		service_tell_wait(s, &result->err);
	note_gone(job, rc, reply->status);
	if (rc != MMS_OK || job->write->kind == MMS_WRITE_DELETE) {
		if (is_final(rc))
			copy_err(err, &result->err);
		return is_final(rc) ? rc : MMS_OK;
	}
	rc = s->kind->read_event(s, reply->body, reply->body_len, &result->event, err);
	if (rc != MMS_OK) {
		settle_failure(job, err);
		return is_final(rc) ? rc : MMS_OK;
	}
	if (result->event.is_gone)
		mms_fail(&result->err, MMS_E_GONE,
			 "calendar '%s' of '%s': the event does not exist any more", s->id,
			 s->calendar->integration);
	return MMS_OK;
}

static mms_rc
run_one(struct service *s, struct service_job *job, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct service_request request = {
		.asked = s->kind->asked_of(job->write),
		.method = job->method,
		.version = job->write->kind != MMS_WRITE_CREATE ? job->write->version : NULL,
		.body = job->has_body ? mms_str_get(&job->body) : NULL,
		.body_len = job->has_body ? job->body.len : 0,
		.n = 1,
	};

	mms_str_addf(&url, "%s%s", s->root, mms_str_get(&job->tail));
	mms_rc rc = mms_str_check(&url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_send(s, &request, &answer, err);
	if (rc != MMS_OK) {
		settle_failure(job, err);
		return is_final(rc) ? rc : MMS_OK;
	}
	const struct service_reply reply = { .status = answer.status,
					     .body = mms_str_get(&answer.body),
					     .body_len = answer.body.len,
					     .retry_after_ms = answer.retry_after_ms };
	return settle(s, job, &reply, err);
}

static mms_rc
run_each(struct service *s, struct service_job *const *jobs, size_t n, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		mms_err_release(err);
		rc = run_one(s, jobs[i], err);
	}
	return rc;
}

/* The parts of an answer to their writes; what is missing may have been done all the same. */
static mms_rc
settle_parts(struct service *s, struct service_job *const *jobs, size_t n,
	     const struct mms_http_answer *answer, struct mms_err *err)
{
	struct service_reply replies[SERVICE_BATCH_MAX];
	MMS_AUTO(mms_err) first = { 0 };

	mms_rc rc = s->kind->read_batch(answer, replies, n, err);
	if (rc != MMS_OK) {
		for (size_t i = 0; i < n; i++)
			settle_failure(jobs[i], err);
		return MMS_OK;
	}
	for (size_t i = 0; i < n; i++) {
		mms_err_release(err);
		if (replies[i].status == 0) {
			mms_fail(err, MMS_E_RETRY, "%s's answer to a batch lacks this one",
				 s->kind->name);
			mms_blame(err, MMS_BLAME_CALENDAR);
			settle_failure(jobs[i], err);
			continue;
		}
		rc = settle(s, jobs[i], &replies[i], err);
		if (rc != MMS_OK && first.code == MMS_OK)
			mms_err_move(&first, err);
	}
	mms_err_move(err, &first);
	return err->code;
}

static mms_rc
run_batch(struct service *s, struct service_job *const *jobs, size_t n, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	struct service_request request = {
		.asked = s->kind->asked_batch,
		.method = "POST",
		.url = s->kind->batch_url(s),
		.content_type = s->kind->batch,
		.n = (int64_t)n,
		.width = s->kind->batch_width,
	};

	mms_rc rc = s->kind->make_batch(s, jobs, n, &body, err);
	request.body = mms_str_get(&body);
	request.body_len = body.len;
	if (rc == MMS_OK)
		rc = service_send(s, &request, &answer, err);
	if (rc == MMS_OK && service_is_no_batch(answer.status))
		return run_each(s, jobs, n, err);
	if (rc == MMS_OK && answer.status / 100 != 2) {
		rc = s->kind->judge(s, s->kind->asked_batch, answer.status,
				    mms_str_get(&answer.body), answer.body.len, err);
		service_tell_wait(s, err);
	}
	if (rc == MMS_OK)
		return settle_parts(s, jobs, n, &answer, err);
	for (size_t i = 0; i < n; i++) {
		settle_failure(jobs[i], err);
		if (rc == MMS_E_ITEM)
			jobs[i]->result->err.code = rc;
	}
	return is_final(rc) ? rc : MMS_OK;
}

static mms_rc
run_chunk(struct service *s, struct service_job *jobs, size_t n, struct mms_err *err)
{
	struct service_job *open[SERVICE_BATCH_MAX];
	size_t n_open = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		rc = prepare(s, &jobs[i], err);
		if (rc == MMS_OK && !jobs[i].is_settled)
			open[n_open++] = &jobs[i];
	}
	if (rc == MMS_OK && n_open == 1)
		return run_each(s, open, 1, err);
	if (rc == MMS_OK && n_open > 1)
		return run_batch(s, open, n_open, err);
	return rc;
}

mms_rc
service_put(struct mms_session *session, const struct mms_write *write, size_t n,
	    struct mms_write_result *result, struct mms_err *err)
{
	struct service *s = (struct service *)session;
	const size_t max =
		s->kind->batch_max < SERVICE_BATCH_MAX ? s->kind->batch_max : SERVICE_BATCH_MAX;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < n; i++)
		result[i] = (struct mms_write_result){ 0 };
	for (size_t at = 0; at < n; at += max) {
		struct service_job jobs[SERVICE_BATCH_MAX] = { 0 };
		size_t n_jobs = n - at < max ? n - at : max;

		for (size_t i = 0; i < n_jobs; i++)
			jobs[i] = (struct service_job){ .write = &write[at + i],
							.result = &result[at + i] };
		if (rc == MMS_OK) {
			mms_err_release(err);
			rc = run_chunk(s, jobs, n_jobs, err);
		}
		for (size_t i = 0; rc != MMS_OK && i < n_jobs; i++) {
			if (!jobs[i].is_settled)
				copy_err(&jobs[i].result->err, err);
		}
		jobs_release(jobs, n_jobs);
	}
	if (rc == MMS_OK)
		mms_err_release(err);
	return rc;
}
