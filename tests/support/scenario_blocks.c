/* Busy blocks in a story: which one an event has in a calendar, how many there are, and what must always hold of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/scenario_words.h"

/* ---- one block ---------------------------------------------------------------------------------- */

/* A text of the event's private properties is the given one. */
static bool
is_marked(const json_t *event, const char *name, const char *want)
{
	char value[80];

	gfake_value(event, name, value, sizeof value);
	return strcmp(value, want) == 0;
}

/*
 * UUIDs of the blocks whose source is that: "@BOOKING", an id, or the title of its row; a comma behind each.
 * Owns: free().
 */
static char *
blocks_of(struct scenario *s, const char *source)
{
	MMS_AUTO(mms_str) sql = { 0 };
	MMS_AUTO(mms_str) text = { 0 };

	sql_quote(&text, source[0] == '@' ? source + 1 : source);
	mms_str_add(&sql,
		    "SELECT COALESCE(GROUP_CONCAT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX("
		    "b.uuid)), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-') SEPARATOR"
		    " ','), '') FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid ="
		    " b.source_uuid LEFT JOIN `tabMM Calendar Event Sync` e ON e.name ="
		    " s.row_name WHERE ");
	if (source[0] == '@')
		mms_str_addf(&sql, "s.booking = %s", mms_str_get(&text));
	else
		mms_str_addf(&sql, "s.external_id = %s OR e.event_title = %s",
			     mms_str_get(&text), mms_str_get(&text));
	return mms_test_ask_text(&s->world->server, "%s", mms_str_get(&sql));
}

char *
scenario_block_id(struct scenario *s, const char *calendar, const char *source)
{
	char *uuids = blocks_of(s, source), uuid[80], id[1100] = "";
	json_t *all = gfake_events(&s->world->service, calendar), *one;
	bool is_found = false;
	size_t i;

	json_array_foreach(all, i, one)
	{
		gfake_value(one, "private.mmsync_id", uuid, sizeof uuid);
		if (uuid[0] == '\0' || strstr(uuids, uuid) == NULL ||
		    (is_found && !scenario_is_live(one)))
			continue;
		is_found = true;
		gfake_value(one, "id", id, sizeof id);
		if (scenario_is_live(one))
			break;
	}
	json_decref(all);
	free(uuids);
	if (is_found)
		return strdup(id);
	scenario_fail(s, "%s never had a block of '%s'", calendar, source);
	return NULL;
}

/* ---- how many ----------------------------------------------------------------------------------- */

/* Is it one of ours? (A mark without a site is that of a story.) */
static bool
is_our_block(const json_t *event, const char *site)
{
	return is_marked(event, "private.mmsync_kind", "busy_block") &&
	       (is_marked(event, "private.mmsync_site", site) ||
		is_marked(event, "private.mmsync_site", ""));
}

static char *
our_site(struct scenario *s)
{
	return mms_test_ask_text(&s->world->server,
				 "SELECT site_uuid FROM mmsync_installation");
}

bool
scenario_expect_blocks(struct scenario *s, const char *rest)
{
	char calendar[280], value[300];
	size_t len = strcspn(rest, " "), i;
	long want = strtol(rest + len, NULL, 10), n = 0;
	MMS_AUTO(mms_str) list = { 0 };
	char *site = our_site(s);
	json_t *one;

	(void)snprintf(calendar, sizeof calendar, "%.*s", (int)len, rest);
	json_t *all = gfake_events(&s->world->service, calendar);
	json_array_foreach(all, i, one)
	{
		if (!is_our_block(one, site) || !scenario_is_live(one))
			continue;
		n++;
		gfake_value(one, "title", value, sizeof value);
		mms_str_addf(&list, "\n%s", value);
		gfake_value(one, "start", value, sizeof value);
		mms_str_addf(&list, " | %s", value);
	}
	json_decref(all);
	free(site);
	return n == want || scenario_fail(s, "%s has %ld busy blocks of ours, expected %ld:%s",
					  calendar, n, want, mms_str_get(&list));
}

/* ---- a calendar's own feed ----------------------------------------------------------------------- */

/* "2026-03-04T12:00:00Z", or "2026-03-04", as feeds have it. */
static void
add_time(const json_t *event, const char *key, struct mms_str *out)
{
	char value[80];

	gfake_value(event, key, value, sizeof value);
	bool is_day = strchr(value, 'T') == NULL;
	mms_str_addf(out, "DT%s%s:", strcmp(key, "start") == 0 ? "START" : "END",
		     is_day ? ";VALUE=DATE" : "");
	for (const char *at = value; *at != '\0' && *at != '.' && *at != 'Z'; at++) {
		if (*at != '-' && *at != ':')
			mms_str_addc(out, *at);
	}
	mms_str_add(out, is_day ? "\r\n" : "Z\r\n");
}

void
scenario_feed_of(struct scenario *s, const char *rest, struct mms_str *out)
{
	bool is_bare = strstr(rest, " busy") != NULL;
	char calendar[280], value[1100];
	size_t i;
	json_t *one;

	(void)snprintf(calendar, sizeof calendar, "%.*s", (int)strcspn(rest, " "), rest);
	json_t *all = gfake_events(&s->world->service, calendar);
	json_array_foreach(all, i, one)
	{
		if (!scenario_is_live(one))
			continue;
		gfake_value(one, is_bare ? "start" : "iCalUID", value, sizeof value);
		mms_str_addf(out, "BEGIN:VEVENT\r\nUID:%s%s", value,
			     is_bare ? "@example.com" : "");
		gfake_value(one, "title", value, sizeof value);
		mms_str_addf(out, "\r\nSUMMARY:%s\r\n", is_bare ? "Busy" : value);
		add_time(one, "start", out);
		add_time(one, "end", out);
		mms_str_add(out, "END:VEVENT\r\n");
	}
	json_decref(all);
}

