/* The language in which tests tell the fake what people and the service do. */
#include "control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
g_refuse(struct g_line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(l->wrong, l->wrong_size, fmt, ap);
	va_end(ap);
	return false;
}

/* Words between blanks; "quoted ones" and key="quoted ones" are whole, with \" and \n in them. */
static void
split(struct g_line *l, char *text)
{
	char *out = text;

	for (char *p = text; l->n < G_MAX_WORDS;) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p == '\0')
			break;
		bool is_quoted = false;

		l->words[l->n++] = out;
		for (; *p != '\0' && (is_quoted || (*p != ' ' && *p != '\t')); p++) {
			if (*p == '"') {
				is_quoted = !is_quoted;
			} else if (*p == '\\' && is_quoted && p[1] != '\0') {
				p++;
				*out++ = *p == 'n' ? '\n' : *p;
			} else {
				*out++ = *p;
			}
		}
		bool is_end = *p == '\0';
		*out++ = '\0';
		if (is_end)
			break;
		p++;
	}
}

/* The value of key=value; NULL: not there. */
const char *
g_value_of(const struct g_line *l, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 1; i < l->n; i++) {
		if (strncmp(l->words[i], key, len) == 0 && l->words[i][len] == '=')
			return l->words[i] + len + 1;
	}
	return NULL;
}

const char *
g_word(const struct g_line *l, size_t i)
{
	return i < l->n ? l->words[i] : "";
}

struct g_calendar *
g_line_calendar(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c = g_find_calendar(g, g_word(l, 1));

	if (c == NULL)
		(void)g_refuse(l, "there is no calendar '%s'", g_word(l, 1));
	return c;
}

static void
replace(char **text, const char *with)
{
	char *copy = strdup(with);

	free(*text);
	*text = copy;
}

/* ---- calendars and accounts ----------------------------------------------------------------------- */

static bool
do_calendar(struct g_service *g, struct g_line *l)
{
	const char *owner = g_value_of(l, "owner");
	const char *role = g_value_of(l, "role"), *zone = g_value_of(l, "zone");
	const char *summary = g_value_of(l, "summary");

	if (l->n < 2 || owner == NULL)
		return g_refuse(l, "calendar takes ID owner=EMAIL");
	struct g_calendar *c = g_make_calendar(g, l->words[1], owner);
	if (c == NULL)
		return g_refuse(l, "out of memory");
	replace(&c->owner, owner);
	if (role != NULL)
		replace(&c->role, role);
	if (summary != NULL)
		replace(&c->summary, summary);
	if (zone != NULL && g_zone(g, zone) == NULL)
		return g_refuse(l, "there is no zone '%s'", zone);
	if (zone != NULL)
		c->zone = g_zone(g, zone);
	return true;
}

/* join ID EMAIL [role=R] [zone=Z]: the calendar is made, or shared with one more. */
static bool
do_join(struct g_service *g, struct g_line *l)
{
	const char *zone = g_value_of(l, "zone"), *role = g_value_of(l, "role");
	struct g_calendar *c = g_find_calendar(g, g_word(l, 1));

	if (l->n < 3)
		return g_refuse(l, "join takes ID EMAIL");
	if (c == NULL && (c = g_make_calendar(g, l->words[1], l->words[2])) != NULL) {
		if (role != NULL)
			replace(&c->role, role);
		if (zone != NULL && g_zone(g, zone) == NULL)
			return g_refuse(l, "there is no zone '%s'", zone);
		c->zone = zone != NULL ? g_zone(g, zone) : c->zone;
		return true;
	}
	if (c == NULL || c->n_shares == MMS_COUNT(c->shares))
		return g_refuse(l, "the calendar is full");
	if (strcmp(g_role(c, l->words[2]), "none") == 0) {
		c->shares[c->n_shares].account = strdup(l->words[2]);
		c->shares[c->n_shares++].role = strdup(role != NULL ? role : "writer");
	}
	return true;
}

static bool
do_share(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c = g_line_calendar(g, l);

	if (c == NULL || l->n < 4 || c->n_shares == MMS_COUNT(c->shares))
		return c != NULL && g_refuse(l, "share takes ID EMAIL ROLE");
	c->shares[c->n_shares].account = strdup(l->words[2]);
	c->shares[c->n_shares++].role = strdup(l->words[3]);
	return true;
}

