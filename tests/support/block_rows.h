/* Busy blocks for tests of their gateways: two calendars with an event each, and blocks of one of them. */
#ifndef SUPPORT_BLOCK_ROWS_H
#define SUPPORT_BLOCK_ROWS_H

#include "mmsync/blocks.h"
#include "support/store_site.h"

#define NOW INT64_C(1772355600000)

/* Each table in one line; a block is told by the last hexadecimal digit of its UUID. */
#define STATES                                                                                \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', RIGHT(HEX(uuid), 1), integration_id,"             \
	" CONVERT(external_id USING ascii), RIGHT(HEX(ext_key), 2), RIGHT(HEX(source_uuid), " \
	"2),"                                                                                 \
	" type, created_by_us, status, removed_by, COALESCE(external_version, '-'),"          \
	" changed_at_ms - 1772355600000) ORDER BY uuid SEPARATOR '; ')"                       \
	" FROM mmsync_event_state WHERE type = 3"
#define BLOCKS                                                                        \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', RIGHT(HEX(uuid), 1), integration_id,"     \
	" RIGHT(HEX(source_uuid), 2), source_id, start_ms, end_ms, title,"            \
	" RIGHT(HEX(print), 2), COALESCE(RIGHT(HEX(sent_print), 2), '-'),"            \
	" COALESCE(RIGHT(HEX(outside_print), 2), '-'), put_backs, rounds, rounds_ms," \
	" quarantined, LEFT(HEX(planned_run), 4), planned_ms - 1772355600000,"        \
	" COALESCE(CONVERT(calendar_id USING ascii), '-'), COALESCE(provider, '-'))"  \
	" ORDER BY uuid SEPARATOR '; ') FROM mmsync_busy_block"
#define OUTBOX                                                                                 \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', operation, RIGHT(HEX(uuid), 1),"                   \
	" CONVERT(external_id USING ascii), RIGHT(HEX(source_uuid), 2), type, version,"        \
	" attempts, next_attempt_ms, COALESCE(error_code, '-')) ORDER BY uuid SEPARATOR '; ')" \
	" FROM mmsync_outbox"
#define LETTERS                                                                      \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', operation, integration_id,"              \
	" RIGHT(HEX(ext_key), 2), CONVERT(external_id USING ascii),"                 \
	" RIGHT(HEX(content_print), 2), error_code, error_text, attempts, given_up)" \
	" ORDER BY id SEPARATOR '; ') FROM mmsync_dead_letter"
#define DUES                                                                                  \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', integration_id, RIGHT(HEX(ext_key), 2), version)" \
	" ORDER BY integration_id, ext_key SEPARATOR '; ') FROM mmsync_block_due"

/*
 * Three calendars, 1 to 3; events of keys E1.. and E2.., UUIDs A1.. and A2.., in 1 and 3. Nothing else is left.
 */
void block_rows_clean(struct store_site *site);
/* A change of block `number` (its UUID is that all over, its key B0 and that) in calendar 2, of A1. */
struct mms_block_change block_rows_change(enum mms_block_step step, unsigned char number);
/* Announce them in a transaction of their own: so many statements, without its begin and end. */
void block_rows_announce(struct store_site *site, const struct mms_block_change *changes,
			 size_t n, uint64_t n_statements, int64_t now_ms);
/* Blocks 1 to n are announced, at NOW. */
void block_rows_add(struct store_site *site, size_t n);

#endif
