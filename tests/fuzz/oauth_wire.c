/*
 * Answers of token endpoints: the first byte chooses status and question, the rest is the body. What is taken
 * can go into a header, or before a person's eyes; what is not says why.
 */
#include <string.h>

#include "fuzz.h"
#include "mmsync/oauth_client.h"

static void
check_token(const char *text)
{
	size_t n = strlen(text);

	FUZZ_CHECK(n > 0 && n <= MMS_OAUTH_TOKEN_MAX);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(text[i] > ' ' && text[i] <= '~');
}

/* Only names of errors are quoted: letters, and what we say around them. */
static void
check_refusal(mms_rc rc, const struct mms_err *err)
{
	FUZZ_CHECK(rc == MMS_E_RETRY || rc == MMS_E_AUTH || rc == MMS_E_CONFIG);
	FUZZ_CHECK(mms_err_text(err)[0] != '\0');
	for (const char *p = mms_err_text(err); *p != '\0'; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~' && *p != '<');
}

static void
check_tokens(mms_rc rc, long status, const struct mms_oauth_tokens *tokens,
	     const struct mms_err *err)
{
	if (rc != MMS_OK) {
		FUZZ_CHECK(tokens->access_token == NULL);
		check_refusal(rc, err);
		return;
	}
	FUZZ_CHECK(status == 200 && tokens->lifetime_s >= 0);
	check_token(tokens->access_token);
	if (tokens->refresh_token != NULL)
		check_token(tokens->refresh_token);
}

static void
check_device(mms_rc rc, const struct mms_oauth_device *device, const struct mms_err *err)
{
	if (rc != MMS_OK) {
		FUZZ_CHECK(device->device_code == NULL && device->user_code == NULL);
		check_refusal(rc, err);
		return;
	}
	check_token(device->device_code);
	check_token(device->user_code);
	check_token(device->verification_uri);
	FUZZ_CHECK(strncmp(device->verification_uri, "https://", 8) == 0);
	FUZZ_CHECK(device->lifetime_s >= 1 && device->lifetime_s <= 3600);
	FUZZ_CHECK(device->interval_s >= 1 && device->interval_s <= 60);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 400, 401, 302, 403, 404 };
	MMS_AUTO(mms_oauth_tokens) tokens = { 0 };
	MMS_AUTO(mms_oauth_tokens) polled = { 0 };
	MMS_AUTO(mms_oauth_device) device = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_err) poll_err = { 0 };
	MMS_AUTO(mms_err) device_err = { 0 };
	enum mms_oauth_poll poll;

	if (size == 0)
		return 0;
	const struct mms_oauth_reply reply = {
		.service = data[0] & 0x80 ? "outlook" : "google",
		.status = statuses[(data[0] & 0x7f) % MMS_COUNT(statuses)],
		.body = (const char *)data + 1,
		.len = size - 1
	};
	check_tokens(mms_oauth_read_answer(&reply, &tokens, &err), reply.status, &tokens, &err);
	mms_rc rc = mms_oauth_read_poll(&reply, &poll, &polled, &poll_err);
	if (rc != MMS_OK || poll == MMS_POLL_DONE)
		check_tokens(rc, reply.status, &polled, &poll_err);
	else
		FUZZ_CHECK(polled.access_token == NULL);
	check_device(mms_oauth_read_device(&reply, &device, &device_err), &device, &device_err);
	return 0;
}
