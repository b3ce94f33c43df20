/* Samples for a dashboard: one table of families, written in two forms (see the header). */
#include "mmsync/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "mmsync/freshness.h"
#include "mmsync/provider.h"

/* A value is a whole number, or milliseconds that are written as seconds. */
enum unit { WHOLE, MS };

struct label {
	const char *name, *value;
};

/* Where samples go: one of the two is not NULL. */
struct writer {
	const struct mms_metrics_facts *facts;
	struct mms_str *text;
	struct mms_json *json;
	const char *name; /* of the family that is being written */
};

typedef int64_t item_value(const struct writer *w, const struct mms_overview_item *item);

struct family {
	const char *name, *type, *help;
	enum unit unit;
	/* A sample for each integration: by a function (MMS_NO_TIME: none), ... */
	item_value *of_item;
	size_t at; /* ... or the int64_t there in the item, 0: no          */
	void (*samples)(struct writer *w, const struct family *family); /* else         */
};

/* ---- writing ---------------------------------------------------------------------------------- */

/* Backslash, newline and, in a label, the quote. */
static void
add_escaped(struct mms_str *out, const char *text, bool is_label)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\')
			mms_str_add(out, "\\\\");
		else if (*p == '\n')
			mms_str_add(out, "\\n");
		else if (*p == '"' && is_label)
			mms_str_add(out, "\\\"");
		else
			mms_str_addc(out, *p);
	}
}

static void
add_value(struct mms_str *out, int64_t value, enum unit unit)
{
	if (unit == WHOLE)
		mms_str_addf(out, "%" PRId64, value);
	else
		mms_str_addf(out, "%s%" PRId64 ".%03" PRId64, value < 0 ? "-" : "",
			     value < 0 ? -(value / 1000) : value / 1000,
			     value < 0 ? -(value % 1000) : value % 1000);
}

static void
text_sample(struct writer *w, const char *suffix, const struct label *labels, size_t n,
	    int64_t value, enum unit unit)
{
	mms_str_addf(w->text, "%s%s", w->name, suffix);
	for (size_t i = 0; i < n; i++) {
		mms_str_addf(w->text, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
		add_escaped(w->text, labels[i].value, true);
		mms_str_addc(w->text, '"');
	}
	mms_str_add(w->text, n > 0 ? "} " : " ");
	add_value(w->text, value, unit);
	mms_str_addc(w->text, '\n');
}

static void
json_sample(struct writer *w, const char *suffix, const struct label *labels, size_t n,
	    int64_t value, enum unit unit)
{
	struct mms_json *j = w->json;
	MMS_AUTO(mms_str) text = { 0 };

	mms_json_map(j);
	mms_str_addf(&text, "%s%s", w->name, suffix);
	mms_json_put_text(j, "name", mms_str_get(&text));
	mms_json_key(j, "labels");
	mms_json_map(j);
	for (size_t i = 0; i < n; i++)
		mms_json_put_text(j, labels[i].name, labels[i].value);
	mms_json_map_end(j);
	mms_str_clear(&text);
	add_value(&text, value, unit);
	mms_json_put_text(j, "value", mms_str_get(&text));
	mms_json_map_end(j);
	if (j->state == MMS_OK) /* half a text is none */
		j->state = text.state;
}

static void
sample(struct writer *w, const char *suffix, const struct label *labels, size_t n,
       int64_t value, enum unit unit)
{
	if (w->json != NULL)
		json_sample(w, suffix, labels, n, value, unit);
	else
		text_sample(w, suffix, labels, n, value, unit);
}

/* A sample with one label. */
static void
labelled(struct writer *w, const char *name, const char *label, int64_t value)
{
	const struct label labels[] = { { name, label } };

	sample(w, "", labels, 1, value, WHOLE);
}

/* One of a single number. */
static void
plain(struct writer *w, const struct family *family, int64_t value)
{
	sample(w, "", NULL, 0, value, family->unit);
}

static const char *
name_of(const struct mms_overview_item *item)
{
	return item->source->integration.name;
}

/* ---- the site ----------------------------------------------------------------------------------- */

static void
build_info(struct writer *w, const struct family *family)
{
	(void)family;
	labelled(w, "version", MMS_VERSION, 1);
}

static void
schema_version(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->overview->schema_version);
}

