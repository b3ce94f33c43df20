/*
 * Can the servers of the site's calendars be reached from here, and can what they show be
 * believed? One small request to each, all at the same time, bounded; what came of it is judged
 * by pure functions. No calendar is fetched, no address's path is known here, and no user or
 * password is sent.
 *
 * Layer: serve.
 */
#ifndef MMSYNC_SURVEY_H
#define MMSYNC_SURVEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/authorities.h"
#include "mmsync/config.h"
#include "mmsync/cursors.h"
#include "mmsync/doctor.h"
#include "mmsync/err.h"
#include "mmsync/findings.h"

/* More servers than this are counted, not asked. */
#define MMS_SURVEY_MAX 50
/* Limits of one request, and of all of them, ms. */
#define MMS_SURVEY_CONNECT_MS 5000
#define MMS_SURVEY_REQUEST_MS 10000
#define MMS_SURVEY_ALL_MS     25000
/* A certificate that ends sooner is told, days. */
#define MMS_SURVEY_CERTIFICATE_DAYS 14
/* Clocks that differ by more are told, s. */
#define MMS_SURVEY_CLOCK_S 60

/* One server, and what came of asking it. Texts are owned. */
struct mms_survey_place {
	char *origin;  /* "https://calendar.example.com", with a port that is not usual   */
	bool is_feed;  /* a person's address: guarded; else a service's                    */
	int64_t n;     /* active integrations that are read there                          */
	bool is_asked; /* one of the following is known                                    */
	struct mms_err
		err; /* code MMS_OK: an answer came                                     */
	long status;
	int64_t took_ms;
	int64_t clock_off_ms; /* our clock minus the server's; meaningful with has_clock        */
	bool has_clock;
	int64_t certificate_until_ms; /* 0: not known */
};
/* All zero is empty. */
struct mms_survey {
	struct mms_survey_place *items;
	size_t n, cap;
	size_t n_left_out; /* servers beyond MMS_SURVEY_MAX */
};
void mms_survey_release(struct mms_survey *survey);

/*
 * Which servers are to be asked: those of the feeds, and those of a service's settings where an
 * active integration is of it. An address that sync would refuse is a finding at once.
 * Owns: *out. Errors: NOMEM.
 */
mms_rc mms_survey_plan(const struct mms_config *config,
		       const struct mms_calendar_groups *groups, struct mms_survey *out,
		       struct mms_findings *findings, struct mms_err *err) MMS_MUST_CHECK;

/* How far it is; from one thread at a time. */
typedef void mms_survey_progress(void *aux, size_t n_done, size_t n_all);

/*
 * Ask all of them. The HTTP library must be set up. Errors: STOPPED (the flag), NOMEM.
 */
mms_rc mms_survey_run(struct mms_survey *survey, const struct mms_config *config,
		      const atomic_bool *is_stopped, mms_survey_progress *progress, void *aux,
		      struct mms_err *err) MMS_MUST_CHECK;

/* The judgement of what came. Pure. now_ms: Unix ms. Errors: NOMEM. */
mms_rc mms_survey_judge(const struct mms_survey *survey, int64_t now_ms,
			struct mms_findings *findings, struct mms_err *err) MMS_MUST_CHECK;

/* The judgement of a file of authorities. Pure. Errors: NOMEM. */
mms_rc
mms_survey_judge_authorities(const struct mms_authorities *authorities,
			     struct mms_findings *findings, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Active integrations of a kind that this version cannot sync, and what that means for who is
 * free. Pure. Errors: NOMEM.
 */
mms_rc
mms_survey_judge_calendars(const struct mms_calendar_groups *groups,
			   const struct mms_config *config, struct mms_findings *findings,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * Who takes part in busy blocks, and of whom nothing comes of it: people with one calendar, or none that may be
 * written to. Nothing where nobody does. Pure. Errors: NOMEM.
 */
mms_rc
mms_survey_judge_blocks(const struct mms_sources *sources, const struct mms_config *config,
			struct mms_findings *findings, struct mms_err *err) MMS_MUST_CHECK;

#endif
