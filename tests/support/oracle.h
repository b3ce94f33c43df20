/*
 * An opinion of its own on which busy blocks a person's calendars should have: from what is in the calendars outside,
 * never from our tables. Series are `FREQ=DAILY;COUNT=n`; times are instants or days of UTC.
 */
#ifndef SUPPORT_ORACLE_H
#define SUPPORT_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* What makes the person busy. Two of the same calendar id are in the same calendar. */
struct oracle_event {
	char calendar[80], id[200], title[200], uid[200], organizer[140];
	int64_t start_ms, end_ms;
	size_t meeting; /* the first event of those that are the same meeting */
};
struct oracle_events {
	struct oracle_event *at; /* owned */
	size_t n, cap;
};
void oracle_events_release(struct oracle_events *events);
void oracle_add(struct oracle_events *events, const struct oracle_event *event);
/*
 * Add what blocks in a calendar of the service; all: gfake_events(). site: of the installation, whose bookings'
 * events block, too. Nobody's busy blocks do, and no events of another installation.
 */
void
oracle_read(struct oracle_events *events, json_t *all, const char *calendar, const char *site);

/* A block, as it is wanted or as it is there. */
struct oracle_block {
	char calendar[80];
	int64_t start_ms, end_ms;
	char id[200], uuid[40]; /* of one that is there */
	bool is_plain;          /* "Busy", private, busy, nothing more */
	bool is_met;
};
struct oracle_blocks {
	struct oracle_block *at; /* owned */
	size_t n, cap;
};
void oracle_blocks_release(struct oracle_blocks *blocks);
/* Those that are wanted in these calendars. */
void oracle_decide(struct oracle_events *events, const char *const *targets, size_t n_targets,
		   struct oracle_blocks *out);
/* Those of an installation that are there, in whichever calendar. */
void oracle_find(json_t *all, const char *site, struct oracle_blocks *out);

#endif
