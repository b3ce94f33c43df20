/* Series: their instances, and what becomes of these when the series changes. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libical/ical.h>

#define HORIZON_DAYS  730 /* an endless series is known this far from now */
#define MAX_INSTANCES 4000

const char *
g_rrule(const struct g_event *e)
{
	const json_t *lines = json_object_get(e->doc, "recurrence");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		if (line != NULL && strncmp(line, "RRULE:", 6) == 0)
			return line + 6;
	}
	return NULL;
}

static const struct mms_zone *
zone_of(struct g_service *g, const struct g_calendar *c, const struct g_event *e)
{
	const struct mms_zone *zone = e->zone != NULL ? g_zone(g, e->zone) : NULL;

	return e->is_day ? mms_zone_utc() : zone != NULL ? zone : c->zone;
}

static struct icaltimetype
wall_of(const struct mms_zone *zone, int64_t ms, bool is_day)
{
	struct mms_civil civil;

	mms_civil_from_wall(mms_zone_to_wall(zone, ms), &civil);
	return (struct icaltimetype){ .year = civil.year,
				      .month = civil.month,
				      .day = civil.day,
				      .hour = civil.hour,
				      .minute = civil.minute,
				      .second = civil.second,
				      .is_date = is_day };
}

static int64_t
instant_of(const struct mms_zone *zone, const struct icaltimetype *t)
{
	struct mms_civil civil = { .year = t->year,
				   .month = t->month,
				   .day = t->day,
				   .hour = t->hour,
				   .minute = t->minute,
				   .second = t->second };

	return mms_zone_to_utc(zone, mms_wall_from_civil(&civil));
}

size_t
g_expand(struct g_service *g, const struct g_calendar *c, const struct g_event *master,
	 int64_t **out)
{
	const struct mms_zone *zone = zone_of(g, c, master);
	struct icalrecurrencetype rule = icalrecurrencetype_from_string(g_rrule(master));
	int64_t horizon = g_now(g) + HORIZON_DAYS * MMS_DAY_MS;
	size_t n = 0;

	*out = calloc(MAX_INSTANCES, sizeof **out);
	/* The walk is in wall times; what bounds it must be one, too. */
	if (rule.until.year != 0 && rule.until.zone != NULL) {
		struct mms_civil civil = { .year = rule.until.year,
					   .month = rule.until.month,
					   .day = rule.until.day,
					   .hour = rule.until.hour,
					   .minute = rule.until.minute,
					   .second = rule.until.second };
		int64_t ms = mms_wall_from_civil(&civil) / 1000;
		rule.until = wall_of(zone, ms, master->is_day);
	}
	icalrecur_iterator *walk =
		icalrecur_iterator_new(rule, wall_of(zone, master->start_ms, master->is_day));
	while (*out != NULL && walk != NULL && n < MAX_INSTANCES) {
		struct icaltimetype at = icalrecur_iterator_next(walk);

		if (icaltime_is_null_time(at))
			break;
		(*out)[n] = instant_of(zone, &at);
		if ((*out)[n] > horizon)
			break;
		n++;
	}
	if (walk != NULL)
		icalrecur_iterator_free(walk);
	return n;
}

void
g_instance_id(const struct g_event *master, int64_t original_ms, char *out, size_t size)
{
	char text[MMS_TIME_TEXT_MAX];

	(void)mms_time_print(original_ms - original_ms % 1000, text);
	if (master->is_day)
		(void)snprintf(out, size, "%s_%.4s%.2s%.2s", master->id, text, text + 5,
			       text + 8);
	else
		(void)snprintf(out, size, "%s_%.4s%.2s%.2sT%.2s%.2s%.2sZ", master->id, text,
			       text + 5, text + 8, text + 11, text + 14, text + 17);
}

void
g_make_instance(const struct g_event *master, int64_t original_ms, struct g_event *out)
{
	char id[1200];

	g_instance_id(master, original_ms, id, sizeof id);
	*out = (struct g_event){ .id = strdup(id),
				 .doc = json_deep_copy(master->doc),
				 .graph = json_deep_copy(master->graph),
				 .zone = master->zone != NULL ? strdup(master->zone) : NULL,
				 .is_live = true,
				 .is_tentative = master->is_tentative,
				 .is_day = master->is_day,
				 .start_ms = original_ms,
				 .end_ms = original_ms + master->end_ms - master->start_ms,
				 .series = strdup(master->id),
				 .original_ms = original_ms,
				 .seq = master->seq,
				 .updated_ms = master->updated_ms };
	json_object_del(out->doc, "recurrence");
}

static bool
has(const struct g_instances *list, int64_t at)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->at[i] == at)
			return true;
	}
	return false;
}

/* An instance becomes an event of its own, at the end of the calendar's. */
static struct g_event *
keep_instance(struct g_calendar *c, const struct g_event *master, int64_t original_ms)
{
	struct g_event made;

	g_make_instance(master, original_ms, &made);
	struct g_event *e = g_add_event(c, made.id);
	if (e != NULL) {
		struct g_event *next = e->next;

		g_event_release(e);
		*e = made;
		e->next = next;
	} else {
		g_event_release(&made);
	}
	return e;
}

