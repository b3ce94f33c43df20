/* What doctor says of servers and certificates: facts to findings, nothing else. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "mmsync/provider.h"
#include "mmsync/survey.h"

#define DAY_MS INT64_C(86400000)
/* Names in one line. */
#define NAMES_MAX 5
/* A clock that is looked at a little early. */
#define SLACK_MS 500

static mms_rc
found(struct mms_findings *findings, enum mms_finding_state state, const char *object,
      const char *remedy, struct mms_err *err, const char *fmt, ...) MMS_PRINTF(6, 7);

static mms_rc
found(struct mms_findings *findings, enum mms_finding_state state, const char *object,
      const char *remedy, struct mms_err *err, const char *fmt, ...)
{
	MMS_AUTO(mms_str) detail = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&detail, fmt, ap);
	va_end(ap);
	mms_rc rc = mms_str_check(&detail, err);
	return rc == MMS_OK ? mms_findings_add(findings, state, object, mms_str_get(&detail),
					       remedy, err)
			    : rc;
}

/* ---- one server --------------------------------------------------------------------------- */

/* The finding is of the server already: "https://host: " in front of the text is left out. */
static const char *
without_place(const struct mms_survey_place *place, const char *text)
{
	MMS_AUTO(mms_str) start = { 0 };

	mms_str_add(&start, place->origin);
	const char *port = strrchr(place->origin, ':');
	if (port != NULL && port[1] != '/' && strchr(port, ']') == NULL)
		mms_str_cut(&start, (size_t)(port - place->origin));
	mms_str_add(&start, ": ");
	bool has_it =
		start.state == MMS_OK && strncmp(text, mms_str_get(&start), start.len) == 0;
	return has_it ? text + start.len : text;
}

static mms_rc
judge_silence(const struct mms_survey_place *place, struct mms_findings *findings,
	      struct mms_err *err)
{
	MMS_AUTO(mms_str) remedy = { 0 };
	const char *text = without_place(place, mms_err_text(&place->err));
	const char *hint = mms_err_hint(&place->err);

	if (place->err.code == MMS_E_STOPPED)
		return found(findings, MMS_FINDING_NOTE, place->origin, "run doctor once more",
			     err, "was not asked to the end: time ran out");
	/*
	 * Silence to the end of doctor's own limits (half of a request's time for an answer that
	 * does not begin): to raise those of the settings would change nothing.
	 */
	if (place->err.code == MMS_E_RETRY &&
	    place->took_ms >= MMS_SURVEY_CONNECT_MS - SLACK_MS)
		mms_str_addf(&remedy,
			     "try it on this machine: curl -sSI %s/; where that hangs too, a "
			     "firewall between here and there, or the server itself, keeps "
			     "silent",
			     place->origin);
	else
		mms_str_add(&remedy, hint);
	return found(findings, MMS_FINDING_PROBLEM, place->origin,
		     remedy.len > 0 ? mms_str_get(&remedy) : NULL, err, "%s", text);
}

static mms_rc
judge_certificate(const struct mms_survey_place *place, int64_t now_ms,
		  struct mms_findings *findings, struct mms_err *err)
{
	int64_t left_ms = place->certificate_until_ms - now_ms, days = left_ms / DAY_MS;

	if (place->certificate_until_ms == 0 ||
	    left_ms > (int64_t)MMS_SURVEY_CERTIFICATE_DAYS * DAY_MS)
		return MMS_OK;
	return found(findings, MMS_FINDING_NOTE, place->origin,
		     "whoever runs the server must renew it: from that day on it is refused",
		     err, "the server's certificate ends in %" PRId64 " day%s", days,
		     days == 1 ? "" : "s");
}

/* 501: it does not know the small request; the way is open all the same. */
static bool
is_troubled(long status)
{
	return status >= 500 && status != 501;
}

