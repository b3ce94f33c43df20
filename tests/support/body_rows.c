/* Bodies of writes (see the header). */
#include "support/body_rows.h"

#include <string.h>

#include "support/unit.h"

#define START INT64_C(1773133200000)
#define TIMES .start_ms = START, .end_ms = START + 3600000

const struct mms_mark body_mark = {
	.kind = MMS_MARK_BOOKING,
	.id = { 1, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0x7e, 0x0f, 0x80, 0, 0, 0, 0, 0, 0, 1 },
	.site = { 0xff },
};

static struct mms_guest two_guests[] = { { T("cy@example.com"), T("Cy") },
					 { T("New@example.com"), NULL } };
const struct mms_meeting body_whole = { TIMES,
					.title = T("Talk \"x\""),
					.place = T("Room 1"),
					.text = T("<b>a</b>\nb"),
					.guests = two_guests,
					.n_guests = 2 };
const struct mms_meeting body_bare = { TIMES, .title = T("Busy") };
const struct mms_meeting body_empty = { TIMES };
const struct mms_meeting body_timeless = { .start_ms = MMS_NO_TIME, .end_ms = START };
const struct mms_meeting body_backwards = { .start_ms = START, .end_ms = START - 1 };

void
body_play(const struct body_row *rows, size_t n, body_fn make)
{
	for (size_t i = 0; i < n; i++) {
		struct mms_write write = rows[i].write;
		MMS_AUTO(mms_str) body = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		if (write.kind == MMS_WRITE_CREATE)
			write.mark = body_mark;
		mms_rc rc = make(&write, &body, &err);
		while (body.len > 0 && body.ptr[body.len - 1] == '\n')
			mms_str_cut(&body, body.len - 1);
		if (rc != rows[i].rc ||
		    (rc == MMS_OK && strcmp(mms_str_get(&body), rows[i].body) != 0))
			fail_msg("%s: %s: %s", rows[i].label, mms_rc_name(rc),
				 mms_str_get(&body));
	}
}

struct starved {
	body_fn make;
};

static mms_rc
make_whole(void *aux, struct mms_str *out, struct mms_err *err)
{
	const struct starved *starved = aux;
	const struct mms_write write = { .meeting = &body_whole, .mark = body_mark };

	return starved->make(&write, out, err);
}

void
body_play_memory(body_fn make)
{
	struct starved starved = { make };

	starve_check(make_whole, &starved);
}
