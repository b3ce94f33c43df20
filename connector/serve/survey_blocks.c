/* What doctor says of busy blocks: whose calendars take part, and of whom nothing comes of it. */
#include <stdlib.h>
#include <strings.h>

#include "mmsync/mem.h"
#include "mmsync/survey.h"
#include "mmsync/sync.h"

/* Names in one line. */
#define NAMES_MAX 5

/* People of one kind: how many, and who the first are. */
struct people {
	size_t n;
	struct mms_str names;
};

struct blocks_count {
	size_t n_people, n_calendars, n_targets;
	struct people single;    /* one calendar takes part                */
	struct people unwritten; /* several do, none may be written to     */
};

static void
blocks_count_release(struct blocks_count *count)
{
	mms_str_release(&count->single.names);
	mms_str_release(&count->unwritten.names);
}

static int
compare_users(const void *a, const void *b)
{
	const struct mms_source *const *x = a, *const *y = b;

	return strcasecmp((*x)->integration.user, (*y)->integration.user);
}

static void
add_person(struct people *people, const char *user)
{
	if (people->n++ < NAMES_MAX)
		mms_str_addf(&people->names, "%s%s", people->n > 1 ? ", " : "", user);
}

/* Those of one person: how many of them, from the front. */
static size_t
count_person(const struct mms_source *const *sources, size_t n, const struct mms_config *config,
	     struct blocks_count *count)
{
	size_t n_own = 0, n_targets = 0;

	for (; n_own < n && compare_users(&sources[n_own], &sources[0]) == 0; n_own++)
		n_targets += mms_block_is_filled(config, sources[n_own]);
	count->n_people++;
	count->n_calendars += n_own;
	if (n_own == 1)
		add_person(&count->single, sources[0]->integration.user);
	else if (n_targets == 0)
		add_person(&count->unwritten, sources[0]->integration.user);
	if (n_own > 1)
		count->n_targets += n_targets;
	return n_own;
}

static mms_rc
tell_people(struct mms_findings *findings, const struct people *people, const char *what,
	    const char *remedy, struct mms_err *err)
{
	MMS_AUTO(mms_str) detail = { 0 };

	if (people->n == 0)
		return MMS_OK;
	mms_str_addf(&detail, "%zu %s %s: %s", people->n, people->n == 1 ? "person" : "people",
		     what, mms_str_get(&people->names));
	if (people->n > NAMES_MAX)
		mms_str_addf(&detail, " and %zu more", people->n - NAMES_MAX);
	mms_rc rc = people->names.state == MMS_OK ? mms_str_check(&detail, err)
						  : mms_fail_nomem(err);
	return rc == MMS_OK ? mms_findings_add(findings, MMS_FINDING_NOTE, "busy blocks",
					       mms_str_get(&detail), remedy, err)
			    : rc;
}

static mms_rc
tell(const struct blocks_count *count, struct mms_findings *findings, struct mms_err *err)
{
	MMS_AUTO(mms_str) detail = { 0 };

	mms_str_addf(&detail,
		     "%zu calendar%s of %zu %s %s part; blocks are made in %zu of them",
		     count->n_calendars, count->n_calendars == 1 ? "" : "s", count->n_people,
		     count->n_people == 1 ? "person" : "people",
		     count->n_calendars == 1 ? "takes" : "take", count->n_targets);
	mms_rc rc = mms_str_check(&detail, err);
	if (rc == MMS_OK)
		rc = mms_findings_add(findings, MMS_FINDING_OK, "busy blocks",
				      mms_str_get(&detail), NULL, err);
	if (rc == MMS_OK)
		rc = tell_people(findings, &count->single,
				 "of whom one calendar takes part: there is nothing to block",
				 "connect another calendar of theirs, if there is one", err);
	if (rc == MMS_OK)
		rc = tell_people(
			findings, &count->unwritten,
			"of whom no calendar that takes part may be written to: no "
			"block is made",
			"one of Google or Outlook, in which the person may write, with "
			"Sync Direction \"Two-way (Read & Write)\"",
			err);
	return rc;
}

mms_rc
mms_survey_judge_blocks(const struct mms_sources *sources, const struct mms_config *config,
			struct mms_findings *findings, struct mms_err *err)
{
	__attribute__((cleanup(blocks_count_release))) struct blocks_count count = { 0 };
	const struct mms_source **own = mms_alloc((sources->n + 1) * sizeof(*own));
	size_t n = 0;

	if (own == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_source *s = &sources->items[i];
		if (mms_block_takes_part(config, s))
			own[n++] = s;
	}
	if (n > 0)
		qsort(own, n, sizeof(*own), compare_users);
	for (size_t i = 0; i < n;)
		i += count_person(&own[i], n - i, config, &count);
	mms_rc rc = n > 0 ? tell(&count, findings, err) : MMS_OK;
	mms_free(own);
	return rc;
}
