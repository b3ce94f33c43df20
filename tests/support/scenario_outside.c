/* What is outside, as torture compares it: live events without what is random, and what must always hold of ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/scenario_words.h"

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One live event as a line: an id of ours is random, and so is what it is marked with. */
static void
add_line(const json_t *event, struct mms_str *out)
{
	static const char *const keys[] = { "_calendar",  "id",           "private.mmsync_kind",
					    "title",      "start",        "end",
					    "place",      "text",         "guests",
					    "visibility", "transparency", "status" };
	char value[2048];

	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		gfake_value(event, keys[i], value, sizeof value);
		bool is_hidden = strcmp(keys[i], "id") == 0 && scenario_is_ours(event);
		mms_str_addf(out, "%s%s", i > 0 ? "|" : "outside|", is_hidden ? "<id>" : value);
	}
}

void
scenario_outside_state(struct scenario *s, struct mms_str *out)
{
	json_t *all = gfake_events(&s->world->service, NULL), *one;
	char **lines = calloc(json_array_size(all) + 1, sizeof *lines);
	size_t i, n = 0;

	if (lines == NULL)
		abort();
	json_array_foreach(all, i, one)
	{
		MMS_AUTO(mms_str) line = { 0 };

		if (!scenario_is_live(one))
			continue;
		add_line(one, &line);
		lines[n++] = strdup(mms_str_get(&line));
	}
	json_decref(all);
	qsort(lines, n, sizeof *lines, compare_lines);
	for (i = 0; i < n; i++) {
		mms_str_addf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
}

/* The calendar and booking of a live event that this installation has made for one. Owns: free(). */
static char *
whose(struct scenario *s, const json_t *event)
{
	char kind[80], id[80], site[80], calendar[280];
	MMS_AUTO(mms_str) sql = { 0 };

	gfake_value(event, "private.mmsync_kind", kind, sizeof kind);
	gfake_value(event, "private.mmsync_id", id, sizeof id);
	gfake_value(event, "private.mmsync_site", site, sizeof site);
	gfake_value(event, "_calendar", calendar, sizeof calendar);
	if (!scenario_is_live(event) || strcmp(kind, "booking") != 0)
		return NULL;
	/* What stays in a calendar that was replaced, and that nobody works at, is nobody's; so is another site's. */
	mms_str_add(&sql, "SELECT IF((SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE "
			  "is_active AND"
			  " COALESCE(calendar_id, user) = ");
	sql_quote(&sql, calendar);
	mms_str_add(&sql, ") = 0 OR (SELECT site_uuid <> ");
	if (site[0] != '\0')
		sql_quote(&sql, site);
	else
		mms_str_add(&sql, "site_uuid");
	mms_str_add(&sql, " FROM mmsync_installation), NULL, CONCAT(");
	sql_quote(&sql, calendar);
	mms_str_add(&sql, ", ' ', COALESCE((SELECT booking FROM mmsync_event_state WHERE uuid ="
			  " UNHEX(REPLACE(");
	sql_quote(&sql, id);
	mms_str_add(&sql, ", '-', '')) AND status <> 5), '?')))");
	return mms_test_ask_text(&s->world->server, "%s", mms_str_get(&sql));
}

/* Is a live event that this installation has made for a booking known as one of the calendar's owner? */
static bool
is_taken_for_anothers(struct scenario *s, const json_t *event)
{
	static const char *const keys[] = { "private.mmsync_site", "id", "_calendar" };
	char value[1100];
	MMS_AUTO(mms_str) sql = { 0 };

	if (!scenario_is_live(event) || !scenario_is_ours(event))
		return false;
	mms_str_add(&sql, "SELECT COUNT(*) FROM mmsync_event_state s JOIN mmsync_cursor c ON"
			  " c.id = s.integration_id JOIN `tabMM Calendar Integration` i ON"
			  " i.name = c.name JOIN mmsync_installation n WHERE s.type = 1 AND"
			  " s.status <> 5");
	/* Who takes it to another calendar has an event of their own there. */
	gfake_value(event, "private.mmsync_id", value, sizeof value);
	mms_str_add(&sql, " AND NOT EXISTS (SELECT 1 FROM mmsync_event_state o WHERE o.uuid ="
			  " UNHEX(REPLACE(");
	sql_quote(&sql, value);
	mms_str_add(&sql, ", '-', '')) AND o.integration_id <> s.integration_id)");
	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		static const char *const are[] = { " AND n.site_uuid = (",
						   " AND s.external_id = (",
						   " AND COALESCE(i.calendar_id, i.user) = (" };

		gfake_value(event, keys[i], value, sizeof value);
		mms_str_add(&sql, are[i]);
		sql_quote(&sql, value);
		mms_str_add(&sql, ")");
	}
	return mms_test_ask_i64(&s->world->server, "%s", mms_str_get(&sql)) > 0;
}

/* How many events that were settled, and of which nothing is on its way, are not live there. */
static size_t
count_lost(struct scenario *s, const json_t *all)
{
	/* A line each: the calendar, a blank, the id. */
	char *known = mms_test_ask_text(
		&s->world->server,
		"SELECT COALESCE(GROUP_CONCAT(CONCAT(COALESCE(i.calendar_id, i.user), ' ',"
		" s.external_id) SEPARATOR '\n'), '') FROM mmsync_event_state s JOIN"
		" mmsync_cursor c ON c.id = s.integration_id JOIN `tabMM Calendar Integration`"
		" i ON i.name = c.name WHERE s.type = 2 AND s.status = 3 AND s.uuid NOT IN"
		" (SELECT uuid FROM mmsync_outbox)");
	char *save = NULL;
	size_t n = 0, i;
	json_t *one;

	for (char *line = strtok_r(known, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char calendar[280], id[1100];
		bool is_there = false;

		json_array_foreach(all, i, one)
		{
			size_t len;

			gfake_value(one, "_calendar", calendar, sizeof calendar);
			gfake_value(one, "id", id, sizeof id);
			len = strlen(calendar);
			if (strncmp(line, calendar, len) == 0 && line[len] == ' ' &&
			    strcmp(line + len + 1, id) == 0)
				is_there = scenario_is_live(one);
		}
		n += !is_there;
	}
	free(known);
	return n;
}

void
scenario_outside_invariants(struct scenario *s, struct mms_str *out)
{
	json_t *all = gfake_events(&s->world->service, NULL), *one;
	struct scenario_outside of = { 0 };
	size_t i, n = 0;
	char **seen = calloc(json_array_size(all) + 1, sizeof *seen);

	json_array_foreach(all, i, one)
	{
		char *event = seen != NULL ? whose(s, one) : NULL;

		if (event == NULL)
			continue;
		of.n_unknown += event[strlen(event) - 1] == '?';
		of.n_taken += is_taken_for_anothers(s, one);
		for (size_t k = 0; k < n; k++)
			of.n_twice += strcmp(seen[k], event) == 0;
		seen[n++] = event;
	}
	of.n_lost = count_lost(s, all);
	scenario_block_faults(s, all, &of);
	json_decref(all);
	while (n > 0)
		free(seen[--n]);
	free(seen);
	mms_str_addf(out, ",%zu,%zu,%zu,%zu", of.n_twice, of.n_unknown, of.n_lost, of.n_taken);
}
