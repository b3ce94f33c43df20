/* The content of a last settle: what is read is written, and read again as the same. */
#include "fuzz.h"

#include <string.h>

#include "mmsync/meeting.h"
#include "mmsync/mem.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MMS_AUTO(mms_base) base = { 0 };
	MMS_AUTO(mms_base) back = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) first = { 0 };
	MMS_AUTO(mms_str) second = { 0 };
	char *text = mms_text_copy_n((const char *)data, size);

	if (text == NULL)
		return 0;
	mms_rc rc = mms_base_read(text, &base, &err);
	mms_free(text);
	if (rc != MMS_OK) {
		FUZZ_CHECK(rc == MMS_E_ITEM);
		FUZZ_CHECK(base.status == NULL && base.link == NULL && !base.booking.is_known);
		return 0;
	}
	FUZZ_CHECK(mms_base_write(&base, &first, &err) == MMS_OK);
	FUZZ_CHECK(mms_base_read(mms_str_get(&first), &back, &err) == MMS_OK);
	FUZZ_CHECK(mms_base_write(&back, &second, &err) == MMS_OK);
	FUZZ_CHECK(strcmp(mms_str_get(&first), mms_str_get(&second)) == 0);
	FUZZ_CHECK(back.booking.is_known == base.booking.is_known &&
		   back.outside.is_known == base.outside.is_known);
	return 0;
}
