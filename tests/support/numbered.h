/*
 * Events and busy blocks in the tables of a site, for tests of their gateways and statements. UUIDs are
 * numbers, and so are keys of blocks.
 */
#ifndef SUPPORT_NUMBERED_H
#define SUPPORT_NUMBERED_H

#include <stddef.h>

#include "support/store_site.h"

/* In SQL: the UUID of a number, the key of an id, the beginnings of inserts. */
#define UUID(n)    "UNHEX(LPAD(HEX(" n "), 32, '0'))"
#define KEY_OF(id) "LEFT(UNHEX(SHA2(" id ", 256)), 16)"
#define ADD_STATE                                                                     \
	"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid," \
	" row_name, type, status, created_at_ms, changed_at_ms"
#define ADD_ROW                                                                  \
	"INSERT INTO " EVENTS " (name, calendar_integration, external_event_id," \
	" sync_status, is_blocking_availability, start_datetime, end_datetime,"  \
	" event_type, event_title, organizer_email"

/* store_site_clean(), then cursors 1, 2 and 3 of the calendars cal1, cal2, cal3. */
void numbered_clean(struct store_site *site);

void make_uuid(unsigned number, unsigned char out[16]);
unsigned number_of(const unsigned char uuid[16]);

/* Up to 8 UUIDs: NUMBERS(1, 2); FIXED() makes a parameter of them. */
struct numbers {
	unsigned char uuids[8][16];
	size_t n;
};
struct numbers make_uuids(const unsigned *numbers, size_t n);
#define NUMBERS(...)                                  \
	make_uuids((const unsigned[]){ __VA_ARGS__ }, \
		   sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))
/* C knows no way from arrays to constant ones. */
#define FIXED(list) ((const unsigned char(*)[16])(list).uuids)

/*
 * Event `number` of calendar `cal`: its id is id-NUMBER, its row row-NUMBER. It is an hour long,
 * and is due if `version` is not 0.
 */
void add_event(struct store_site *site, unsigned number, unsigned cal, const char *status,
	       int is_blocking, const char *begins, int version);

/*
 * Block `number` in calendar `cal` of an event, from 1000 times the event's number on for half a
 * second. The lower its number, the younger.
 */
struct block_row {
	unsigned number, cal, source, source_cal;
	int status, removed_by;
};
void add_block(struct store_site *site, struct block_row block);

#endif
