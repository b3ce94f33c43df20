/*
 * A site for tests of gateways: Frappe's tables and ours on a private server, and two connections
 * to them as two workers have them. What goes wrong here fails the running test.
 */
#ifndef SUPPORT_STORE_SITE_H
#define SUPPORT_STORE_SITE_H

#include "mmsync/columns.h"
#include "support/mariadb.h"

#define BOOKING "`tabMM Meeting Booking`"
#define PEOPLE  "`tabMM Meeting Booking Assigned User`"
#define GUESTS  "`tabMM Meeting Booking Participant`"
#define HISTORY "`tabMM Meeting Booking History`"
#define EVENTS  "`tabMM Calendar Event Sync`"

struct store_site {
	struct mms_test_server server;
	struct mms_db *db, *other;
	struct mms_columns *columns;
};

/* Both return 0, for cmocka. */
int store_site_start(struct store_site *site);
int store_site_stop(struct store_site *site);
/* After its tables were changed: connect anew and read what columns there are. */
void store_site_reread(struct store_site *site);
/* No bookings, events, states, blocks, entries, letters, cursors or integrations are left. */
void store_site_clean(struct store_site *site);

/* A wall time of a text. */
int64_t wall(const char *text);
/* The first column of a question's first row; "NULL" is NULL. */
void store_site_expect(struct store_site *site, const char *want, const char *sql);

/* Rows that the server has read so far, this question's own among them. */
int64_t store_site_rows_read(struct store_site *site);

/* A booking "Title of NAME" by maker@example.com, made and changed then; it lasts an hour. */
void store_site_add_booking(struct store_site *site, const char *name, const char *creation,
			    const char *modified, const char *begins);
void store_site_assign(struct store_site *site, const char *booking, const char *user, int idx,
		       bool is_host);

#endif
