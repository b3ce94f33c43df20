/* Want of memory (see the header). */
#include "support/starve.h"

#include <stdio.h>

#include "mmsync/fault.h"
#include "support/unit.h"

/* More allocations than this no text takes. */
#define MANY 500

void
starve_check(starve_fn make, void *aux)
{
	MMS_AUTO(mms_str) good = { 0 };
	MMS_AUTO(mms_err) none = { 0 };
	unsigned n_whole = 0;

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	assert_int_equal(make(aux, &good, &none), MMS_OK);
	for (unsigned long n = 1; n_whole < 2; n++) {
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < MANY);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = make(aux, &out, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		assert_true(rc == MMS_OK || rc == MMS_E_NOMEM);
		if (rc != MMS_OK)
			continue;
		n_whole++;
		assert_string_equal(mms_str_get(&out), mms_str_get(&good));
	}
}
