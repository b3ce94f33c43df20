/*
 * Is what a cursor says possible at all? A row that was restored by halves, edited by hand or hit by a fault of ours must
 * neither be sent to a service nor silence its calendar: it is forgotten, and everything is read.
 */
#include "cursor_check.h"

#include <string.h>

#include "lease_tx.h"
#include "mmsync/due.h"
#include "mmsync/forget.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Clocks of two machines differ by less. */
#define AHEAD_MS MMS_DAY_MS
/* The furthest that a window reaches: two years (mms_integration_window), and what is read ahead of it, twice over. */
#define WINDOW_MOST_MS (INT64_C(800) * MMS_DAY_MS)

/* Later than now by more than this, or before there was any mmsync. */
static bool
is_absurd(int64_t at_ms, int64_t now_ms, int64_t by_ms)
{
	return at_ms != MMS_NO_TIME && (at_ms < 0 || at_ms > now_ms + by_ms);
}

static bool
is_token_bad(const struct mms_cursor *c, const struct mms_provider *provider)
{
	const char *token = c->token;

	if (token == NULL || token[0] == '\0')
		return false;
	return !mms_utf8_is_valid(token, strlen(token)) || !provider->ops->is_cursor(token);
}

unsigned
mms_cursor_check(const struct mms_cursor *c, const struct mms_provider *provider,
		 int64_t now_ms)
{
	bool has_both = c->window_start_ms != MMS_NO_TIME && c->window_end_ms != MMS_NO_TIME;
	unsigned flaws = 0;

	if (provider != NULL && provider->ops != NULL && provider->ops->is_cursor != NULL &&
	    is_token_bad(c, provider))
		flaws |= MMS_CURSOR_TOKEN;
	if ((has_both && c->window_start_ms > c->window_end_ms) ||
	    is_absurd(c->window_start_ms, now_ms, AHEAD_MS) ||
	    is_absurd(c->window_end_ms, now_ms, WINDOW_MOST_MS))
		flaws |= MMS_CURSOR_WINDOW;
	if (is_absurd(c->last_full_ms, now_ms, AHEAD_MS))
		flaws |= MMS_CURSOR_FUTURE;
	if (c->wait_until_ms != MMS_NO_TIME && c->wait_until_ms > now_ms &&
	    mms_due_wait_ms(c, now_ms) == MMS_NO_TIME)
		flaws |= MMS_CURSOR_WAIT;
	return flaws;
}

const char *
mms_cursor_flaw_name(unsigned flaws)
{
	static const char *const names[] = { "token", "window", "future", "wait" };

	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (flaws & (1U << i))
			return names[i];
	}
	return NULL;
}

struct healing {
	uint64_t cursor_id;
	bool is_window_bad;
};

static mms_rc
write_forgotten(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct healing *h = aux;

	return mms_forget_cursor(tx, h->cursor_id, h->is_window_bad, err);
}

mms_rc
mms_cursor_heal(struct mms_turn_state *t, struct mms_err *err)
{
	struct mms_cursor *c = &t->source->cursor;
	unsigned flaws = mms_cursor_check(c, t->provider, t->started_ms);
	struct healing h = { .cursor_id = c->id,
			     .is_window_bad = (flaws & MMS_CURSOR_WINDOW) != 0 };
	mms_rc rc = MMS_OK;

	if (flaws == 0)
		return MMS_OK;
	t->out->damage = mms_cursor_flaw_name(flaws);
	if (t->worker->owner != NULL)
		rc = mms_lease_tx_run(t->worker, &t->lease, write_forgotten, &h, err);
	if (rc != MMS_OK)
		return rc;
	mms_free(c->token);
	c->token = NULL;
	c->next_entry_ms = c->last_full_ms = c->wait_until_ms = MMS_NO_TIME;
	if (h.is_window_bad)
		c->window_start_ms = c->window_end_ms = MMS_NO_TIME;
	return MMS_OK;
}