static mms_rc
judge_place(const struct mms_survey_place *place, int64_t now_ms, struct mms_findings *findings,
	    struct mms_err *err)
{
	if (place->err.code != MMS_OK)
		return judge_silence(place, findings, err);
	if (is_troubled(place->status))
		return found(findings, MMS_FINDING_PROBLEM, place->origin,
			     "run doctor again in some minutes; where it stays, ask whoever "
			     "runs the server",
			     err, "answers that it is in trouble itself (HTTP status %ld)",
			     place->status);
	return judge_certificate(place, now_ms, findings, err);
}

/* ---- clocks ------------------------------------------------------------------------------- */

static int
sign_of(const struct mms_survey_place *place)
{
	int64_t off_s = place->clock_off_ms / 1000;

	if (!place->has_clock)
		return 0;
	return (off_s > MMS_SURVEY_CLOCK_S) - (off_s < -MMS_SURVEY_CLOCK_S);
}

static mms_rc
tell_clock(const struct mms_survey_place *place, struct mms_findings *findings,
	   struct mms_err *err)
{
	int64_t off_s = place->clock_off_ms / 1000;

	return found(findings, MMS_FINDING_NOTE, place->origin,
		     "which of the two is wrong: timedatectl on this machine", err,
		     "its clock is %" PRId64 " s %s this machine's", off_s < 0 ? -off_s : off_s,
		     off_s < 0 ? "ahead of" : "behind");
}

/* Several servers that agree against us are right; one alone may be wrong itself. */
static mms_rc
judge_clocks(const struct mms_survey *survey, struct mms_findings *findings,
	     struct mms_err *err)
{
	size_t n = 0, n_ahead = 0, n_behind = 0;
	int64_t least_s = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < survey->n; i++) {
		const struct mms_survey_place *place = &survey->items[i];
		int64_t off_s = place->clock_off_ms / 1000;

		n += place->has_clock;
		n_ahead += sign_of(place) > 0;
		n_behind += sign_of(place) < 0;
		if (off_s < 0)
			off_s = -off_s;
		if (sign_of(place) != 0 && (least_s == 0 || off_s < least_s))
			least_s = off_s;
	}
	bool is_ahead = n_ahead > n_behind;
	size_t n_agreed = is_ahead ? n_ahead : n_behind;
	if (n >= 2 && n_agreed * 2 > n) {
		return found(findings, MMS_FINDING_PROBLEM, "clock",
			     "let this machine take its time from the network: timedatectl "
			     "set-ntp true",
			     err,
			     "this machine's clock is %" PRId64
			     " s or more %s those of %zu of %zu servers",
			     least_s, is_ahead ? "ahead of" : "behind", n_agreed, n);
	}
	for (size_t i = 0; rc == MMS_OK && i < survey->n; i++) {
		if (sign_of(&survey->items[i]) != 0)
			rc = tell_clock(&survey->items[i], findings, err);
	}
	return rc;
}

/* ---- all of them -------------------------------------------------------------------------- */

static mms_rc
tell_good(const struct mms_survey *survey, struct mms_findings *findings, struct mms_err *err)
{
	MMS_AUTO(mms_str) names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < survey->n; i++) {
		const struct mms_survey_place *place = &survey->items[i];
		if (place->err.code != MMS_OK || is_troubled(place->status))
			continue;
		if (n < NAMES_MAX)
			mms_str_addf(&names, "%s%s", n > 0 ? ", " : "", place->origin);
		n++;
	}
	if (survey->n == 0 && survey->n_left_out == 0)
		return found(findings, MMS_FINDING_OK, "servers", NULL, err,
			     "no active integration needs one");
	if (n == 0)
		return MMS_OK;
	if (n > NAMES_MAX)
		mms_str_addf(&names, " and %zu more", n - NAMES_MAX);
	return found(findings, MMS_FINDING_OK, "servers", NULL, err, "%zu answer%s: %s", n,
		     n == 1 ? "s" : "", mms_str_get(&names));
}

