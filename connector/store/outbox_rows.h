/* Rows of the outbox and of its dead letters, one or many at a time. Private to store/. */
#ifndef STORE_OUTBOX_ROWS_H
#define STORE_OUTBOX_ROWS_H

#include "mmsync/db.h"
#include "mmsync/outbox.h"

/* Whose entry or letter it is. Borrowed. */
struct mms_entry_of {
	uint64_t cursor_id;
	const unsigned char *key, *uuid, *source_uuid; /* source_uuid NULL: none */
	const char *external_id, *booking;             /* NULL: none             */
	enum mms_state_type type;
};

enum {
	MMS_OUTBOX_PUT_VALUES = 9,
	MMS_OUTBOX_PUT_OFF_VALUES = 6,
	MMS_OUTBOX_LETTER_VALUES = 10
};

/* Values of OUTBOX_PUT. */
void mms_outbox_put_values(const struct mms_entry_of *of, const char *operation, int64_t now_ms,
			   struct mms_value out[MMS_OUTBOX_PUT_VALUES]);
/* Values of OUTBOX_PUT_OFF. */
void mms_outbox_put_off_values(const struct mms_outbox_entry *entry, const char *code,
			       const char *text, int64_t next_ms, int64_t now_ms,
			       struct mms_value out[MMS_OUTBOX_PUT_OFF_VALUES]);

/* Why it is given up. Borrowed. */
struct mms_outbox_trouble {
	const char *operation, *code, *text;
	const unsigned char *print;
	int64_t attempts;
};
/* Values of OUTWARD_LETTER_PUT. */
void mms_outbox_letter_values(const struct mms_entry_of *of,
			      const struct mms_outbox_trouble *trouble, int64_t now_ms,
			      struct mms_value out[MMS_OUTBOX_LETTER_VALUES]);

#endif