static bool
do_role(struct g_service *g, struct g_line *l)
{
	static const char *const roles[] = { "none",   "freeBusyReader",
					     "reader", "writerWithoutPrivateAccess",
					     "writer", "owner" };
	struct g_calendar *c = g_line_calendar(g, l);
	bool is_known = false;

	for (size_t i = 0; i < MMS_COUNT(roles); i++)
		is_known = is_known || strcmp(g_word(l, 2), roles[i]) == 0;
	if (c == NULL || !is_known)
		return c != NULL && g_refuse(l, "'%s' is no role", g_word(l, 2));
	replace(&c->role, l->words[2]);
	return true;
}

static bool
do_zone(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c = g_line_calendar(g, l);
	const struct mms_zone *zone = g_zone(g, g_word(l, 2));

	if (c == NULL || zone == NULL)
		return c != NULL && g_refuse(l, "there is no zone '%s'", g_word(l, 2));
	c->zone = zone;
	return true;
}

static bool
do_expire(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c = g_line_calendar(g, l);

	if (c == NULL)
		return false;
	c->generation++;
	(void)snprintf(c->expired, sizeof c->expired, "%s", g_word(l, 2));
	c->expired_status = (unsigned)strtoul(g_word(l, 3), NULL, 10);
	return true;
}

static bool
do_bulk(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c = g_line_calendar(g, l);
	const char *from = g_value_of(l, "from");
	bool is_day;
	int64_t ms = g_now(g);

	if (c == NULL || l->n < 3)
		return c != NULL && g_refuse(l, "bulk takes CALENDAR N [from=TIME] [as=graph]");
	if (from != NULL && !g_parse_story_time(g, c, from, NULL, &is_day, &ms))
		return g_refuse(l, "'%s' is no time", from);
	const char *as = g_value_of(l, "as");
	return g_make_bulk(g, c, strtoul(l->words[2], NULL, 10), ms,
			   as != NULL && strcmp(as, "graph") == 0) ||
	       g_refuse(l, "out of memory");
}

static bool
do_account(struct g_service *g, struct g_line *l)
{
	const char *access = g_value_of(l, "access"), *refresh = g_value_of(l, "refresh");
	const char *expires = g_value_of(l, "expires");
	struct g_account *account = g_find_account(g, g_word(l, 1));

	if (l->n < 2)
		return g_refuse(l, "account takes EMAIL");
	if (account == NULL && (account = calloc(1, sizeof *account)) != NULL) {
		account->email = strdup(l->words[1]);
		account->next = g->accounts;
		g->accounts = account;
	}
	if (account == NULL)
		return g_refuse(l, "out of memory");
	if (refresh != NULL)
		replace(&account->refresh, refresh);
	int64_t life_s = expires != NULL ? strtol(expires, NULL, 10) : g->options.lifetime_s;
	if (access != NULL)
		g_give_access(g, account, access, g_now(g) + life_s * 1000);
	return true;
}

static bool
do_token(struct g_service *g, struct g_line *l)
{
	struct g_account *account = g_find_account(g, g_word(l, 1));
	const char *what = g_word(l, 2);

	if (account == NULL)
		return g_refuse(l, "there is no account '%s'", g_word(l, 1));
	if (strcmp(what, "revoke") == 0)
		account->is_revoked = true;
	else if (strcmp(what, "allow") == 0)
		account->is_revoked = false;
	else if (strcmp(what, "rotate") == 0)
		account->is_rotating = true;
	else if (strcmp(what, "rotate-hard") == 0)
		account->is_rotating_hard = true;
	else if (strcmp(what, "expire") != 0)
		return g_refuse(l, "a token takes revoke, allow, expire, rotate, rotate-hard");
	for (size_t i = 0; strcmp(what, "expire") == 0 && i < MMS_COUNT(account->access); i++)
		account->access[i].until_ms = 0;
	return true;
}