/* ---- what must always hold ---------------------------------------------------------------------- */

/* A live state of a block, or of a person's own event. Texts are of the list. */
struct known {
	bool is_block, is_settled;
	const char *uuid, *source, *calendar, *id;
};
struct known_list {
	struct known *at;
	size_t n;
	char *text;
};

/* Lines of the states that are live: type, settled, UUID, source, calendar, id. */
static void
read_known(struct scenario *s, struct known_list *out)
{
	char *save = NULL;

	out->text = mms_test_ask_text(
		&s->world->server,
		"SELECT COALESCE(GROUP_CONCAT(CONCAT_WS('\t', s.type, s.status IN (2, 3) AND"
		" s.removed_by = 0 AND s.uuid NOT IN (SELECT uuid FROM mmsync_outbox),"
		" LOWER(HEX(s.uuid)), COALESCE(LOWER(HEX(b.source_uuid)), '-'),"
		" COALESCE(i.calendar_id, i.user), s.external_id) SEPARATOR '\n'), '') FROM"
		" mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id JOIN"
		" `tabMM Calendar Integration` i ON i.name = c.name LEFT JOIN"
		" mmsync_busy_block b ON b.uuid = s.uuid WHERE s.type IN (1, 3) AND s.status"
		" <> 5 AND i.integration_type <> 'iCal'");
	out->at = calloc(strlen(out->text) / 8 + 1, sizeof *out->at);
	if (out->at == NULL)
		abort();
	for (char *line = strtok_r(out->text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		struct known *k = &out->at[out->n++];
		char *parts = NULL;

		k->is_block = strtok_r(line, "\t", &parts)[0] == '3';
		k->is_settled = strtok_r(NULL, "\t", &parts)[0] == '1';
		k->uuid = strtok_r(NULL, "\t", &parts);
		k->source = strtok_r(NULL, "\t", &parts);
		k->calendar = strtok_r(NULL, "\t", &parts);
		k->id = strtok_r(NULL, "\t", &parts);
	}
}

/* Is this UUID, as marks have it, that one, as the list has it? */
static bool
is_uuid(const char *with_dashes, const char *plain)
{
	for (; *with_dashes != '\0'; with_dashes++) {
		if (*with_dashes != '-' && *with_dashes != *plain++)
			return false;
	}
	return *plain == '\0';
}

static bool
is_worked_at(struct scenario *s, const char *calendar)
{
	MMS_AUTO(mms_str) name = { 0 };

	sql_quote(&name, calendar);
	return mms_test_ask_i64(
		       &s->world->server,
		       "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE is_active"
		       " AND COALESCE(calendar_id, user) = %s",
		       mms_str_get(&name)) > 0;
}

/* The state of a block outside; NULL: there is none. *is_taken: somebody's own event is known by its id. */
static const struct known *
known_as(const struct known_list *list, const json_t *event, bool *is_taken)
{
	char uuid[80], id[1100], calendar[280];
	const struct known *found = NULL;

	gfake_value(event, "private.mmsync_id", uuid, sizeof uuid);
	gfake_value(event, "id", id, sizeof id);
	gfake_value(event, "_calendar", calendar, sizeof calendar);
	for (size_t i = 0; i < list->n; i++) {
		const struct known *k = &list->at[i];

		if (strcmp(k->calendar, calendar) != 0)
			continue;
		if (k->is_block && is_uuid(uuid, k->uuid) &&
		    (!k->is_settled || strcmp(k->id, id) == 0))
			found = k;
		*is_taken = *is_taken || (!k->is_block && strcmp(k->id, id) == 0);
	}
	return found;
}

/* Is the mark's source itself a block outside? */
static bool
is_from_a_block(const json_t *all, const json_t *event, const char *site)
{
	char source[80];
	json_t *one;
	size_t i;

	gfake_value(event, "private.mmsync_source", source, sizeof source);
	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		if (source[0] != '\0' && is_marked(one, "private.mmsync_id", source) &&
		    is_our_block(one, site))
			return true;
	}
	return false;
}

static bool
is_live_there(const json_t *all, const struct known *k)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		if (is_marked(one, "_calendar", k->calendar) && scenario_is_live(one) &&
		    strcmp(json_string_value(json_object_get(one, "id")), k->id) == 0)
			return true;
	}
	return false;
}

void
scenario_block_faults(struct scenario *s, const json_t *all, struct scenario_outside *out)
{
	struct known_list list = { 0 };
	const struct known **seen = calloc(json_array_size(all) + 1, sizeof *seen);
	char *site = our_site(s), calendar[280];
	json_t *one;
	size_t i, n = 0;

	if (seen == NULL)
		abort();
	read_known(s, &list);
	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		bool is_taken = false;

		gfake_value(one, "_calendar", calendar, sizeof calendar);
		if (!is_our_block(one, site) || !scenario_is_live(one) ||
		    !is_worked_at(s, calendar))
			continue;
		const struct known *k = known_as(&list, one, &is_taken);
		out->n_unknown += k == NULL;
		out->n_taken += is_taken || is_from_a_block(all, one, site);
		if (k == NULL || !k->is_settled)
			continue;
		for (size_t at = 0; at < n; at++)
			out->n_twice += strcmp(seen[at]->source, k->source) == 0 &&
					strcmp(seen[at]->calendar, k->calendar) == 0;
		seen[n++] = k;
	}
	for (i = 0; i < list.n; i++)
		out->n_lost += list.at[i].is_block && list.at[i].is_settled &&
			       !is_live_there(all, &list.at[i]);
	free(seen);
	free(site);
	free(list.at);
	free(list.text);
}