mms_rc
mms_survey_judge(const struct mms_survey *survey, int64_t now_ms, struct mms_findings *findings,
		 struct mms_err *err)
{
	mms_rc rc = tell_good(survey, findings, err);

	for (size_t i = 0; rc == MMS_OK && i < survey->n; i++)
		rc = judge_place(&survey->items[i], now_ms, findings, err);
	if (rc == MMS_OK)
		rc = judge_clocks(survey, findings, err);
	if (rc == MMS_OK && survey->n_left_out > 0)
		rc = found(findings, MMS_FINDING_NOTE, "servers", NULL, err,
			   "%zu more are not asked (%d at most, those of the most calendars)",
			   survey->n_left_out, MMS_SURVEY_MAX);
	return rc;
}

/* ---- authorities -------------------------------------------------------------------------- */

mms_rc
mms_survey_judge_authorities(const struct mms_authorities *authorities,
			     struct mms_findings *findings, struct mms_err *err)
{
	const struct mms_authorities *a = authorities;
	const char *object = a->is_system ? "certificates" : "mmsync.http.ca_file";
	const char *remedy =
		a->is_system ? "as root: apt-get install --reinstall ca-certificates && "
			       "update-ca-certificates --fresh"
			     : "name a file of certificates (PEM) that this user may read, or "
			       "leave the key out";

	if (a->path == NULL)
		return found(
			findings, MMS_FINDING_NOTE, object,
			"install libcurl4 of Debian, or name a file in mmsync.http.ca_file",
			err, "the HTTP library does not say which file it takes");
	if (a->open_errno != 0)
		return found(findings, MMS_FINDING_PROBLEM, object, remedy, err,
			     "%s cannot be read: %s", a->path, strerrordesc_np(a->open_errno));
	if (a->is_damaged)
		return found(findings, MMS_FINDING_PROBLEM, object, remedy, err,
			     "%s is damaged after %zu certificate%s", a->path, a->n,
			     a->n == 1 ? "" : "s");
	if (a->n == 0)
		return found(findings, MMS_FINDING_PROBLEM, object, remedy, err,
			     "%s holds no certificate (PEM)", a->path);
	if (a->n_expired == a->n)
		return found(findings, MMS_FINDING_PROBLEM, object,
			     a->is_system ? remedy
					  : "put the authority's present certificate there; if "
					    "it is valid elsewhere, check this machine's clock",
			     err, "all %zu in %s have expired", a->n, a->path);
	if (a->n_expired > 0 && !a->is_system)
		return found(findings, MMS_FINDING_NOTE, object,
			     "take them out, or put the present ones there", err,
			     "%zu of %zu in %s have expired", a->n_expired, a->n, a->path);
	return found(findings, MMS_FINDING_OK, object, NULL, err, "%zu authorities in %s", a->n,
		     a->path);
}

/* ---- kinds of calendars ------------------------------------------------------------------- */

mms_rc
mms_survey_judge_calendars(const struct mms_calendar_groups *groups,
			   const struct mms_config *config, struct mms_findings *findings,
			   struct mms_err *err)
{
	const struct mms_calendar_group *first = NULL;
	int64_t n = 0;

	for (size_t i = 0; i < groups->n; i++) {
		const struct mms_provider *p = mms_provider_find(groups->items[i].type);
		if (p != NULL && p->ops != NULL)
			continue;
		if (first == NULL)
			first = &groups->items[i];
		n += groups->items[i].n;
	}
	if (first == NULL)
		return MMS_OK;
	return found(
		findings, MMS_FINDING_NOTE, "calendars",
		"make them not active, or let them pass: mmsync.unreadable_policy \"warn\" "
		"in site_config.json",
		err,
		"%" PRId64
		" active ones are of a kind that this version does not read (%s%s): they "
		"count as unreadable, and by unreadable_policy %s",
		n, first->name, n > 1 ? " and others" : "",
		config->unreadable_policy == MMS_UNREADABLE_BUSY ? "their owners as never free"
								 : "that is only said");
}
