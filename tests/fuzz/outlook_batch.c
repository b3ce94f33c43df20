/* Any bytes as the answer to a batch of Microsoft Graph. */
#include "../../connector/provider/outlook_parts.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	struct service_reply replies[3];
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = outlook_batch_read(text, size, replies, 3, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	for (size_t i = 0; i < 3; i++) {
		const struct service_reply *reply = &replies[i];

		FUZZ_CHECK(reply->status == 0 ||
			   (reply->status >= 100 && reply->status <= 999));
		FUZZ_CHECK(reply->status == 0 || rc == MMS_OK);
		FUZZ_CHECK(reply->retry_after_ms >= -1);
		if (reply->status == 0)
			continue;
		FUZZ_CHECK(reply->body >= text && reply->body + reply->body_len <= end);
		FUZZ_CHECK(reply->body_len == 0 || reply->body[0] == '{' ||
			   reply->body[0] == '[');
	}
	return 0;
}