struct g_event *
g_reach(struct g_service *g, struct g_calendar *c, const char *id)
{
	struct g_event *e = g_find_event(c, id);
	char of[1100], name[1200];

	if (e != NULL)
		return e;
	const char *suffix = strrchr(id, '_');
	if (suffix == NULL)
		return NULL;
	(void)snprintf(of, sizeof of, "%.*s", (int)(suffix - id), id);
	struct g_event *master = g_find_event(c, of);
	if (master == NULL || g_rrule(master) == NULL || !master->is_live)
		return NULL;
	struct g_instances all = { 0 };
	all.n = g_expand(g, c, master, &all.at);
	for (size_t i = 0; i < all.n && e == NULL; i++) {
		g_instance_id(master, all.at[i], name, sizeof name);
		if (strcmp(name, id) == 0)
			e = keep_instance(c, master, all.at[i]);
	}
	free(all.at);
	return e;
}

void
g_forget_untouched(struct g_calendar *c, const char *id)
{
	struct g_event *e = g_find_event(c, id);
	const struct g_event *master =
		e != NULL && e->series != NULL ? g_find_event(c, e->series) : NULL;

	if (master != NULL && e->is_live && e->seq == master->seq)
		g_drop_event(c, e);
}

static void
leave_tombstone(struct g_service *g, struct g_calendar *c, const struct g_event *master,
		int64_t original_ms)
{
	char id[1200];

	g_instance_id(master, original_ms, id, sizeof id);
	struct g_event *e = g_find_event(c, id);
	if (e == NULL)
		e = keep_instance(c, master, original_ms);
	if (e == NULL || (!e->is_live && !e->is_leftover && e->seq > 0 && !master->is_live))
		return;
	e->is_live = false;
	e->is_leftover = true;
	g_touch(g, e);
}

void
g_settle_series(struct g_service *g, struct g_calendar *c, struct g_event *master,
		const struct g_instances *before)
{
	struct g_instances now = { 0 };

	if (g_rrule(master) != NULL)
		now.n = g_expand(g, c, master, &now.at);
	for (size_t i = 0; i < before->n; i++) {
		if (!has(&now, before->at[i]) && !g->options.is_following_delete_silent)
			leave_tombstone(g, c, master, before->at[i]);
	}
	for (struct g_event *e = c->events, *next; e != NULL; e = next) {
		bool is_of_it = e->series != NULL && strcmp(e->series, master->id) == 0;

		next = e->next;
		bool is_in = is_of_it && has(&now, e->original_ms);
		if (is_of_it && (e->is_leftover ? is_in : !is_in))
			g_drop_event(c, e);
	}
	free(now.at);
}

bool
g_cut_series(struct g_service *g, struct g_calendar *c, struct g_event *master, int64_t from_ms)
{
	struct g_instances before = { 0 };
	char text[MMS_TIME_TEXT_MAX], line[400];
	const char *rule = g_rrule(master);

	if (rule == NULL)
		return false;
	before.n = g_expand(g, c, master, &before.at);
	(void)mms_time_print(from_ms - from_ms % 1000 - 1000, text);
	MMS_AUTO(mms_str) kept = { 0 };
	for (const char *p = rule; *p != '\0';) {
		size_t len = strcspn(p, ";");

		if (strncmp(p, "UNTIL=", 6) != 0 && strncmp(p, "COUNT=", 6) != 0)
			mms_str_addf(&kept, "%.*s;", (int)len, p);
		p += len + (p[len] == ';');
	}
	if (master->is_day)
		(void)snprintf(line, sizeof line, "RRULE:%sUNTIL=%.4s%.2s%.2s",
			       mms_str_get(&kept), text, text + 5, text + 8);
	else
		(void)snprintf(line, sizeof line, "RRULE:%sUNTIL=%.4s%.2s%.2sT%.2s%.2s%.2sZ",
			       mms_str_get(&kept), text, text + 5, text + 8, text + 11,
			       text + 14, text + 17);
	json_object_set_new(master->doc, "recurrence", json_pack("[s]", line));
	g_touch(g, master);
	g_settle_series(g, c, master, &before);
	free(before.at);
	return true;
}

void
g_delete(struct g_service *g, struct g_calendar *c, struct g_event *e)
{
	struct g_instances all = { 0 };

	if (g_rrule(e) == NULL) {
		e->is_live = false;
		g_touch(g, e);
		return;
	}
	all.n = g_expand(g, c, e, &all.at);
	e->is_live = false;
	g_touch(g, e);
	for (size_t i = 0; i < all.n && !g->options.is_series_delete_single; i++)
		leave_tombstone(g, c, e, all.at[i]);
	for (struct g_event *x = c->events, *next; x != NULL; x = next) {
		next = x->next;
		if (x->series != NULL && strcmp(x->series, e->id) == 0 && !x->is_leftover &&
		    g->options.is_series_delete_single)
			g_drop_event(c, x);
	}
	free(all.at);
}