static void
scrape_duration(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->taken_ms);
}

static void
health_status(struct writer *w, const struct family *family)
{
	(void)family;
	for (int i = 0; i < MMS_HEALTH_LEVELS; i++) {
		enum mms_health_level level = (enum mms_health_level)i;
		labelled(w, "status", mms_health_status_name(level),
			 w->facts->health->status == level);
	}
}

/* Reasons of one code have one severity but for calendar_stale, and stand in no order of codes. */
static void
health_reasons(struct writer *w, const struct family *family)
{
	const struct mms_health *h = w->facts->health;

	(void)family;
	for (size_t i = 0; i < h->n; i++) {
		const struct mms_health_reason *r = &h->reasons[i];
		const char *severity = mms_health_severity_name(r->severity);
		const struct label labels[] = { { "code", r->code }, { "severity", severity } };
		bool is_first = true;
		int64_t n = 0;

		for (size_t k = 0; k < h->n && is_first; k++) {
			bool is_same = strcmp(h->reasons[k].code, r->code) == 0 &&
				       h->reasons[k].severity == r->severity;
			is_first = !is_same || k >= i;
			n += is_same;
		}
		if (is_first)
			sample(w, "", labels, MMS_COUNT(labels), n, WHOLE);
	}
}

static void
circuits(struct writer *w, const struct family *family)
{
	const struct mms_circuits *all = &w->facts->overview->circuits;

	(void)family;
	for (size_t i = 0; i < all->n; i++) {
		const struct label labels[] = { { "scope", all->items[i].scope } };
		sample(w, "", labels, MMS_COUNT(labels),
		       (int64_t)mms_circuit_at(&all->items[i].circuit, w->facts->now_ms),
		       WHOLE);
	}
}

static void
integrations(struct writer *w, const struct family *family)
{
	const struct mms_health_counts *c = &w->facts->health->counts;

	(void)family;
	labelled(w, "state", "active", c->active);
	labelled(w, "state", "inactive", c->integrations - c->active);
}

static void
calendars(struct writer *w, const struct family *family)
{
	const struct mms_health_counts *c = &w->facts->health->counts;

	(void)family;
	labelled(w, "state", "fresh", c->fresh);
	labelled(w, "state", "stale", c->stale);
	labelled(w, "state", "unreadable", c->unreadable);
	labelled(w, "state", "new", c->recently_made);
}

static void
tracked_events(struct writer *w, const struct family *family)
{
	static const char *const types[] = { "user_event", "booking", "busy_block" };
	static const char *const origins[] = { "outside", "ours" };

	(void)family;
	for (size_t t = 0; t < MMS_OVERVIEW_TYPES; t++) {
		for (size_t o = 0; o < MMS_COUNT(origins); o++) {
			const struct label labels[] = { { "type", types[t] },
							{ "origin", origins[o] } };
			sample(w, "", labels, MMS_COUNT(labels),
			       w->facts->overview->tracked[t][o], WHOLE);
		}
	}
}

static void
new_events(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->overview->new_events);
}

static void
outbox_entries(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->overview->waiting);
}

static void
outbox_age(struct writer *w, const struct family *family)
{
	int64_t oldest_ms = w->facts->overview->oldest_waiting_ms;

	plain(w, family, oldest_ms != MMS_NO_TIME ? w->facts->now_ms - oldest_ms : 0);
}

static void
stuck_creations(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->overview->stuck);
}

static void
dead_letters(struct writer *w, const struct family *family)
{
	(void)family;
	labelled(w, "state", "open", w->facts->overview->open_letters);
	labelled(w, "state", "given_up", w->facts->overview->given_up_letters);
}

static void
quarantined(struct writer *w, const struct family *family)
{
	plain(w, family, w->facts->overview->quarantined);
}

/* ---- each integration ---------------------------------------------------------------------------- */

static void
integration_info(struct writer *w, const struct family *family)
{
	const struct mms_overview *all = w->facts->overview;

	(void)family;
	for (size_t i = 0; i < all->n; i++) {
		const struct mms_integration *in = &all->items[i].source->integration;
		const struct mms_provider *provider = mms_provider_find(in->type);
		const struct label labels[] = {
			{ "integration", in->name },
			{ "provider", provider != NULL ? provider->name : "unknown" },
		};
		sample(w, "", labels, MMS_COUNT(labels), 1, WHOLE);
	}
}

