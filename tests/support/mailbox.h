/*
 * A database and what workers of several processes need of it to send requests for one mailbox: each process as
 * others see it, with a token and a clock of its own. What goes wrong here fails the running test.
 */
#ifndef SUPPORT_MAILBOX_H
#define SUPPORT_MAILBOX_H

#include <stdatomic.h>

#include "../connector/sync/budget.h"
#include "support/mariadb.h"

#define ANN  "ann@example.com"
#define BOB  "bob@example.com"
#define HELD "SELECT COUNT(*) FROM mmsync_slot WHERE held_until > UTC_TIMESTAMP(6)"

/* So many a service takes at the same time. */
enum { LIMIT = MMS_SLOTS_MAX };

struct mailbox_site {
	struct mms_test_server server;
	struct mms_pool *pool;
};
struct mailbox_site *mailbox_site(void);
/* A group's set-up and tear-down, and a test's: it begins with empty tables. */
int mailbox_start(void **state);
int mailbox_stop(void **state);
int mailbox_open_pool(void **state);
int mailbox_close_pool(void **state);

/* Slots that are held now. */
int64_t mailbox_n_held(void);
/* As if so much time had passed. */
void mailbox_age(int seconds);

struct mailbox_process {
	struct mms_site site;
	struct mms_sync_env env;
	struct mms_clock clock;
	struct mms_gates *gates;
	struct mms_lease_owner owner;
	struct mms_worker worker;
	struct mms_source source;
	atomic_bool is_stopped;
};
/* holder NULL: a dry run. It waits for half a minute. Keeps: its texts. */
void mailbox_begin(struct mailbox_process *p, const char *holder, const char *user);
void mailbox_end(struct mailbox_process *p);
/* A session's keeper, at Outlook. */
void mailbox_open_keeper(struct mailbox_process *p, struct mms_budget_keeper *k);
/* The keeper's port. */
mms_rc mailbox_enter(struct mms_budget_keeper *k, unsigned n, struct mms_err *err);
void mailbox_leave(struct mms_budget_keeper *k);

/* Is a number, called by a label, within its bounds? */
void mailbox_expect(const char *label, int64_t is, int64_t min, int64_t max);

#endif