static bool
do_code(struct g_service *g, struct g_line *l)
{
	const char *account = g_value_of(l, "account"), *redirect = g_value_of(l, "redirect");
	const char *challenge = g_value_of(l, "challenge");
	struct g_code *code = calloc(1, sizeof *code);

	if (code == NULL || l->n < 3 || account == NULL) {
		free(code);
		return g_refuse(l, "code takes CODE account=EMAIL");
	}
	code->code = strdup(l->words[1]);
	code->account = strdup(account);
	code->redirect = redirect != NULL ? strdup(redirect) : NULL;
	code->challenge = challenge != NULL ? strdup(challenge) : NULL;
	code->next = g->codes;
	g->codes = code;
	return true;
}

/* ---- the rest -------------------------------------------------------------------------------------- */

static bool
do_client(struct g_service *g, struct g_line *l)
{
	if (l->n < 3)
		return g_refuse(l, "client takes ID SECRET");
	replace(&g->client_id, l->words[1]);
	replace(&g->client_secret, l->words[2]);
	return true;
}

static bool
do_now(struct g_service *g, struct g_line *l)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *text = g_word(l, 1);

	return mms_time_parse(text, strlen(text), &g->now_ms, &err) == MMS_OK ||
	       g_refuse(l, "'%s' is no time", text);
}

static bool
do_reset(struct g_service *g, struct g_line *l)
{
	(void)l;
	g_reset(g);
	return true;
}

static bool
do_fault(struct g_service *g, struct g_line *l)
{
	const char *wrong;

	/* "clear" forgets those that were told. */
	if (strcmp(l->rest, "clear") == 0) {
		for (struct g_fault *fault = g->faults; fault != NULL; fault = fault->next)
			fault->n_left = 0;
		return true;
	}
	wrong = g_add_fault(g, l->rest);
	return wrong == NULL || g_refuse(l, "%s", wrong);
}

/* What is told with `set`. */
static const struct {
	const char *key;
	size_t flag, number; /* SIZE_MAX: not that */
	const char *yes, *no;
} option_rows[] = {
#define FLAG(key, member, yes, no)                                         \
	{                                                                  \
		key, offsetof(struct g_options, member), SIZE_MAX, yes, no \
	}
#define NUMBER(key, member)                                                   \
	{                                                                     \
		key, SIZE_MAX, offsetof(struct g_options, member), NULL, NULL \
	}
	NUMBER("page-size", page_size),
	NUMBER("batch-max", batch_max),
	NUMBER("link-pad", link_pad),
	NUMBER("lifetime", lifetime_s),
	NUMBER("empty-pages", empty_pages),
	FLAG("series-delete", is_series_delete_single, "master", "instances"),
	FLAG("following-delete", is_following_delete_silent, "silent", "instances"),
	FLAG("normalise", is_normalising, "on", "off"),
	FLAG("shuffle", is_shuffling, "on", "off"),
	FLAG("incremental-window", is_incremental_windowed, "on", "off"),
	FLAG("patch-deleted", is_patch_of_deleted_gone, "gone", "keep"),
	FLAG("tombstones", is_tombstone_full, "full", "bare"),
	FLAG("gzip", is_gzip_off, "off", "on"),
	NUMBER("device-interval", device_interval_s),
	NUMBER("late", late),
	NUMBER("concurrency", concurrency),
	NUMBER("slow", slow_ms),
	NUMBER("token-pad", token_pad),
	FLAG("graph-series", is_graph_series_silent, "silent", "all"),
	FLAG("outside", is_outside_silent, "silent", "removed"),
	FLAG("ghosts", is_ghostly, "on", "off"),
	FLAG("repeat", is_repeating, "on", "off"),
	FLAG("transaction", is_transaction_refused, "duplicate", "same"),
	FLAG("transaction-deleted", is_transaction_forgotten, "forget", "keep"),
	FLAG("transaction-id", is_transaction_hidden, "off", "on"),
	FLAG("twin-ids", is_twinned, "on", "off"),
#undef FLAG
#undef NUMBER
};

static bool
do_set(struct g_service *g, struct g_line *l)
{
	const char *key = g_word(l, 1), *value = g_word(l, 2);

	if (strcmp(key, "denied") == 0) {
		(void)snprintf(g->options.denied, sizeof g->options.denied, "%s", value);
		return true;
	}
	for (size_t i = 0; i < MMS_COUNT(option_rows); i++) {
		char *at = (char *)&g->options;

		if (strcmp(key, option_rows[i].key) != 0)
			continue;
		if (option_rows[i].flag == SIZE_MAX)
			*(long *)(void *)(at + option_rows[i].number) = strtol(value, NULL, 10);
		else if (strcmp(value, option_rows[i].yes) == 0 ||
			 strcmp(value, option_rows[i].no) == 0)
			*(bool *)(at + option_rows[i].flag) =
				strcmp(value, option_rows[i].yes) == 0;
		else
			return g_refuse(l, "%s takes %s or %s", key, option_rows[i].yes,
					option_rows[i].no);
		return true;
	}
	return g_refuse(l, "there is no option '%s'", key);
}

