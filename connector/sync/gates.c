/*
 * Gates of mailboxes (see the header). What a gate believes to hold is never more than the database says for
 * long: a statement whose answer was lost is said again where that does no harm, and what it took is found when
 * the slots are renewed, or ends by itself.
 */
#include "gates.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "patience.h"

/* From request to request a process keeps slots so long; then whoever waits elsewhere goes first. */
#define SLICE_MS 2000
/* Held for sure: less than a lease by what a statement may take and clocks may differ in their pace. */
#define SURE_MS ((MMS_LEASE_S - 5) * INT64_C(1000))
/* Who waits looks again after so long, and up to as long again. */
#define POLL_MS 100
/* A statement that the database could not do just now is tried so often. */
#define TRIES       4
#define TRY_BASE_MS 20
#define TRY_MAX_MS  500

/* One of the workers of this process that want to go through, in the order of their coming. */
struct comer {
	struct comer *next;
	const struct mms_worker *worker;
	const char *whom;
	unsigned n;
	int64_t since_mono_ms;
};

struct mms_gate {
	struct mms_gate *next;
	struct mms_gates *gates;
	struct mms_slot_claim
		claim; /* its texts are borrowed: provider is static, scope here */
	char scope[sizeof((struct mms_budget_scope *)NULL)->name];
	unsigned n_sessions;
	unsigned in_use, held; /* requests under way; slots of the database   */
	bool has_rows;         /* the mailbox                                 */
	bool is_talking;       /* a statement about it is under way           */
	bool is_in_doubt;      /* more may be held than is known              */
	int64_t slice_mono_ms; /* when the slots were last taken              */
	int64_t sure_mono_ms;  /* until when they are ours for sure           */
	struct comer *first;
};

struct mms_gates {
	struct mms_pool *pool;
	const struct mms_lease_owner *owner; /* NULL: a dry run */
	struct mms_wake wake; /* the lock of all that follows, and of the gates */
	struct mms_gate *first;
};

mms_rc
mms_gates_new(struct mms_gates **out, struct mms_pool *pool,
	      const struct mms_lease_owner *owner, struct mms_err *err)
{
	struct mms_gates *gates = mms_alloc(sizeof *gates);

	if (gates == NULL)
		return mms_fail_nomem(err);
	gates->pool = pool;
	gates->owner = owner;
	mms_rc rc = mms_wake_init(&gates->wake, err);
	if (rc == MMS_OK)
		*out = gates;
	else
		mms_free(gates);
	return rc;
}

void
mms_gates_free(struct mms_gates *gates)
{
	if (gates == NULL)
		return;
	for (struct mms_gate *gate = gates->first, *next; gate != NULL; gate = next) {
		next = gate->next;
		mms_free(gate);
	}
	mms_wake_release(&gates->wake);
	mms_free(gates);
}

/* ---- statements ---------------------------------------------------------------------------- */

struct word {
	enum { TAKE, GIVE, BURY, RENEW, ADD, WISH, QUIT } what;
	unsigned n; /* to take in all, to give back */
	int64_t waited_ms;
	unsigned got; /* slots; with BURY, holders */
	bool is_heir;
};

static mms_rc
say(struct mms_db *db, const struct mms_slot_claim *claim, struct word *word,
    struct mms_err *err)
{
	switch (word->what) {
	case TAKE:
		return mms_slots_take(db, claim, word->n, &word->got, err);
	case GIVE:
		return mms_slots_give(db, claim, word->n, err);
	case BURY:
		return mms_slots_bury(db, claim, &word->got, err);
	case RENEW:
		return mms_slots_renew(db, claim, &word->got, err);
	case ADD:
		return mms_slots_add(db, claim, err);
	case WISH:
		return mms_slots_wish(db, claim, word->waited_ms, &word->is_heir, err);
	case QUIT:
		break;
	}
	return mms_slots_quit(db, claim, err);
}

