/*
 * Answers of token endpoints: the first byte chooses the status, the rest is the body. What is taken
 * can go into a header; what is not says why.
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 400, 401, 302, 403, 404 };
	MMS_AUTO(mms_oauth_tokens) tokens = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (size == 0)
		return 0;
	long status = statuses[data[0] % MMS_COUNT(statuses)];
	mms_rc rc =
		mms_oauth_read_answer(status, (const char *)data + 1, size - 1, &tokens, &err);
	if (rc == MMS_OK) {
		FUZZ_CHECK(status == 200 && tokens.lifetime_s >= 0);
		check_token(tokens.access_token);
		if (tokens.refresh_token != NULL)
			check_token(tokens.refresh_token);
		return 0;
	}
	FUZZ_CHECK(rc == MMS_E_RETRY || rc == MMS_E_AUTH || rc == MMS_E_CONFIG);
	FUZZ_CHECK(tokens.access_token == NULL && mms_err_text(&err)[0] != '\0');
	/* Only names of errors are quoted: letters, and what we say around them. */
	for (const char *p = mms_err_text(&err); *p != '\0'; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~' && *p != '<');
	return 0;
}