static void
runs(struct writer *w, const struct family *family)
{
	const struct mms_overview *all = w->facts->overview;

	(void)family;
	for (size_t i = 0; i < all->n; i++) {
		const struct mms_totals *t = &all->items[i].totals;
		struct label labels[] = { { "integration", name_of(&all->items[i]) },
					  { "status", "success" } };

		sample(w, "", labels, MMS_COUNT(labels), t->runs_good, WHOLE);
		labels[1].value = "failed";
		sample(w, "", labels, MMS_COUNT(labels), t->runs_bad, WHOLE);
	}
}

static void
run_duration(struct writer *w, const struct family *family)
{
	const struct mms_overview *all = w->facts->overview;

	(void)family;
	for (size_t i = 0; i < all->n; i++) {
		const struct mms_totals *t = &all->items[i].totals;
		const struct label labels[] = { { "integration", name_of(&all->items[i]) } };

		sample(w, "_sum", labels, MMS_COUNT(labels), t->run_ms, MS);
		sample(w, "_count", labels, MMS_COUNT(labels), t->runs_good + t->runs_bad,
		       WHOLE);
	}
}

static int64_t
is_active(const struct writer *w, const struct mms_overview_item *item)
{
	(void)w;
	return item->source->integration.is_active;
}

static int64_t
as_of(const struct writer *w, const struct mms_overview_item *item)
{
	(void)w;
	return item->as_of_ms;
}

static int64_t
is_fresh(const struct writer *w, const struct mms_overview_item *item)
{
	const struct mms_read_facts facts = {
		.as_of_ms = item->as_of_ms,
		.interval_minutes = item->source->integration.interval_minutes,
		.needs_reauth = item->needs_reauth,
	};

	return mms_freshness_judge(w->facts->config, &facts, w->facts->now_ms).is_fresh;
}

static int64_t
stale_after(const struct writer *w, const struct mms_overview_item *item)
{
	return mms_freshness_minutes(w->facts->config,
				     item->source->integration.interval_minutes) *
	       60000;
}

static int64_t
failures(const struct writer *w, const struct mms_overview_item *item)
{
	(void)w;
	return item->source->cursor.failures;
}

static int64_t
circuit(const struct writer *w, const struct mms_overview_item *item)
{
	(void)w;
	return (int64_t)item->circuit;
}

static int64_t
needs_reauth(const struct writer *w, const struct mms_overview_item *item)
{
	(void)w;
	return item->needs_reauth;
}

/* ---- the table ---------------------------------------------------------------------------------- */

#define SITE(name, type, help, unit, samples)                      \
	{                                                          \
		"mmsync_" name, type, help, unit, NULL, 0, samples \
	}
#define EACH(name, type, help, unit, get)                      \
	{                                                      \
		"mmsync_" name, type, help, unit, get, 0, NULL \
	}
#define ITS(name, type, help, member)                                    \
	{                                                                \
		"mmsync_" name, type, help, WHOLE, NULL,                 \
			offsetof(struct mms_overview_item, member), NULL \
	}