static mms_rc
say_once(struct mms_gates *gates, struct mms_db *db, const struct mms_slot_claim *claim,
	 struct word *word, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (db != NULL)
		return say(db, claim, word, err);
	mms_rc rc = mms_pool_lend(gates->pool, &lent, err);
	return rc == MMS_OK ? say(lent.db, claim, word, err) : rc;
}

/*
 * Under the lock, which is open meanwhile: others may leave, but nobody else talks about this gate. Each
 * word may be said twice, but that some are given back while others stay in use.
 */
static mms_rc
talk(struct mms_gate *gate, struct mms_db *db, struct word *word, struct mms_err *err)
{
	struct mms_gates *gates = gate->gates;
	bool is_once = word->what == GIVE && word->n < MMS_SLOTS_MAX;
	mms_rc rc;

	if (gates->owner != NULL) /* the beat may have a new connection by now */
		gate->claim.connection = atomic_load(&gates->owner->connection);
	gate->is_talking = true;
	mms_wake_unlock(&gates->wake);
	for (unsigned attempt = 0;; attempt++) {
		rc = say_once(gates, db, &gate->claim, word, err);
		if (rc != MMS_E_RETRY || is_once || attempt + 1 >= TRIES)
			break;
		mms_clock_sleep_ms(mms_policy_delay_ms(attempt, TRY_BASE_MS, TRY_MAX_MS, -1,
						       mms_patience_noise()));
	}
	mms_wake_lock(&gates->wake);
	gate->is_talking = false;
	gate->is_in_doubt = gate->is_in_doubt || (word->what == TAKE && rc != MMS_OK);
	mms_wake_all(&gates->wake);
	return rc;
}

/*
 * Give back all but `keep`, of so many that are held. It is believed to be done: what was not is taken
 * again first, or given back with the next beat, or with the last session.
 */
static void
give_back(struct mms_gate *gate, struct mms_db *db, unsigned held, unsigned keep)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	struct word give = { .what = GIVE, .n = keep == 0 ? MMS_SLOTS_MAX : held - keep };

	gate->held = keep;
	if (keep == 0)
		gate->is_in_doubt = false;
	(void)!talk(gate, db, &give, &ignored);
}

/* ---- coming and going ---------------------------------------------------------------------- */

static bool
is_slice_over(const struct mms_gate *gate)
{
	return mms_clock_mono_ms() >= gate->slice_mono_ms + SLICE_MS;
}

/* Are there slots of this process that nobody uses? */
static bool
has_spare(const struct mms_gate *gate, unsigned n)
{
	return gate->gates->owner == NULL ||
	       (gate->held >= gate->in_use + n && !is_slice_over(gate) &&
		mms_clock_mono_ms() < gate->sure_mono_ms);
}

