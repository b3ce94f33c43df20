/* Any bytes as the answer to a batch: its first line as the content type, the rest as the body. */
#include <string.h>

#include "../../connector/provider/google_parts.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	const char *lf = size > 0 ? memchr(text, '\n', size) : NULL;
	struct service_reply replies[3];
	MMS_AUTO(mms_str) type = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (lf == NULL)
		return 0;
	mms_str_addn(&type, text, (size_t)(lf - text));
	mms_rc rc = google_batch_read(mms_str_get(&type), lf + 1, (size_t)(end - lf - 1),
				      replies, 3, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	for (size_t i = 0; i < 3; i++) {
		FUZZ_CHECK(replies[i].status >= 0 && replies[i].status <= 999);
		if (replies[i].status == 0)
			continue;
		FUZZ_CHECK(replies[i].body >= lf + 1 &&
			   replies[i].body + replies[i].body_len <= end);
	}
	return 0;
}