static bool
do_line(struct g_service *g, char *text, char *wrong, size_t size)
{
	static const struct {
		const char *word;
		bool (*run)(struct g_service *g, struct g_line *l);
	} rows[] = {
		{ "reset", do_reset },
		{ "now", do_now },
		{ "set", do_set },
		{ "client", do_client },
		{ "account", do_account },
		{ "calendar", do_calendar },
		{ "share", do_share },
		{ "join", do_join },
		{ "event", g_do_event },
		{ "series", g_do_series },
		{ "change", g_do_change },
		{ "delete", g_do_delete },
		{ "delete-from", g_do_delete_from },
		{ "vanish", g_do_vanish },
		{ "copy", g_do_copy },
		{ "mark", g_do_mark },
		{ "move", g_do_move },
		{ "reid", g_do_reid },
		{ "online", g_do_online },
		{ "role", do_role },
		{ "zone", do_zone },
		{ "expire", do_expire },
		{ "bulk", do_bulk },
		{ "token", do_token },
		{ "code", do_code },
		{ "device", g_do_device },
		{ "grant", g_do_grant },
		{ "fault", do_fault },
	};
	struct g_line l = { .wrong = wrong, .wrong_size = size };
	char *copy = strdup(text + strcspn(text, " "));

	l.rest = copy + strspn(copy, " ");
	split(&l, text);
	bool is_known = l.n == 0, is_good = true;
	for (size_t i = 0; l.n > 0 && i < MMS_COUNT(rows); i++) {
		if (strcmp(l.words[0], rows[i].word) == 0) {
			is_known = true;
			is_good = rows[i].run(g, &l);
		}
	}
	if (!is_known)
		is_good = g_refuse(&l, "'%s' is no word of the language", l.words[0]);
	free(copy);
	return is_good;
}

bool
g_control(struct g_service *g, char *script, char *wrong, size_t size)
{
	char *save = NULL;
	bool is_good = true;

	for (char *text = strtok_r(script, "\n", &save); text != NULL && is_good;
	     text = strtok_r(NULL, "\n", &save)) {
		text[strcspn(text, "\r")] = '\0';
		if (text[0] != '\0' && text[0] != '#')
			is_good = do_line(g, text, wrong, size);
	}
	return is_good;
}

/* What Graph's face knows of it: "mailed", "join_lost", and the rest in "graph". */
static void
add_facts(const struct g_event *e, json_t *doc)
{
	json_t *mailed = json_object_get(e->graph, "_mailed");
	json_t *lost = json_object_get(e->graph, "_join_lost");

	if (e->graph != NULL)
		json_object_set(doc, "graph", e->graph);
	if (mailed != NULL)
		json_object_set(doc, "mailed", mailed);
	if (lost != NULL)
		json_object_set(doc, "join_lost", lost);
}

void
g_state(struct g_service *g, const char *calendar_id, struct mms_str *out)
{
	for (const struct g_calendar *c = g->calendars; c != NULL; c = c->next) {
		if (calendar_id != NULL && strcmp(c->id, calendar_id) != 0)
			continue;
		for (const struct g_event *e = c->events; e != NULL; e = e->next) {
			json_t *doc = g_render(g, c, e, "owner", true);
			char *text;

			json_object_set_new(doc, "_calendar", json_string(c->id));
			add_facts(e, doc);
			text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
			mms_str_addf(out, "%s\n", text);
			free(text);
			json_decref(doc);
		}
	}
	for (const struct g_account *account = g->accounts;
	     calendar_id == NULL && account != NULL; account = account->next)
		mms_str_addf(out,
			     "{\"_account\":\"%s\",\"refreshes\":%ld,\"most_at_once\":%u}\n",
			     account->email, account->refreshes, account->most_at_once);
}
