/* Writes as Google takes them; who sends them is service_put.c. */
#include "google_parts.h"

int
google_asked_of(const struct mms_write *write)
{
	if (write->kind == MMS_WRITE_CREATE)
		return GOOGLE_CREATE;
	return write->kind == MMS_WRITE_CHANGE ? GOOGLE_CHANGE : GOOGLE_DELETE;
}

mms_rc
google_prepare(struct service *s, struct service_job *job, struct mms_err *err)
{
	const struct mms_write *write = job->write;

	(void)s;
	if (write->kind == MMS_WRITE_CHANGE && wire_fields(write) == 0 &&
	    !write->is_busy_block && write->seen != NULL) {
		job->is_settled = true; /* nothing of it may be sent */
		return mms_event_copy(write->seen, &job->result->event, err);
	}
	job->method = google_method(write);
	google_add_tail(&job->tail, write);
	job->has_body = write->kind != MMS_WRITE_DELETE;
	return job->has_body ? google_body(write, &job->body, err) : MMS_OK;
}

mms_rc
google_make_batch(const struct service *service, struct service_job *const *jobs, size_t n,
		  struct mms_str *out, struct mms_err *err)
{
	const struct google_session *s = (const struct google_session *)service;
	MMS_AUTO(mms_str) path = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		const struct mms_write *write = jobs[i]->write;

		mms_str_clear(&path);
		mms_str_addf(&path, "%s%s", s->path, mms_str_get(&jobs[i]->tail));
		const struct google_call call = {
			.method = jobs[i]->method,
			.path = mms_str_get(&path),
			.version = write->kind != MMS_WRITE_CREATE ? write->version : NULL,
			.body = jobs[i]->has_body ? mms_str_get(&jobs[i]->body) : NULL,
			.body_len = jobs[i]->body.len,
		};
		rc = mms_str_check(&path, err);
		google_batch_add(out, i, &call);
	}
	google_batch_end(out);
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

mms_rc
google_read_batch(const struct mms_http_answer *answer, struct service_reply *replies, size_t n,
		  struct mms_err *err)
{
	return google_batch_read(answer->content_type, mms_str_get(&answer->body),
				 answer->body.len, replies, n, err);
}