static const struct family families[] = {
	SITE("build_info", "gauge", "The version of mmsync, always 1.", WHOLE, build_info),
	SITE("schema_version", "gauge", "Number of the newest migration of the database.",
	     WHOLE, schema_version),
	SITE("scrape_duration_seconds", "gauge", "How long it took to read all of this.", MS,
	     scrape_duration),
	SITE("health_status", "gauge", "1 for what mmsync health says, 0 for the others.",
	     WHOLE, health_status),
	SITE("health_reasons", "gauge", "Reasons of mmsync health by code and severity.", WHOLE,
	     health_reasons),
	SITE("integrations", "gauge", "Calendar integrations.", WHOLE, integrations),
	SITE("calendars", "gauge", "Active integrations by how well their calendar is known.",
	     WHOLE, calendars),
	SITE("tracked_events", "gauge",
	     "Events known and not deleted, by type and who made them.", WHOLE, tracked_events),
	SITE("events_created_24h", "gauge", "Event rows made in the last 24 hours.", WHOLE,
	     new_events),
	SITE("outbox_entries", "gauge", "Outward changes that are not confirmed.", WHOLE,
	     outbox_entries),
	SITE("outbox_oldest_age_seconds", "gauge", "Age of the oldest of them, 0 without any.",
	     MS, outbox_age),
	SITE("stuck_creations", "gauge",
	     "Events announced more than ten minutes ago and not settled.", WHOLE,
	     stuck_creations),
	SITE("dead_letters", "gauge", "Changes that failed, by whether they are tried again.",
	     WHOLE, dead_letters),
	SITE("quarantined", "gauge",
	     "Busy blocks left alone because they were changed again and again.", WHOLE,
	     quarantined),
	SITE("circuit_state", "gauge",
	     "Services and hosts of feeds that had trouble: 0 closed, 1 open, 2 half open.",
	     WHOLE, circuits),
	SITE("integration_info", "gauge", "The service of an integration, always 1.", WHOLE,
	     integration_info),
	EACH("integration_active", "gauge", "Is the integration active?", WHOLE, is_active),
	EACH("integration_last_success_timestamp_seconds", "gauge",
	     "When the calendar was last read well, Unix time; absent when never.", MS, as_of),
	EACH("integration_fresh", "gauge", "Is what is known of the calendar fresh?", WHOLE,
	     is_fresh),
	EACH("integration_stale_after_seconds", "gauge", "Age at which it is fresh no more.",
	     MS, stale_after),
	EACH("integration_failures_in_a_row", "gauge", "Failed runs since the last good one.",
	     WHOLE, failures),
	EACH("integration_circuit_state", "gauge", "0 closed, 1 open, 2 half open.", WHOLE,
	     circuit),
	EACH("integration_needs_reauth", "gauge", "Must its owner sign in anew?", WHOLE,
	     needs_reauth),
	ITS("integration_events", "gauge", "Event rows that are not deleted.", live_events),
	SITE("runs_total", "counter", "Runs by how they ended.", WHOLE, runs),
	SITE("run_duration_seconds", "summary", "Time that runs took.", MS, run_duration),
	ITS("requests_total", "counter", "Requests sent to the service.", totals.requests),
	ITS("request_retries_total", "counter", "Requests sent again.", totals.retries),
	ITS("events_created_total", "counter", "Event rows made.", totals.events_created),
	ITS("events_updated_total", "counter", "Event rows changed.", totals.events_updated),
	ITS("events_deleted_total", "counter", "Event rows softly deleted.",
	    totals.events_deleted),
	ITS("events_failed_total", "counter",
	    "Events that could not be stored, again in each run.", totals.events_failed),
};

static void
add_samples(struct writer *w, const struct family *family)
{
	const struct mms_overview *all = w->facts->overview;

	w->name = family->name;
	if (family->samples != NULL) {
		family->samples(w, family);
		return;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct label labels[] = { { "integration", name_of(&all->items[i]) } };
		const char *item = (const char *)&all->items[i];
		int64_t value;

		if (family->of_item != NULL)
			value = family->of_item(w, &all->items[i]);
		else
			memcpy(&value, item + family->at, sizeof value);

		if (value != MMS_NO_TIME)
			sample(w, "", labels, MMS_COUNT(labels), value, family->unit);
	}
}

void
mms_metrics_add_text(struct mms_str *out, const struct mms_metrics_facts *facts)
{
	struct writer w = { .facts = facts, .text = out };

	for (size_t i = 0; i < MMS_COUNT(families); i++) {
		const struct family *f = &families[i];

		mms_str_addf(out, "# HELP %s ", f->name);
		add_escaped(out, f->help, false);
		mms_str_addf(out, "\n# TYPE %s %s\n", f->name, f->type);
		add_samples(&w, f);
	}
}

void
mms_metrics_put_json(struct mms_json *j, const struct mms_metrics_facts *facts)
{
	struct writer w = { .facts = facts, .json = j };

	mms_json_key(j, "metrics");
	mms_json_array(j);
	for (size_t i = 0; i < MMS_COUNT(families); i++) {
		const struct family *f = &families[i];

		mms_json_map(j);
		mms_json_put_text(j, "name", f->name);
		mms_json_put_text(j, "type", f->type);
		mms_json_put_text(j, "help", f->help);
		mms_json_key(j, "samples");
		mms_json_array(j);
		add_samples(&w, f);
		mms_json_array_end(j);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}
