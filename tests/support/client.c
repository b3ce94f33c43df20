/* A client with small limits (see the header). */
#include "support/client.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/clock.h"
#include "support/unit.h"

void
client_init(struct client *client, struct fake *fake)
{
	*client = (struct client){ .fake = fake };
	(void)fake_host(fake, client->host, sizeof client->host);
	client->limits = (struct mms_http_limits){
		.timeout_ms = 4000,
		.connect_timeout_ms = 1000,
		.max_body_bytes = 1024 * 1024,
		.n_allow_hosts = 1,
	};
}

void
client_open(struct client *client)
{
	MMS_AUTO(mms_err) err = { 0 };

	client->allowed[0] = client->host;
	client->limits.allow_hosts = client->allowed;
	if (mms_http_open(&client->http, &client->limits, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
}

void
client_close(struct client *client)
{
	mms_http_close(client->http);
	client->http = NULL;
}

char *
client_url(const struct client *client, char *out, size_t size)
{
	(void)snprintf(out, size, "%s://s3cret-user:s3cret-word@%s/%s?s3cret-query=1",
		       client->fake->is_tls ? "https" : "http", client->host, CLIENT_FEED);
	return out;
}

mms_rc
client_run(const struct client *client, struct mms_http_request request,
	   struct mms_http_answer *answer, struct mms_err *err)
{
	char url[256];

	if (request.url == NULL)
		request.url = client_url(client, url, sizeof url);
	mms_rc rc = mms_http_run(client->http, &request, answer, err);
	if (rc != MMS_OK && (strstr(mms_err_text(err), CLIENT_SECRET) != NULL ||
			     strstr(mms_err_hint(err), CLIENT_SECRET) != NULL))
		fail_msg("a secret in '%s' or '%s'", mms_err_text(err), mms_err_hint(err));
	if (rc != MMS_OK && (answer->status != 0 || answer->body.len != 0))
		fail_msg("an answer beside the error '%s'", mms_err_text(err));
	return rc;
}

mms_rc
client_get(const struct client *client, struct mms_http_answer *answer, struct mms_err *err)
{
	return client_run(client, (struct mms_http_request){ .is_feed = true }, answer, err);
}

void
client_expect(const struct client *client, mms_rc rc, const char *text, int64_t max_ms)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	int64_t start = mms_clock_mono_ms();
	mms_rc got = client_get(client, &answer, &err);
	int64_t took = mms_clock_mono_ms() - start;

	if (got != rc || strstr(mms_err_text(&err), text) == NULL)
		fail_msg("%s: %s, status %ld (wanted %s: %s)", mms_rc_name(got),
			 mms_err_text(&err), answer.status, mms_rc_name(rc), text);
	if (took > max_ms)
		fail_msg("'%s' after %lld ms", mms_err_text(&err), (long long)took);
}

void
client_conf(const struct client *client, const char *fmt, ...)
{
	MMS_AUTO(mms_str) conf = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&conf, fmt, ap);
	va_end(ap);
	fake_conf(client->fake, CLIENT_FEED, mms_str_get(&conf));
}