static unsigned
greater(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* All that are needed, or none that are not in use: nobody waits with something in hand. */
static mms_rc
try_take(struct mms_gate *gate, unsigned n, bool *is_ours, struct mms_err *err)
{
	int64_t before_mono_ms = mms_clock_mono_ms();
	struct word take = { .what = TAKE, .n = greater(gate->in_use + n, gate->held) },
		    add = { .what = ADD };

	mms_rc rc = talk(gate, NULL, &take, err);
	if (rc == MMS_OK && take.got == 0 && !gate->has_rows) {
		rc = talk(gate, NULL, &add, err);
		if (rc == MMS_OK)
			rc = talk(gate, NULL, &take, err);
	}
	if (rc != MMS_OK)
		return rc;
	gate->has_rows = true;
	*is_ours = take.got == take.n;
	if (*is_ours) {
		gate->held = take.n;
		gate->slice_mono_ms = before_mono_ms;
		gate->sure_mono_ms = before_mono_ms + SURE_MS;
	} else if (greater(take.got, gate->held) > gate->in_use) {
		give_back(gate, NULL, greater(take.got, gate->held), gate->in_use);
	}
	return MMS_OK;
}

static mms_rc
check_patience(const struct mms_gate *gate, const struct comer *c, struct mms_err *err)
{
	const struct mms_provider_env *env = &c->worker->provider_env;
	char text[MMS_TIME_TEXT_MAX];

	if (mms_provider_is_stopped(env))
		return mms_fail(err, MMS_E_STOPPED,
				"stopped while waiting for other requests to %s to end",
				gate->claim.provider);
	if (mms_clock_mono_ms() < c->since_mono_ms + env->max_ms)
		return MMS_OK;
	int64_t at_ms = mms_patience_end_ms(c->worker, MMS_LEASE_S * INT64_C(1000));
	mms_fail_wait(err, at_ms,
		      "%s takes %u requests at the same time for %s, and others have them; "
		      "not before %s",
		      gate->claim.provider, gate->claim.limit, c->whom,
		      mms_time_print(at_ms, text));
	return mms_hint(err, "other runs use this mailbox, or one died less than a minute ago; "
			     "sync --due goes on by itself then");
}

static void
wait_quiet(struct mms_gate *gate)
{
	while (gate->is_talking)
		mms_wake_wait(&gate->gates->wake, mms_clock_mono_ms() + POLL_MS);
}

/* Until it is this one's turn here, and enough of the others have left. */
static mms_rc
wait_in_line(struct mms_gate *gate, const struct comer *c, struct mms_err *err)
{
	while (gate->first != c || gate->is_talking ||
	       gate->in_use + c->n > gate->claim.limit) {
		mms_rc rc = check_patience(gate, c, err);
		if (rc != MMS_OK)
			return rc;
		mms_wake_wait(&gate->gates->wake, mms_clock_mono_ms() + POLL_MS);
	}
	return MMS_OK;
}

/* Until other processes give back enough: the one of all processes that waits longest is the heir. */
static mms_rc
wait_for_others(struct mms_gate *gate, const struct comer *c, struct mms_err *err)
{
	struct word bury = { .what = BURY }, quit = { .what = QUIT };
	MMS_AUTO(mms_err) ignored = { 0 };
	bool is_ours = false;
	mms_rc rc;

	for (;;) {
		struct word wish = { .what = WISH,
				     .waited_ms = mms_clock_mono_ms() - c->since_mono_ms };

		rc = check_patience(gate, c, err);
		if (rc != MMS_OK || has_spare(gate, c->n))
			break;
		if (gate->held > gate->in_use)
			give_back(gate, NULL, gate->held, gate->in_use);
		rc = talk(gate, NULL, &bury, err);
		if (rc == MMS_OK)
			rc = talk(gate, NULL, &wish, err);
		if (rc == MMS_OK && wish.is_heir)
			rc = try_take(gate, c->n, &is_ours, err);
		if (rc != MMS_OK || is_ours)
			break;
		mms_wake_wait(&gate->gates->wake,
			      mms_clock_mono_ms() + POLL_MS + mms_patience_noise() % POLL_MS);
		wait_quiet(gate);
	}
	(void)!talk(gate, NULL, &quit, &ignored);
	return rc;
}

static void
join(struct mms_gate *gate, struct comer *c)
{
	struct comer **at = &gate->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = c;
}

static void
part(struct mms_gate *gate, const struct comer *c)
{
	struct comer **at = &gate->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	mms_wake_all(&gate->gates->wake);
}

mms_rc
mms_gate_enter(struct mms_gate *gate, const struct mms_worker *worker, const char *whom,
	       unsigned n, struct mms_err *err)
{
	struct comer c = { .worker = worker,
			   .whom = whom,
			   .n = n < gate->claim.limit ? n : gate->claim.limit,
			   .since_mono_ms = mms_clock_mono_ms() };
	bool is_ours = false;

	mms_wake_lock(&gate->gates->wake);
	join(gate, &c);
	mms_rc rc = wait_in_line(gate, &c, err);
	if (rc == MMS_OK && !has_spare(gate, c.n)) {
		rc = try_take(gate, c.n, &is_ours, err);
		if (rc == MMS_OK && !is_ours)
			rc = wait_for_others(gate, &c, err);
	}
	if (rc == MMS_OK)
		gate->in_use += c.n;
	part(gate, &c);
	mms_wake_unlock(&gate->gates->wake);
	return rc;
}

/* Who waits here uses what becomes free, or gives it back. */
static void
keep_only(struct mms_gate *gate, unsigned keep)
{
	wait_quiet(gate);
	keep = greater(keep, gate->in_use);
	if (gate->first == NULL &&
	    (gate->held > keep || (gate->n_sessions == 0 && gate->is_in_doubt)))
		give_back(gate, NULL, gate->held, keep);
}

void
mms_gate_leave(struct mms_gate *gate, unsigned n)
{
	n = n < gate->claim.limit ? n : gate->claim.limit;
	mms_wake_lock(&gate->gates->wake);
	gate->in_use -= n;
	mms_wake_all(&gate->gates->wake);
	/* A batch needs all of them: whoever shares the mailbox has had to wait for it. */
	if (n > 1 || is_slice_over(gate))
		keep_only(gate, 0);
	mms_wake_unlock(&gate->gates->wake);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static struct mms_gate *
find(struct mms_gates *gates, const struct mms_budget_scope *mailbox)
{
	struct mms_gate *gate = gates->first;

	while (gate != NULL && (strcmp(gate->claim.provider, mailbox->provider) != 0 ||
				strcmp(gate->scope, mailbox->name) != 0))
		gate = gate->next;
	return gate;
}

mms_rc
mms_gate_open(struct mms_gates *gates, const struct mms_budget_scope *mailbox, unsigned limit,
	      struct mms_gate **out, struct mms_err *err)
{
	mms_wake_lock(&gates->wake);
	struct mms_gate *gate = find(gates, mailbox);
	if (gate == NULL && (gate = mms_alloc(sizeof *gate)) != NULL) {
		(void)snprintf(gate->scope, sizeof gate->scope, "%s", mailbox->name);
		gate->claim = (struct mms_slot_claim){
			.provider = mailbox->provider,
			.scope = gate->scope,
			.holder = gates->owner != NULL ? gates->owner->token : NULL,
			.limit = limit < MMS_SLOTS_MAX ? limit : MMS_SLOTS_MAX,
			.server = gates->owner != NULL && gates->owner->server[0] != '\0'
					  ? gates->owner->server
					  : NULL,
		};
		gate->gates = gates;
		gate->next = gates->first;
		gates->first = gate;
	}
	if (gate != NULL)
		gate->n_sessions++;
	mms_wake_unlock(&gates->wake);
	*out = gate;
	return gate != NULL ? MMS_OK : mms_fail_nomem(err);
}

void
mms_gate_close(struct mms_gate *gate)
{
	if (gate == NULL)
		return;
	mms_wake_lock(&gate->gates->wake);
	gate->n_sessions--;
	keep_only(gate, gate->n_sessions);
	mms_wake_unlock(&gate->gates->wake);
}

/* ---- the beat ------------------------------------------------------------------------------ */

static void
renew(struct mms_gate *gate, struct mms_db *db)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	int64_t before_mono_ms = mms_clock_mono_ms();
	struct word renew = { .what = RENEW };

	if (talk(gate, db, &renew, &ignored) != MMS_OK)
		return; /* the next beat makes up for it: a lease lasts three of them */
	gate->sure_mono_ms = before_mono_ms + SURE_MS;
	if (renew.got > gate->held)
		give_back(gate, db, renew.got, gate->held);
	else
		gate->held = renew.got; /* what was lost is taken again by the next request */
}

void
mms_gates_beat(struct mms_gates *gates, struct mms_db *db)
{
	mms_wake_lock(&gates->wake);
	for (struct mms_gate *gate = gates->first; gate != NULL; gate = gate->next) {
		wait_quiet(gate);
		if (gate->held == 0)
			continue;
		if (gate->in_use == 0 && gate->first == NULL && is_slice_over(gate))
			give_back(gate, db, gate->held, 0);
		else
			renew(gate, db);
	}
	mms_wake_unlock(&gates->wake);
}
